"""Keeping what a subject says while it still says something: the answers in golden/<task>/incumbent, as they come.

Dev and golden have a file each, so that whoever is given the answers on dev is not given those on golden.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goldgate.answers.given import RECORD, answers_path, read_incumbent
from goldgate.answers.recorded import answer_row, write_recorded
from goldgate.base.errors import UserError
from goldgate.base.files import whole_folder, write_json
from goldgate.subjects.subject import Answer, Subject
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project

SPLITS = ("golden", "dev")
"""The splits whose answers are kept; an input that is in both by now is golden's."""


@dataclass
class Recording:
    """What is kept of one subject.

    Attributes:
        folder: golden/<task>/incumbent.
        task: The task's name.
        subject: The subject's name.
        identity: Its identity.
        rows: Split → question → row of the answer, or of the refusal.
    """

    folder: Path
    task: str
    subject: str
    identity: str
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in SPLITS})

    def missing(self, split: Split) -> list[Example]:
        """Returns the examples of a split of which neither an answer nor a refusal is kept."""
        return [e for e in split if e.question not in self.rows[split.name]]

    def refused(self, split: Split) -> list[tuple[str, str]]:
        """Returns id and reason of every example of a split that has no answer and will not get one."""
        rows = ((e.id, self.rows[split.name].get(e.question)) for e in split)
        return [(id_, str(row["error"])) for id_, row in rows if row is not None and row["text"] is None]

    def add(self, split: str, example: Example, answer: Answer) -> bool:
        """Keeps an answer or a refusal, and returns whether it did: a failure that may pass is not kept."""
        if answer.text is None and answer.passing and not answer.refused:
            return False
        self.rows[split][example.question] = {
            **answer_row(self.subject, split, answer),
            "id": example.id,
            "example": example.digest,
            "question": example.question,
        }
        return True

    def told(self, key: str) -> tuple[str, ...]:
        """Returns what the answers say under a key, such as "date" or "served", each once."""
        every = (row for rows in self.rows.values() for row in rows.values())
        return tuple(sorted({str(row[key]) for row in every if row.get(key)}))

    def write(self) -> None:
        """Writes everything, in one step. The ledger of looks must be locked, as for any change of golden/<task>.

        Raises:
            UserError: The disk is full, or the folder cannot be written to.
        """
        for left in self.folder.parent.glob(f".{self.folder.name}.*.part"):  # left behind by a killed process
            shutil.rmtree(left, ignore_errors=True)
        with whole_folder(self.folder) as part:
            files = {s: write_recorded(answers_path(part, s), rows.values()) for s, rows in self.rows.items() if rows}
            made = {"by": "goldgate record", "dates": self.told("date"), "served": self.told("served")}
            record = {"task": self.task, "subjects": {self.subject: self.identity}, "files": files, "made": made}
            write_json(part / RECORD, record)


def recording_of(project: Project, task: str, subject: Subject, splits: Mapping[str, Split]) -> Recording:
    """Finds what is kept of a subject by now, and sorts it into the splits as they are.

    Args:
        project: The project.
        task: The task's name.
        subject: The subject.
        splits: Name → split, for dev and golden.

    Returns:
        What is kept; nothing if the task's folder has no record.

    Raises:
        UserError: The record is broken, of another subject, or of one that was asked in another way.
    """
    made = Recording(project.golden(task) / "incumbent", task, subject.name, subject.identity)
    if (record := read_incumbent(project, task)) is None:
        return made
    where = str(record.folder / RECORD)
    if subject.name not in record.subjects:
        raise UserError(
            f"the answers of another subject are kept here: {', '.join(record.subjects)}",
            where,
            f"record that one, or remove {record.folder.relative_to(project.root)} if it is not the incumbent any more",
        )
    if record.subjects[subject.name] != subject.identity:
        raise UserError(
            "these answers were given to another prompt, or with other decoding: task.yaml has changed since",
            where,
            "restore what it said, to add to them; to record all of them anew, remove"
            f" {record.folder.relative_to(project.root)}",
        )
    homes = {e.question: name for name in reversed(SPLITS) for e in splits[name]}
    for name in record.files:
        for row in record.answers(name).rows:
            home = homes.get(row["question"], name)
            made.rows[home][row["question"]] = {**row, "split": home}
    return made
