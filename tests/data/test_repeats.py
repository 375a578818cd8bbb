"""Repeats, contradictions and several right answers are three things, whatever the order of the rows."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.data.account import Account
from goldgate.data.repeats import Resolved, resolve_repeats
from goldgate.data.row import Place, Row
from goldgate.task.task import Kind


def row(n: int, text: str, output: Any, **more: Any) -> Row:
    return Row(text, output, Place("f", n), **more)


def resolve(*rows: Row, kind: Kind = "label") -> tuple[Resolved, Account]:
    account = Account()
    account.read["f"] = len(rows)
    resolved = resolve_repeats(rows, kind, account)
    account.kept = len(resolved.rows)
    assert account.open == 0
    return resolved, account


@pytest.mark.parametrize("kind", ["label", "json", "text"])
@pytest.mark.parametrize("text", ["Where is it?", "where  is\tit?", " WHERE IS IT? ", "Where\u00a0is it？"])
def test_the_same_form_and_output_is_a_repeat(kind: Kind, text: str) -> None:
    first = row(1, "Where is it?", "a")
    resolved, account = resolve(first, row(2, text, "a"), kind=kind)
    assert [(one.place.number, one.into.number, one.reason) for one in account.merged] == [
        (2, 1, "same input and output")
    ]
    assert resolved.rows == [first]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1.0}),
        ({"city": "Zu\u0308rich "}, {"city": "Z\u00fcrich"}),
        ("two  words", "two words"),
    ],
)
def test_outputs_that_are_written_in_another_way_are_the_same(one: Any, other: Any) -> None:
    resolved, _ = resolve(row(1, "x", one), row(2, "x", other), kind="json")
    assert len(resolved.rows) == 1
    assert not resolved.contradictions


@pytest.mark.parametrize(("one", "other"), [(1, True), ("1", 1), ({"a": None}, {}), ([1, 2], [2, 1]), (0, None)])
def test_these_outputs_are_different(one: Any, other: Any) -> None:
    assert len(resolve(row(1, "x", one), row(2, "x", other), kind="json")[0].contradictions) == 1


@pytest.mark.parametrize("kind", ["label", "json"])
def test_another_output_is_a_contradiction_that_names_both_places(kind: Kind) -> None:
    rows = (row(1, "Is it late?", "yes"), row(2, "is it late?", "no"), row(3, "Is it late?", "yes"))
    resolved, account = resolve(*rows, kind=kind)
    assert resolved.rows == []
    assert resolved.contradictions == (rows,)
    assert {(one.place.number, one.detail) for one in account.aside} == {
        (1, '"yes" here, "no" at f, line 2'),
        (2, '"no" here, "yes" at f, line 1'),
    }
    assert account.reasons() == {"contradiction": 2}
    assert account.merges() == {"same input and output": 1}


def test_another_text_is_another_right_answer() -> None:
    resolved, account = resolve(
        row(1, "Thank them", "Thanks."), row(2, "Thank them", "Thank you."), row(3, "thank them", "Thank you."),
        kind="text",
    )  # fmt: skip
    (kept,) = resolved.rows
    assert {kept.output, *kept.accept} == {"Thanks.", "Thank you."}
    assert account.merges() == {"another right answer to the same input": 1, "same input and output": 1}


def test_rows_that_accept_each_other_do_not_contradict() -> None:
    resolved, _ = resolve(row(1, "x", "a", accept=("b",)), row(2, "x", "b"))
    (kept,) = resolved.rows
    assert (kept.output, kept.accept) == ("b", ("a",))


def test_outputs_that_copy_their_input_in_its_case_are_both_right() -> None:
    rows = [row(1, "fly to Paris", {"to": "Paris"}), row(2, "fly to paris", {"to": "paris"})]
    resolved, _ = resolve(*rows, kind="json")
    assert resolved.rows == rows
    torn, _ = resolve(rows[0], row(2, "fly to Paris", {"to": "paris"}), kind="json")
    assert len(torn.contradictions) == 1


def test_other_numbers_are_another_input() -> None:
    rows = [row(i, f"play music from {year}", str(year)) for i, year in enumerate((1964, 1979))]
    assert resolve(*rows)[0].rows == rows


def test_the_oldest_is_kept_with_the_tags_of_all() -> None:
    resolved, _ = resolve(
        row(1, "x", "a", time="2024-03-01", tags=("late",)), row(2, "X", "a", time="2023-01-01", tags=("early",))
    )
    (kept,) = resolved.rows
    assert (kept.place.number, kept.tags) == (2, ("early", "late"))


@given(
    st.lists(st.tuples(st.sampled_from(["a", "A", " a", "b 1", "b 2"]), st.sampled_from(["x", "X", "y"])), max_size=12),
    st.sampled_from(["label", "json", "text"]),
    st.randoms(use_true_random=False),
)
def test_the_order_decides_nothing(made: list[tuple[str, str]], kind: Kind, order: random.Random) -> None:
    rows = [row(n, text, output) for n, (text, output) in enumerate(made)]
    shuffled = list(rows)
    order.shuffle(shuffled)
    (one, a), (two, b) = resolve(*rows, kind=kind), resolve(*shuffled, kind=kind)
    assert sorted(map(str, one.rows)) == sorted(map(str, two.rows))
    assert set(map(str, one.contradictions)) == set(map(str, two.contradictions))
    assert (a.reasons(), a.merges()) == (b.reasons(), b.merges())
