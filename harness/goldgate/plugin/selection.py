"""Determines whether a run tests a whole suite: which of its files and tests were collected, and which left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from goldgate.plugin.asked import covered
from goldgate.plugin.census import Census
from goldgate.plugin.meant import Meanings, Meant
from goldgate.plugin.sources import Ran, Sources, real
from goldgate.task.project import files_below, left_out_links

_USUAL_FILES = ("test_*.py", "*_test.py")  # as pytest finds them unless python_files says otherwise
_PART = "only part of it was selected"


class Selection:
    """Records what was collected of each suite, by its folder."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._files: dict[Path, set[Path]] = {}
        self._items: Counter[Path] = Counter()
        self._found: dict[Path, Counter[str]] = {}
        self._sources: dict[Path, Sources] = {}
        self._meanings: dict[Path, Meanings] = {}
        self._left_out: Counter[Path] = Counter()
        self._chosen: dict[Path, list[str]] = {}
        self._broken: list[str] = []
        self._lacking: dict[Path, str] = {}
        self._ran: dict[Path, set[Ran]] = {}
        self._fixtures: dict[str, set[str]] = {}

    def sources(self, folder: Path) -> Sources:
        """Returns the source of a suite, which is read once."""
        return self._sources.setdefault(folder, Sources(folder))

    def meant(self, folder: Path, item: pytest.Item) -> Meant:
        """Returns what a test of a suite stands for by the suite's source."""
        if folder not in self._meanings:
            self._meanings[folder] = Meanings(self.sources(folder))
        return self._meanings[folder].of(item)

    def saw_file(self, folder: Path, path: Path) -> None:
        """Notes a file of a suite that pytest looks into."""
        self._files.setdefault(folder, set()).add(path)

    def saw_item(self, folder: Path, item: pytest.Item) -> None:
        """Notes a test of a suite that was found, and its fixtures."""
        self._items[item.path] += 1
        self._found.setdefault(folder, Counter())[item.nodeid] += 1
        self.executed(folder, [code] if (code := _code(getattr(item, "function", None))) else [])
        info = getattr(item, "_fixtureinfo", None)
        for name, definitions in {} if info is None else info.name2fixturedefs.items():
            for definition in definitions:
                self._fixtures.setdefault(name, set()).update(definition.argnames)
                self.executed(folder, [code] if (code := _code(definition.func)) else [])

    def executed(self, folder: Path, codes: Iterable[CodeType]) -> None:
        """Notes code of a suite's tests, or code that was executing when one of them compared measures."""
        self._ran.setdefault(folder, set()).update((real(c.co_filename), c.co_firstlineno) for c in codes)

    def saw_fixtures(self, names: Iterable[str]) -> None:
        """Notes fixtures that tests may request."""
        for name in names:
            self._fixtures.setdefault(name, set())

    def saw_report(self, report: pytest.CollectReport) -> None:
        """Notes whether a file could be collected."""
        if report.failed:
            self._broken.append(report.nodeid)

    def deselected(self, folder: Path) -> None:
        """Notes a test of a suite that was deselected."""
        self._left_out[folder] += 1

    def chosen(self, folder: Path, items: list[str]) -> None:
        """Notes the tests of a suite that will run, in order."""
        self._chosen[folder] = items

    def lacks(self, folder: Path, what: str) -> None:
        """Notes in words a gate that task.yaml asks for and no test has."""
        self._lacking[folder] = what

    def describe(self, folder: Path) -> dict[str, Any]:
        """Describes the selection from a suite.

        Args:
            folder: The suite's folder.

        Returns:
            As plain JSON values, the tests that will run, the reasons why they are not the whole suite, if any, and the
            gates in its source that were neither collected nor run.
        """
        reasons = self._reasons(folder)
        ran = self._ran.get(folder, set())
        missing = [] if _PART in reasons else Census(self.sources(folder), self._fixtures).missing(ran)
        return {"items": self._chosen.get(folder, []), "left_out": reasons, "missing": missing}

    def _reasons(self, folder: Path) -> list[str]:
        reasons = []
        if count := self._left_out[folder]:
            reasons.append(f"{count} deselected")
        left = self._found.get(folder, Counter[str]()) - Counter(self._chosen.get(folder, []))
        if (gone := left.total() - count) > 0:
            reasons.append(f"{gone} removed after collection")
        missing = self._missing(folder)
        if missing:
            reasons.append(f"{', '.join(sorted(missing))} not collected")
        reasons += [f"{p.relative_to(folder)} is a link out of the project" for p in left_out_links(folder)]
        if not covered(self._config, folder):
            reasons.append(_PART)
        broken = [n for n in self._broken if (self._config.rootpath / n.split("::")[0]).is_relative_to(folder)]
        if broken:
            reasons.append(f"{', '.join(broken)} could not be collected")
        return [*reasons, *([self._lacking[folder]] if folder in self._lacking else [])]

    def _missing(self, folder: Path) -> list[str]:
        """Test files that pytest did not look into, or that it looked into and then skipped because of --lf."""
        patterns = {*self._config.getini("python_files"), *_USUAL_FILES}
        code = (p for p in files_below(folder) if p.suffix == ".py")
        files = [p for p in code if any(fnmatch(p.name, pattern) for pattern in patterns)]
        seen = self._files.get(folder, set())
        passed_over = self._config.getoption("lf", False)
        return [p.name for p in files if p not in seen or (passed_over and not self._items[p])]


def _code(function: object) -> CodeType | None:
    """The code of a test or fixture, which may be a method or a functools.partial."""
    while isinstance(function, partial):
        function = function.func
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None
