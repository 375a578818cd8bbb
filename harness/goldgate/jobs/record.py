"""`goldgate record`: keeps a subject's answers on dev and golden, so that it can be compared with after it is gone.

Nothing is scored and nothing is decided, so this is no look at golden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.answers.cache import answer_cache
from goldgate.answers.recording import SPLITS, Recording, recording_of
from goldgate.base.errors import UserError
from goldgate.base.files import write_whole
from goldgate.base.yaml import with_key
from goldgate.data.account import Decision
from goldgate.data.personal import scrub
from goldgate.jobs.answering import one_model, unwarned
from goldgate.jobs.before_asking import say_cost, whole_name
from goldgate.jobs.progress import Progress
from goldgate.jobs.workspace import counting
from goldgate.ledger import locked, read_looks
from goldgate.subjects import Subject, parse_subject
from goldgate.task.examples import Example, Split, load_split
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName
from goldgate.task.task import Task, load_task

_KEEP_EVERY = 16
"""Answers that are written at once, the most that a killed command can lose."""


@dataclass(frozen=True)
class OfSplit:
    """What is kept on one split.

    Attributes:
        examples: Number of its examples.
        answered: Number of them with an answer.
        asked: Number of answers that were asked for now.
        refused: Id and reason of each example that has no answer and will not get one.
        failed: Id and reason of each example that has none yet, because of a failure that may pass.
    """

    examples: int
    answered: int
    asked: int
    refused: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RecordedSubject:
    """A subject whose answers are recording.

    Attributes:
        task: Name of the task.
        subject: Name of the subject.
        folder: Where the answers are.
        splits: Split → what is kept on it.
        dates: The days on which it was asked.
        served: What it called itself.
        by_name: Whether it is identified by its name alone.
        decisions: What was decided for the user.
        new_look: Whether the suite is another one now, although golden was looked at before.
    """

    task: str
    subject: str
    folder: Path
    splits: Mapping[str, OfSplit]
    dates: tuple[str, ...]
    served: tuple[str, ...]
    by_name: bool
    decisions: tuple[Decision, ...]
    new_look: bool

    @property
    def complete(self) -> bool:
        """Whether nothing is left to ask."""
        return not any(part.failed for part in self.splits.values())

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            "task": self.task,
            "subject": self.subject,
            "folder": str(self.folder),
            "identified_by": "name" if self.by_name else "content",
            "dates": list(self.dates),
            "served": list(self.served),
            "complete": self.complete,
            "splits": {
                name: {
                    "examples": part.examples,
                    "answered": part.answered,
                    "asked": part.asked,
                    "refused": dict(part.refused),
                    "failed": dict(part.failed),
                }
                for name, part in self.splits.items()
            },
            "decisions": [str(decision) for decision in self.decisions],
        }


def run_record(project: Project, name: str, text: str, progress: Progress) -> RecordedSubject:
    """Asks a subject what it says to dev and golden, keeps that, and names the subject as the task's incumbent.

    Only what is not kept yet is asked. Answers are kept as they come.

    Args:
        project: The project.
        name: Name of the task.
        text: Name of the subject; an endpoint's may come without a strategy.
        progress: Receives the progress.

    Returns:
        What is kept now. It has no scores.

    Raises:
        UserError: The task names another incumbent, the record is of another subject, or the subject does not answer;
            what it had answered by then is kept.
    """
    task = load_task(project, name)
    who, decisions = whole_name(text, task)
    if task.incumbent not in (None, who):
        raise UserError(
            f"the task names another incumbent: {task.incumbent}",
            f'{task.folder / "task.yaml"}, field "incumbent"',
            f"record that one; or, if it is not the one to compare with, write there: incumbent: {who}",
        )
    decided, text_with_it = _incumbent(task, who)
    subject = parse_subject(who, task, project)
    splits = {split: load_split(project, name, split) for split in SPLITS}
    recording = recording_of(project, name, subject, splits)
    here = sum(_take_cached(project, recording, subject, split) for split in splits.values())
    if here:
        progress.say(f"{here} answers are in this machine's cache and need not be asked")
    missing = {split.name: recording.missing(split) for split in splits.values()}
    say_cost(task, subject, [e for examples in missing.values() for e in examples], progress)
    with _told_what_is_left(recording, splits.values()):
        failed = {split.name: _ask(project, recording, subject, split, progress) for split in splits.values()}
    if text_with_it is not None:
        write_whole(task.folder / "task.yaml", text_with_it)
    return RecordedSubject(
        name,
        who,
        recording.folder,
        {s: _of_split(recording, split, len(missing[s]), failed[s]) for s, split in splits.items()},
        recording.told("date"),
        recording.told("served"),
        SubjectName.parse(who).kind == "endpoint",
        (*decisions, decided),
        task.incumbent is None and bool(read_looks(project.golden(name) / "looks")),
    )


def _take_cached(project: Project, recording: Recording, subject: Subject, split: Split) -> int:
    """Keeps what this machine's cache has, and returns how many answers that are."""
    examples = recording.missing(split)
    keys = {e.id: subject.fingerprint(e) for e in examples}
    cached = answer_cache(project, split.name).get_many(keys.values())
    found = [(e, cached[keys[e.id]]) for e in examples if keys[e.id] in cached]
    taken = sum(recording.add(split.name, example, answer) for example, answer in found)
    if taken:
        _write(recording)
    return taken


def _ask(
    project: Project, recording: Recording, subject: Subject, split: Split, progress: Progress
) -> tuple[tuple[str, str], ...]:
    """Asks what is missing on a split, keeps it as it comes, and returns id and reason of what failed."""
    same: dict[str, list[Example]] = {}
    for example in (missing := recording.missing(split)):
        same.setdefault(subject.fingerprint(example), []).append(example)
    if not missing:
        return ()
    failed: list[tuple[str, str]] = []
    step = progress.step(f"{subject.name} answers {split.name}", "kept for the time when it is gone", len(same))
    with one_model(project.cache), unwarned(), step as advance:
        unsaved = 0
        try:
            for answer in subject.answer([examples[0] for examples in same.values()], counting(advance)):
                for example in same[answer.fingerprint]:
                    if recording.add(split.name, example, answer):
                        unsaved += 1
                    else:
                        failed.append((example.id, answer.error))
                if unsaved >= _KEEP_EVERY:
                    _write(recording)
                    unsaved = 0
        finally:
            if unsaved:
                _write(recording)
    return tuple(failed)


@contextmanager
def _told_what_is_left(recording: Recording, splits: Iterable[Split]) -> Iterator[None]:
    """Adds to an error how many examples are without an answer because of it."""
    try:
        yield
    except UserError as error:
        left = [
            f"{many} of {len(split)} {split.name} examples"
            for split in splits
            if (many := len(recording.missing(split)))
        ]
        raise UserError(
            f"{error.what}; {' and '.join(left)} have no recorded answer",
            error.where,
            f"{error.hint or 'mend that'}; the same command then asks only for these",
        ) from error


def _write(recording: Recording) -> None:
    with locked(recording.folder.parent / "looks"):
        recording.write()


def _incumbent(task: Task, who: str) -> tuple[Decision, str | None]:
    """What is decided on the incumbent, and the text of task.yaml that names it; None if it does already."""
    if task.incumbent == who:
        return Decision("incumbent", who, "as task.yaml names it"), None
    text = with_key(task.folder / "task.yaml", "incumbent", who)
    return Decision("incumbent", who, "task.yaml named none; another `incumbent` there decides otherwise"), text


def _of_split(recording: Recording, split: Split, asked: int, failed: tuple[tuple[str, str], ...]) -> OfSplit:
    refused = tuple((id_, str(scrub(why))) for id_, why in recording.refused(split))
    answered = len(split) - len(recording.missing(split)) - len(refused)
    return OfSplit(len(split), answered, asked, refused, tuple((id_, str(scrub(why))) for id_, why in failed))
