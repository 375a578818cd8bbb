"""Where the plugin keeps its state in pytest's `config.stash`. Loads nothing: every controller of xdist imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from goldgate.plugin.suites import Suites

SUITES: pytest.StashKey[Suites] = pytest.StashKey()
"""The suites of this process; absent where none was collected."""
