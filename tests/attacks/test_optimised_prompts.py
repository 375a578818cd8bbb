"""The optimised prompt as a weak opponent: swapped after the fact, taken from golden, or left behind by other data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.prompts.winner import searched_for, winner_path, write_winner
from goldgate.subjects import parse_subject
from goldgate.task.examples import Split, card_of, write_card

from ..prompts.test_optimized import COURSE

OPTIMIZED = "base+optimized:2"
GATES = "def test_gain(candidate, prompted):\n    assert candidate.exact_match - prompted.exact_match >= 0.10\n"


def write_prompt(made: Any, system: str, *shots: Any) -> Path:
    """Writes an optimised prompt as a search would, with any shots."""
    path = winner_path(made.task, 2, made.task.model)
    train = made.splits["train"]
    weights = parse_subject("base+zero_shot", made.task, made.project).who.model  # type: ignore[attr-defined]
    write_winner(
        path,
        {
            "version": 1,
            "shots_asked": 2,
            "system": system,
            "shots": [{"id": e.id, "digest": e.digest} for e in shots or train.examples[:2]],
            "searched": searched_for(made.task, made.task.model, weights, train.fingerprint).model_dump(),
            "course": COURSE,
        },
    )
    return path


@pytest.fixture
def project(write_project: Callable[..., Any], tmp_path: Path) -> Any:
    """A champion that is right on 58 of 60, whose best prompt is the optimised one, right on 20 of 60."""
    made = write_project(tmp_path / "project", tmp_path / "cache", baselines=["zero_shot", "optimized:2"])
    write_prompt(made, "Name the colour.")
    made.gates(GATES)
    made.champion()
    return made


def recorded_as_best(made: Any, name: str) -> None:
    """Writes what dev had tried when the champion was promoted."""
    path = made.suite / "champion.json"
    tried = {n: parse_subject(n, made.task, made.project).identity for n in ("base+zero_shot", OPTIMIZED)}
    write_json(path, {**read_json(path), "prompted": name, "prompted_identity": tried[name], "tried": tried})


def test_a_prompt_that_changed_after_the_promotion_is_measured_again(
    project: Any, run_apart: Callable[..., Any]
) -> None:
    recorded_as_best(project, "base+zero_shot")
    before = run_apart(project.project.root, project.project.cache, "suites", "--gg-split", "dev")
    assert "prompted: base+zero_shot" in before.text
    write_prompt(project, "Name the colour of the thing.")
    for name in (OPTIMIZED, f"{OPTIMIZED}+constrained"):
        project.cached(name, "dev", wrong=1)
    project.cached("base+zero_shot", "dev", wrong=20)
    after = run_apart(project.project.root, project.project.cache, "suites", "--gg-split", "dev")
    assert f"prompted: {OPTIMIZED}" in after.text
    assert after.status == 1


@pytest.mark.parametrize("split", ["dev", "golden"])
def test_shots_that_are_not_from_train_are_refused_although_the_digest_fits(
    project: Any, run_apart: Callable[..., Any], split: str
) -> None:
    path = write_prompt(project, "Name the colour.", *project.splits[split].examples[:2])
    raw = read_json(path)
    assert raw["digest"] == digest({k: v for k, v in raw.items() if k != "digest"})
    ran = run_apart(project.project.root, project.project.cache, "suites", "--gg-candidate", OPTIMIZED)
    assert ran.status != 0
    assert "is not in train" in ran.text


def test_a_prompt_that_was_searched_on_another_train_split_is_refused(
    project: Any, run_apart: Callable[..., Any]
) -> None:
    folder, made = project.project.golden(project.task.name), dict(project.splits)
    lines = (folder / "train.jsonl").read_text().splitlines()
    (folder / "train.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    made["train"] = Split("train", made["train"].examples[:-1])
    write_card(folder, card_of(project.task.name, made, "by a test", "CC0-1.0", "made up"))
    ran = run_apart(project.project.root, project.project.cache, "suites", "--gg-candidate", OPTIMIZED)
    assert ran.status != 0
    assert "searched on another train split" in ran.text
