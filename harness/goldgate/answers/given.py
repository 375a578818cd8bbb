"""Recorded answers that came with a demo's project: what its baselines said when the task was shipped.

They lie in golden/<task>/recorded/, one file a split, beside a record of who answered and each file's digest. Only a
demo's project reads them; anywhere else baselines answer on the machine that asks.
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
from goldgate.task.project import Project

FOLDER = "recorded"
RECORD = "record.json"
_FIELDS = {"task": str, "subjects": dict, "files": dict, "made": dict}
_HINT = "delete the demo's folder and start again, or let the baselines answer here: goldgate demo --regenerate"


@dataclass(frozen=True)
class GivenRecord:
    """What the record says. subjects: name → identity; files: split → digest of its file; made: by which command and
    versions it was written.
    """

    folder: Path
    task: str
    subjects: Mapping[str, str]
    files: Mapping[str, str]
    made: Mapping[str, Any]

    def answers(self, split: str) -> Recorded:
        """The recorded answers to a split.

        Returns: every row of the split's file, read once in a process.
        Raises: UserError where the file is missing or is not the one that the record names.
        """
        return _read(answers_path(self.folder, split), self.files[split])


class GivenAnswers:
    """The answers to one split that came with a demo's project, of all its tasks. Files are read when first asked."""

    def __init__(self, records: tuple[GivenRecord, ...], split: str) -> None:
        self._records, self._split = records, split

    def lookup(self, identity: str, example: str) -> Answer | None:
        """The answer of that subject to the example with that digest, with origin "recorded"; None where there is none.

        Raises: UserError where a file was edited.
        """
        for record in self._records:
            if identity in record.subjects.values() and self._split in record.files:
                answer = record.answers(self._split).lookup(identity, example)
                if answer is not None:
                    return answer
        return None


def given_answers(project: Project, split: str) -> GivenAnswers | None:
    """What came with a demo's project for a split; None in any other project, and where nothing came."""
    if not project.demo:
        return None
    paths = sorted((project.root / "golden").glob(f"*/{FOLDER}/{RECORD}"))
    return GivenAnswers(tuple(read_given(p.parent) for p in paths), split) if paths else None


def answers_path(folder: Path, split: str) -> Path:
    """Where the answers to a split lie in a folder of recorded answers."""
    return folder / f"{split}.jsonl.gz"


def read_given(folder: Path) -> GivenRecord:
    """The record of a folder of recorded answers.

    Raises: UserError where it is missing or broken.
    """
    path = folder / RECORD
    raw = check_object(read_json(path), str(path), _HINT, **_FIELDS)
    return GivenRecord(folder, raw["task"], raw["subjects"], raw["files"], raw["made"])


@lru_cache(maxsize=8)
def _read(path: Path, digest: str) -> Recorded:
    if not path.is_file():
        raise UserError("the demo's recorded answers are missing", str(path), _HINT)
    if (found := file_digest(path)) != digest:
        raise UserError(
            f"the demo's recorded answers were edited (digest {short(found)}, {RECORD} says {short(digest)})",
            str(path),
            _HINT,
        )
    return Recorded(path)
