"""Inputs that say the same in other words: found by their embeddings, kept in one split, and shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data import closeness
from goldgate.data.closeness import close_pairs, closest_pairs, sample
from goldgate.data.components import find_components
from goldgate.data.decide import Wishes
from goldgate.data.row import Place, Row
from goldgate.data.scaffold import Request
from goldgate.data.sources import Choices
from goldgate.data.split import Sizes
from goldgate.jobs.data import Initialised, run_init
from goldgate.models import embedder
from goldgate.task.examples import read_split
from goldgate.task.project import Project

ANIMALS = ("cat", "dog", "bird", "fish", "cow")
WORDS = [
    f"{colour} {animal} {verb}"
    for colour in ("red", "blue", "green", "old", "new", "big")
    for animal in ANIMALS
    for verb in ("runs", "sleeps", "eats", "sings", "jumps", "swims", "flies", "hides")
]


@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.floats(0.2, 0.99))
@settings(max_examples=40)
def test_the_pairs_are_those_of_all_comparisons(seed: int, many: int, least: float) -> None:
    vectors = np.random.default_rng(seed).standard_normal((many, 3)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    texts, all_cosines = [f"t{i}" for i in range(many)], vectors @ vectors.T
    clear = np.abs(all_cosines - least) > 1e-5
    found = {(a, b) for a, b, _ in close_pairs(texts, vectors, least)}
    for i in range(many):
        for j in range(many):
            if clear[i, j]:
                assert ((texts[i], texts[j]) in found) == (i < j and bool(all_cosines[i, j] >= least))


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 1, 0, 2, 1, 0]]
    texts = list("abcdef")
    whole = close_pairs(texts, vectors)
    monkeypatch.setattr(closeness, "_BLOCK", 2)
    assert close_pairs(texts, vectors) == whole == [("a", "c", 1.0), ("a", "f", 1.0), ("b", "e", 1.0), ("c", "f", 1.0)]


def test_a_crowd_is_joined_without_all_its_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closeness, "_CROWD", 3)
    texts = [f"t{i:02}" for i in range(20)]
    found = close_pairs(texts, np.ones((20, 1), np.float32))
    assert len(found) == 3 * 17 + 3
    rows = [Row(text, "a", Place("f", i)) for i, text in enumerate(texts)]
    assert len(set(find_components(rows, found).tolist())) == 1


def test_no_crowd_hides_that_a_row_is_near_golden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closeness, "_CROWD", 2)
    texts, vectors = [f"t{i}" for i in range(8)], np.ones((8, 1), np.float32)
    assert {one for one, other, _ in close_pairs(texts, vectors) if other == "t7"} < {f"t{i}" for i in range(7)}
    assert {one for one, other, _ in closest_pairs(texts, vectors, [7]) if other == "t7"} == {f"t{i}" for i in range(7)}
    assert closest_pairs(texts, vectors, []) == []


def test_of_many_inputs_a_sample_is_compared_and_golden_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closeness, "MOST", 10)
    monkeypatch.setattr(closeness, "SAMPLE", 4)
    texts = [f"t{i}" for i in range(9)]
    assert sample(texts, ["t1"]) == sorted(texts)
    more = [f"t{i}" for i in range(30)]
    chosen = sample(more, ["g1", "g2"])
    assert len(chosen) == 6
    assert {"g1", "g2"} < set(chosen)
    assert sample(more[::-1], ["g2", "g1"]) == chosen


def test_of_many_inputs_those_with_most_words_in_common_are_compared_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closeness, "MOST", 10)
    monkeypatch.setattr(closeness, "SAMPLE", 2)
    others = [
        hashlib.sha256(word.encode()).hexdigest().translate(str.maketrans("0123456789", "ghijklmnop")) for word in WORDS
    ]
    pair = [
        "my parcel with the blue lamp has not arrived at the office in town yet today",
        "my parcel with the green lamp has not arrived at the office in town yet now",
    ]
    assert set(pair) <= set(sample([*others, *pair]))


def test_what_was_embedded_before_a_failure_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        asked.append(texts)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return np.eye(len(texts), embedder.SIZE, dtype=np.float32)

    monkeypatch.setattr(embedder, "_compute", compute)
    monkeypatch.setattr(embedder, "_KEPT_AT_ONCE", 2)
    texts, told = ["t" * length for length in range(1, 9)], list[int]()
    with pytest.raises(KeyboardInterrupt):
        embedder.embed(texts, tmp_path, told.append)
    assert told == [2, 4]
    assert embedder.embed(texts, tmp_path, told.append).shape == (8, embedder.SIZE)
    assert asked[3:] == [texts[4:6], texts[6:]]
    assert told == [2, 4, 6, 8]


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Initialised]:
    """Makes a task of rows of which the first two say the same in another order of words."""

    def make(embeddings: bool = True) -> Initialised:
        rows = [{"input": text, "output": text.split()[1]} for text in WORDS]
        rows += [
            {"input": "why has my new tub not yet been made wet", "output": "cat"},
            {"input": "wet made been yet not tub new my has why", "output": "dog"},
        ]
        path = tmp_path / "f.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        request = Request("mine", path, None, Choices(), Wishes(), None, Sizes(None, 40, 40), 0)
        return run_init(tmp_path, tmp_path / "cache", request, None, embeddings)

    return make


def test_init_keeps_what_says_the_same_in_one_split_and_shows_other_outputs(
    made: Callable[..., Initialised], tmp_path: Path
) -> None:
    found = made()
    project = Project(tmp_path, tmp_path / "cache")
    tubs = [
        e for name in ("train", "dev", "golden") for e in read_split(project.golden("mine"), name) if "tub" in e.text
    ]
    assert len({e.group for e in tubs}) == 1
    assert tubs[0].group is not None
    said = [str(pair) for pair in found.report.unlike]
    assert [line for line in said if "1.00 alike by embedding, but with different outputs" in line]
    assert any(
        "near-duplicates in other words" in str(d) and "--no-embeddings" in str(d) for d in found.account.decisions
    )


def test_labels_that_mean_the_same_are_named(made: Callable[..., Initialised], monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = embedder._compute

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        return stand_in(["feline" if text in ("cat", "cow") else text for text in texts], cache)

    monkeypatch.setattr(embedder, "_compute", compute)
    assert [(p.rarer, p.other, p.why) for p in made().report.alike] == [
        ("cow", "cat", "mean nearly the same (cosine 1.00)")
    ]


def test_init_without_embeddings_says_so_by_looking_for_none(made: Callable[..., Initialised]) -> None:
    found = made(embeddings=False)
    assert not found.report.unlike
    assert not any("other words" in decision.what for decision in found.account.decisions)


def test_a_model_that_cannot_be_had_is_asked_for_once_and_said(
    made: Callable[..., Initialised], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        asked.append(len(texts))
        raise UserError("pip could not download it")

    monkeypatch.setattr(embedder, "_compute", compute)
    found = made()
    told = {decision.what: f"{decision.value}: {decision.reason}" for decision in found.account.decisions}
    assert told["near-duplicates in other words"] == "not looked for: pip could not download it"
    assert len(asked) == 1
