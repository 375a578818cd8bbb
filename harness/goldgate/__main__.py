"""`python -m goldgate`: the same as `goldgate`."""

from goldgate.cli.main import run

run()
