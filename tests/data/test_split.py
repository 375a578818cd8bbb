"""Properties of splitting: whole components, every row accounted for, and contents alone decide."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.components import near_form
from goldgate.data.grams import grams_of, near
from goldgate.data.leaks import check_leaks
from goldgate.data.mask import masked
from goldgate.data.row import Place, Row
from goldgate.data.split import Made, Sizes, make_splits
from goldgate.task.task import Kind

USUAL = Sizes(None, 60, 60)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SNIPS = Path(__file__).resolve().parents[3] / "shared/data/snips_slots/train.jsonl"


def word(i: int) -> str:
    """A word of its own for every number, which shares few 5-grams with the others."""
    return "".join(random.Random(i).choices(LETTERS, k=9))


def rows(count: int, labels: int, start: int = 0) -> list[Row]:
    """Different rows that cycle through the given number of labels; with labels = 0 every output is unique."""
    return [
        Row(f"row {word(i)}", f"label {i % labels}" if labels else f"text {i}", Place("f", i + 1))
        for i in range(start, start + count)
    ]


def make(
    given_rows: Sequence[Row],
    sizes: Sizes = USUAL,
    seed: int = 1,
    golden: Sequence[Row] | None = None,
    kind: Kind = "label",
    **more: Any,
) -> tuple[Made, Account]:
    """Splits rows; every row must be accounted for."""
    account = Account()
    account.read["f"] = len(given_rows) + len(golden or ())
    made = make_splits(given_rows, golden, sizes, seed, account, kind=kind, **more)
    assert account.open == 0
    places = [e.meta["from"] for split in made.splits.values() for e in split]
    told = [str(one.place) for one in (*account.merged, *account.aside)]
    assert sorted([*places, *told]) == sorted(str(row.place) for row in (*given_rows, *(golden or ())))
    check_leaks(made.splits)
    return made, account


def inputs(made: Made, name: str) -> list[str]:
    return [e.text for e in made.splits[name]]


def homes(made: Made) -> dict[str, str]:
    """Input → its split."""
    return {e.text: name for name, split in made.splits.items() for e in split}


many = st.builds(rows, st.integers(200, 400), st.integers(0, 7))
sizes = st.builds(Sizes, st.none() | st.integers(30, 200), st.integers(30, 80), st.integers(30, 120))


@given(many, sizes, st.integers(0, 99))
@settings(max_examples=12, deadline=None)
def test_every_row_stands_in_one_split_at_most_and_sizes_hold(pairs: list[Row], size: Sizes, seed: int) -> None:
    made, _ = make(pairs, size, seed)
    assert len(made.splits["golden"]) == min(size.golden, len(pairs) // 4)
    assert len(made.splits["dev"]) == min(size.dev, (len(pairs) - len(made.splits["golden"])) // 5)
    if size.train is not None:
        assert len(made.splits["train"]) <= size.train


@given(many, st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_each_output_has_its_share_of_every_split(pairs: list[Row], seed: int) -> None:
    made, _ = make(pairs, seed=seed)
    whole = Counter(p.output for p in pairs)
    if len(whole) > 10:
        return
    for split in made.splits.values():
        part = Counter(e.output for e in split)
        for output, count in whole.items():
            assert abs(part[output] - len(split) * count / len(pairs)) <= 2


def test_each_intent_of_a_json_task_has_its_share_of_every_split() -> None:
    pairs = [replace(row, output={"intent": "abcd"[i % 4], "who": row.text}) for i, row in enumerate(rows(400, 0))]
    made, _ = make(pairs, kind="json")
    for split in made.splits.values():
        for count in Counter(e.output["intent"] for e in split).values():
            assert abs(count - len(split) / 4) <= 2


def test_each_tag_has_its_share_of_every_split() -> None:
    made, _ = make([replace(row, tags=("rare",) if i % 10 == 0 else ()) for i, row in enumerate(rows(400, 2))])
    for split in made.splits.values():
        assert abs(split.tag_counts()["rare"] - len(split) / 10) <= 2


@given(st.integers(0, 99), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_rows_decides_nothing(seed: int, order: random.Random) -> None:
    pairs = [*rows(240, 3), *(replace(row, input=f"{row.input} {n}") for row in rows(20, 5) for n in (7, 8))]
    pairs += [replace(row, input=row.text.upper(), place=Place("g", i)) for i, row in enumerate(pairs[:30])]
    shuffled = list(pairs)
    order.shuffle(shuffled)
    one, two = make(pairs, seed=seed)[0], make(shuffled, seed=seed)[0]
    assert {n: s.fingerprint for n, s in one.splits.items()} == {n: s.fingerprint for n, s in two.splits.items()}
    assert [inputs(one, n) for n in one.splits] == [inputs(two, n) for n in two.splits]


def test_another_seed_is_another_split() -> None:
    one, two = (make(rows(300, 3), seed=seed)[0] for seed in (1, 2))
    assert set(inputs(one, "golden")) != set(inputs(two, "golden"))


def test_ids_follow_the_input_alone() -> None:
    ids = [{e.text: e.id for s in make(r)[0].splits.values() for e in s} for r in (rows(300, 3), rows(330, 5))]
    assert len(set(ids[1].values())) == 330
    assert all(ids[1][text] == id_ for text, id_ in ids[0].items())


PLACES = ("north", "south", "harbour", "station", "market", "airport", "castle", "bridge")


@given(st.integers(0, 99))
@settings(max_examples=3, deadline=None)
def test_what_is_nearly_the_same_stays_in_one_split(seed: int) -> None:
    """Compared pair by pair, with the definition and without the index."""
    rng = random.Random(seed)
    pairs = rows(300, 3)
    for i in range(60):
        text = f"please bring me from the {word(i)} to the {rng.choice(PLACES)} at {rng.randrange(9)} today"
        for n in range(rng.randrange(1, 4)):
            other = text.replace("please ", "") if n == 1 else text.replace("today", f"day {rng.randrange(99)}")
            pairs.append(Row(other, f"label {n}", Place("g", len(pairs))))
    pairs = list({row.text: row for row in pairs}.values())
    made, account = make(pairs, seed=seed)
    assert not account.merged
    assert set(account.reasons()) <= {"contradiction", "nearly in golden"}
    forms = [(near_form(e.text), e.group, name) for name, split in made.splits.items() for e in split]
    grams = [grams_of(form) for form, _, _ in forms]
    for a, b in combinations(range(len(forms)), 2):
        if near(forms[a][0], forms[b][0], grams[a], grams[b]) is not None:
            assert forms[a][1:] == forms[b][1:], (forms[a], forms[b])
            assert forms[a][1] is not None


def test_rows_that_differ_in_numbers_stay_together_and_none_is_dropped() -> None:
    years = [Row(f"play {word(i)} from {year}", str(year), Place("g", i * 10 + n)) for i in range(40)
             for n, year in enumerate((1964, 1979, 2001))]  # fmt: skip
    made, account = make([*rows(400, 0), *years], Sizes(None, 100, 130), kind="json")
    assert not account.merged
    assert not account.aside
    home = homes(made)
    for i in range(40):
        assert len({home[f"play {word(i)} from {year}"] for year in (1964, 1979, 2001)}) == 1
    groups = {e.group for e in made.splits["train"] if "1964" in e.text}
    assert None not in groups


@pytest.mark.skipif(not SNIPS.is_file(), reason="needs the public data set snips_slots")
def test_no_request_of_a_real_set_is_merged_for_its_numbers() -> None:
    read = [json.loads(line) for line in SNIPS.read_text("utf-8").splitlines()]
    pairs = [Row(r["input"], r["output"], Place("train.jsonl", n)) for n, r in enumerate(read, 1)]
    _, account = make(pairs, Sizes(None, 300, 1000), kind="json")
    by_place = {row.place: row for row in pairs}
    assert account.merged
    for one in account.merged:
        merged, kept = by_place[one.place], by_place[one.into]
        assert merged.text.casefold().split() == kept.text.casefold().split()
        assert merged.output == kept.output


def test_a_declared_group_stays_in_one_split() -> None:
    pairs = [replace(row, group=f"customer {i % 40}") for i, row in enumerate(rows(800, 4))]
    made, _ = make(pairs, Sizes(None, 100, 200))
    found = [{e.group for e in split} for split in made.splits.values()]
    assert sum(map(len, found)) == len(set.union(*found)) == 40
    assert len(made.splits["golden"]) == 200


def test_large_components_go_to_train_and_are_named() -> None:
    crowd = [Row(f"row {word(0)} {n}", "label 0", Place("g", n)) for n in range(50)]
    made, _ = make([*rows(400, 4), *crowd])
    assert {homes(made)[row.text] for row in crowd} == {"train"}
    (large,) = made.large
    assert (large.size, large.numbers_only) == (51 if large.size == 51 else 50, True)
    assert any("differ in numbers only and stay together" in remark for remark in made.remarks)


def test_by_time_golden_is_the_newest_and_train_the_oldest() -> None:
    pairs = [replace(row, time=f"2024-{i // 28 + 1:02d}-{i % 28 + 1:02d}") for i, row in enumerate(rows(300, 3))]
    random.Random(0).shuffle(pairs)
    made, _ = make(pairs, by_time=True)
    time = {name: [e.meta["time"] for e in split] for name, split in made.splits.items()}
    assert max(time["train"]) < min(time["dev"])
    assert max(time["dev"]) < min(time["golden"])


def test_by_time_what_resembles_an_old_row_is_no_new_question() -> None:
    pairs = [replace(row, time=f"2024-01-01T{i:05d}") for i, row in enumerate(rows(300, 3))]
    pairs[0] = replace(pairs[0], input=f"{pairs[0].input} 1")
    again = replace(pairs[0], input=pairs[0].text.replace("1", "2"), time="2025-01-01", place=Place("g", 1))
    undated = replace(rows(1, 3, start=900)[0], time=None)
    made, _ = make([*pairs, again, undated], by_time=True)
    assert {homes(made)[row.text] for row in (pairs[0], again, undated)} == {"train"}


def test_by_time_needs_times() -> None:
    with pytest.raises(UserError, match="no row has a time"):
        make(rows(300, 3), by_time=True)


def test_a_share_sets_the_size_of_golden() -> None:
    made, account = make(rows(400, 4), Sizes(None, 60, 50, golden_share=0.3))
    assert len(made.splits["golden"]) == 120
    assert not account.decisions


def test_a_size_that_cuts_golden_is_a_decision() -> None:
    for golden in (None, rows(90, 3, start=900)):
        _, account = make(rows(400, 4), Sizes(None, 60, 50), golden=golden)
        (decision,) = account.decisions
        assert (decision.what, decision.value, decision.option) == ("size of golden", "50", "--golden-size")


@given(st.integers(0, 99), st.integers(0, 40))
@settings(max_examples=10, deadline=None)
def test_a_golden_file_keeps_its_rows_and_train_loses_them(seed: int, leaked: int) -> None:
    golden = [replace(row, input=f"{row.text.title()} no. {i}") for i, row in enumerate(rows(50, 5, start=1000))]
    leaks = [replace(row, input=row.text.upper() + "9", place=Place("leak", i)) for i, row in enumerate(golden)]
    made, account = make([*rows(200, 5), *leaks[:leaked]], Sizes(None, 60, 1000), seed, golden)
    assert set(inputs(made, "golden")) == {p.input for p in golden}
    assert account.reasons() == ({"nearly in golden": leaked} if leaked else {})


def test_a_row_near_a_row_that_is_near_golden_stays() -> None:
    text = " ".join(word(i) for i in range(9))
    near_one, further = text.replace(word(1), "x" * 5), text.replace(word(1), "x" * 5).replace(word(7), "y" * 5)
    golden = [*rows(40, 2, start=500), Row(text, "label 0", Place("g", 1))]
    close = [Row(near_one, "label 0", Place("f", 900)), Row(further, "label 0", Place("f", 901))]
    made, account = make([*rows(200, 2), *close], Sizes(None, 60, 60), golden=golden)
    assert [one.place.number for one in account.aside] == [900]
    assert homes(made)[further] != "golden"


def test_a_row_that_contradicts_golden_is_one_for_review() -> None:
    golden = rows(40, 2, start=500)
    wrong = replace(golden[0], output="label 1", place=Place("f", 999))
    made, account = make([*rows(200, 2), wrong], golden=golden)
    assert account.reasons() == {"contradiction": 1}
    assert account.aside[0].detail == f'"label 1" here, "label 0" at {golden[0].place}'
    assert made.contradictions == ((golden[0], wrong),)


def test_rows_of_a_golden_file_beyond_its_size_reach_no_other_split() -> None:
    golden = [replace(row, place=Place("g", row.place.number)) for row in rows(80, 4, start=1000)]
    made, account = make([*rows(200, 4), *rows(80, 4, start=1000)], Sizes(None, 60, 40), golden=golden)
    assert len(made.splits["golden"]) == 40
    assert not {p.input for p in golden} & {*inputs(made, "train"), *inputs(made, "dev")}
    assert account.reasons() == {"in golden": 80, "beyond the size of golden": 40}


def test_a_smaller_train_split_is_a_part_of_the_larger() -> None:
    small, large = (make(rows(300, 5), Sizes(n, 60, 60), seed=3)[0] for n in (40, 150))
    assert inputs(small, "train") == inputs(large, "train")[:40]
    assert inputs(small, "golden") == inputs(large, "golden")


@pytest.mark.parametrize(
    ("size", "name"), [(Sizes(10, 60, 60), "train"), (Sizes(None, 29, 60), "dev"), (Sizes(None, 60, 5), "golden")]
)
def test_a_split_too_small_to_measure_is_refused_by_name(size: Sizes, name: str) -> None:
    with pytest.raises(UserError, match=f"examples are left for {name}; a split needs at least 30"):
        make(rows(300, 5), size)


def test_a_refusal_names_its_causes() -> None:
    """Rows that differ in numbers, repeats and contradictions explain why hundreds of rows are too few."""
    numbers = [Row(f"{word(i % 3)} costs {i}", f"label {i % 2}", Place("f", i + 1)) for i in range(200)]
    again = [replace(row, place=Place("g", i)) for i, row in enumerate(numbers[:20])]
    torn = [Row("same words", f"label {i}", Place("h", i)) for i in range(2)]
    with pytest.raises(UserError) as caught:
        make([*numbers, *again, *torn])
    assert "200 rows that differ in numbers form 3 groups, and a group stays in one split" in caught.value.hint
    assert "20 became no example: same input and output" in caught.value.hint
    assert "2 became no example: contradiction" in caught.value.hint
    assert "the largest has 67 rows, such as" in caught.value.hint


def test_the_same_masked_form_is_in_one_split_even_where_lines_are_boilerplate() -> None:
    """Without its line end, an instruction is no line of its own, and the two forms that are compared differ."""
    head = "Answer the customer's question in one of the categories.\n"
    pairs = [replace(row, input=f"{head}{row.text} 3") for row in rows(300, 3)]
    pairs += [
        replace(row, input=f"{head}{row.text} 4".replace("\n", " "), place=Place("g", i))
        for i, row in enumerate(rows(20, 3))
    ]
    made, _ = make(pairs)
    home: dict[str, str] = {}
    for text, name in homes(made).items():
        assert home.setdefault(masked(text), name) == name
