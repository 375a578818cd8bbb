"""The table of a subject's scores: each column made once, of answers that are all there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer
from goldgate.subjects.latency import Timing
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task

SPLIT = Split("dev", (Example("a", "one", "cat"), Example("b", "two", "dog")))
OTHER = Split("dev", (Example("a", "ONE", "cat"),))


def reply(example: Example, text: str = "cat") -> Answer:
    return Answer(example.id, text, "stop", 1, 1, 0.0, None, "me", example.digest, example.digest)


@pytest.fixture
def task(make_task: Callable[..., tuple[Project, Task]]) -> Task:
    return make_task({"kind": "label", "labels": ["cat", "dog"]}, train=[("x", "cat")])[1]


@pytest.fixture
def table(task: Task) -> Callable[..., ScoreTable]:
    def make(**more: object) -> ScoreTable:
        return ScoreTable(Context(task, Path("/none")), SPLIT, {e.id: reply(e) for e in SPLIT}, **more)  # type: ignore[arg-type]

    return make


def test_a_value_that_was_recorded_is_not_computed_again(table: Callable[..., ScoreTable]) -> None:
    assert table().values("exact_match") == {"a": 1.0, "b": 0.0}
    assert table(known={"exact_match": {"b": 0.5}}).values("exact_match") == {"a": 1.0, "b": 0.5}
    assert table(known={"stop_rate": {"b": 0.5}}).values("exact_match") == {"a": 1.0, "b": 0.0}


def test_a_column_is_made_once(table: Callable[..., ScoreTable]) -> None:
    made = table()
    assert made.values("exact_match") is made.values("exact_match")


def test_a_metric_that_is_none_is_told_the_nearest(table: Callable[..., ScoreTable]) -> None:
    with pytest.raises(UserError, match=r'no metric "exact_macth" for task demo(?s:.*)exact_match'):
        table().values("exact_macth")


def test_nothing_is_scored_while_an_answer_is_not_there(table: Callable[..., ScoreTable]) -> None:
    made = table()
    made.answers = {"a": made.answers["a"]}
    with pytest.raises(UserError, match="1 of 2 answers are missing; the first is to b"):
        made.values("exact_match")


def test_other_inputs_are_asked_for_once_and_recorded_values_are_not_theirs(table: Callable[..., ScoreTable]) -> None:
    calls: list[tuple[str, int]] = []

    def ask(split: Split, sample: int) -> Mapping[str, Answer]:
        calls.append((split.fingerprint, sample))
        return {e.id: reply(e, "dog") for e in split}

    made = table(ask=ask, known={"exact_match": {"a": 1.0}})
    assert made.asked(OTHER).values("exact_match") == {"a": 0.0}
    assert made.asked(OTHER).split is OTHER
    made.asked(OTHER, 1)
    assert calls == [(OTHER.fingerprint, 0), (OTHER.fingerprint, 1)]


def test_without_a_model_other_inputs_and_latencies_cannot_be_had(table: Callable[..., ScoreTable]) -> None:
    with pytest.raises(UserError, match="only recorded answers of this subject are available"):
        table().asked(OTHER)
    with pytest.raises(UserError, match="these answers were not timed"):
        table().timings()


def test_the_clock_is_read_once_and_not_for_other_inputs(table: Callable[..., ScoreTable]) -> None:
    read: list[int] = []

    def clock() -> Mapping[str, Timing]:
        read.append(1)
        return {"x": Timing(0.1, 0.2, "here")}

    made = table(clock=clock, ask=lambda split, sample: {e.id: reply(e) for e in split})
    assert made.timings() == made.timings()
    assert read == [1]
    with pytest.raises(UserError, match="were not timed"):
        made.asked(OTHER).timings()
