"""`python -m goldgate.cli`: the same as `goldgate`."""

from goldgate.cli.main import run

run()
