"""Near-duplicates: exactly the pairs that the definition names, whatever the filter leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.data.twins import find_twins
from goldgate.task.examples import Example, Split

WORDS = ("parcel", "late", "refund", "please", "again", "monday", "city")
texts = st.lists(st.lists(st.sampled_from(WORDS), min_size=3, max_size=9).map(" ".join), min_size=1, max_size=8)


def split(name: str, *made: str) -> Split:
    return Split(name, tuple(Example(f"{name[0]}{i}", text, "x") for i, text in enumerate(made)))


def jaccard(a: str, b: str) -> float:
    grams = [{t[i : i + 5] for i in range(max(1, len(t) - 4))} for t in (a, b)]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


def near(a: str, b: str) -> bool:
    return a == b if min(len(a), len(b)) < 20 else jaccard(a, b) >= 0.7


@given(texts, texts)
def test_the_filter_misses_no_pair_and_adds_none(golden: list[str], train: list[str]) -> None:
    found = {(t.split, t.golden.id, t.other.id) for t in find_twins(split("golden", *golden), [split("train", *train)])}
    across = {
        ("train", f"g{i}", f"t{k}")
        for i, a in enumerate(golden)
        for k, b in enumerate(train)
        if near(a, b) or (len(a) >= 50 and f" {a} " in f" {b} ")
    }
    within = {
        ("golden", f"g{i}", f"g{k}") for k, b in enumerate(golden) for i, a in enumerate(golden[:k]) if near(a, b)
    }
    assert found == across | within


def test_seven_tenths_is_alike_and_anything_less_is_not() -> None:
    text = "abcdefghijklmnopqrstuvwxyz"  # 22 5-grams
    for cut, alike in ((6, 16 / 22), (7, None)):
        found = find_twins(split("golden", text), [split("train", text[:-cut])])
        assert [t.alike for t in found] == ([pytest.approx(alike)] if alike else [])


@pytest.mark.parametrize(
    ("golden", "train", "twins"),
    [
        ("Grund: 3 Stühle, 2 Tische, 40 Teller fehlen", "Grund: 9 Stühle, 8 Tische, 77 Teller fehlen!", 0),
        ("Grund: 3 Stühle, 2 Tische, 40 Teller fehlen", "Grund: 3 Stühle, 2 Tische, 41 Teller fehlen!", 1),
        (
            "我的包裹还没有到请帮我查一下现在在哪里谢谢你们大家",
            "我的包裹还没有到请帮我查一下现在在哪里谢谢你们大家！",
            1,
        ),
        ("x = first + second * third / fourth", "x = first + second * third / fourth;", 1),
        ("?!?!", "!!!!", 0),
        ("?!?!", "?!?!", 1),
    ],
)
def test_numbers_are_content_and_punctuation_is_not(golden: str, train: str, twins: int) -> None:
    assert len(find_twins(split("golden", golden), [split("train", train)])) == twins


@pytest.mark.parametrize(
    ("first", "second", "twins"),
    [
        ("seats from row 3 to row 5 please", "seats from row 5 to row 3 please", 0),
        ("seats from row 3 to row 5 please", "seats from row 3 to row 6 please", 0),
        ("seats from row 3 to row 5 please", "seats from row 3 to row 5 please 2", 1),
        ("seats from the front row please", "seats from the front row please.", 1),
    ],
)
def test_within_golden_other_numbers_are_another_question(first: str, second: str, twins: int) -> None:
    assert len(find_twins(split("golden", first, second), [])) == twins
