"""`goldgate cache`: what it says is there, what --prune removes, and what it never touches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Typed = Callable[..., tuple[int, str, str]]
BASE = "base+zero_shot"


def files(typed: Typed, *words: str) -> dict[str, dict[str, Any]]:
    """What `goldgate cache --json` says of each file."""
    status, out, err = typed("cache", *words, "--json")
    assert status == 0, err
    return {Path(row["path"]).name: row for row in json.loads(out)["files"]}


def test_an_empty_cache_is_told_as_one(typed: Typed, counts: Any) -> None:
    found = files(typed)
    assert {name: (row["answers"], row["bytes"], row["uses"]) for name, row in found.items()} == {
        "answers.sqlite": (0, 0, []),
        "golden.sqlite": (0, 0, []),
    }
    assert typed("cache", "--prune")[0] == 0
    assert not counts.project.cache.exists()


def test_answers_are_told_by_subject_with_how_often_they_were_reused(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=1, golden=1)
    typed("evaluate", "counts", "--subject", BASE)
    found = files(typed)
    assert found["answers.sqlite"]["reused"] == found["answers.sqlite"]["answers"] == 24
    assert found["golden.sqlite"]["reused"] == 0
    status, out, _ = typed("cache")
    assert status == 0
    assert "answers.sqlite: 24 answers, " in out
    assert "reused 24 times" in out
    assert "last used   answers" in out


def test_pruning_touches_answers_alone(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=1, golden=1)
    looks = counts.project.golden("counts") / "looks"
    looks.mkdir()
    (looks / "0001.json").write_text("{}")
    (counts.project.cache / "models").mkdir()
    counts.run(BASE, {})
    kept = {p: p.read_bytes() for p in counts.project.root.rglob("*") if p.is_file() and "sqlite" not in p.name}
    assert files(typed, "--prune", "--days", "1")["answers.sqlite"]["removed"] == 0
    pruned = files(typed, "--prune", "--days", "0")
    assert pruned["answers.sqlite"]["removed"] == 24
    assert pruned["golden.sqlite"]["removed"] > 0
    assert {p: p.read_bytes() for p in kept} == kept
    assert (counts.project.cache / "models").is_dir()
    assert "0 answers" in typed("cache", "--prune", "--to", "1kB")[1]


def test_prune_alone_goes_down_to_the_limit(typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counts.cached(BASE, dev=1)
    assert files(typed, "--prune")["answers.sqlite"]["removed"] == 0
    monkeypatch.setenv("GOLDGATE_CACHE_MAX", "1kB")
    assert files(typed, "--prune")["answers.sqlite"]["removed"] == 24


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--days", "3"), "nothing is removed without --prune"),
        (("--to", "1GB"), "nothing is removed without --prune"),
        (("--prune", "--to", "some"), "'some' is not a size"),
        (("--prune", "--days", "-1"), "--days"),
    ],
)
def test_what_makes_no_sense_is_refused(typed: Typed, counts: Any, words: tuple[str, ...], says: str) -> None:
    counts.cached(BASE, dev=1)
    status, out, err = typed("cache", *words)
    assert (status, out) == (2, "")
    assert says in err
    assert files(typed)["answers.sqlite"]["answers"] == 24


def test_a_foreign_file_in_its_place_is_named(typed: Typed, counts: Any) -> None:
    counts.project.cache.mkdir(exist_ok=True)
    (counts.project.cache / "answers.sqlite").write_bytes(b"no database" * 100)
    status, out, err = typed("cache")
    assert (status, out) == (2, "")
    assert "answers.sqlite: the answer cache cannot be used" in err
    assert "delete or move the file" in err
