"""Encoder weights as local files, seeded or as published, in one layout per network."""
