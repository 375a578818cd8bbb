"""Who can be asked beside its task, and under which identity its answers are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.forgetting.kept import Kept, KeptTable
from goldgate.forgetting.other_task import OtherTask, on_other_task, other_task, other_task_identity
from goldgate.forgetting.without_task import WAYS, without_task, without_task_identity
from goldgate.scorers import Context
from goldgate.subjects import Answer, Subject, parse_subject
from goldgate.subjects.replayed import OnlyRecorded, Replayed
from goldgate.subjects.subject import sampled_identity
from goldgate.task.project import Project
from goldgate.task.task import Task

Made = tuple[Project, Task]
ROWS = [("a", "cat"), ("b", "dog")]
LABEL = {"kind": "label", "labels": ["cat", "dog"]}


@pytest.fixture
def made(make_task: Callable[..., Made], tiny_llama: Path) -> tuple[Project, Task, OtherTask]:
    """A task on a tiny model, and another one of its project."""
    settings = {**LABEL, "model": str(tiny_llama)}
    make_task(settings, name="other", train=ROWS, dev=ROWS)
    project, task = make_task({**settings, "must_not_regress": ["other"]}, train=ROWS, dev=ROWS)
    return project, task, other_task("other", task, project)


def refuse() -> Subject:
    raise AssertionError("nobody has to answer")


def test_a_model_on_this_machine_is_asked_under_an_identity_of_its_own(made: tuple[Project, Task, OtherTask]) -> None:
    project, task, other = made
    base = parse_subject("base+zero_shot", task, project)
    for way in WAYS:
        asked = without_task(base, way)
        assert (asked.name, asked.identity) == (base.name, without_task_identity(base.identity, way))
    elsewhere = on_other_task(base, other)
    assert (elsewhere.name, elsewhere.identity) == (base.name, other_task_identity(base.identity, other))


def test_who_is_known_by_its_record_stays_so_and_is_not_made(made: tuple[Project, Task, OtherTask]) -> None:
    other = made[2]
    promoted = Replayed("adapter:x", "me", refuse, "champion.json")
    assert without_task(promoted, "said").identity == without_task_identity("me", "said")
    assert on_other_task(promoted, other).identity == other_task_identity("me", other)
    assert promoted.sampled(2).identity == sampled_identity("me", 2)
    left = OnlyRecorded("adapter:x", "me", "answers.json", "train again")
    for subject in (without_task(left, "said"), on_other_task(left, other), left.sampled(2)):
        assert isinstance(subject, OnlyRecorded)
        assert subject.identity != "me"
        with pytest.raises(UserError, match="the run recorded no answer of adapter:x to"):
            subject.answer(other.dev.examples)
        assert list(subject.answer([])) == []


def test_a_record_is_made_into_the_variant_of_the_subject_it_names(made: tuple[Project, Task, OtherTask]) -> None:
    project, task, other = made
    live = parse_subject("base+zero_shot", task, project)
    promoted = Replayed(live.name, live.identity, lambda: live, "champion.json")
    example = other.dev.examples[0]
    assert on_other_task(promoted, other).fingerprint(example) == on_other_task(live, other).fingerprint(example)
    wrong = Replayed(live.name, "another", lambda: live, "champion.json")
    with pytest.raises(UserError, match="it is not what was promoted"):
        on_other_task(wrong, other).fingerprint(example)


@pytest.mark.parametrize("name", ["linear", "openai:m@http://127.0.0.1:9/v1+zero_shot"])
def test_what_is_no_model_on_this_machine_is_not_asked(made: tuple[Project, Task, OtherTask], name: str) -> None:
    project, task, other = made
    subject = parse_subject(name, task, project)
    with pytest.raises(UserError, match=r"cannot be asked the general questions(?s:.*)gate `general`"):
        without_task(subject, "said")
    with pytest.raises(UserError, match=r"cannot be asked another task(?s:.*)gate `kept`"):
        on_other_task(subject, other)


def table(made: tuple[Project, Task, OtherTask], text: str = "cat") -> KeptTable:
    project, _, other = made
    answers = {e.id: Answer(e.id, text, "stop", 1, 1, 0.0, None, "me", e.digest, e.digest) for e in other.dev}
    return KeptTable(Context(other.task, project.cache), other.dev, answers)


def test_another_task_is_measured_by_its_own_metrics_beside_the_base_model(
    made: tuple[Project, Task, OtherTask],
) -> None:
    kept = Kept("kept[other]", table(made), lambda: table(made, "mouse"))
    assert (kept.exact_match.value, kept.before.exact_match.value) == (0.5, 0.0)
    assert kept.exact_match.name == "kept[other].exact_match"
    assert kept.before.exact_match.name == "kept[other].before.exact_match"


def test_another_task_is_sliced_by_its_tags_alone(made: tuple[Project, Task, OtherTask]) -> None:
    kept = Kept("kept[other]", table(made), lambda: table(made))
    with pytest.raises(UserError, match="a slice by a predicate, short is not available for another task"):
        kept.where(lambda e: True, "short")
    with pytest.raises(UserError, match="a novelty stratum is not available for another task"):
        kept.on("novelty:far")
    with pytest.raises(UserError, match="another form of its examples"):
        table(made).asked(made[2].dev)
