"""Labels: what is one label, what may be one, what is none, and labels.yaml."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.cleaning.clean import clean_rows
from goldgate.data.cleaning.invisible import visible
from goldgate.data.labels import (
    LabelRules,
    count_labels,
    look_alikes,
    propose_labels,
    rare,
    read_labels,
    spelled,
    without_missing,
)
from goldgate.data.row import Place, Row

VARIANTS = [
    "card_arrival",
    "card_arrival ",
    "\tcard_arrival",
    "card\u200b_arrival",
    "card_arrival\ufeff",
    "card_\u00adarrival\x00",
]


def rows(*outputs: Any) -> list[Row]:
    return [Row(f"text {n}", output, Place("a.csv", n)) for n, output in enumerate(outputs, 2)]


def test_labels_that_nobody_can_tell_apart_are_one_and_it_is_said() -> None:
    found = clean_rows(rows(*VARIANTS), "label")
    assert {row.output for row in found.rows} == {"card_arrival"}
    assert [change.row for change in found.changes] == [f"a.csv, line {n}" for n in range(3, 8)]
    assert count_labels([*VARIANTS, "cafe\u0301", "café"]) == {"card_arrival": 6, "café": 2}


@pytest.mark.parametrize(
    "none",
    ["", "   ", "\u00a0", "\u200b", "N/A", "n/a ", "N/A\u200b", "#N/A", "NaN", "NULL", "<NA>", "(blank)", "#REF!"],
)
def test_what_says_that_there_is_no_label_is_none(none: str) -> None:
    account = Account()
    kept = without_missing(rows("a", none, "b"), account)
    assert [row.output for row in kept] == ["a", "b"]
    assert [(str(one.place), one.reason) for one in account.aside] == [("a.csv, line 3", "no label")]
    assert count_labels(["a", none]) == {"a": 1}


@pytest.mark.parametrize("label", ["none", "unknown", "-", "NA"])
def test_what_may_be_a_label_is_kept_and_asked_about(label: str) -> None:
    counts = count_labels([label] * 9 + ["a"] * 9)
    assert counts[label] == 9
    (pair,) = look_alikes(counts)
    assert (pair.rarer, pair.other, pair.why) == (label, "no label", "may say that there is none")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("Card_Arrival", "capital letters only"),
        ("card arrival", "blanks, signs or capital letters"),
        ("Card-Arrival", "blanks, signs or capital letters"),
        ("cardArrival", "blanks, signs or capital letters"),
        ("card.arrival", "blanks, signs or capital letters"),
        ("ｃａｒｄ_arrival", "width of letters"),
        ("card_arrivál", "accents"),
        ("cаrd_arrival", r"drawn alike \(character 2 is U\+0430, not U\+0061\)"),
        ("arrival_card", "another order"),
        ("card_arival", "a letter or two"),
        ("card_arrvial", "a letter or two"),
        ("card_arrivals", "a letter or two"),
    ],
)
def test_labels_that_look_alike_are_named_with_their_counts_and_not_merged(other: str, why: str) -> None:
    counts = Counter({"card_arrival": 40, other: 3, "refund": 20})
    (pair,) = look_alikes(counts)
    assert str(pair).startswith(f'"{other}" (3) and "card_arrival" (40) ')
    assert re.search(why, pair.why)
    assert {row.output for row in clean_rows(rows(other, "card_arrival"), "label").rows} == {other, "card_arrival"}


@pytest.mark.parametrize(
    ("one", "other"),
    [("level_1", "level_2"), ("valid_card", "invalid_card"), ("active", "inactive"), ("cat", "bat"), ("spam", "ham"),
     ("refund", "no_refund"), ("iso9001", "iso9002"), ("card_lost", "card_found")],
)  # fmt: skip
def test_labels_of_another_meaning_are_not_called_alike(one: str, other: str) -> None:
    assert look_alikes({one: 30, other: 30}) == []


def test_labels_of_one_meaning_are_found_by_their_vectors_where_they_are_given() -> None:
    vectors = {"refund": [1, 0], "money back": [0.95, 0.312], "arrival": [0, 1]}

    def embed(texts: Any) -> Any:
        return np.array([vectors[text] for text in texts])

    (pair,) = look_alikes({"refund": 9, "money_back": 3, "arrival": 9}, embed=embed)
    assert str(pair) == '"money_back" (3) and "refund" (9) mean nearly the same (cosine 0.95)'


def test_rare_labels_are_listed_the_rarest_first() -> None:
    assert rare({"a": 4, "b": 1, "c": 5}) == {"b": 1, "a": 4}


def test_numbers_among_labels_are_labels() -> None:
    spell = spelled([])
    assert [spell(value)[0] for value in ("3", 3, 3.5, True)] == ["3", "3", "3.5", "true"]


def test_confirmed_merges_are_made_and_what_was_decided_is_not_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text('merge:\n  card arrival: card_arrival\nmissing: ["none"]\ndistinct:\n  - [refund, Refund]\n')
    rules = read_labels(path)
    outputs = ["card  arrival\u200b", "card_arrival", "none", "refund", "Refund"]
    assert count_labels(outputs, rules) == {"card_arrival": 2, "refund": 1, "Refund": 1}
    assert look_alikes(count_labels(outputs, rules), rules) == []
    assert [row.output for row in clean_rows(rows(*outputs[:2]), "label", labels=rules).rows] == ["card_arrival"] * 2


def test_a_proposal_merges_nothing_before_a_person_says_so(tmp_path: Path) -> None:
    counts = Counter({"card_arrival": 40, 'Card "Arrival"': 3, "none": 5, "rare": 1})
    path = tmp_path / "labels.yaml"
    propose_labels(path, look_alikes(counts), rare(counts))
    assert read_labels(path) == LabelRules()
    text = path.read_text()
    assert r'# "Card \"Arrival\"": "card_arrival"  # 3 and 40 rows: differ in' in text
    path.write_text(text.replace('  # "Card', '  "Card', 1).replace('  # - "none"', '  - "none"'))
    assert read_labels(path) == LabelRules({'Card "Arrival"': "card_arrival"}, frozenset({"none"}))
    with pytest.raises(UserError, match="already exists"):
        propose_labels(path, [], {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("merge:\n  a: b\nmerges:\n  c: d\n", r'labels.yaml, line 3: unknown key "merges"\n  did you mean "merge"'),
        ("merge: [a]\n", "labels.yaml, line 1: merge must map"),
        ("merge:\n  a: 3\n", "labels.yaml, line 2: 'a' and 3 must be text"),
        ("merge:\n  a: ' '\n", "labels.yaml, line 2"),
        ("merge:\n  a: b\n  b: c\n", r'labels.yaml, line 2: "b" is merged itself\n  merge "a" into "c"'),
        ("missing: none\n", "labels.yaml, line 1: missing must list"),
        ("distinct:\n  - [a]\n", "labels.yaml, line 1: distinct must list pairs"),
        ("- a\n", "labels.yaml: must be a mapping"),
        ("merge: {a: b\n", "labels.yaml, line 2: not valid YAML"),
    ],
)
def test_a_wrong_labels_yaml_is_refused_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_labels(path)


@given(st.text(st.sampled_from("aéÉe\u0301 \u200b\u200d\t\u00ad\x00ß"), max_size=8))
def test_what_is_seen_of_a_label_is_seen_of_that_again(label: str) -> None:
    assert visible(visible(label)) == visible(label)


@given(st.dictionaries(st.text(st.sampled_from("abc_ 1é"), min_size=1, max_size=7), st.integers(1, 50), max_size=6))
def test_each_pair_is_named_once_with_the_rarer_label_first(counts: dict[str, int]) -> None:
    pairs = look_alikes(counts)
    assert len({frozenset((p.rarer, p.other)) for p in pairs}) == len(pairs)
    assert all(p.rows <= p.other_rows or not p.other_rows for p in pairs)
