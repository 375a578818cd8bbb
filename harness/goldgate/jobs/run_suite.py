"""A suite run in this process, as `pytest suites/TASK` runs it: every job decides by the gates that a person types.

The contract, between `run_suite` and pytest's plugin:

- the caller's `SuiteRequest` lies in pytest's `config.stash` under `REQUEST` before anything is collected. The plugin
  takes project, base model and whether models may answer from it, instead of from the environment;
- the plugin writes each item's records into `request.records` when its verdicts stand (again, where it is run again),
  and `request.outcome` once, at the end of the session. It writes no report of its own for such a run;
- what pytest prints is caught and returned: nothing reaches stdout or stderr. `PYTEST_ADDOPTS` and the user's addopts
  (-n, --cov, ..) do not apply; the rest of the project's configuration does;
- the suite's modules are read anew each time, and are forgotten afterwards.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from goldgate.answers.replay import SuiteAnswers
from goldgate.base.interrupt import check_interrupted
from goldgate.gates import GateRecord
from goldgate.jobs.suite_request import REQUEST, SuiteRequest
from goldgate.ledger import Look, read_looks
from goldgate.task.examples import TestedOn
from goldgate.task.project import Project

_IMPORTED = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
"""A plugin of the user's pytest may be loaded here already (anyio is, with any HTTP client): no error of his suite."""


@dataclass(frozen=True)
class SuiteResult:
    """What a run of a suite came to. exit: pytest's status; records: one a gate, in the suite's order, with its values
    by example; items: node ids; complete: whether the suite ran as a whole; passed: whether then every gate passed;
    look: the look at golden that it was; answers: subject on split → origin → count; gaps: why it is not complete;
    output: pytest's own text.
    """

    exit: int
    records: tuple[GateRecord, ...]
    items: tuple[str, ...]
    complete: bool
    passed: bool
    look: Look | None
    answers: Mapping[str, Mapping[str, int]]
    gaps: tuple[str, ...]
    output: str
    _evidence: tuple[Callable[[], SuiteAnswers], ...] = ()

    def evidence(self) -> list[SuiteAnswers]:
        """All that the verdicts were decided from."""
        return [tell() for tell in self._evidence]


def run_suite(
    project: Project,
    task_name: str,
    candidate: str | None,
    split: TestedOn | None,
    extra: Sequence[str] = (),
    *,
    generate: bool = True,
    model: str | None = None,
) -> SuiteResult:
    """Runs the suite of a task with pytest in this process, as often as wanted. The module says by which contract.

    candidate: None for the champion; split: None for the candidate's default; extra: more arguments for pytest;
    generate: whether models may answer; without it a gate is invalid where an answer is neither recorded nor cached;
    model: a base model instead of task.yaml's, on dev alone (golden is decided by what task.yaml says: ValueError).
    Raises UserError for a task that is not there.
    """
    if model is not None and split != "dev":
        raise ValueError("another base model than task.yaml's is for dev alone")
    folder = project.suite(project.check_task(task_name)).resolve()
    request = SuiteRequest(replace(project, root=folder.parent.parent), task_name, generate, model)
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
    with _alone(folder), redirect_stdout(text), redirect_stderr(text):
        status = int(pytest.main(arguments, plugins=[_Stashes(request)]))
    check_interrupted()  # pytest swallows it, and what it had decided until then is no verdict
    return _result(project, status, request, text.getvalue())


class _Stashes:
    """Puts the request where the plugin looks for it, before anything is collected."""

    def __init__(self, request: SuiteRequest) -> None:
        self._request = request

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[REQUEST] = self._request


def _options(candidate: str | None, split: TestedOn | None) -> list[str]:
    options = [] if candidate is None else ["--candidate", candidate]
    return options if split is None else [*options, "--split", split]


def _result(project: Project, status: int, request: SuiteRequest, output: str) -> SuiteResult:
    told = request.outcome
    looks = read_looks(project.golden(request.task) / "looks") if told.look else ()
    return SuiteResult(
        status,
        tuple(record for item in told.items for record in request.records.get(item, ())),
        told.items,
        told.complete,
        told.passed,
        next((look for look in looks if look.name == told.look), None),
        told.answers,
        told.gaps,
        output,
        told.evidence,
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
