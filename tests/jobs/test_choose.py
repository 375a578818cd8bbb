"""`goldgate choose`: inputs worth labelling, new to every split, with a file to fill in."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from goldgate.data.choosing import typical, uncertain
from goldgate.task.examples import read_split
from goldgate.task.project import Project
from goldgate.task.task import Task

Typed = Callable[..., tuple[int, str, str]]
THEMES = {"card": "my new card is lost", "rate": "the exchange rate is odd", "fee": "why this high fee today"}


def unit(rows: np.ndarray) -> np.ndarray:
    table: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return table


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(0, 40), st.integers(1, 20))
@settings(max_examples=30)
def test_different_inputs_are_chosen_as_many_as_there_are(seed: int, many: int, known: int, count: int) -> None:
    random = np.random.default_rng(seed)
    inputs, there = unit(random.standard_normal((many, 8))), unit(random.standard_normal((known + 1, 8)))[:known]
    picks = [pick.at for pick in typical(inputs, there, count)]
    assert len(set(picks)) == len(picks) <= min(many, count)
    assert picks


def test_the_typical_of_the_largest_new_cluster_comes_first() -> None:
    random = np.random.default_rng(0)
    groups = [unit(np.eye(6)[i] + 0.05 * random.standard_normal((size, 6))) for i, size in enumerate((30, 10, 20))]
    picks = typical(np.vstack(groups), groups[0][:1], 2)
    assert [pick.like for pick in picks] == [20, 10]
    assert [pick.at >= 30 for pick in picks] == [True, True]


def test_the_least_sure_inputs_are_chosen_with_the_labels_between() -> None:
    known = unit(np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], float))
    model = LogisticRegression(C=10.0).fit(known, ["a", "a", "b", "b"])
    inputs = unit(np.array([[1, 0.01], [1, 1.02], [0.02, 1], [1, 0.05]], float))
    first = uncertain(inputs, model, 1)[0]
    assert (first.at, set(first.torn or ())) == (1, {"a", "b"})


@pytest.fixture
def task(make_task: Callable[..., tuple[Project, Task]], monkeypatch: pytest.MonkeyPatch) -> Project:
    """A task with three labels; the working folder is its project's."""
    rows = {
        name: [(f"{text} {name}{i} of {chr(97 + i)}", label) for label, text in THEMES.items() for i in range(8)]
        for name in ("train", "dev", "golden")
    }
    project, _ = make_task({"kind": "label", "labels": sorted(THEMES)}, None, "bank", **rows)
    monkeypatch.chdir(project.root)
    return project


def pool(project: Project, *more: str) -> Path:
    texts = [f"{text} and {word}" for text in THEMES.values() for word in ("please help", "call me", "what now")]
    path = project.root / "pool.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in (*texts, *more))])
    return path


def test_what_the_splits_have_is_left_out_and_the_rest_becomes_a_file(typed: Typed, task: Project) -> None:
    golden = read_split(task.golden("bank"), "golden").examples[0]
    pool(task, golden.text, "=1+1 is a formula", "=1+1 is a formula")
    status, out, err = typed("choose", "bank", "--from", "pool.csv", "--input", "text", "--to", "new.csv", "--json")
    assert status == 0, err
    said = json.loads(out)
    assert said["account"]["rows"] == {"read": 12, "kept": 10, "merged": 1, "set_aside": 1, "undecided": 0}
    with (task.root / "new.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["input"] for row in rows} <= {" =1+1 is a formula", *(one["text"] for one in said["chosen"])}
    assert golden.text not in {row["input"] for row in rows}
    assert all(row["output"] == "" and row["reason"].startswith("between ") for row in rows)


def test_what_was_labelled_goes_to_train_alone(typed: Typed, task: Project) -> None:
    pool(task)
    words = ("--from", "pool.csv", "--input", "text", "--count", "4", "--to", "new.jsonl")
    assert typed("choose", "bank", *words)[0] == 0
    rows = [json.loads(line) for line in (task.root / "new.jsonl").read_text().splitlines()]
    (task.root / "new.jsonl").write_text("".join(json.dumps(row | {"output": "card"}) + "\n" for row in rows))
    before = {name: len(read_split(task.golden("bank"), name)) for name in ("train", "dev", "golden")}
    columns = ("--input", "input", "--output", "output", "--train-only")
    status, _, err = typed("prepare", "bank", "--from", "new.jsonl", *columns)
    assert status == 0, err
    after = {name: len(read_split(task.golden("bank"), name)) for name in before}
    assert after == {**before, "train": before["train"] + len(rows)}


def test_a_file_that_is_there_or_has_nothing_new_is_refused(typed: Typed, task: Project) -> None:
    golden = read_split(task.golden("bank"), "golden").examples[0]
    (task.root / "old.csv").write_text(f"text\n{golden.text}\n")
    words = ("choose", "bank", "--from", "old.csv", "--input", "text", "--to")
    status, _, err = typed(*words, "new.csv")
    assert status == 2
    assert "no input is new" in err
    assert "1 set aside: nearly an example" in err
    assert "name a new file" in typed(*words, "old.csv")[2]
    status, _, err = typed("choose", "bank", "--from", "old.csv", "--input", "txt", "--to", "new.csv")
    assert (status, 'no column "txt"' in err, "there are: text" in err) == (2, True, True)
