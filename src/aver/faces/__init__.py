"""The steady largest face of a clip: boxes, status, crops."""
