"""`python -m aver` is the `aver` command."""

from aver.cli.main import main

main()
