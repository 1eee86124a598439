"""The built-in synthetic corpus: talking cartoon faces with a known best possible accuracy."""
