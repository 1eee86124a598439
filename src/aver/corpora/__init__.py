"""One adapter per corpus: raw folder in, one row per clip out."""
