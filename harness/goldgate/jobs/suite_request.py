"""The request of `run_suite` to the pytest plugin, and the plugin's response.

This module imports nothing heavy, because every xdist controller imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from goldgate.answers.replay import SuiteAnswers
    from goldgate.gates import GateRecord
    from goldgate.task.project import Project


@dataclass(frozen=True)
class SuiteOutcome:
    """The outcome of a suite at the end of the session; the defaults describe a suite that was not found.

    Attributes:
        items: Node ids of the tests, in the suite's order.
        complete: Whether the whole suite ran.
        passed: Whether the whole suite ran and every gate passed.
        look: Name of the look at golden that the run took; None if it took none.
        answers: Number of answers by "subject on split" and origin.
        gaps: Why the run is not complete; empty if it is.
        evidence: Functions that return the answers that the verdicts were decided from.
    """

    items: tuple[str, ...] = ()
    complete: bool = False
    passed: bool = False
    look: str | None = None
    answers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    gaps: tuple[str, ...] = ("it has no gate",)
    evidence: tuple[Callable[[], SuiteAnswers], ...] = ()


@dataclass
class SuiteRequest:
    """A request to the plugin, which writes its response into it.

    Attributes:
        project: The project.
        task: Name of the task.
        generate: Whether models may answer.
        model: Base model to use instead of the one in task.yaml; None for that one.
        looks: Whether a look may be taken and its outcome written; if not, the ledger is only read.
        records: The records of each item's gates, with their values by example; written by the plugin.
        outcome: The outcome of the suite; written by the plugin.
    """

    project: Project
    task: str
    generate: bool = True
    model: str | None = None
    looks: bool = True
    records: dict[str, tuple[GateRecord, ...]] = field(default_factory=dict)
    outcome: SuiteOutcome = SuiteOutcome()


REQUEST = pytest.StashKey[SuiteRequest]()
