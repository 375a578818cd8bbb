"""`python -m harness.cli`: the same as `goldgate`."""

from harness.cli.main import run

run()
