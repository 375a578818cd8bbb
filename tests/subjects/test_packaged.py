"""Subjects that packages bring are subjects as ours are, and their version is part of identity."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.answers.cache import AnswerCache
from goldgate.answers.collect import collect
from goldgate.base.errors import UserError
from goldgate.base.extensions import SUBJECTS
from goldgate.subjects import can_constrain, parse_subject, serving_digest
from goldgate.subjects.subject import sampled_identity
from goldgate.task.examples import Example
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName, is_whole, kind_of
from goldgate.task.task import Task

from ..conftest import Install

Made = tuple[Project, Task]
CODE = """
from dataclasses import dataclass, replace
from goldgate.subjects import Answer

@dataclass
class Shout:
    name: str
    word: str
    sample: int = 0
    @property
    def identity(self):
        return f"shout {self.word} {self.sample}"
    def fingerprint(self, example):
        return f"{self.identity} {example.digest}"
    def answer(self, examples, progress=None):
        for e in examples:
            yield Answer(e.id, self.word, "stop", 1, 1, 0.1, -0.5, self.identity, self.fingerprint(e), e.digest)
    def sampled(self, sample):
        return replace(self, sample=sample)

def make(name, task, project):
    return Shout(name, name.partition(":")[2])

def broken(name, task, project):
    return name
"""
ENTRY = {SUBJECTS: {"acme": "acme_subjects:make"}}
ASK = Example("q", "which one?", "a")


@pytest.fixture
def made(make_task: Callable[..., Made]) -> Made:
    return make_task({"kind": "label", "labels": ["a", "b"]}, train=[("x", "a"), ("y", "b")])


def test_it_answers_under_the_name_that_it_was_asked_for_by(install: Install, made: Made) -> None:
    install("acme_subjects", "1.2", CODE, ENTRY)
    project, task = made
    subject = parse_subject("acme:a:b+c", task, project)
    assert subject.name == "acme:a:b+c"
    (answer,) = subject.answer([ASK])
    assert answer.text == "a:b+c"
    assert answer.identity == subject.identity
    assert answer.fingerprint == subject.fingerprint(ASK)


def test_another_version_of_the_package_is_another_identity(install: Install, made: Made) -> None:
    project, task = made
    seen = []
    for version in ("1.2", "1.3"):
        install("acme_subjects", version, CODE, ENTRY)
        subject = parse_subject("acme:a", task, project)
        seen.append((subject.identity, subject.fingerprint(ASK), serving_digest("acme:a", None, task, project)))
    assert all(one != other for one, other in zip(*seen, strict=True))


def test_its_answers_are_kept_and_asked_for_once(install: Install, made: Made) -> None:
    install("acme_subjects", "1.2", CODE, ENTRY)
    project, task = made
    cache = AnswerCache(project.cache / "answers.sqlite")
    for origin in ("model", "cache"):
        assert collect(parse_subject("acme:a", task, project), [ASK], cache=cache).answers["q"].origin == origin


def test_a_further_sample_is_kept_as_one_of_any_subject(install: Install, made: Made) -> None:
    install("acme_subjects", "1.2", CODE, ENTRY)
    project, task = made
    subject = parse_subject("acme:a", task, project)
    again = subject.sampled(2)
    assert again.identity == sampled_identity(subject.identity, 2)
    (answer,) = again.answer([ASK])
    assert (answer.identity, answer.fingerprint) == (again.identity, again.fingerprint(ASK))
    assert again.fingerprint(ASK) != subject.fingerprint(ASK)


@pytest.mark.parametrize("name", ["base:a", "linear:a", "openai:a", "champion:a", "model:", "adapter:"])
def test_our_own_names_cannot_be_taken(install: Install, name: str) -> None:
    words = ("base", "linear", "openai", "champion", "model", "adapter")
    install("acme_subjects", "1.2", CODE, {SUBJECTS: dict.fromkeys(words, "acme_subjects:make")})
    assert kind_of(name) is None


def test_an_adapter_stays_an_adapter(install: Install) -> None:
    install("acme_subjects", "1.2", CODE, {SUBJECTS: {"adapter": "acme_subjects:make"}})
    assert kind_of("adapter:runs/t/1/attempts/1/adapter") == "adapter"


def test_a_name_that_nobody_brings_is_refused_as_before(made: Made) -> None:
    project, task = made
    with pytest.raises(UserError, match='no subject "acme:a"'):
        parse_subject("acme:a", task, project)
    assert not is_whole("acme:a")


def test_the_name_is_read_and_written_without_a_change(install: Install, made: Made) -> None:
    install("acme_subjects", "1.2", CODE, ENTRY)
    name = SubjectName.parse("acme:a+constrained")
    assert (str(name), name.kind, name.word, name.constrained) == ("acme:a+constrained", "package", "acme", False)
    assert not name.replaceable
    assert not can_constrain(name, made[1])
    assert SubjectName.of_baseline("acme:a") == SubjectName.parse("acme:a")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("acme_subjects:broken", "which is not a Subject: it has no identity, fingerprint, answer, sampled"),
        ("acme_subjects:absent", "cannot be imported"),
    ],
)
def test_what_a_package_does_wrong_names_the_package(install: Install, made: Made, entry: str, says: Any) -> None:
    install("acme_subjects", "1.2", CODE, {SUBJECTS: {"acme": entry}})
    project, task = made
    with pytest.raises(UserError, match=re.escape(says)) as caught:
        parse_subject("acme:a", task, project)
    assert "acme_subjects 1.2" in str(caught.value)
