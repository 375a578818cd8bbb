"""`goldgate train TASK --search N`: the default recipe first, the best on dev to golden, and what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from .school import School, looks, record

Typed = Callable[..., tuple[int, str, str]]


def test_the_best_recipe_on_dev_looks_and_the_run_says_what_was_searched(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    made = school((10, 20), (2, 2), (0, 1), (4, 4))
    status, out, err = typed("train", "counts", "--search", "4", "--set", "batch=2", "--json")
    assert status == 0, err
    said = json.loads(out)
    assert "attempts/3/" in said["candidate"]
    assert looks(counts) == 1
    assert len({(r.learning_rate, r.rank, r.epochs, r.targets) for r in made.recipes}) == 4
    assert {(r.batch, r.seed) for r in made.recipes} == {(2, 0)}
    run = record(counts)
    assert run["plan"] == said["plan"]
    assert (run["plan"]["kind"], run["plan"]["tried"], run["best"]) == ("search", 4, 3)
    assert [a["recipe"].get("targets", "all-linear") for a in run["attempts"]] == [r.targets for r in made.recipes]
    folder = counts.project.runs("counts") / said["run"]
    assert (folder / run["plan"]["study"]).is_file()
    assert "search: 4 of 4 recipes tried; the best on dev is attempt 3" in (folder / "report.html").read_text()


def test_what_set_fixes_stays(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    made = school((0, 0), (0, 0), (0, 0))
    typed("train", "counts", "--search", "3", "--set", "rank=4", "--set", "epochs=2", "--seed", "3")
    assert {(r.rank, r.epochs, r.seed) for r in made.recipes} == {(4, 2, 3)}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--search", "1"), "--search"),
        (("--search", "3", "--seeds", "3"), "a run compares seeds, recipes"),
        (
            (
                "--search",
                "3",
                *(w for k in ("learning_rate=0.001", "rank=4", "epochs=2", "targets=attention") for w in ("--set", k)),
            ),
            "nothing is left to search",
        ),
    ],
)
def test_a_search_over_nothing_or_beside_seeds_is_refused_before_anything_is_trained(
    typed: Typed, counts: Any, school: Callable[..., School], words: tuple[str, ...], says: str
) -> None:
    made = school((0, 0))
    status, out, err = typed("train", "counts", *words)
    assert (status, out, made.recipes) == (2, "", [])
    assert says in err
    assert not list(counts.project.root.glob("runs/*/*"))


def test_without_optuna_the_command_says_what_to_install(
    typed: Typed, counts: Any, school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = school((0, 0))
    monkeypatch.setitem(sys.modules, "optuna", None)
    status, _, err = typed("train", "counts", "--search", "3")
    assert (status, made.recipes) == (2, [])
    assert "goldgate[search]" in err
    assert not list(counts.project.root.glob("runs/*/*"))
