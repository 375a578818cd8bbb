"""optimized:N is used only for what it was searched on; whatever does not fit is named, by file and field."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.prompts import Optimized, Sources, optimized_count, parse_strategy
from goldgate.prompts.optimized import NotSearched
from goldgate.prompts.winner import searched_for, winner_path, write_winner
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task

TRAIN = Split("train", tuple(Example(f"t{i}", f"text number {i}", "yes" if i % 3 else "no") for i in range(12)))
GOLDEN = Example("t99", "a golden text", "yes")
ASK = Example("q", "text number 3", "no")
COURSE = {
    "optimizer": "goldgate race 1",
    "reflection": None,
    "seed": 0,
    "budget": {"calls": 100, "minutes": None, "because": "task.yaml's optimize"},
    "spent": {"calls": 98, "seconds": 4.5, "reflections": 0, "reflection_seconds": 0.0},
    "candidates": 9,
    "examples": 5,
    "scores": {"exact_match": 0.8},
    "first": {"exact_match": 0.6},
}


@dataclass
class Kept:
    """A task with an optimised prompt of two shots in its file."""

    task: Task
    model: str = "smollm2-135m"
    weights: str | None = "w"

    def sources(self, **changes: Any) -> Sources:
        def neighbours(pool: object, texts: object, many: int) -> np.ndarray:
            raise AssertionError("an optimised prompt needs no neighbours")

        whole = {"task": self.task, "train": lambda: TRAIN, "asked": self.model, "weights": self.weights, **changes}
        return Sources(neighbours=neighbours, embedder="embedder", **whole)

    @property
    def path(self) -> Path:
        return winner_path(self.task, 2, self.model)

    def write(self, shots: tuple[Example, ...] = (TRAIN.examples[4], TRAIN.examples[1]), **changes: Any) -> None:
        whole = {
            "version": 1,
            "shots_asked": 2,
            "system": "Say what it is, briefly.",
            "shots": [{"id": s.id, "digest": s.digest} for s in shots],
            "searched": searched_for(self.task, self.model, self.weights, TRAIN.fingerprint).model_dump(),
            "course": COURSE,
        }
        write_winner(self.path, {**whole, **changes})


@pytest.fixture
def kept(make_task: Callable[..., tuple[Project, Task]]) -> Kept:
    found = Kept(make_task({"kind": "label", "labels": ["yes", "no"]}, train=[("a", "yes"), ("b", "no")])[1])
    found.write()
    return found


def test_the_prompt_is_the_instructions_and_the_shots_of_the_file(kept: Kept) -> None:
    strategy = parse_strategy("optimized:2", kept.sources())
    assert strategy.messages(ASK) == [
        {"role": "system", "content": "Say what it is, briefly."},
        {"role": "user", "content": "text number 4"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "text number 1"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "text number 3"},
    ]


def test_its_text_and_its_shots_are_in_the_spec(kept: Kept) -> None:
    spec = Optimized(kept.sources(), 2).spec()
    assert spec["name"] == "optimized:2"
    kept.write(system="Something else.")
    assert Optimized(kept.sources(), 2).spec() != spec
    kept.write(shots=(TRAIN.examples[1], TRAIN.examples[4]))
    assert Optimized(kept.sources(), 2).spec() != spec


def test_how_the_search_went_is_not_in_the_spec(kept: Kept) -> None:
    spec = Optimized(kept.sources(), 2).spec()
    kept.write(course={**COURSE, "candidates": 10})
    assert Optimized(kept.sources(), 2).spec() == spec


def test_a_prompt_that_was_not_searched_names_the_command(kept: Kept) -> None:
    kept.path.unlink()
    with pytest.raises(NotSearched, match="has not been searched yet") as failed:
        Optimized(kept.sources(), 2)
    assert str(kept.path) in str(failed.value)
    assert "goldgate evaluate demo --subject base+optimized:2" in str(failed.value)
    with pytest.raises(NotSearched, match=r"--subject openai:m@http://localhost:1/v1\+optimized:2"):
        Optimized(kept.sources(asked="openai:m@http://localhost:1/v1"), 2)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("instructions", "Say something else.", "instructions in task.yaml have changed"),
        ("labels", ("yes", "no", "both"), "schema, labels, fields or style have changed"),
        ("template", {"enable_thinking": False}, "chat template has changed"),
    ],
)
def test_a_task_that_has_changed_needs_another_search(kept: Kept, key: str, value: Any, words: str) -> None:
    changed = replace(kept.task, **{key: value})
    with pytest.raises(UserError, match=words) as failed:
        Optimized(kept.sources(task=changed), 2)
    assert "delete the file, search again with" in str(failed.value)


def test_other_decoding_needs_another_search(kept: Kept) -> None:
    decoding = kept.task.decoding.model_copy(update={"max_new_tokens": 13})
    with pytest.raises(UserError, match=r'field "searched\.decoding": the decoding in task.yaml has changed'):
        Optimized(kept.sources(task=replace(kept.task, decoding=decoding)), 2)


def test_other_settings_do_not(kept: Kept) -> None:
    changed = replace(kept.task, error=0.01, baselines=("zero_shot", "optimized:2"), gates="plausible")
    assert Optimized(kept.sources(task=changed), 2).spec() == Optimized(kept.sources(), 2).spec()


@pytest.mark.parametrize("train", [Split("train", TRAIN.examples[:11]), Split("train", (*TRAIN.examples, GOLDEN))])
def test_another_train_split_needs_another_search(kept: Kept, train: Split) -> None:
    with pytest.raises(UserError, match="searched on another train split"):
        Optimized(kept.sources(train=lambda: train), 2)


def test_other_weights_need_another_search_where_they_are_known(kept: Kept) -> None:
    with pytest.raises(UserError, match="searched with other weights of smollm2-135m"):
        Optimized(kept.sources(weights="v"), 2)
    Optimized(kept.sources(weights=None), 2)


def test_a_file_under_the_name_of_another_model_is_refused(kept: Kept) -> None:
    shutil.copyfile(kept.path, winner_path(kept.task, 2, "other-model"))
    with pytest.raises(UserError, match="searched for the model smollm2-135m, not for other-model"):
        Optimized(kept.sources(asked="other-model"), 2)


def test_a_file_under_the_name_of_another_number_of_shots_is_refused(kept: Kept) -> None:
    shutil.copyfile(kept.path, winner_path(kept.task, 4, kept.model))
    with pytest.raises(UserError, match="searched with at most 2 shots"):
        Optimized(kept.sources(), 4)


@pytest.mark.parametrize("shot", [GOLDEN, replace(TRAIN.examples[4], output="no"), replace(ASK, id="t4")])
def test_a_shot_from_anywhere_else_is_refused(kept: Kept, shot: Example) -> None:
    kept.write(shots=(shot,))
    with pytest.raises(UserError, match=r'field "shots\.0": the shot "t\d+" is not in train'):
        Optimized(kept.sources(), 2)


@pytest.mark.parametrize("key", ["system", "shots", "course"])
def test_a_file_that_was_edited_is_refused(kept: Kept, key: str) -> None:
    raw = read_json(kept.path)
    edited = {"system": "Say nothing.", "shots": raw["shots"][::-1], "course": {**COURSE, "seed": 1}}
    write_json(kept.path, {**raw, key: edited[key]})
    with pytest.raises(UserError, match="was changed after the search wrote it"):
        Optimized(kept.sources(), 2)


def test_a_field_that_is_not_known_or_missing_is_named(kept: Kept) -> None:
    raw = read_json(kept.path)
    write_json(kept.path, {**raw, "extra": 1})
    with pytest.raises(UserError, match='field "extra"'):
        Optimized(kept.sources(), 2)
    write_json(kept.path, {k: v for k, v in raw.items() if k != "system"})
    with pytest.raises(UserError, match='field "system"'):
        Optimized(kept.sources(), 2)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": NaN}'])
def test_a_broken_file_is_named(kept: Kept, text: str) -> None:
    kept.path.write_text(text)
    with pytest.raises(UserError) as failed:
        Optimized(kept.sources(), 2)
    assert kept.path.name in str(failed.value)


def test_line_ends_do_not_matter(kept: Kept) -> None:
    spec = Optimized(kept.sources(), 2).spec()
    kept.path.write_bytes(kept.path.read_bytes().replace(b"\n", b"\r\n"))
    assert Optimized(kept.sources(), 2).spec() == spec


def test_every_model_has_a_file_of_its_own(kept: Kept) -> None:
    names = ["smollm2-135m", "Qwen/Qwen3-0.6B", "qwen/qwen3-0.6b", "models/own", "openai:m@https://a.b/v1", "x" * 90]
    paths = {winner_path(kept.task, 2, name) for name in names}
    assert len(paths) == len(names)
    assert all(p.parent == kept.task.data for p in paths)
    assert winner_path(kept.task, 4, "smollm2-135m").name == "optimized-4-smollm2-135m.json"


@pytest.mark.parametrize("name", ["optimized", *(f"optimized:{n}" for n in ("", "0", "-1", "four", "²"))])
def test_a_name_says_how_many_shots(kept: Kept, name: str) -> None:
    with pytest.raises(UserError, match="how many shots"):
        parse_strategy(name, kept.sources())


def test_only_optimised_prompts_have_a_count() -> None:
    assert optimized_count("optimized:12") == 12
    assert optimized_count("few_shot:4") is None


def test_the_digest_covers_everything_else(kept: Kept) -> None:
    raw = json.loads(kept.path.read_text())
    assert raw.pop("digest") == digest(raw)
