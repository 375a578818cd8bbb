"""The recorded answers of one look: who played which role, and what they no longer say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.recorded import Said
from goldgate.answers.replay import Replay, SuiteAnswers, asked_digest, read_replay, write_replay
from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.scorers import Tariff
from goldgate.subjects import Answer, Subject
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

ROWS = [("a", "cat"), ("b", "dog")]
ROLES = {"candidate": ("adapter:x", "me"), "prompted": ("base+zero_shot", "them")}


@dataclass
class Made:
    folder: Path
    project: Project
    task: Task
    dev: Split

    @property
    def replay(self) -> Replay:
        return read_replay(self.folder)


def said(split: Split, name: str, identity: str) -> Said:
    answers = {
        e.id: Answer(e.id, "cat", "stop", 1, 1, 0.123456, None, identity, f"{identity}{e.id}", e.digest) for e in split
    }
    return Said(name, split, answers, {"similarity": {e.id: 0.5 for e in split}})


@pytest.fixture
def made(make_task: Callable[..., tuple[Project, Task]], tmp_path: Path) -> Made:
    project, task = make_task({"kind": "label", "labels": ["cat", "dog"]}, train=ROWS, dev=ROWS)
    dev = load_split(project, task.name, "dev")
    answers = SuiteAnswers(ROLES, [said(dev, *ROLES["candidate"]), said(dev, *ROLES["prompted"])], {"p": TARIFF})
    write_replay(tmp_path / "look", task, "train-1", "look-1", [answers])
    return Made(tmp_path / "look", project, task, dev)


TARIFF = Tariff(1.0, 2.0, "a list")


@dataclass
class Known:
    """A subject of which only its identity matters."""

    identity: str
    name: str = "base+zero_shot"


def parse(identity: str) -> Callable[[str], Subject]:
    return lambda name: Known(identity)  # type: ignore[return-value]


def test_what_was_written_is_read_back(made: Made) -> None:
    replay = made.replay
    assert replay.roles == {"candidate": "adapter:x", "prompted": "base+zero_shot"}
    assert replay.subjects == {"adapter:x": "me", "base+zero_shot": "them"}
    assert (replay.look, replay.tariffs) == ("look-1", {"p": TARIFF})
    answer = replay.file.recorded.lookup("me", made.dev.examples[0].digest)
    assert answer is not None
    assert (answer.text, answer.origin) == ("cat", "recorded")


def test_every_role_repeats_its_answers_and_no_more(made: Made) -> None:
    candidate = made.replay.subject("candidate", made.task, "train-1", parse("?"))
    assert (candidate.name, candidate.identity) == ("adapter:x", "me")
    with pytest.raises(UserError, match="the run recorded no answer of adapter:x to d0 in its present form"):
        candidate.fingerprint(made.dev.examples[0])
    with pytest.raises(UserError, match="the run has no answers of linear"):
        made.replay.subject("linear", made.task, "train-1", parse("?"))


def test_a_baseline_that_changed_is_not_who_answered_and_one_that_is_gone_is(made: Made) -> None:
    def gone(name: str) -> Subject:
        raise UserError("switched off")

    assert made.replay.subject("prompted", made.task, "train-1", parse("them")).identity == "them"
    assert made.replay.subject("prompted", made.task, "train-1", gone).identity == "them"
    with pytest.raises(
        UserError, match="is no longer the subject that answered in the run: its prompt or model changed"
    ):
        made.replay.subject("prompted", made.task, "train-1", parse("another"))


def test_answers_to_another_question_are_refused(made: Made) -> None:
    with pytest.raises(UserError, match=r"not answers to what task.yaml asks now"):
        made.replay.subject("candidate", made.task, "train-2", parse("?"))


@pytest.mark.parametrize(
    "change", [{"instructions": "Say it."}, {"labels": ["cat", "cow"]}, {"decoding": {"max_new_tokens": 3}}]
)
def test_what_decides_how_subjects_answer_is_part_of_what_was_asked(made: Made, change: dict[str, Any]) -> None:
    path = made.task.folder / "task.yaml"
    write_json(path, {**read_json(path), **change})
    changed = load_task(made.project, made.task.name)
    assert asked_digest(changed, "train-1") != asked_digest(made.task, "train-1")


def test_a_subject_without_an_identity_is_named(made: Made) -> None:
    path = made.folder / "answers.json"
    write_json(path, {**read_json(path), "subjects": {"adapter:x": "me"}})
    with pytest.raises(UserError, match=r"base\+zero_shot has no identity"):
        _ = made.replay


def test_a_folder_without_answers_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the run's answers are missing(?s:.*)train again"):
        read_replay(tmp_path)
