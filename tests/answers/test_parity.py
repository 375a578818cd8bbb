"""Two forms of a model answer alike, or it is said where they do not."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from goldgate.answers.parity import NEAR, compare_answers
from goldgate.subjects import Answer
from goldgate.task.examples import Example


@dataclass
class Model:
    """A subject that says how far apart the two tokens are where answers part."""

    gaps: dict[str, float] = field(default_factory=dict)

    def gap(self, example: Example, one: str, other: str) -> float:
        return self.gaps.get(example.id, math.inf)


def examples(count: int) -> list[Example]:
    return [Example(f"e{i}", f"input {i}", "x") for i in range(count)]


def answers(texts: list[str | None], finish: Any = "stop") -> dict[str, Answer]:
    return {
        f"e{i}": Answer(f"e{i}", t, "error" if t is None else finish, 1, 1, 0.0, None, "who", f"f{i}", f"d{i}")
        for i, t in enumerate(texts)
    }


def pairs(one: dict[str, Answer], other: dict[str, Answer]) -> list[tuple[Example, Answer, Answer]]:
    return [(e, one[e.id], other[e.id]) for e in examples(len(one))]


def compare(one: list[str | None], other: list[str | None], gaps: dict[str, float] | None = None, **more: Any) -> Any:
    subject: Any = Model(gaps or {})
    return compare_answers(subject, pairs(answers(one), answers(other)), **{"drawn": False, **more})


def test_the_same_answers_are_parity() -> None:
    found = compare(["a", "b"], ["a", "b"])
    assert (found.same, found.near, found.different, found.holds) == (2, (), (), True)


def test_a_near_tie_is_counted_and_excused_and_a_clear_choice_is_not() -> None:
    found = compare(["a", "b", "c"], ["a", "B", "C"], {"e1": NEAR / 2, "e2": NEAR * 2})
    assert (found.same, found.near, found.different, found.holds) == (1, ("e1",), ("e2",), False)


def test_answers_that_are_drawn_have_no_near_ties() -> None:
    assert compare(["a", "b"], ["a", "B"], {"e1": 0.0}, drawn=True).different == ("e1",)


def test_one_missing_answer_differs_and_two_show_nothing() -> None:
    assert compare(["a", None], ["a", "b"], {"e1": 0.0}).different == ("e1",)
    both = compare([None, "a"], [None, "a"])
    assert (both.unanswered, both.holds) == (1, True)
    assert not compare([None], [None]).holds
    assert not compare([], []).holds


def test_an_answer_that_was_cut_off_is_another() -> None:
    subject: Any = Model()
    found = compare_answers(subject, pairs(answers(["a"]), answers(["a"], "length")), drawn=False)
    assert found.different == ("e0",)


def test_a_gap_that_is_no_number_excuses_nothing() -> None:
    assert compare(["a", "b"], ["a", "B"], {"e1": math.nan}).different == ("e1",)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["a", "b", None]), st.floats(0, 1)), max_size=8
    )
)
def test_every_example_is_counted_once(rows: list[tuple[str | None, str | None, float]]) -> None:
    one, other = [r[0] for r in rows], [r[1] for r in rows]
    found = compare(one, other, {f"e{i}": r[2] for i, r in enumerate(rows)})
    assert found.same + found.unanswered + len(found.near) + len(found.different) == len(rows)
    assert replace(found, near=()).holds == found.holds
    assert found.holds <= all(a == b or r[2] < NEAR for a, b, r in zip(one, other, rows, strict=True))
