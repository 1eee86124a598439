"""What reducers and classifiers read: the rows of a benchmark's clips in time, cut into sequences, and their roles."""
