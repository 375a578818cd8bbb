"""The golden suites that a pytest process has collected."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.jobs.suite_request import REQUEST
from goldgate.plugin.judging import Elsewhere
from goldgate.plugin.options import choice_of, is_worker
from goldgate.plugin.place import suite_folder
from goldgate.plugin.selection import Selection
from goldgate.plugin.suite import Suite
from goldgate.task.project import Project, cache_folder, cache_limit


class Suites:
    """The suites of this process.

    Attributes:
        selection: What was collected and selected of each suite.
        elsewhere: Who judges what is compared while no test of a suite is running.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._suites: dict[Path, Suite] = {}
        self.selection = Selection(config)
        self.elsewhere = Elsewhere(lambda path: None if (suite := self.at(path)) is None else suite.judge)

    def all(self) -> list[tuple[Path, Suite]]:
        """Returns every suite with its folder, in the order they were found."""
        return list(self._suites.items())

    def at(self, path: Path) -> Suite | None:
        """Returns the suite that a file belongs to; None if it belongs to none."""
        folder = suite_folder(path)
        if folder is None:
            return None
        if folder not in self._suites:
            self._suites[folder] = self._made(folder)
        return self._suites[folder]

    def _made(self, folder: Path) -> Suite:
        root, request = folder.parent.parent, self._config.stash.get(REQUEST, None)
        project = _project_at(root) if request is None else replace(request.project, root=root)
        choice = choice_of(self._config, os.environ)
        if request is not None:
            choice = replace(choice, generate=request.generate, model=request.model, looks=request.looks)
        return Suite(project, folder.name, choice, self._say)

    def folder_of(self, suite: Suite) -> Path:
        """Returns the folder of a suite, as pytest has collected it."""
        return next(folder for folder, known in self._suites.items() if known is suite)

    def describe(self) -> list[dict[str, Any]]:
        """Returns the facts of every suite and its selection as plain JSON values."""
        return [{**s.describe(), **self._selected(folder, s)} for folder, s in self._suites.items()]

    def _selected(self, folder: Path, suite: Suite) -> dict[str, Any]:
        told = self.selection.describe(folder)
        return {**told, "left_out": [*told["left_out"], *suite.judge.told()]}

    def _say(self, line: str) -> None:
        """Shows one line in the terminal at once, despite pytest's capture of output."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        if reporter is None or is_worker(self._config):
            return
        with ExitStack() as stack:
            if capture is not None:
                stack.enter_context(capture.global_and_fixture_disabled())
            reporter.ensure_newline()
            reporter.write_line(f"goldgate: {line}")


def _project_at(root: Path) -> Project:
    """The project with the cache that the environment names; an error there is reported without a traceback."""
    try:
        return Project(root, cache_folder(os.environ), cache_limit(os.environ))
    except UserError as error:
        raise pytest.Collector.CollectError(str(error)) from error
