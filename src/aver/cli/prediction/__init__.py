"""What `aver predict` does: a new clip through the stages' own functions and then through trained models."""
