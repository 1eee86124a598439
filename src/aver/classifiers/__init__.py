"""Sequences, fusion strategies and their training."""
