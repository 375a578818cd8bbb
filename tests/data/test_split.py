"""Properties of splitting: no overlap, no duplicates, and nothing is left out without a remark."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.mask import masked
from goldgate.data.row import Place, Row
from goldgate.data.split import Made, Sizes, make_splits

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def word(i: int) -> str:
    return LETTERS[i % 26] + LETTERS[i // 26 % 26] + LETTERS[i // 676]


def rows(count: int, labels: int, start: int = 0) -> list[Row]:
    """Distinct rows that cycle through the given number of labels; with labels = 0 every output is unique."""
    return [
        Row(f"row {word(i)}", f"label {i % labels}" if labels else f"text {i}", Place("f", i + 1, "row"))
        for i in range(start, start + count)
    ]


many = st.builds(rows, st.integers(200, 500), st.integers(0, 7))
sizes = st.builds(Sizes, st.none() | st.integers(30, 200), st.integers(30, 80), st.integers(30, 120))


def split(pairs: list[Row], golden: list[Row] | None, size: Sizes, seed: int) -> tuple[Made, Account]:
    """The splits, and an account in which every row has its place."""
    account = Account()
    for row in (*pairs, *(golden or ())):
        account.read[row.place.file] += 1
    made = make_splits(pairs, golden, size, seed, account)
    assert account.open == 0
    return made, account


def inputs(made: Made, name: str) -> list[str]:
    return [e.text for e in made.splits[name]]


@given(many, sizes, st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_every_row_stands_in_one_split_at_most_and_sizes_hold(pairs: list[Row], size: Sizes, seed: int) -> None:
    made, account = split(pairs, None, size, seed)
    together = [t for name in ("train", "dev", "golden") for t in inputs(made, name)]
    assert len(set(together)) == len(together)
    assert set(together) <= {p.text for p in pairs}
    assert len(made.splits["golden"]) == min(size.golden, len(pairs) // 4)
    assert len(made.splits["dev"]) <= size.dev
    if size.train is None:
        assert len(together) == len(pairs)
    else:
        assert len(made.splits["train"]) <= size.train
    assert not account.merged
    assert len(account.aside) == len(pairs) - len(together)


@given(many, st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_each_output_has_its_share_of_every_split(pairs: list[Row], seed: int) -> None:
    made, _ = split(pairs, None, Sizes(None, 60, 60), seed)
    whole = Counter(p.output for p in pairs)
    if len(whole) > 10:
        return
    for one in made.splits.values():
        part = Counter(e.output for e in one)
        for output, count in whole.items():
            assert abs(part[output] - len(one) * count / len(pairs)) <= 2


@given(many, st.integers(0, 99), st.lists(st.integers(0, 199), min_size=1, max_size=40, unique=True))
@settings(max_examples=30, deadline=None)
def test_rows_that_repeat_are_left_out_once_and_counted(pairs: list[Row], seed: int, again: list[int]) -> None:
    copies = [Row(f" {pairs[i].text.upper()}\n", "another output", Place("copy", i + 1)) for i in again]
    made, account = split([*pairs, *copies], None, Sizes(None, 60, 60), seed)
    together = [masked(t) for name in made.splits for t in inputs(made, name)]
    assert len(set(together)) == len(together) == len(pairs)
    assert not any(e.meta["from"].startswith("copy") for one in made.splits.values() for e in one)
    merged = {(m.place, m.into) for m in account.merged}
    assert merged == {(copy.place, pairs[i].place) for i, copy in zip(again, copies, strict=True)}


@given(st.integers(0, 99), st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_a_golden_file_keeps_its_rows_and_train_loses_them(seed: int, leaked: int) -> None:
    golden = [Row(f"{p.text.title()} no. {i}", p.output, p.place) for i, p in enumerate(rows(50, 5, start=1000))]
    pairs = [
        *rows(200, 5),
        *(Row(p.text.upper() + "9", p.output, Place("leak", i)) for i, p in enumerate(golden[:leaked])),
    ]
    made, account = split(pairs, golden, Sizes(None, 60, 1000), seed)
    assert set(inputs(made, "golden")) == {p.text for p in golden}
    assert not {masked(p.text) for p in golden} & {masked(t) for n in ("train", "dev") for t in inputs(made, n)}
    assert account.reasons().get("an input that golden has", 0) == leaked


def test_rows_of_a_golden_file_beyond_its_size_reach_no_other_split() -> None:
    golden = rows(80, 4, start=1000)
    made, account = split([*rows(200, 4), *golden], golden, Sizes(None, 60, 40), 1)
    assert len(made.splits["golden"]) == 40
    assert account.reasons()["beyond the largest size of golden, 40 (--golden-size)"] == 40
    assert not {p.text for p in golden} & {*inputs(made, "train"), *inputs(made, "dev")}


@given(many, st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_the_seed_decides_alone(pairs: list[Row], seed: int) -> None:
    size = Sizes(None, 60, 60)
    one, two = (split(list(pairs), None, size, seed)[0] for _ in range(2))
    assert {n: s.fingerprint for n, s in one.splits.items()} == {n: s.fingerprint for n, s in two.splits.items()}
    other, _ = split(pairs, None, size, seed + 100)
    assert set(inputs(one, "golden")) != set(inputs(other, "golden"))


def test_a_smaller_train_split_is_a_part_of_the_larger() -> None:
    small, large = (split(rows(300, 5), None, Sizes(n, 60, 60), 3)[0] for n in (40, 150))
    assert inputs(small, "train") == inputs(large, "train")[:40]
    assert inputs(small, "golden") == inputs(large, "golden")


@pytest.mark.parametrize(
    ("size", "name"), [(Sizes(10, 60, 60), "train"), (Sizes(None, 29, 60), "dev"), (Sizes(None, 60, 5), "golden")]
)
def test_a_split_too_small_to_measure_is_refused_by_name(size: Sizes, name: str) -> None:
    with pytest.raises(UserError, match=f"examples are left for {name}; a split needs at least 30"):
        split(rows(300, 5), None, size, 1)


def test_ids_are_unique_and_every_example_says_where_it_comes_from() -> None:
    pairs = rows(200, 3)
    made, _ = split(pairs, None, Sizes(None, 60, 60), 1)
    ids = [e.id for one in made.splits.values() for e in one]
    assert len(set(ids)) == len(ids)
    origin = {str(p.place): (p.text, p.output) for p in pairs}
    for one in made.splits.values():
        for e in one:
            assert e.id.startswith(f"{one.name}-")
            assert origin[e.meta["from"]] == (e.input, e.output)
