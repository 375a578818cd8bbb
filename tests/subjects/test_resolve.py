"""Names of subjects, and identities: by content, never by name or place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.models.embedded import EMBEDDED_DIGEST, model_digest
from goldgate.subjects import parse_subject
from goldgate.task.project import Project
from goldgate.task.task import Task

Made = tuple[Project, Task]
SHOTS = [(f"text {i}", "a" if i % 2 else "b") for i in range(6)]


@pytest.fixture
def made(make_task: Callable[..., Made], tiny_llama: Path) -> Made:
    return make_task({"kind": "label", "labels": ["a", "b"], "model": str(tiny_llama)}, train=SHOTS)


def write_adapter(folder: Path, base: str, weights: bytes = b"w", prompt: str = "pruned", place: str = "here") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4, "base_model_name_or_path": place}))
    (folder / "goldgate.json").write_text(json.dumps({"base": base, "alias": "tiny", "prompt": prompt}))
    return folder


@pytest.mark.parametrize(
    "name", ["base+zero_shot", "base+few_shot:2", "base+pruned", "base+zero_shot+constrained", "base+nearest:2"]
)
def test_names_are_kept_and_identities_differ(made: Made, name: str) -> None:
    project, task = made
    subject = parse_subject(name, task, project)
    assert subject.name == name
    others = {parse_subject(n, task, project).identity for n in ("base+zero_shot", "base+few_shot:3", "base+nearest:3")}
    assert (subject.identity in others) == (name == "base+zero_shot")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("bsae+zero_shot", "no subject"),
        ("base", "no subject"),
        ("base+zeroshot", "zero_shot"),
        ("base+few_shot", "how many shots"),
        ("base+few_shot:0", "how many shots"),
        ("base+few_shot:99", "needs 99"),
        ("adapter:/nowhere", "no such adapter folder"),
        ("base+zero_shot+few_shot:2", "no subject"),
    ],
)
def test_wrong_names_say_what_is_wrong(made: Made, name: str, says: str) -> None:
    project, task = made
    with pytest.raises(UserError, match=says):
        parse_subject(name, task, project)


def test_free_text_has_nothing_to_constrain(make_task: Callable[..., Made], tiny_llama: Path) -> None:
    project, task = make_task({"kind": "text", "model": str(tiny_llama)}, train=SHOTS)
    with pytest.raises(UserError, match="no closed form"):
        parse_subject("base+zero_shot+constrained", task, project)


def test_an_identity_knows_no_place(make_task: Callable[..., Made], tiny_llama: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(tiny_llama, moved)
    identities = set()
    for folder in (tiny_llama, moved):
        project, task = make_task({"kind": "text", "model": str(folder)}, train=SHOTS)
        identities.add(parse_subject("base+zero_shot", task, project).identity)
    assert len(identities) == 1


@pytest.mark.parametrize(
    "change",
    [{"instructions": "Other words."}, {"decoding": {"max_new_tokens": 13}}, {"template": {"thinking": False}}],
)
def test_what_shapes_an_answer_is_part_of_the_identity(
    make_task: Callable[..., Made], tiny_llama: Path, change: dict[str, Any]
) -> None:
    identities = set()
    for settings in ({}, change):
        project, task = make_task({"kind": "text", "model": str(tiny_llama), **settings}, train=SHOTS)
        identities.add(parse_subject("base+zero_shot", task, project).identity)
    assert len(identities) == 2


def test_another_adapter_at_the_same_path_is_another_subject(made: Made, tmp_path: Path) -> None:
    project, task = made
    base = model_digest(project.cache, task.model)
    folder = write_adapter(tmp_path / "adapter", base)
    first = parse_subject(f"adapter:{folder}", task, project)
    before = first.identity
    write_adapter(folder, base, weights=b"v")
    assert parse_subject(f"adapter:{folder}", task, project).identity != before
    write_adapter(folder, base, place="another machine")
    assert parse_subject(f"adapter:{folder}", task, project).identity == before


def test_an_adapter_that_changed_since_it_was_named_does_not_answer(made: Made, tmp_path: Path) -> None:
    project, task = made
    base = model_digest(project.cache, task.model)
    folder = write_adapter(tmp_path / "adapter", base)
    subject = parse_subject(f"adapter:{folder}", task, project)
    write_adapter(folder, base, weights=b"v")
    from goldgate.task.examples import Example

    with pytest.raises(UserError, match="changed since"):
        list(subject.answer([Example("e", "text", "a")]))


def test_an_adapter_of_another_base_is_refused(made: Made, tmp_path: Path) -> None:
    project, task = made
    folder = write_adapter(tmp_path / "adapter", EMBEDDED_DIGEST)
    with pytest.raises(UserError, match="another base model"):
        parse_subject(f"adapter:{folder}", task, project)


@pytest.mark.parametrize("missing", ["adapter_model.safetensors", "adapter_config.json", "goldgate.json"])
def test_an_incomplete_adapter_names_the_file(made: Made, tmp_path: Path, missing: str) -> None:
    project, task = made
    folder = write_adapter(tmp_path / "adapter", EMBEDDED_DIGEST)
    (folder / missing).unlink()
    with pytest.raises(UserError, match=missing):
        parse_subject(f"adapter:{folder}", task, project)


def test_an_adapter_may_lie_in_the_project(made: Made) -> None:
    project, task = made
    write_adapter(project.root / "adapters" / "one", model_digest(project.cache, task.model))
    assert parse_subject("adapter:adapters/one", task, project).name == "adapter:adapters/one"


def test_train_is_embedded_once_however_many_ask(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from goldgate.models import embedder
    from goldgate.task.examples import Example

    asked: list[int] = []

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        asked.append(len(texts))
        return np.eye(len(texts), embedder.SIZE, dtype=np.float32)

    monkeypatch.setattr(embedder, "_compute", compute)
    project, task = made
    subject = parse_subject("base+nearest:2", task, project)
    prints = {subject.fingerprint(Example(f"q{i}", f"question {i}", "a")) for i in range(4)}
    assert asked == [6, 1, 1, 1, 1]
    assert len(prints) == 4
