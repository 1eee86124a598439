"""What a clip holds: streams, times, kept frames, 16 kHz sound."""
