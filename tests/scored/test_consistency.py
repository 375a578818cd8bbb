"""Whether answers agree, by examples of answers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from goldgate.measures import Measure
from goldgate.scored.consistency import Consistency, agree, format_of
from goldgate.subjects import Answer
from goldgate.task.project import Project
from goldgate.task.task import Task


def said(text: str | None, finish: str = "stop") -> Answer:
    return Answer("e", text, finish if text is not None else "error", 1, 1, 0.0, None, "me", "f", "x")  # type: ignore[arg-type]


@pytest.fixture
def text_task(make_task: Callable[..., tuple[Project, Task]]) -> Task:
    return make_task({"kind": "text"}, train=[("x", "y")])[1]


def make(metric: str, values: Sequence[float | None], bounds: tuple[float, float], better: Any) -> Measure:
    return Measure(values, bounds=bounds, better=better, name=metric)


def test_agreement_is_the_share_of_pairs_and_unanimous_that_of_examples(text_task: Task) -> None:
    rows = [[said(t) for t in row] for row in (("a", "a", "a"), ("a", "a", "b"), ("a", "b", "c"))]
    found = Consistency(text_task, rows, make)
    assert found.agreement.value == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert found.unanimous.value == pytest.approx(1 / 3)
    assert (found.agreement.bounds, found.unanimous.bounds) == ((0.0, 1.0), (0.0, 1.0))


def test_an_example_with_one_answer_missing_is_missing_in_every_measure(text_task: Task) -> None:
    rows = [[said("a"), said("a")], [said("a"), said(None)]]
    found = Consistency(text_task, rows, make)
    for measure in (found.agreement, found.unanimous, found.formats):
        assert (measure.n, measure.missing) == (2, 1)
    assert found.agreement.value == 1.0


def test_fewer_formats_are_better_and_there_are_as_many_as_answers_at_most(text_task: Task) -> None:
    rows = [[said("Yes."), said("No."), said("- yes")], [said("Yes."), said("No."), said("Oh.")]]
    formats = Consistency(text_task, rows, make).formats
    assert (formats.value, formats.bounds, formats.evidence.better) == (1.5, (1.0, 3.0), "low")


def test_an_answer_that_was_cut_off_agrees_with_none(text_task: Task) -> None:
    assert agree(text_task, said("same  words"), said("same words"))
    assert not agree(text_task, said("same words", "length"), said("same words"))
    assert not agree(text_task, said("same words"), said("same words", "length"))
    assert not agree(text_task, said(None), said(None))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"b": 1, "a": [true, null]}', "{b: number, a: [null | true or false]}"),
        ('```json\n{"a": "x"}\n```', "fenced {a: text}"),
        ("Yes", "text / mixed / "),
        ("# HEAD\n\n- ONE\n- TWO\n1. THREE!", "heading blank bullet number / capitals / !"),
        ("```\nx\n```\n| a | b |", "fence text fence table / small / |"),
    ],
)
def test_a_format_is_the_form_without_what_is_said(text: str, form: str) -> None:
    assert format_of(text) == form
