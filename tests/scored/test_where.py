"""Slices by a predicate: of inputs they may be gated, of answers or values they may only be looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.measures import Measure
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task

LABELS = ("red", "green")
SPLIT = Split(
    "golden",
    tuple(
        Example(f"e{i}", f"thing {i}" * (1 + i % 2), LABELS[i % 2], tags=(("big",) if i < 30 else ()))
        for i in range(60)
    ),
)


@pytest.fixture
def scored(make_task: Callable[..., tuple[Project, Task]], tmp_path: Path) -> Scored:
    _, task = make_task({"kind": "label", "labels": list(LABELS)}, train=[("x", "red")])
    answers = {
        e.id: Answer(e.id, "red" if e.id == "e1" else str(e.output), "stop", 5, 1, 0.0, None, "me", e.id, e.digest)
        for e in SPLIT
    }
    return Scored("candidate", ScoreTable(Context(task, tmp_path), SPLIT, answers))


def is_long(example: Example) -> bool:
    return len(example.text) > 10


def test_a_slice_of_inputs_is_gated_under_its_own_name(scored: Scored) -> None:
    measure = scored.where(is_long).exact_match
    assert (measure.n, measure.name) == (30, "exact_match[is_long]")
    assert measure.verdict(">=", 0.8).outcome == "pass"
    assert scored.where(is_long, "long ones").exact_match.name == "exact_match[long ones]"
    assert scored.where(lambda e: is_long(e)).exact_match.name == "exact_match[where]"


def test_slices_narrow_one_another(scored: Scored) -> None:
    assert scored.on("big").where(is_long).exact_match.n == 15
    assert scored.where(is_long).on("big").exact_match.name == "exact_match[is_long, big]"
    with pytest.raises(UserError, match=r"no example of golden is in the slice \[big, where\]"):
        scored.on("big").where(lambda e: not e.tags)


def test_a_slice_that_the_answers_choose_is_looked_at_and_never_gated(scored: Scored) -> None:
    right = scored.where(lambda e, a: a.text == e.output, "right ones")
    assert right.exact_match.value == 1.0
    for gate in (
        lambda: right.exact_match >= 0.9,
        lambda: right.on("big").exact_match.plausible >= 0.5,
        lambda: right.exact_match - right.exact_match >= -0.5,
        lambda: right.macro_f1 >= 0.5,
        lambda: right.exact_match.verdict(">=", 0.9),
    ):
        with pytest.raises(UserError, match="was chosen by its answers: it can be viewed but never gated"):
            gate()


def test_a_measure_chosen_by_its_values_is_never_gated() -> None:
    measure = Measure([0.0, 1.0, 1.0, None], tags=[("a",), ("a",), (), ()], name="score")
    best = measure.where(lambda value: value > 0.5, "good")
    assert (best.n, best.value, best.name) == (2, 1.0, "score[good]")
    with pytest.raises(UserError, match="never gated"):
        _ = best >= 0.5
    with pytest.raises(UserError, match="never gated"):
        _ = best.on("a").observed >= 0.5
    with pytest.raises(UserError, match="there are no examples"):
        measure.where(lambda value: value > 2)


def test_macro_f1_of_a_split_is_a_metric_of_labels(scored: Scored) -> None:
    assert "macro_f1" in scored.metrics()
    assert scored.macro_f1.value == pytest.approx((60 / 61 + 58 / 59) / 2)
    assert scored.on("big").macro_f1.n == 30
