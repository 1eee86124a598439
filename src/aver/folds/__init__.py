"""Who trains, validates and tests; the leakage gate."""
