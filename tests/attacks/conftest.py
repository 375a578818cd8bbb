"""The tiny project of the plugin's tests, for attacks on its gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..plugin.conftest import made, make, run_apart, write_project

__all__ = ["made", "make", "run_apart", "write_project"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Attacks go where other tests have been: measuring their coverage takes two thirds of their time again."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.no_cover)
