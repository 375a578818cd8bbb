"""Runs a suite in this process just as `pytest suites/TASK` does, so that every job decides by the gates people write.

The contract between `run_suite` and the pytest plugin:

- The caller's `SuiteRequest` is in pytest's `config.stash` under `REQUEST` before anything is collected. The plugin
  takes the project, the base model and whether models may answer from it, instead of from the environment.
- The plugin writes the records of an item into `request.records` once its verdicts are final (and once more if the item
  is run again), and `request.outcome` once, at the end of the session. It writes no report for such a run.
- What pytest prints is captured and returned; nothing reaches stdout or stderr. `PYTEST_ADDOPTS` and the user's addopts
  (-n, --cov, ..) do not apply; the rest of the project's configuration does.
- The suite's modules are imported afresh each time and removed from `sys.modules` afterwards.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pytest

from goldgate.answers.replay import SuiteAnswers
from goldgate.base.interrupt import check_interrupted
from goldgate.gates import GateRecord
from goldgate.jobs.suite_request import REQUEST, SuiteRequest
from goldgate.ledger import Look, read_looks
from goldgate.task.examples import TestedOn
from goldgate.task.project import Project

_IMPORTED = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
"""One of the user's pytest plugins may be imported here already (any HTTP client imports anyio), which is no error."""


@dataclass(frozen=True)
class SuiteResult:
    """The result of running a suite.

    Attributes:
        exit: pytest's exit status.
        records: One record for each gate, in the suite's order, with its values by example.
        items: Node ids of the tests, in the suite's order.
        complete: Whether the whole suite ran.
        passed: Whether the whole suite ran and every gate passed.
        look: The look at golden that the run took; None if it took none.
        answers: Number of answers by "subject on split" and origin.
        gaps: Why the run is not complete; empty if it is.
        output: What pytest printed.
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
        """Returns all answers that the verdicts were decided from."""
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
    looks: bool = True,
) -> SuiteResult:
    """Runs the suite of a task with pytest in this process, as often as needed. The module describes the contract.

    Args:
        project: The project.
        task_name: Name of the task.
        candidate: Name of the subject to test; None for the champion.
        split: Split to test on; None for the candidate's default.
        extra: More arguments for pytest.
        generate: Whether models may answer; if not, a gate without a recorded or cached answer is invalid.
        model: Base model to use instead of the one in task.yaml, which is allowed on dev only.
        looks: Whether the run may take a look at golden; if not, only a recorded one decides.

    Returns:
        The result.

    Raises:
        UserError: There is no such task.
        ValueError: `model` is given and the split is not dev.
    """
    if model is not None and split != "dev":
        raise ValueError("another base model than task.yaml's is for dev alone")
    # The folder keeps its place in the project even if it is a symbolic link.
    rooted = replace(project, root=project.root.resolve())
    folder = rooted.suite(project.check_task(task_name))
    request = SuiteRequest(rooted, task_name, generate, model, looks)
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
    check_interrupted()  # pytest swallows an interrupt, and a partial result is no verdict
    return _result(project, status, request, text.getvalue())


class _Stashes:
    """Puts the request where the plugin looks for it, before anything is collected."""

    def __init__(self, request: SuiteRequest) -> None:
        self._request = request

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[REQUEST] = self._request


def _options(candidate: str | None, split: TestedOn | None) -> list[str]:
    options = [] if candidate is None else ["--gg-candidate", candidate]
    return options if split is None else [*options, "--gg-split", split]


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
    """Hides the options of an outer pytest, and removes the suite's modules afterwards so that they are read afresh."""
    options = os.environ.pop("PYTEST_ADDOPTS", None)
    before = set(sys.modules)
    gc.freeze()  # pytest ends with a search for garbage, which takes long among the objects of a loaded model
    try:
        yield
    finally:
        gc.unfreeze()
        if options is not None:
            os.environ["PYTEST_ADDOPTS"] = options
        for name in [name for name in set(sys.modules) - before if _is_of(sys.modules[name], folder)]:
            del sys.modules[name]


def _is_of(module: ModuleType, folder: Path) -> bool:
    """Whether a module lies in a folder, or is a package without a file that leads there, as pytest makes them."""
    if file := getattr(module, "__file__", None):
        return Path(file).is_relative_to(folder)
    places = [Path(place) for place in getattr(module, "__path__", ())]
    return any(place.is_relative_to(folder) or folder.is_relative_to(place) for place in places)
