"""`goldgate train TASK --seeds K`: what is claimed of the recipe, and what of the adapter that looked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .school import School, looks, record

Typed = Callable[..., tuple[int, str, str]]


def test_so_many_seeds_pass_on_dev_and_the_best_of_them_looks(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    made = school((10, 20), (0, 1), (2, 2))
    status, out, err = typed("train", "counts", "--seeds", "3", "--json")
    assert status == 0, err
    said = json.loads(out)
    assert [r.seed for r in made.recipes] == [0, 1, 2]
    assert "attempts/2/" in said["candidate"]
    assert looks(counts) == 1
    plan = record(counts)["plan"]
    assert said["plan"] == plan
    assert (plan["kind"], plan["seeds"], plan["passing"]) == ("seeds", [0, 1, 2], [1, 2])
    assert plan["spread"]["exact_match"] == {"low": 0.58333, "mean": 0.83333, "high": 1.0}


def test_recipe_and_adapter_have_a_line_each_and_the_report_says_both(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((0, 0), (20, 50))
    status, out, _ = typed("train", "counts", "--seeds", "2", "--seed", "5")
    assert status == 0
    assert out.startswith("Ship: all 2 gates pass\n")
    words = "this recipe: 1 of 2 seeds pass on dev; over seeds, exact_match 16.7% to 100.0%, mean 58.3%"
    assert words in out
    (folder,) = (p.parent for p in counts.project.runs("counts").glob("*/run.json"))
    page = (folder / "report.html").read_text()
    assert words in page
    assert "seed 6" in page


def test_a_seed_whose_suite_fails_without_a_gate_does_not_pass(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    counts.gates("def test_all(candidate):\n    assert candidate.exact_match >= 0.5\n    raise OSError\n")
    school((0, 0), (0, 0))
    typed("train", "counts", "--seeds", "2")
    assert record(counts)["plan"]["passing"] == []


def test_seeds_and_a_run_without_them_are_two_runs(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    made = school((0, 0), (0, 0))
    made.stop = True
    assert typed("train", "counts", "--seeds", "2")[0] == 130
    school((0, 0))
    assert typed("train", "counts", "--attempts", "1")[0] == 0
    assert len(list(counts.project.runs("counts").glob("*/run.json"))) == 2


def test_one_seed_says_nothing_of_a_recipe(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    made = school((0, 0))
    status, out, err = typed("train", "counts", "--seeds", "1")
    assert (status, out, made.recipes) == (2, "", [])
    assert "--seeds" in err
