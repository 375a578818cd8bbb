"""The linear subject learns closed labels from train, and is known by what it learned from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from goldgate.base.errors import UserError
from goldgate.models import embedder
from goldgate.subjects import parse_subject
from goldgate.task.examples import Example
from goldgate.task.project import Project
from goldgate.task.task import Task

Made = tuple[Project, Task]
TRAIN = [(f"{word} {i}", word) for i in range(8) for word in ("card", "refund", "limit")]


@pytest.fixture(autouse=True)
def vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for the embedding model: texts with the same first word lie close together."""

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        places = {"card": 0, "refund": 1, "limit": 2}
        table = np.full((len(texts), embedder.SIZE), 0.01, np.float32)
        for row, text in zip(table, texts, strict=True):
            row[places[text.split()[0]]] = 1.0
        return table / np.linalg.norm(table, axis=1, keepdims=True)

    monkeypatch.setattr(embedder, "_compute", compute)


def test_it_learns_the_labels_of_train(make_task: Callable[..., Made]) -> None:
    project, task = make_task({"kind": "label", "labels": ["card", "refund", "limit"]}, train=TRAIN)
    subject = parse_subject("linear", task, project)
    asked = [Example("a", "refund please", "refund"), Example("b", "card gone", "card")]
    told: list[int] = []
    answers = list(subject.answer(asked, told.append))
    assert [a.text for a in answers] == ["refund", "card"]
    assert [a.fingerprint for a in answers] == [subject.fingerprint(e) for e in asked]
    assert all(a.logprob is not None and a.logprob < 0 and a.finish == "stop" for a in answers)
    assert sum(told) == 2


def test_other_train_data_is_another_subject(make_task: Callable[..., Made]) -> None:
    settings = {"kind": "label", "labels": ["card", "refund", "limit"]}
    identities = set()
    for rows in (TRAIN, TRAIN[:-1]):
        project, task = make_task(settings, train=rows)
        identities.add(parse_subject("linear", task, project).identity)
    assert len(identities) == 2


def test_it_needs_closed_labels_and_two_of_them(make_task: Callable[..., Made]) -> None:
    project, task = make_task({"kind": "text"}, train=TRAIN)
    with pytest.raises(UserError, match="needs closed labels"):
        parse_subject("linear", task, project)
    project, task = make_task({"kind": "label", "labels": ["card", "refund"]}, train=[("card 1", "card")])
    with pytest.raises(UserError, match="only one"):
        parse_subject("linear", task, project)


def test_two_ways_to_write_a_label_are_one_class(make_task: Callable[..., Made]) -> None:
    rows = [(text, f" {label}" if i % 2 else label) for i, (text, label) in enumerate(TRAIN)]
    project, task = make_task({"kind": "label", "labels": ["card", "refund", "limit"]}, train=rows)
    (answer,) = parse_subject("linear", task, project).answer([Example("a", "refund please", "refund")])
    assert answer.text == "refund"
