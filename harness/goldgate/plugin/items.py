"""Runs the items of golden suites: verdicts are recorded while an item runs, and decide its outcome."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.base.extras import extras_named
from goldgate.gates import GateRecord
from goldgate.jobs.suite_request import REQUEST
from goldgate.measures import Judged, Recording, Verdict, invalid, recording
from goldgate.plugin.failure import FORM, GateFailed, failed
from goldgate.plugin.junit import set_properties
from goldgate.plugin.kinds import kinds_of
from goldgate.plugin.place import line_of_caller, line_of_error, shown_path, suite_folder
from goldgate.plugin.roles import FIXTURES
from goldgate.plugin.spoken import Spoken
from goldgate.plugin.suite import Suite
from goldgate.plugin.suites import Suites
from goldgate.plugin.tally import CARRIED

_RERUN = "running a gate again does not change the verdict of its first run"
_ARGUMENT = "declare it as the test's argument, so that its look is counted before it is read"
_TESTING = frozenset({"candidate", "previous", "general", "kept"})  # fixtures that depend on the candidate
Hook = Generator[None, object, object]


@dataclass
class ItemRun:
    """What one item has compared so far.

    Attributes:
        item: The item.
        suite: Its suite.
        path: Its file, as shown to the user.
        how: The terms of its gates.
        settled: The subject fixtures that the terms were settled for.
        spoken: Its verdicts, with their places.
        records: Their records, in the same order.
        before: Verdicts that did not pass in an earlier run of the item, with their records.
        error: What made its evidence unusable, if anything.
        stack: Contexts that last until the item's setup ends.
    """

    item: pytest.Item
    suite: Suite
    path: str
    how: Recording = field(default_factory=Recording)
    settled: frozenset[str] = frozenset()
    spoken: list[Spoken] = field(default_factory=list)
    records: list[GateRecord] = field(default_factory=list)
    before: list[tuple[Spoken, GateRecord]] = field(default_factory=list)
    error: UserError | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    def record(self, verdict: Verdict, measure: Judged) -> None:
        """Records a verdict; called for every comparison of measures while the item runs."""
        verdict = self.suite.settle(verdict, measure, self.item, len(self.records))
        self.spoken.append(Spoken(verdict, self.path, line_of_caller(self.item.path)))
        item = self.item.nodeid
        bare = verdict.sealed or verdict.outcome == "invalid"
        record = GateRecord.bare(verdict, item) if bare else GateRecord.of(verdict, measure, item)
        self.records.append(record)

    def unusable(self, error: UserError) -> None:
        """Records an invalid verdict, because the evidence is broken or missing."""
        self.error = error
        where = error.where.removeprefix(f"{self.item.config.invocation_params.dir}/")
        why = f"{error.what} ({where})" if where else error.what
        verdict = invalid(self.item.name, why, error.hint, self.how.level)
        line = line_of_error(error.__traceback__, self.item.path) or _first_line(self.item)
        self.spoken.append(Spoken(verdict, self.path, line))
        self.records.append(GateRecord.bare(verdict, self.item.nodeid))

    def wrong(self) -> list[tuple[Spoken, GateRecord]]:
        """Returns the verdicts that do not pass, with their records."""
        return [pair for pair in zip(self.spoken, self.records, strict=True) if not pair[0].verdict]

    def keep_failures(self) -> bool:
        """Adds failures of an earlier run, so that a rerun is no second chance. Returns whether there were any."""
        again = {s.verdict.gate for s, _ in self.wrong()}
        kept = [pair for pair in self.before if pair[0].verdict.gate not in again]
        self.spoken += [s for s, _ in kept]
        self.records += [r for _, r in kept]
        return bool(kept)

    def to_json(self) -> dict[str, Any]:
        """Returns what the report carries, as plain JSON values: the task, and every verdict with its place."""
        spoken = [s.to_json() for s in self.spoken]
        return {"task": self.suite.name, "root": str(self.suite.project.root), "spoken": spoken}


_RUN = pytest.StashKey[ItemRun]()


class GatePlugin:
    """The hooks that collect and run the items of golden suites, in the process that collects them."""

    def __init__(self, config: pytest.Config, suites: Suites) -> None:
        self._config = config
        self._suites = suites
        self._selection = suites.selection

    def saw_file(self, path: Path) -> None:
        """Notes that pytest looks into a file of a suite."""
        folder = suite_folder(path)
        if folder is not None:
            self._suites.at(path)
            self._selection.saw_file(folder, path)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._selection.saw_report(report)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if suite_folder(item.path) is not None:
            self._selection.saw_item(item.path)
            if (suite := self._suites.at(item.path)) is not None:
                suite.asks |= _fixtures(item) & FIXTURES
            for kind in kinds_of(item, _fixtures(item)):
                item.add_marker(kind)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        for item in items:
            if (folder := suite_folder(item.path)) is not None:
                self._selection.deselected(folder)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for folder, suite in self._suites.all():
            items = [i for i in session.items if suite_folder(i.path) == folder]
            self._selection.chosen(folder, [i.nodeid for i in items])
            suite.tests_candidate = any(_TESTING & _fixtures(i) for i in items)
            if unkept := suite.unkept(_kept(i) for i in items):
                self._selection.lacks(folder, unkept)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Hook:
        """Defers an error about missing evidence to the call phase, where the item fails like any other gate."""
        suite = self._suites.at(item.path)
        if suite is None:
            return (yield)
        run = ItemRun(item, suite, shown_path(item.path, self._config.invocation_params.dir))
        earlier = item.stash.get(_RUN, None)
        run.before = [] if earlier is None else earlier.wrong()
        item.stash[_RUN] = run
        with run.stack:
            try:
                with extras_named():
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
        raised: BaseException | None = None
        try:
            with recording(run.how), extras_named():
                result = yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except UserError as error:
            run.unusable(error)
        except BaseException as error:
            raised = error
        self._judge(run, raised)
        if raised is not None:
            raise raised
        return result

    def _judge(self, run: ItemRun, raised: BaseException | None) -> None:
        """Raises GateFailed unless every verdict passes and a test that uses a subject has at least one."""
        asked = _fixtures(run.item) & FIXTURES
        by_name = sorted(asked - run.settled) if run.error is None else []
        if by_name:
            # Level, reading and look were settled before the test ran, for the subjects it declared as arguments.
            run.spoken, run.records = [], []
            run.unusable(UserError(f"it requests {by_name[0]} by name while it runs", hint=f"{_ARGUMENT}; {FORM}"))
        elif not run.spoken and raised is None and asked:
            run.unusable(UserError("it uses a subject but compares nothing", hint=FORM))
        repeated = run.keep_failures()
        if self._config.getini("goldgate_junit"):
            set_properties(run.item, [s.verdict for s in run.spoken])
        if (request := self._config.stash.get(REQUEST, None)) is not None:
            request.records[run.item.nodeid] = tuple(run.records)
        wrong = [s for s in run.spoken if not s.verdict]
        if wrong:
            hint = _RERUN if repeated else _hint(run, wrong, raised)
            raise failed(wrong, hint, run.suite.illustration(), run.item.path) from None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Reports a gate that does not pass as a failure without a traceback, even if it is marked xfail.

        An import by an old name in a test's body is reported in one line, as one at the top of its module is. The
        report carries the verdicts as JSON, which also brings them from an xdist worker to the controller.
        """
        report = yield
        run = item.stash.get(_RUN, None)
        if run is not None:
            setattr(report, CARRIED, json.dumps(run.to_json(), ensure_ascii=False))
        if call.excinfo is not None and isinstance(call.excinfo.value, GateFailed):
            report.outcome = "failed"
            report.longrepr = call.excinfo.value.report()
            if hasattr(report, "wasxfail"):
                del report.wasxfail
        elif run is not None and call.excinfo is not None and isinstance(call.excinfo.value, ImportError):
            from goldgate.plugin.old_names import new_name

            if (message := new_name(call.excinfo.value, item.config.invocation_params.dir)) is not None:
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
        run.how = Recording(record=run.record)
        used = _fixtures(item) & FIXTURES
        run.suite.declared = frozenset(used)
        if used:
            if {"candidate", "general", "kept"} & used:
                run.suite.subject("candidate")
            terms = run.suite.terms()
            run.settled = frozenset(used)
            run.how = Recording(
                terms.level, terms.reading, terms.force, run.record, terms.note, terms.error, terms.sealed
            )
        run.stack.enter_context(recording(run.how))


def _fixtures(item: pytest.Item) -> set[str]:
    """Fixtures that the item uses, including those that its test requested by name while it ran."""
    request = getattr(item, "_request", None)
    return set(getattr(item, "fixturenames", ())) | set(getattr(request, "fixturenames", ()))


def _kept(item: pytest.Item) -> object:
    """The entry of must_not_regress that the item tests; None for any other item."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return params.get("kept")


def _first_line(item: pytest.Item) -> int | None:
    line = item.location[1]
    return None if line is None else line + 1


def _hint(run: ItemRun, wrong: list[Spoken], raised: BaseException | None) -> str:
    """How to write the test, if it would have hidden its verdict; else empty."""
    if all(s.verdict.outcome == "invalid" for s in wrong):
        return ""
    if run.item.get_closest_marker("xfail") is not None:
        return f"an xfail mark does not change the verdict; {FORM}"
    if not isinstance(raised, AssertionError):
        return f"the recorded verdict decides, whatever the test does with it; {FORM}"
    return ""
