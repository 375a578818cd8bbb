"""Recorded answers that lie in a project, in golden/<task>: one file a split, and a record of who answered.

There are two kinds. `recorded/` came with a demo: what its baselines said when the task was shipped. Only a demo's
project reads it; anywhere else baselines answer on the machine that asks. `incumbent/` was written by `goldgate
record`: what a subject said that may be gone by now. Every project reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from goldgate.answers.recorded import Recorded
from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json
from goldgate.base.fingerprint import file_digest, short
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example
from goldgate.task.project import Project

FOLDER = "recorded"
INCUMBENT = "incumbent"
RECORD = "record.json"
_FIELDS = {"task": str, "subjects": dict, "files": dict, "made": dict}
_WHAT = {FOLDER: "the demo's recorded answers", INCUMBENT: "the incumbent's recorded answers"}
_HINTS = {
    FOLDER: "delete the demo's folder and start again, or let the baselines answer here: goldgate demo --regenerate",
    INCUMBENT: "restore the folder from version control",
}


@dataclass(frozen=True)
class GivenRecord:
    """The record of a folder of answers.

    Attributes:
        folder: golden/<task>/recorded or golden/<task>/incumbent.
        task: The task's name.
        subjects: Name → identity.
        files: Split → digest of its file.
        made: How and when it was written.
    """

    folder: Path
    task: str
    subjects: Mapping[str, str]
    files: Mapping[str, str]
    made: Mapping[str, Any]

    def answers(self, split: str) -> Recorded:
        """Returns the recorded answers to a split, read once in a process.

        Raises:
            UserError: The file is missing or is not the one that the record names.
        """
        return _read(answers_path(self.folder, split), self.files[split])

    def lookup(self, identity: str, split: str, example: Example) -> Answer | None:
        """Returns a subject's answer to an example of a split; None if it is not recorded. Raises as `answers`."""
        if identity not in self.subjects.values() or split not in self.files:
            return None
        recorded = self.answers(split)
        return recorded.lookup(identity, example.digest) or recorded.reply(identity, example.question)


class GivenAnswers:
    """The recorded answers to one split, of all tasks of a project. Files are read when first asked."""

    def __init__(self, records: tuple[GivenRecord, ...], split: str) -> None:
        self._records, self._split = records, split

    def lookup(self, identity: str, example: Example) -> Answer | None:
        """Returns a subject's answer to an example, with origin "recorded"; None if there is none.

        Raises:
            UserError: A file was edited.
        """
        found = (record.lookup(identity, self._split, example) for record in self._records)
        return next((answer for answer in found if answer is not None), None)


def given_answers(project: Project, split: str) -> GivenAnswers | None:
    """Finds the recorded answers to a split that lie in a project.

    Args:
        project: The project.
        split: Name of the split.

    Returns:
        The answers; None if the project has none.

    Raises:
        UserError: A record is broken.
    """
    kinds = (FOLDER, INCUMBENT) if project.demo else (INCUMBENT,)
    paths = sorted(p for kind in kinds for p in (project.root / "golden").glob(f"*/{kind}/{RECORD}"))
    return GivenAnswers(tuple(read_given(p.parent) for p in paths), split) if paths else None


def read_incumbent(project: Project, task: str) -> GivenRecord | None:
    """Reads what `goldgate record` has kept of a task's incumbent; None if it was never recorded.

    Raises:
        UserError: The record is broken.
    """
    folder = project.golden(task) / INCUMBENT
    return read_given(folder) if (folder / RECORD).is_file() else None


def answers_path(folder: Path, split: str) -> Path:
    """Returns where the answers to a split lie in a folder of recorded answers."""
    return folder / f"{split}.jsonl.gz"


def read_given(folder: Path) -> GivenRecord:
    """Reads the record of a folder of recorded answers.

    Raises:
        UserError: It is missing or broken.
    """
    path = folder / RECORD
    raw = check_object(read_json(path), str(path), _HINTS[_kind(path)], **_FIELDS)
    return GivenRecord(folder, raw["task"], raw["subjects"], raw["files"], raw["made"])


def _kind(path: Path) -> str:
    return INCUMBENT if path.parent.name == INCUMBENT else FOLDER


@lru_cache(maxsize=8)
def _read(path: Path, digest: str) -> Recorded:
    what, hint = _WHAT[_kind(path)], _HINTS[_kind(path)]
    if not path.is_file():
        raise UserError(f"{what} are missing", str(path), hint)
    if (found := file_digest(path)) != digest:
        raise UserError(f"{what} were edited (digest {short(found)}, {RECORD} says {short(digest)})", str(path), hint)
    return Recorded(path)
