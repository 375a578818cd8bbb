"""`goldgate train --rerun`: the same bytes again, or what is different since."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.files import write_json
from goldgate.champion.record import load_champion
from goldgate.models.embedded import ensure_model
from goldgate.runs.folder import Run, one_training
from goldgate_trainers import Recipe, conditions, train_adapter

Typed = Callable[..., tuple[int, str, str]]
RECIPE = Recipe(learning_rate=0.02, batch=4, epochs=1, rank=4, alpha=8, micro_batch=4)


@pytest.fixture(scope="module")
def adapters() -> dict[str, Any]:
    """What was trained, so that it is trained once for all tests of this file."""
    return {}


def raw(run: Run) -> dict[str, Any]:
    """run.json as it lies there."""
    found: dict[str, Any] = json.loads(run.path.read_text("utf-8"))
    return found


def change(run: Run, **values: Any) -> None:
    """Writes into run.json what no job would."""
    write_json(run.path, {**(raw(run) if run.path.is_file() else {}), **values})


@pytest.fixture
def run(counts: Any, tiny_llama: Path, adapters: dict[str, Any]) -> Run:
    """The record of a run of two attempts on the tiny model; the second goes on from the first, and is the best."""
    counts.settings(model=str(tiny_llama))
    model, split = ensure_model(counts.project.cache, str(tiny_llama)), counts.split("train")
    if not adapters:
        first = train_adapter(model, counts.task, split, RECIPE, counts.project.root / "made" / "1")
        second = train_adapter(
            model,
            counts.task,
            split,
            replace(RECIPE, seed=1),
            counts.project.root / "made" / "2",
            continue_from=first.adapter,
        )
        adapters |= {"first": first.digest, "second": second.digest}
    made = Run(counts.project.runs("counts") / "r1")
    change(
        made,
        task="counts",
        id="r1",
        best=2,
        conditions=conditions(model, counts.task, split),
        attempts=[
            {"k": 1, "recipe": RECIPE.to_dict(), "continue_from": None, "adapter": adapters["first"]},
            {"k": 2, "recipe": replace(RECIPE, seed=1).to_dict(), "continue_from": 1, "adapter": adapters["second"]},
        ],
    )
    return made


def test_the_same_record_gives_the_same_bytes(typed: Typed, counts: Any, run: Run) -> None:
    before = run.read()
    status, out, err = typed("train", "--rerun", "r1", "--json")
    said = json.loads(out)
    assert status == 0, err
    assert (said["run"], said["same"], said["attempt"], said["changed"]) == ("r1", True, 2, [])
    assert said["then"] == said["now"] == raw(run)["attempts"][1]["adapter"]
    assert sorted(p.name for p in run.folder.iterdir()) == ["run.json"]
    assert run.read() == before
    assert load_champion(counts.project, "counts") is None


def test_in_words(typed: Typed, run: Run) -> None:
    _, out, _ = typed("train", "--rerun", "r1")
    assert out.startswith("the same adapter, bit for bit: attempt 2 of run r1 is ")


def test_another_adapter_is_status_1_and_names_the_first_attempt_that_differs(typed: Typed, run: Run) -> None:
    attempts = raw(run)["attempts"]
    attempts[0]["recipe"]["seed"] = 5
    change(run, attempts=attempts)
    status, out, _ = typed("train", "--rerun", "r1")
    assert status == 1
    assert "another adapter: attempt 1 of run r1 was " in out
    assert "nothing in the record has changed since" in out


def test_versions_and_machine_that_changed_are_named(typed: Typed, run: Run) -> None:
    then = raw(run)["conditions"]
    change(
        run,
        conditions={
            **then,
            "machine": {**then["machine"], "threads": 64},
            "versions": {**then["versions"], "peft": "0.1"},
        },
    )
    status, out, _ = typed("train", "--rerun", "r1")
    assert status == 0, "the bytes decide"
    assert "although the following has changed since:" in out
    assert "threads 64 then, " in out
    assert "peft 0.1, " in out


def test_where_dev_chose_the_epoch_another_dev_is_named(typed: Typed, run: Run) -> None:
    attempts = [{**a, "recipe": {**a["recipe"], "patience": 1}} for a in raw(run)["attempts"]]
    change(run, attempts=attempts, data={"dev": {"fingerprint": "0" * 64}})
    status, out, _ = typed("train", "--rerun", "r1")
    assert status == 0, "with one epoch there is nothing to choose from"
    assert "dev: 000000000000 then, " in out


@pytest.mark.parametrize("name", ["train", "base model"])
def test_other_data_or_another_model_end_it_before_any_training(typed: Typed, run: Run, name: str) -> None:
    change(run, conditions={**raw(run)["conditions"], name: "0" * 64})
    status, out, _ = typed("train", "--rerun", "r1", "--json")
    said = json.loads(out)
    assert (status, said["same"]) == (1, False)
    assert said["changed"][0].startswith(f"{name}: 000000000000 then, ")
    assert "now" not in said


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"best": None}, 'field "best"'),
        ({"conditions": None}, 'field "conditions"'),
        ({"attempts": "x"}, '"attempts"'),
        ({"attempts": [{"k": 1}]}, '"recipe" is missing'),
        ({"best": 7}, "attempt 7 is missing"),
    ],
)
def test_a_record_that_says_too_little_is_bad_input(typed: Typed, run: Run, changes: dict[str, Any], says: str) -> None:
    change(run, **changes)
    status, out, err = typed("train", "--rerun", "r1")
    assert (status, out) == (2, "")
    assert says in err


def test_attempts_that_go_on_from_each_other_end(typed: Typed, run: Run) -> None:
    attempts = raw(run)["attempts"]
    attempts[0]["continue_from"] = 2
    change(run, attempts=attempts)
    assert typed("train", "--rerun", "r1")[0] == 2


def test_an_unknown_run_is_told_what_there_is(typed: Typed, run: Run) -> None:
    status, _, err = typed("train", "--rerun", "r2")
    assert status == 2
    assert 'no run "r2"\n  known: r1' in err


@pytest.mark.parametrize("words", [(), ("counts", "--rerun", "r1")])
def test_it_takes_either_a_task_or_a_run(typed: Typed, counts: Any, words: tuple[str, ...]) -> None:
    status, out, err = typed("train", *words)
    assert (status, out) == (2, "")
    assert "either a task or a run to train again" in err


def test_while_the_task_is_trained_it_says_by_whom(typed: Typed, counts: Any, run: Run) -> None:
    with one_training(counts.project, "counts"):
        status, _, err = typed("train", "--rerun", "r1")
    assert status == 2
    assert "counts is already being trained by process " in err
