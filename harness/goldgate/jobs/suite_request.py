"""What `run_suite` asks of pytest's plugin, and what the plugin answers. Loads nothing heavy: every controller of xdist
imports it.
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
    """What the plugin says of the suite at the end; by default, what is said of one that was not found. items: node ids
    in the suite's order; look: name of the look at golden that it was; answers: subject on split → origin → count;
    evidence: tell what the verdicts were decided from.
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
    """What is asked of the plugin, and where it answers. generate: whether models may answer; model: a base model
    instead of task.yaml's; records: by item, one a gate, with its values by example.
    """

    project: Project
    task: str
    generate: bool = True
    model: str | None = None
    records: dict[str, tuple[GateRecord, ...]] = field(default_factory=dict)
    outcome: SuiteOutcome = SuiteOutcome()


REQUEST = pytest.StashKey[SuiteRequest]()
