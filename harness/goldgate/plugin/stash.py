"""The key of the plugin's state in pytest's `config.stash`. It imports nothing, as every xdist controller loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from goldgate.plugin.suites import Suites

SUITES: pytest.StashKey[Suites] = pytest.StashKey()
"""The suites of this process; absent if none was collected."""
