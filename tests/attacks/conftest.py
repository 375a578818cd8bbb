"""The project that the attacks are tried on: the plugin tests' own."""

from __future__ import annotations

from ..plugin.conftest import made, make, run_apart, write_project

__all__ = ["made", "make", "run_apart", "write_project"]
