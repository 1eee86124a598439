"""One file per figure of the report: numbers in, a matplotlib figure out."""
