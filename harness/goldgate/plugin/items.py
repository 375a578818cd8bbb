"""Runs the items of golden suites: verdicts are recorded while an item runs, and decide its outcome."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.base.extras import extras_named
from goldgate.jobs.suite_request import REQUEST
from goldgate.measures import recording
from goldgate.plugin.among import Provider, known_fixtures
from goldgate.plugin.failure import FORM, GateFailed, failed
from goldgate.plugin.fixtures import vary
from goldgate.plugin.item_run import ItemRun
from goldgate.plugin.junit import set_properties
from goldgate.plugin.kinds import kinds_of
from goldgate.plugin.options import worker_of
from goldgate.plugin.place import shown_path, suite_folder
from goldgate.plugin.roles import FIXTURES
from goldgate.plugin.spoken import Spoken
from goldgate.plugin.suite import Suite
from goldgate.plugin.suites import Suites
from goldgate.plugin.tally import CARRIED, FUNCTION

_RERUN = "running a gate again does not change the verdict of its first run"
_ARGUMENT = "declare it as the test's argument, so that its look is counted before it is read"
_UNTOUCHED = "let pytest call it: no hook or conftest.py may put another in its place"
_FILLED = "take the default away: pytest supplies only arguments that have none"
_TESTING = frozenset({"candidate", "previous", "general", "kept"})  # fixtures that depend on the candidate
Hook = Generator[None, object, object]


_RUN = pytest.StashKey[ItemRun]()


@dataclass
class _Raised:
    """What a phase of an item has raised, other than an error about its evidence."""

    error: BaseException | None = None


@contextmanager
def _watched(run: ItemRun) -> Iterator[_Raised]:
    """Within the block, gates are recorded in a run, and errors are kept until they have been judged."""
    raised = _Raised()
    try:
        with recording(run), extras_named():
            yield raised
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except UserError as error:
        run.unusable(error)
    except BaseException as error:
        raised.error = error


class GatePlugin:
    """The hooks that collect and run the items of golden suites, in the process that collects them."""

    def __init__(self, config: pytest.Config, suites: Suites) -> None:
        self._config = config
        self._suites = suites
        self._selection = suites.selection
        self._provider = Provider()

    def saw_file(self, path: Path, parent: pytest.Collector) -> None:
        """Notes that pytest looks into a file of a suite, and provides the fixtures for its tests."""
        folder = suite_folder(path)
        if folder is not None:
            self._suites.at(path)
            self._selection.saw_file(folder, path)
            self._provider.provide(path, parent)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        vary(metafunc)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._selection.saw_report(report)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if (folder := suite_folder(item.path)) is not None:
            self._selection.saw_item(folder, item)
            if (suite := self._suites.at(item.path)) is not None:
                suite.asks |= _fixtures(item) & FIXTURES
            for kind in kinds_of(item, _fixtures(item)):
                item.add_marker(kind)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        for item in items:
            if (folder := suite_folder(item.path)) is not None:
                self._selection.deselected(folder)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._selection.saw_fixtures(known_fixtures(session))
        for folder, suite in self._suites.all():
            items = [i for i in session.items if suite_folder(i.path) == folder]
            self._selection.chosen(folder, [i.nodeid for i in items])
            suite.tests_candidate = any(_TESTING & _fixtures(i) for i in items)
            if unkept := _unkept(suite, {_kept(i) for i in items}):
                self._selection.lacks(folder, unkept)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Hook:
        """Defers an error about missing evidence to the call phase, where the item fails like any other gate."""
        suite = self._suites.at(item.path)
        self._suites.elsewhere.other_test = suite is None
        if suite is None:
            return (yield)
        folder, shown = self._suites.folder_of(suite), shown_path(item.path, self._config.invocation_params.dir)
        run = ItemRun(item, suite, folder, shown, self._selection.meant(folder, item))
        if (earlier := item.stash.get(_RUN, None)) is not None:
            run.before, run.number = earlier.wrong(), earlier.number + 1
        item.stash[_RUN] = suite.judge.running = run
        try:
            with recording(run), extras_named():
                return (yield)
        except UserError as error:
            run.unusable(error)
            return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Skips the call of a test whose fixtures are not available."""
        run = pyfuncitem.stash.get(_RUN, None)
        return True if run is not None and run.error is not None else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Hook:
        """Decides the outcome by the recorded verdicts, whatever the test did with them."""
        run = item.stash.get(_RUN, None)
        if run is None:
            return (yield)
        result = None
        with _watched(run) as raised, run.watch.watching():
            result = yield
        self._judge(run, raised.error)
        if raised.error is not None:
            raise raised.error
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Hook:
        """Judges what fixtures compare after the test, and then closes the item: nothing is recorded in it any more."""
        run = item.stash.get(_RUN, None)
        if run is None:
            self._suites.elsewhere.other_test = False
            return (yield)
        result = None
        try:
            with _watched(run) as raised:
                result = yield
        finally:
            run.closed, run.suite.judge.running = True, None
            self._selection.executed(run.folder, run.comparing)
        if len(run.spoken) > run.judged:
            self._keep(run)
            self._fail(run, raised.error, repeated=False)
        if raised.error is not None:
            raise raised.error
        return result

    def _judge(self, run: ItemRun, raised: BaseException | None) -> None:
        """Raises GateFailed unless every verdict passes and a test that uses a subject has at least one."""
        asked = _fixtures(run.item) & FIXTURES
        by_name = sorted(asked - run.settled) if run.error is None else []
        if by_name:
            # Level, reading and look were settled before the test ran, for the subjects it declared as arguments.
            run.spoken, run.records = [], []
            run.unusable(UserError(f"it requests {by_name[0]} by name while it runs", hint=f"{_ARGUMENT}; {FORM}"))
        elif run.error is None and raised is None and run.meant.unfilled:
            run.unusable(UserError(f"its argument {run.meant.unfilled} has a default, so it gets none", hint=_FILLED))
        elif run.error is None and raised is None and not run.watch.seen:
            run.unusable(UserError(f"{FUNCTION} did not run", hint=_UNTOUCHED))
        elif run.error is None and raised is None and asked and not run.compared:
            run.unusable(UserError("it uses a subject but compares nothing", hint=FORM))
        repeated = run.keep_failures()
        self._keep(run)
        self._fail(run, raised, repeated)

    def _keep(self, run: ItemRun) -> None:
        """Hands the verdicts so far to whoever reads them beside the report."""
        if self._config.getini("goldgate_junit"):
            set_properties(run.item, [s.verdict for s in run.spoken])
        if (request := self._config.stash.get(REQUEST, None)) is not None:
            request.records[run.item.nodeid] = tuple(run.records)

    def _fail(self, run: ItemRun, raised: BaseException | None, repeated: bool) -> None:
        """Raises GateFailed if a verdict of this phase does not pass."""
        wrong = [s for s, _ in run.wrong(run.judged)]
        run.judged = len(run.spoken)
        if wrong:
            hint = _RERUN if repeated else _hint(run, wrong, raised)
            raise failed(wrong, hint, run.suite.illustration(), run.item.path) from None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Reports a gate that does not pass as a failure without a traceback, even if it is marked xfail.

        A failed import of a known kind in a test's body is reported in one line, as one at the top of its module is.
        The report carries the verdicts as JSON, which also brings them from an xdist worker to the controller.
        """
        report = yield
        run = item.stash.get(_RUN, None)
        if run is not None:
            setattr(report, CARRIED, json.dumps(run.to_json(worker_of(self._config)), ensure_ascii=False))
        if call.excinfo is not None and isinstance(call.excinfo.value, GateFailed):
            report.outcome = "failed"
            report.longrepr = call.excinfo.value.report()
            if hasattr(report, "wasxfail"):
                del report.wasxfail
        elif run is not None and call.excinfo is not None and isinstance(call.excinfo.value, ImportError):
            from goldgate.plugin.imports import explained

            if (message := explained(call.excinfo.value, item.config.invocation_params.dir)) is not None:
                report.longrepr = message
        return report


class TermsPlugin:
    """Settles the terms of an item, which may open a look.

    It runs after skip marks are applied, so that a skipped item takes no look, and before the item's fixtures.
    """

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        run = item.stash.get(_RUN, None)
        if run is None:
            return
        used = _fixtures(item) & FIXTURES
        run.suite.declared = frozenset(used)
        if used:
            if _TESTING & used - {"previous"}:
                run.suite.subject("candidate")
            run.settle()
            run.settled = frozenset(used)


def _fixtures(item: pytest.Item) -> set[str]:
    """Fixtures that the item uses, including those that its test requested by name while it ran."""
    request = getattr(item, "_request", None)
    return set(getattr(item, "fixturenames", ())) | set(getattr(request, "fixturenames", ()))


def _kept(item: pytest.Item) -> object:
    """The entry of must_not_regress that the item tests; None for any other item."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return params.get("kept")


def _unkept(suite: Suite, asked: set[object]) -> str:
    """Why the suite is not complete if no test asks for an entry of must_not_regress; empty if it is."""
    try:
        missing = [name for name in suite.task.must_not_regress if name not in asked]
    except UserError:
        return ""  # its gates will report the error
    return f"must_not_regress names {', '.join(missing)}, but no test uses kept" if missing else ""


def _hint(run: ItemRun, wrong: list[Spoken], raised: BaseException | None) -> str:
    """How to write the test, if it would have hidden its verdict; else empty."""
    if all(s.verdict.outcome == "invalid" for s in wrong):
        return ""
    if run.item.get_closest_marker("xfail") is not None:
        return f"an xfail mark does not change the verdict; {FORM}"
    if not isinstance(raised, AssertionError):
        return f"the recorded verdict decides, whatever the test does with it; {FORM}"
    return ""
