"""Files of recorded answers: their rows, how they are read and written, and the JSON file next to each that proves
it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import write_whole
from goldgate.base.fingerprint import file_digest, short
from goldgate.scorers import Tariff
from goldgate.subjects.latency import Timing
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Split

_FIELDS = tuple(f.name for f in fields(Answer))


class Recorded:
    """Answers that are committed with a champion, by identity and example digest.

    Raises:
        UserError: The file is broken.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []
        try:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    self.rows.append(_row(line, f"{path.name}, line {number}"))
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise UserError(
                f"the recorded answers cannot be read ({error})", str(path), "restore the file from version control"
            ) from error
        self._at = {(row["identity"], row["example"]): row for row in self.rows}
        self._to = {(row["identity"], row["question"]): row for row in self.rows if "question" in row}

    def lookup(self, identity: str, example: str) -> Answer | None:
        """Returns a subject's recorded answer to the example with a digest, with origin "recorded"; None if there is
        none.
        """
        row = self._at.get((identity, example))
        return None if row is None else replace(_answer(row), origin="recorded")

    def reply(self, identity: str, question: str) -> Answer | None:
        """Returns a subject's recorded answer to a question (`Example.question`), with origin "recorded"; None if there
        is none, or if the file does not say what was asked.
        """
        row = self._to.get((identity, question))
        return None if row is None else replace(_answer(row), origin="recorded")

    def of(self, identities: Iterable[str], split: str) -> list[Answer]:
        """Returns every recorded answer of these subjects on a split, including to other forms of its examples."""
        wanted = set(identities)
        rows = [row for row in self.rows if row["identity"] in wanted and row.get("split") == split]
        return [replace(_answer(row), origin="recorded") for row in rows]

    def scores(self, identity: str, example: str) -> Mapping[str, float]:
        """Returns the recorded values of the scorers that need a model, for one answer; empty if there are none."""
        row = self._at.get((identity, example))
        return {} if row is None else row.get("scores", {})

    def timing(self, identity: str, example: str) -> Timing | None:
        """Returns how long one caller waited for an answer; None if it was not measured."""
        row = self._at.get((identity, example))
        return Timing(**row["timing"]) if row is not None and row.get("timing") else None


def write_recorded(path: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    """Writes a file of recorded answers. The same rows give the same bytes, in any order.

    Args:
        path: The file.
        rows: Each has Answer's fields, "subject", "split", "scores" and possibly "timing".

    Returns:
        The file's sha256.
    """
    lines = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True, allow_nan=False) for row in map(dict, rows))
    write_whole(path, gzip.compress(("\n".join(lines) + "\n").encode("utf-8"), mtime=0))
    return file_digest(path)


@dataclass(frozen=True)
class AnswerFile:
    """A file of recorded answers, and the JSON file next to it that proves them.

    Attributes:
        path: The file of answers.
        digest: The file's digest, according to the JSON file.
        scorers: The versions of the scorers whose values are recorded.
        tariffs: Subject → a vendor's prices at that time.
        what: What messages call the answers.
        owner: The JSON file's name.
        hint: What messages suggest.
    """

    path: Path
    digest: str
    scorers: Mapping[str, int | str]
    tariffs: Mapping[str, Tariff]
    what: str
    owner: str
    hint: str

    @cached_property
    def recorded(self) -> Recorded:
        """The answers. Raises UserError if they are missing or their digest is not the recorded one."""
        if not self.path.is_file():
            raise UserError(f"{self.what} are missing", str(self.path), self.hint)
        if (found := file_digest(self.path)) != self.digest:
            raise UserError(
                f"{self.what} were edited (their digest is {short(found)}, {self.owner} says {short(self.digest)})",
                str(self.path),
                self.hint,
            )
        return Recorded(self.path)

    def known_scores(
        self, identity: str, split: Split, versions: Mapping[str, int | str]
    ) -> dict[str, dict[str, float]]:
        """Returns the recorded values of the scorers that need a model.

        Args:
            identity: The subject's identity.
            split: The examples.
            versions: The scorers' current versions; values of another version are left out.

        Returns:
            Metric → example id → value.
        """
        known: dict[str, dict[str, float]] = {}
        for example in split:
            for metric, value in self.recorded.scores(identity, example.digest).items():
                if metric in versions and self.scorers.get(metric) == versions[metric]:
                    known.setdefault(metric, {})[example.id] = value
        return known


@dataclass(frozen=True)
class Said:
    """One subject's answers to a split.

    Attributes:
        subject: The subject's name.
        split: The split.
        answers: Example id → answer.
        scores: Metric → example id → value, for the scorers that need a model.
        timings: Example digest → timing.
    """

    subject: str
    split: Split
    answers: Mapping[str, Answer]
    scores: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    timings: Mapping[str, Timing] = field(default_factory=dict)


def rows_of(said: Iterable[Said]) -> list[dict[str, Any]]:
    """Makes the rows of a file of recorded answers, one for each identity and example."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for part in said:
        for example in part.split:
            row = answer_row(
                part.subject,
                part.split.name,
                part.answers[example.id],
                {m: values[example.id] for m, values in part.scores.items()},
                part.timings.get(example.digest),
            )
            rows.setdefault((row["identity"], row["example"]), row)
    return list(rows.values())


def answer_row(
    subject: str,
    split: str,
    answer: Answer,
    scores: Mapping[str, float | None] | None = None,
    timing: Timing | None = None,
) -> dict[str, Any]:
    """Makes the row of one recorded answer.

    Args:
        subject: The subject's name.
        split: The split's name.
        answer: The answer.
        scores: Metric → value, for the scorers that need a model.
        timing: How long one caller waited.
    """
    row: dict[str, Any] = {
        "subject": subject,
        "split": split,
        "id": answer.id,
        "text": answer.text,
        "finish": answer.finish,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "seconds": round(answer.seconds, 4),
        "logprob": None if answer.logprob is None else round(answer.logprob, 5),
        "identity": answer.identity,
        "fingerprint": answer.fingerprint,
        "example": answer.example,
        "error": answer.error,
        "scores": {m: v for m, v in (scores or {}).items() if v is not None},
    }
    row |= {k: v for k, v in (("date", answer.date), ("served", answer.served), ("refused", answer.refused)) if v}
    row |= {} if answer.shared_tokens is None else {"shared_tokens": answer.shared_tokens}
    return row if timing is None else {**row, "timing": asdict(timing)}


def _answer(row: Mapping[str, Any]) -> Answer:
    return Answer(**{name: row[name] for name in _FIELDS if name in row})


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        _answer(row)
        Timing(**row.get("timing") or {"first": None, "last": None, "machine": ""})
    except (ValueError, TypeError) as error:
        raise UserError(f"not a recorded answer ({error})", where, "restore the file from version control") from error
    return dict(row)
