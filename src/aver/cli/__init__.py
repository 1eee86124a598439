"""The command `aver`: one file per subcommand, collected in `main.py`."""
