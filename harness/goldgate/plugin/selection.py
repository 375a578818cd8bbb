"""Determines whether a run tests a whole suite: which of its files and tests were collected, and which left out."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest


class Selection:
    """Records what was collected of each suite, by its folder."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._files: dict[Path, set[Path]] = {}
        self._items: Counter[Path] = Counter()
        self._left_out: Counter[Path] = Counter()
        self._chosen: dict[Path, list[str]] = {}
        self._broken: list[str] = []
        self._lacking: dict[Path, str] = {}

    def saw_file(self, folder: Path, path: Path) -> None:
        """Notes a file of a suite that pytest looks into."""
        self._files.setdefault(folder, set()).add(path)

    def saw_item(self, path: Path) -> None:
        """Notes a test that was found in a file."""
        self._items[path] += 1

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
            As plain JSON values, the tests that will run, and the reasons why they are not the whole suite, if any.
        """
        return {"items": self._chosen.get(folder, []), "left_out": self._reasons(folder)}

    def _reasons(self, folder: Path) -> list[str]:
        reasons = []
        if count := self._left_out[folder]:
            reasons.append(f"{count} deselected")
        found = sum(n for path, n in self._items.items() if path.is_relative_to(folder))
        if (gone := found - count - len(self._chosen.get(folder, []))) > 0:
            reasons.append(f"{gone} removed after collection")
        for name, usual in (("python_functions", ["test"]), ("python_classes", ["Test"])):
            if self._config.getini(name) != usual:
                reasons.append(f"{name} is set to something other than {usual[0]}, which may hide gates")
        missing = self._missing(folder)
        if missing:
            reasons.append(f"{', '.join(sorted(missing))} not collected")
        if not self._asked_for(folder):
            reasons.append("only part of it was selected")
        broken = [n for n in self._broken if (self._config.rootpath / n.split("::")[0]).is_relative_to(folder)]
        if broken:
            reasons.append(f"{', '.join(broken)} could not be collected")
        return [*reasons, *([self._lacking[folder]] if folder in self._lacking else [])]

    def _missing(self, folder: Path) -> list[str]:
        """Test files that pytest did not look into, or that it looked into and then skipped because of --lf."""
        patterns = self._config.getini("python_files")
        files = [p for p in folder.rglob("*.py") if any(fnmatch(p.name, pattern) for pattern in patterns)]
        seen = self._files.get(folder, set())
        passed_over = self._config.getoption("lf", False)
        return [p.name for p in files if p not in seen or (passed_over and not self._items[p])]

    def _asked_for(self, folder: Path) -> bool:
        """Whether a pytest argument names the suite's folder or one above it."""
        start = self._config.invocation_params.dir
        paths = [(start / arg).resolve() for arg in self._config.args]
        return any(folder.resolve().is_relative_to(path) for path in paths)
