"""Properties of splitting: no overlap, no duplicates, and nothing is left out without a remark."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.mask import masked
from goldgate.data.readers import Pair
from goldgate.data.split import Made, Sizes, make_splits

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def word(i: int) -> str:
    return LETTERS[i % 26] + LETTERS[i // 26 % 26] + LETTERS[i // 676]


def rows(count: int, labels: int, start: int = 0) -> list[Pair]:
    """Distinct rows that cycle through the given number of labels; with labels = 0 every output is unique."""
    return [
        Pair(f"row {word(i)}", f"label {i % labels}" if labels else f"text {i}", f"f, row {i}")
        for i in range(start, start + count)
    ]


many = st.builds(rows, st.integers(200, 500), st.integers(0, 7))
sizes = st.builds(Sizes, st.none() | st.integers(30, 200), st.integers(30, 80), st.integers(30, 120))


def inputs(made: Made, name: str) -> list[str]:
    return [e.text for e in made.splits[name]]


@given(many, sizes, st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_every_row_stands_in_one_split_at_most_and_sizes_hold(pairs: list[Pair], size: Sizes, seed: int) -> None:
    made = make_splits(pairs, None, size, seed)
    together = [t for name in ("train", "dev", "golden") for t in inputs(made, name)]
    assert len(set(together)) == len(together)
    assert set(together) <= {p.input for p in pairs}
    assert len(made.splits["golden"]) == min(size.golden, len(pairs) // 4)
    assert len(made.splits["dev"]) <= size.dev
    if size.train is None:
        assert len(together) == len(pairs)
    else:
        assert len(made.splits["train"]) <= size.train
    assert made.remarks == ()


@given(many, st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_each_output_has_its_share_of_every_split(pairs: list[Pair], seed: int) -> None:
    made = make_splits(pairs, None, Sizes(None, 60, 60), seed)
    whole = Counter(p.output for p in pairs)
    if len(whole) > 10:
        return
    for split in made.splits.values():
        part = Counter(e.output for e in split)
        for output, count in whole.items():
            assert abs(part[output] - len(split) * count / len(pairs)) <= 2


@given(many, st.integers(0, 99), st.lists(st.integers(0, 199), min_size=1, max_size=40, unique=True))
@settings(max_examples=30, deadline=None)
def test_rows_that_repeat_are_left_out_once_and_counted(pairs: list[Pair], seed: int, again: list[int]) -> None:
    copies = [Pair(f" {pairs[i].input.upper()}\n", "another output", "copy") for i in again]
    made = make_splits([*pairs, *copies], None, Sizes(None, 60, 60), seed)
    together = [masked(t) for name in made.splits for t in inputs(made, name)]
    assert len(set(together)) == len(together) == len(pairs)
    assert not any(e.meta["from"] == "copy" for split in made.splits.values() for e in split)
    (remark,) = made.remarks
    assert re.match(rf"file: {len(copies)} rows left out because they repeat an earlier input", remark)


@given(st.integers(0, 99), st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_a_golden_file_keeps_its_rows_and_train_loses_them(seed: int, leaked: int) -> None:
    golden = [Pair(f"{p.input.title()} no. {i}", p.output, p.where) for i, p in enumerate(rows(50, 5, start=1000))]
    pairs = [*rows(200, 5), *(Pair(p.input.upper() + "9", p.output, "leak") for p in golden[:leaked])]
    made = make_splits(pairs, golden, Sizes(None, 60, 1000), seed)
    assert set(inputs(made, "golden")) == {p.input for p in golden}
    assert not {masked(p.input) for p in golden} & {masked(t) for n in ("train", "dev") for t in inputs(made, n)}
    counted = [r for r in made.remarks if "are in golden" in r]
    assert [int(r.split()[1]) for r in counted] == ([leaked] if leaked else [])


def test_rows_of_a_golden_file_beyond_its_size_reach_no_other_split() -> None:
    golden = rows(80, 4, start=1000)
    made = make_splits([*rows(200, 4), *golden], golden, Sizes(None, 60, 40), seed=1)
    assert len(made.splits["golden"]) == 40
    assert not {p.input for p in golden} & {*inputs(made, "train"), *inputs(made, "dev")}


@given(many, st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_the_seed_decides_alone(pairs: list[Pair], seed: int) -> None:
    size = Sizes(None, 60, 60)
    one, two = make_splits(pairs, None, size, seed), make_splits(list(pairs), None, size, seed)
    assert {n: s.fingerprint for n, s in one.splits.items()} == {n: s.fingerprint for n, s in two.splits.items()}
    other = make_splits(pairs, None, size, seed + 100)
    assert set(inputs(one, "golden")) != set(inputs(other, "golden"))


def test_a_smaller_train_split_is_a_part_of_the_larger() -> None:
    small, large = (make_splits(rows(300, 5), None, Sizes(n, 60, 60), seed=3) for n in (40, 150))
    assert inputs(small, "train") == inputs(large, "train")[:40]
    assert inputs(small, "golden") == inputs(large, "golden")


@pytest.mark.parametrize(
    ("size", "name"), [(Sizes(10, 60, 60), "train"), (Sizes(None, 29, 60), "dev"), (Sizes(None, 60, 5), "golden")]
)
def test_a_split_too_small_to_measure_is_refused_by_name(size: Sizes, name: str) -> None:
    with pytest.raises(UserError, match=f"examples are left for {name}; a split needs at least 30"):
        make_splits(rows(300, 5), None, size, seed=1)


def test_ids_are_unique_and_every_example_says_where_it_comes_from() -> None:
    pairs = rows(200, 3)
    made = make_splits(pairs, None, Sizes(None, 60, 60), seed=1)
    ids = [e.id for split in made.splits.values() for e in split]
    assert len(set(ids)) == len(ids)
    origin = {p.where: (p.input, p.output) for p in pairs}
    for split in made.splits.values():
        for e in split:
            assert e.id.startswith(f"{split.name}-")
            assert origin[e.meta["from"]] == (e.input, e.output)
