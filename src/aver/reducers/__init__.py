"""Transforms fitted on a fold's training clips only."""
