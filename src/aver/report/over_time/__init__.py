"""What strategies say as time goes on, and in noise: one file per question."""
