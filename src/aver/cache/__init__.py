"""Clip-level content addressing.  It knows no emotion and no video."""
