"""Similarity to train: checked by hand on small texts, and against the definition on any texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.nearness import nearest_in_train, refresh_novelty, shingles, stratum_of
from goldgate.models import embedder
from goldgate.task.examples import load_split
from goldgate.task.project import Project
from goldgate.task.strata import read_novelty
from goldgate.task.task import Task

Made = tuple[Project, Task]
texts = st.lists(st.text(st.sampled_from("ab 12.Ä"), max_size=8), min_size=1, max_size=90)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Pay 120 EUR", {("pay", "0"), ("0", "eur")}),
        ("pay 7 eur!", {("pay", "0"), ("0", "eur")}),
        ("Thanks", {("thanks",)}),
        ("?!", set()),
    ],
)
def test_words_are_compared_in_pairs_whatever_their_numbers(text: str, pairs: set[tuple[str, ...]]) -> None:
    assert shingles(text) == pairs


@pytest.mark.parametrize(
    ("cosine", "words", "stratum"),
    [
        (0.95, 0.0, "twin"),
        (0.0, 0.8, "twin"),
        (0.9499, 0.7999, "near"),
        (0.7, 0.0, "near"),
        (0.6999, 0.7999, "far"),
        (-1.0, 0.0, "far"),
    ],
)
def test_strata_begin_where_they_say(cosine: float, words: float, stratum: str) -> None:
    assert stratum_of(cosine, words) == stratum


def test_the_nearest_is_found_by_each_measure(tmp_path: Path) -> None:
    train = ["one two three four", "four three two one", "five six"]
    (row,) = nearest_in_train(train, ["one two three"], tmp_path)
    assert row["by_words"] == 0
    assert row["words"] == pytest.approx(2 / 3, abs=1e-4)
    assert row["by_cosine"] == 0  # the first of two texts with the same words
    assert row["cosine"] == pytest.approx(3 / 12**0.5, abs=1e-2)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(train=texts, asked=texts)
def test_words_are_the_largest_jaccard_index(train: list[str], asked: list[str], tmp_path: Path) -> None:
    def jaccard(a: str, b: str) -> float:
        x, y = shingles(a), shingles(b)
        return len(x & y) / len(x | y) if x | y else 0.0

    for text, row in zip(asked, nearest_in_train(train, asked, tmp_path), strict=True):
        best = [jaccard(text, t) for t in train]
        assert row["words"] == pytest.approx(max(best), abs=1e-4)
        assert row["by_words"] == (best.index(max(best)) if any(best) else None)
        if text in train:
            assert row["stratum"] == "twin"


def _splits(project: Project) -> dict[str, object]:
    return {n: load_split(project, "demo", n) for n in ("train", "dev", "golden")}


@pytest.fixture
def made(make_task: Callable[..., Made]) -> Made:
    rows = [("where is my card", "a"), ("sing a song", "b")]
    return make_task(
        {"kind": "label", "labels": ["a", "b"]}, train=[("where is my new card", "a")], dev=rows, golden=rows
    )


def test_it_is_computed_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    project, task = made
    assert refresh_novelty(project, "demo", _splits(project)) == "golden against train: 1 far, 1 near, 0 twin"
    written = (task.data / "novelty.json").read_bytes()

    def never(*_: object) -> None:
        raise AssertionError("embedded again")

    monkeypatch.setattr(embedder, "embed", never)
    assert refresh_novelty(project, "demo", _splits(project)) == "golden against train: 1 far, 1 near, 0 twin"
    assert (task.data / "novelty.json").read_bytes() == written


def test_prepare_computes_it_anew(made: Made) -> None:
    """A rewritten file no longer contains manual edits."""
    project, task = made
    refresh_novelty(project, "demo", _splits(project))
    path = task.data / "novelty.json"
    written = path.read_text()
    path.write_text(written.replace('"far"', '"near"'))
    assert "0 far" in refresh_novelty(project, "demo", _splits(project))
    assert "1 far" in refresh_novelty(project, "demo", _splits(project), anew=True)
    assert path.read_text() == written


def test_without_the_embedding_model_it_says_so_and_writes_nothing(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise UserError("the embedding model cannot be had")

    monkeypatch.setattr(embedder, "embed", gone)
    project, task = made
    said = refresh_novelty(project, "demo", _splits(project))
    assert said == "golden against train: not computed (the embedding model cannot be had)"
    assert not (task.data / "novelty.json").exists()


@pytest.mark.parametrize("name", ["invoices", "tickets", "voice"])
def test_the_shipped_tasks_come_with_theirs(name: str) -> None:
    root = Path(__file__).resolve().parents[2]
    novelty = read_novelty(root / "golden" / name)
    for split in ("dev", "golden"):
        assert set(novelty.of(load_split(Project(root, root), name, split)).values()) >= {"novelty:far", "novelty:near"}
