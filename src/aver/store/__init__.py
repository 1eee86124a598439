"""Feature shards and their index: one writer, one reader."""
