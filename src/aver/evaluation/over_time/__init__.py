"""What trained models say as time goes on, and in noise."""
