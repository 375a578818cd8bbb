"""A lesson that a tiny random model can be trained on in a second: words to colours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.engine.token_rows import Row, make_rows
from goldgate.models.embedded import ModelRef, ensure_model
from goldgate.prompts import Pruned
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.train import train_adapter

WORDS = (
    "apple red",
    "sky blue",
    "grass green",
    "the lazy snow white",
    "coal black",
    "a much longer sea blue",
    "sun yellow",
)
QUICK = Recipe(learning_rate=0.02, batch=4, epochs=2, rank=4, alpha=8, micro_batch=2)


@dataclass(frozen=True)
class Lesson:
    """A task with its train split, on the tiny model."""

    project: Project
    task: Task
    model: ModelRef
    train: Split

    def with_outputs(self, *outputs: Any) -> Lesson:
        """The same with other expected outputs in the first examples."""
        changed = [replace(e, output=o) for e, o in zip(self.train.examples, outputs, strict=False)]
        return replace(self, train=Split("train", (*changed, *self.train.examples[len(outputs) :])))


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory, tiny_llama: Path) -> Lesson:
    return lesson_on(tiny_llama, tmp_path_factory.mktemp("lesson"))


def lesson_on(model: Path, root: Path, files: Mapping[str, str] | None = None, **settings: Any) -> Lesson:
    """The lesson on another model, in a project of its own; files: beside task.yaml; settings: more of it."""
    project = Project(root, root / "cache")
    folder = project.suite("colours")
    folder.mkdir(parents=True)
    for name, text in (files or {}).items():
        (folder / name).write_text(text)
    (folder / "task.yaml").write_text(
        json.dumps(
            {"task": "colours", "kind": "text", "instructions": "Name the colour.", "model": str(model), **settings}
        )
    )
    examples = tuple(Example(f"w{i}", w.rsplit(" ", 1)[0], w.rsplit(" ", 1)[1]) for i, w in enumerate(WORDS))
    return Lesson(
        project, load_task(project, "colours"), ensure_model(project.cache, str(model)), Split("train", examples)
    )


@pytest.fixture(scope="session")
def trained(lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """The quick recipe, trained once. Not to be changed."""
    return train(lesson, tmp_path_factory.mktemp("trained") / "1")


def train(lesson: Lesson, out: Path, recipe: Recipe = QUICK, continue_from: Path | None = None) -> TrainingResult:
    return train_adapter(lesson.model, lesson.task, lesson.train, recipe, out, continue_from=continue_from)


@pytest.fixture(scope="session")
def tokenizer(tiny_llama: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_llama)


@pytest.fixture
def base(tiny_llama: Path) -> Any:
    """A fresh copy of the tiny model."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32)


@pytest.fixture(scope="session")
def rows(lesson: Lesson, tokenizer: Any) -> Sequence[Row]:
    return make_rows(tokenizer, lesson.task, Pruned(lesson.task), lesson.train.examples)
