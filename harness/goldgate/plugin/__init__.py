"""The entry point of the pytest plugin. Every test run loads it, so it must cost next to nothing.

The plugin acts only on test files under suites/<task>/ whose folder has a task.yaml; the rest of it is imported when
the first such file is collected. Suite modules are imported in pytest's importlib mode, so that suites/a/test_gates.py
and suites/b/test_gates.py can have the same name; all other modules are imported as the user has configured.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from goldgate.plugin.asked import only_tells, suites_asked_for
from goldgate.plugin.kinds import register_kinds
from goldgate.plugin.options import (
    add_options,
    add_short_names,
    check_options,
    chose_import_mode,
    is_controller,
    release_short_names,
)
from goldgate.plugin.place import suite_folder

if TYPE_CHECKING:
    from goldgate.plugin.items import GatePlugin
    from goldgate.plugin.summary import SummaryPlugin

_GATES: pytest.StashKey[GatePlugin] = pytest.StashKey()
_SUMMARY: pytest.StashKey[SummaryPlugin] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    release_short_names(config)
    check_options(config)
    register_kinds(config)
    # A controller collects nothing itself and learns of suites only from its workers. A suite that was asked for is
    # told of even if a hook keeps all of its files from being collected.
    if is_controller(config) or any(suites_asked_for(config)):
        _summarise(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """Activates the plugin at the first suite file, and passes it every suite file."""
    if file_path.suffix == ".py" and suite_folder(file_path) is not None:
        _engage(parent.session).saw_file(file_path, parent)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Imports each suite module under a unique name, unless the user has chosen an import mode.

    If a suite or its conftest.py imports Goldgate by an old name, or a file beside it as if it were a package, the
    error is shortened to one line.
    """
    if not isinstance(collector, pytest.Module | pytest.Directory):
        return (yield)
    if suite_folder(collector.path / "conftest.py" if collector.path.is_dir() else collector.path) is None:
        return (yield)
    option, before = collector.config.option, collector.config.option.importmode
    if isinstance(collector, pytest.Module) and not chose_import_mode(collector.config, os.environ):
        option.importmode = "importlib"
    try:
        report = yield
    finally:
        option.importmode = before
    if report.failed:
        from goldgate.plugin.imports import explain_report

        explain_report(report, collector.config.invocation_params.dir)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> Generator[None, None, None]:
    """Adds the short names of options once those of the project are known, and explains a failed import.

    A conftest.py that pytest loads here, before collection, ends the run with its error.
    """
    try:
        yield
        add_short_names(early_config, parser)
        early_config.pluginmanager.register(_LastWord())
    except Exception as error:
        from goldgate.plugin.imports import explained

        if (message := explained(error, early_config.invocation_params.dir)) is None:
            raise
        raise pytest.UsageError(message) from None


def _engage(session: pytest.Session) -> GatePlugin:
    config = session.config
    if (known := config.stash.get(_GATES, None)) is not None:
        return known
    from goldgate.measures import recording
    from goldgate.plugin.items import GatePlugin, TermsPlugin
    from goldgate.plugin.stash import SUITES
    from goldgate.plugin.suites import Suites

    suites = config.stash[SUITES] = Suites(config)
    gates = config.stash[_GATES] = GatePlugin(config, suites)
    for plugin in (gates, TermsPlugin()):
        config.pluginmanager.register(plugin)
    between_tests = ExitStack()
    between_tests.enter_context(recording(suites.elsewhere))
    config.add_cleanup(between_tests.close)
    _summarise(config)
    return gates


def _summarise(config: pytest.Config) -> None:
    if _SUMMARY in config.stash:
        return
    from goldgate.plugin.summary import SummaryPlugin

    config.stash[_SUMMARY] = SummaryPlugin(config)
    config.pluginmanager.register(config.stash[_SUMMARY])


class _LastWord:
    """Decides the exit status once more, after every other hook of a project or plugin.

    It is registered after all plugins and the first conftest.py files, so that its wrapper is the outermost.
    """

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> Generator[None, int | None, int | None]:
        status = yield
        if status != pytest.ExitCode.OK:
            return status
        if (summary := config.stash.get(_SUMMARY, None)) is not None:
            return summary.status(status)
        hijacked = any(suites_asked_for(config)) and not only_tells(config)  # a hook has returned without a session
        return pytest.ExitCode.TESTS_FAILED if hijacked else status
