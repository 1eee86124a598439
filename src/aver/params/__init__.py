"""`params.yaml`: one frozen dataclass per block, validated strictly and whole before any work."""
