"""What `aver plan`, `status`, `explain`, `gc`, `doctor` and `retry` know of what `dvc repro` would ask for."""
