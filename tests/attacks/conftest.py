"""The tiny project of the plugin's tests, for attacks on its gates."""

from __future__ import annotations

from ..plugin.conftest import made, make, run_apart, write_project

__all__ = ["made", "make", "run_apart", "write_project"]
