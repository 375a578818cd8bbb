"""A task with a champion, promoted as often as a test wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldgate.champion.change import Entrant, write_champion
from goldgate.measures import Measure, Verdict
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer, serving_digest
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import Task

MakeTask = Callable[..., tuple[Project, Task]]
ROWS = [(f"question {i}", f"answer {i}") for i in range(6)]


def _view(task: Task, split: Split, identity: str, right: int, cache: Path) -> Scored:
    answers = {
        e.id: Answer(
            e.id, e.output if n < right else "wrong", "stop", 5, 2, 0.1, -0.5, identity, f"{identity}{e.id}", e.digest
        )
        for n, e in enumerate(split)
    }
    return Scored("candidate", ScoreTable(Context(task, cache), split, answers))


@pytest.fixture
def promoted(make_task: MakeTask) -> Callable[..., tuple[Project, Task]]:
    """promoted(verdicts, forced): a task with a champion that answered 6 of 6 and a baseline that answered 2."""

    def promote(
        verdicts: list[Verdict], forced: str | None = None, run: str = "r1", who: str = "me"
    ) -> tuple[Project, Task]:
        project, task = make_task(
            {"kind": "label", "labels": [o for _, o in ROWS]},
            train=[("a", ROWS[0][1])],
            dev=ROWS,
            golden=[(f"{q}!", a) for q, a in ROWS],
        )
        splits = [load_split(project, task.name, s) for s in ("dev", "golden")]
        entrants = [
            Entrant(name, identity, [_view(task, s, identity, right, project.cache) for s in splits])
            for name, identity, right in (("adapter:x", who, 6), ("base+zero_shot", "them", 2))
        ]
        write_champion(
            project,
            task,
            entrants[0],
            entrants[1],
            [],
            adapter={"path": "x", "digest": "d", "prompt": "zero_shot"},
            run=run,
            serving=serving_digest("adapter:x", "zero_shot", task, project),
            look=None,
            verdicts=verdicts,
            forced=forced,
            opened=False,
            prompted_for={},
            tried={"base+zero_shot": "them"},
            untried={"base+few_shot:2": "cost"},
            today="2026-11-26",
        )
        return project, task

    return promote


def verdict(passes: bool) -> Verdict:
    return Measure([1.0] * 20, name="exact_match").verdict(">=", 0.5 if passes else 0.99)
