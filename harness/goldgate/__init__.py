"""Goldgate's evaluation: golden suites, measures with error bars, gates in pytest. Imports nothing heavy.

PYTEST_DONT_REWRITE: its asserts are no tests, and pytest would warn that it came too late to rewrite them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldgate.base.errors import UserError

if TYPE_CHECKING:
    from goldgate.measures import Measure, Verdict
    from goldgate.scorers.own import scorer

__version__ = "0.1.0"
__all__ = ["Measure", "UserError", "Verdict", "__version__", "scorer"]


def __getattr__(name: str) -> Any:
    """The others on first use: pytest loads this package in every run, and numpy takes a tenth of a second."""
    if name in ("Measure", "Verdict"):
        from goldgate import measures

        return getattr(measures, name)
    if name == "scorer":
        from goldgate.scorers import own

        return own.scorer
    raise AttributeError(f"module 'goldgate' has no attribute {name!r}")
