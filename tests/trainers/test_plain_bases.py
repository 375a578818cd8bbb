"""Base models that our attention does not suit are trained and answered like all others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from goldgate.subjects import parse_subject
from goldgate.subjects.subject import PLAIN
from goldgate_trainers.lora.train import train_adapter

from ..tiny_models import tiny
from .conftest import QUICK, lesson_on


@pytest.mark.parametrize("architecture", ["bloom", "falcon"])
def test_it_is_trained_and_answers_as_it_was_trained(architecture: str, tmp_path: Path) -> None:
    lesson = lesson_on(tiny(tmp_path / "model", architecture, hidden_size=32), tmp_path / "project")
    recipe = replace(QUICK, epochs=80, learning_rate=0.01, rank=16, alpha=32, batch=7, micro_batch=7)
    result = train_adapter(lesson.model, lesson.task, lesson.train, recipe, tmp_path / "1")
    subject = parse_subject(f"adapter:{result.adapter}", lesson.task, lesson.project)
    answers = list(subject.answer(lesson.train.examples))
    assert {a.id: a.text for a in answers} == {e.id: e.output for e in lesson.train}
    assert {a.served for a in answers} == {PLAIN}
