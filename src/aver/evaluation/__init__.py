"""Predictions in, metrics with their intervals out."""
