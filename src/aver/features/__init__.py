"""Encoders, and the step that turns crops or sound into feature rows."""
