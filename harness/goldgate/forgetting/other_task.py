"""Asks a subject of this task another task of the project, which training must leave as good as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn

from goldgate.base.errors import UserError, near_names
from goldgate.base.fingerprint import digest
from goldgate.forgetting.variants import local, variant_of
from goldgate.prompts import Strategy, parse_strategy
from goldgate.subjects.local import LocalSubject, Who
from goldgate.subjects.resolve import sources_of
from goldgate.subjects.subject import Subject, Variant
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.questions import PREFIX, SPLIT
from goldgate.task.task import Task, load_task


@dataclass(frozen=True)
class OtherTask:
    """Another task with a prompt.

    Attributes:
        name: The entry in must_not_regress.
        task: The other task, with this task's base model and chat template settings.
        strategy: The prompting strategy.
        dev: Its dev split, with ids that differ from this task's.
    """

    name: str
    task: Task
    strategy: Strategy
    dev: Split

    @cached_property
    def digest(self) -> str:
        """Digest of what is asked, except the examples."""
        task = self.task
        return digest(
            [task.name, task.decoding.model_dump(mode="json"), dict(task.template), task.chat, self.strategy.spec()]
        )


def entry_parts(entry: str) -> tuple[str, str]:
    """Splits an entry of must_not_regress into the task and its prompting strategy, which is empty if none is named."""
    other, _, strategy = entry.partition("+")
    return other, strategy


def other_task(name: str, task: Task, project: Project) -> OtherTask:
    """Reads an entry of must_not_regress: TASK, or TASK+STRATEGY for another prompt than zero_shot.

    Raises:
        UserError: The task does not exist, is this task, or has no dev split.
    """
    where = f'{task.folder / "task.yaml"}, field "must_not_regress"'
    other, strategy = entry_parts(name)
    if other == task.name or other not in project.tasks():
        what = "is this task itself" if other == task.name else "is not a task of this project"
        raise UserError(f'"{other}" {what}', where, near_names(other, [t for t in project.tasks() if t != task.name]))
    found = replace(
        load_task(project, other).on_model(task.model),
        template=task.template,
        chat_template=task.chat_template,
        thinking=task.thinking,
    )
    dev = load_split(project, other, "dev")
    if not dev.examples:
        raise UserError(f"the dev split of {other} is empty", where, f"goldgate prepare {other}")
    # Like the general questions, they are the same on every split of this task, and stored with those.
    renamed = Split(SPLIT, tuple(replace(e, id=f"{PREFIX}{other}/{e.id}") for e in dev))
    return OtherTask(name, found, parse_strategy(strategy or "zero_shot", sources_of(found, project)), renamed)


def on_other_task(subject: Subject, other: OtherTask) -> Subject:
    """Makes the subject's model answer another task's dev split, with that task's prompt.

    Raises:
        UserError: The subject is not a model on this machine. For a subject known by its record, this is raised only
            when an answer is not recorded.
    """
    variant = Variant(
        lambda identity: other_task_identity(identity, other),
        lambda live: OnOtherTask(local(live, "another task", "kept").who, other),
    )
    return variant_of(subject, variant)


def other_task_identity(identity: str, other: OtherTask) -> str:
    """Returns the identity under which a subject's answers to another task are stored."""
    return digest([identity, "kept", other.digest])


class OnOtherTask(LocalSubject):
    """A subject's model with another task's prompt, answering that task's dev split."""

    def __init__(self, who: Who, other: OtherTask) -> None:
        super().__init__(replace(who, task=other.task, strategy=other.strategy, constrained=False))
        self._tested = LocalSubject(who).identity
        self._other = other

    @cached_property
    def identity(self) -> str:
        return other_task_identity(self._tested, self._other)

    def sampled(self, sample: int) -> NoReturn:
        raise UserError(f"{self.name} answers another task only once", hint="gate agreement in that task's own suite")
