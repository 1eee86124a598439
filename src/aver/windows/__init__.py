"""Which frames and which samples belong together."""
