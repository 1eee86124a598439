"""Encoder weights as local files, seeded or pretrained, in one layout."""
