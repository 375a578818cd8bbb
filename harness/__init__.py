"""Goldgate's evaluation: golden suites, measures with error bars, gates in pytest. Imports nothing heavy."""

from harness.errors import UserError

__version__ = "0.1.0"
__all__ = ["UserError", "__version__"]
