"""A suite run in this process, as `pytest suites/TASK` runs it: the command line decides by the same gates."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.interrupt import check_interrupted
from goldgate.gates import GateRecord
from goldgate.ledger import Look, read_looks
from goldgate.plugin.options import SplitName
from goldgate.plugin.suite import Suite
from goldgate.plugin.tally import ItemTally, SuiteTally
from goldgate.scored.replay import Evidence
from goldgate.task.project import Project

_IMPORTED = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
"""A plugin of the user's pytest may be loaded here already (anyio is, with any HTTP client): no error of his suite."""


@dataclass(frozen=True)
class SuiteResult:
    """What a run of a suite came to. exit: pytest's status; records: one a gate, in the suite's order, with its values
    by example; complete: whether the suite ran as a whole; passed: whether then every gate passed; look: the look at
    golden that it was; answers: subject on split → origin → count; gaps: why it is not complete; output: pytest's own
    text where the run was silent; suites: what was collected.
    """

    exit: int
    records: tuple[GateRecord, ...]
    items: tuple[ItemTally, ...]
    complete: bool
    passed: bool
    look: Look | None
    answers: dict[str, dict[str, int]]
    gaps: tuple[str, ...]
    output: str
    suites: Sequence[Suite] = ()

    def evidence(self) -> list[Evidence]:
        """All that the verdicts were decided from."""
        return [suite.evidence() for suite in self.suites]


@dataclass(eq=False)  # pytest 8 wants plugins that can be hashed
class _Request:
    """The plugin that collects, and that says which project and base model this is for and whether models answer."""

    project: Project
    generate: bool = True
    model: str | None = None
    records: dict[str, list[GateRecord]] = field(default_factory=dict)
    suites: list[SuiteTally] = field(default_factory=list)
    collected: Sequence[Suite] = ()

    def judged(self, item: str, records: Sequence[GateRecord]) -> None:
        """Called when an item's verdicts stand; again, where it is run again."""
        self.records[item] = list(records)

    def finished(self, suites: Sequence[SuiteTally], collected: Sequence[Suite]) -> None:
        """Called once, at the end of the run."""
        self.suites, self.collected = list(suites), collected


def run_suite(
    project: Project,
    task_name: str,
    candidate: str | None,
    split: SplitName | None,
    extra: Sequence[str] = (),
    *,
    silent: bool = False,
    generate: bool = True,
    model: str | None = None,
) -> SuiteResult:
    """Runs the suite of a task with pytest in this process, as often as wanted.

    candidate: None for the champion; split: None for the candidate's default; extra: more arguments for pytest;
    silent: keep pytest's text instead of printing it; generate: whether models may answer; without it a gate is invalid
    where an answer is neither recorded nor cached; model: a base model instead of task.yaml's, on dev alone (golden is
    decided by what task.yaml says: ValueError). The user's addopts (-n, --cov, ..) do not apply; the rest of the
    configuration does. Raises UserError for a task that is not there.
    """
    if model is not None and split != "dev":
        raise ValueError("another base model than task.yaml's is for dev alone")
    folder = project.suite(project.check_task(task_name)).resolve()
    request = _Request(replace(project, root=folder.parent.parent), generate, model)
    arguments = [
        str(folder),
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:faulthandler",
        "-o",
        "addopts=",
        "-W",
        _IMPORTED,
        "--capture=sys",
        *_options(candidate, split),
        *extra,
    ]
    text = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(_alone(folder))
        if silent:
            stack.enter_context(redirect_stdout(text))
            stack.enter_context(redirect_stderr(text))
        status = int(pytest.main(arguments, plugins=[_Named(request)]))
    check_interrupted()  # pytest swallows it, and what it had decided until then is no verdict
    tally = next((s for s in request.suites if s.task == task_name), SuiteTally(str(folder.parent.parent), task_name))
    return _result(project, status, request, tally, text.getvalue())


class _Named:
    """Registers the request under the name by which the plugin looks for it."""

    def __init__(self, request: _Request) -> None:
        self._request = request

    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self._request, "goldgate-request")


def _options(candidate: str | None, split: SplitName | None) -> list[str]:
    options = [] if candidate is None else ["--candidate", candidate]
    return options if split is None else [*options, "--split", split]


def _result(project: Project, status: int, request: _Request, tally: SuiteTally, output: str) -> SuiteResult:
    items = tuple(tally.ordered())
    records = tuple(r for item in items for r in request.records.get(item.nodeid, []))
    told: dict[str, Any] | None = tally.info.get("look")
    looks = read_looks(project.golden(tally.task) / "looks") if told else ()
    look = next((x for x in looks if told and x.name == told["name"]), None)
    ran = bool(tally.info)
    return SuiteResult(
        status,
        records,
        items,
        ran and tally.complete,
        ran and tally.passed,
        look,
        dict(tally.info.get("answers", {})),
        tuple(tally.gaps()),
        output,
        request.collected,
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Without the options of an outer pytest, and with the suite's modules read anew each time."""
    options = os.environ.pop("PYTEST_ADDOPTS", None)
    before = set(sys.modules)
    try:
        yield
    finally:
        if options is not None:
            os.environ["PYTEST_ADDOPTS"] = options
        for name in set(sys.modules) - before:
            if (file := getattr(sys.modules[name], "__file__", None)) and Path(file).is_relative_to(folder):
                del sys.modules[name]
