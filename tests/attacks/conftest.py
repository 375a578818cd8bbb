"""The tiny project of the plugin's tests, for attacks on its gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..plugin.conftest import made, make, run_apart, write_project

__all__ = ["made", "make", "run_apart", "write_project"]

UNMEASURED = {"test_exit_status", "test_linked_gates", "test_missing_gates", "test_swapped_functions"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Turns coverage off in the slowest files, whose attacks go where other tests have been: it takes 60% more time."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.stem in UNMEASURED:
            item.add_marker(pytest.mark.no_cover)
