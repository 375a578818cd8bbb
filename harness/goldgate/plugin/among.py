"""Gives tests of suites their fixtures, and no others: a project may have fixtures of the same names elsewhere.

Inside of suites a project's own fixture comes first too, if it is defined there: in a test module, or in a conftest.py
of the suite or of the folder `suites`. Such a fixture may request the one of the same name that it replaces.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from goldgate.plugin import fixtures
from goldgate.plugin.place import suite_folder


class Provider:
    """Registers the fixtures once for each `suites` folder."""

    def __init__(self) -> None:
        self._provided: set[pytest.Collector] = set()

    def provide(self, file: Path, parent: pytest.Collector) -> None:
        """Makes the fixtures visible to the tests below the `suites` folder of a file.

        Args:
            file: A file of a suite.
            parent: The collector that found it.
        """
        folder = suite_folder(file)
        if folder is None:
            return
        inside = [n for n in parent.iter_parents() if n.path.is_relative_to(folder.parent)]
        node = next((n for n in reversed(inside) if isinstance(n, pytest.Collector)), parent)
        if node not in self._provided:
            self._provided.add(node)
            _register(node)


def known_fixtures(session: pytest.Session) -> set[str]:
    """Returns the names of all fixtures that pytest knows, wherever they are visible."""
    manager: Any = session._fixturemanager
    stores = ("_arg2node2fixturedefs", "_arg2nodeid2fixturedefs", "_arg2fixturedefs")  # 9.1, 9.1 for old plugins, 8.4
    return {name for store in stores for name in getattr(manager, store, ())}


def _register(node: pytest.Collector) -> None:
    """Registers the fixtures for a node, as the least specific ones there. pytest has no public way to do so."""
    names = [name for name, value in vars(fixtures).items() if type(value).__name__ == "FixtureFunctionDefinition"]
    holder = ModuleType("goldgate's fixtures")  # pytest passes over a holder that it has seen
    vars(holder).update({name: getattr(fixtures, name) for name in names})
    manager: Any = node.session._fixturemanager
    if hasattr(manager, "_arg2node2fixturedefs"):
        manager.parsefactories(holder=holder, node=node)
        for name in names:
            here = manager._arg2node2fixturedefs[name][node]  # the most specific first
            here.append(here.pop(0))
        return
    manager.parsefactories(holder, node.nodeid)  # before pytest 9.1
    for name in names:
        known = manager._arg2fixturedefs[name]  # the most specific last
        ours = known.pop()
        inside = (i for i, f in enumerate(known) if f"{f.baseid}/".startswith(f"{node.nodeid}/"))
        known.insert(next(inside, len(known)), ours)
