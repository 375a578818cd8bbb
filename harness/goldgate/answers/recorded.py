"""Files of recorded answers: their rows, who reads and writes them, and the JSON file beside each that proves it."""

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
    """Answers committed with a champion, by identity and example digest. Raises UserError for a broken file."""

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

    def lookup(self, identity: str, example: str) -> Answer | None:
        """The recorded answer of that subject to the example with that digest, with origin "recorded"."""
        row = self._at.get((identity, example))
        return None if row is None else replace(_answer(row), origin="recorded")

    def of(self, identities: Iterable[str], split: str) -> list[Answer]:
        """Every recorded answer of these subjects on a split, in whatever form it was asked."""
        wanted = set(identities)
        rows = [row for row in self.rows if row["identity"] in wanted and row.get("split") == split]
        return [replace(_answer(row), origin="recorded") for row in rows]

    def scores(self, identity: str, example: str) -> Mapping[str, float]:
        """Recorded values of the scorers that need a model, for that answer; empty where there are none."""
        row = self._at.get((identity, example))
        return {} if row is None else row.get("scores", {})

    def timing(self, identity: str, example: str) -> Timing | None:
        """What one asker waited for that answer, where it was measured."""
        row = self._at.get((identity, example))
        return Timing(**row["timing"]) if row is not None and row.get("timing") else None


def write_recorded(path: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    """Writes champion_answers.jsonl.gz: a row has Answer's fields, "subject", "split", "scores" and maybe "timing".

    Returns its sha256. The same rows make the same bytes, in any order.
    """
    lines = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True, allow_nan=False) for row in map(dict, rows))
    write_whole(path, gzip.compress(("\n".join(lines) + "\n").encode("utf-8"), mtime=0))
    return file_digest(path)


@dataclass(frozen=True)
class AnswerFile:
    """A file of recorded answers, and the JSON file beside it that proves them. digest: of the answers, as that file
    (owner) says; scorers: the versions that the recorded scores are of; tariffs: by subject, a vendor's prices as of
    then; what, hint: how messages speak of it.
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
        """The answers. Raises UserError where they are missing or are not those that the owner names."""
        if not self.path.is_file():
            raise UserError(f"{self.what} are missing", str(self.path), self.hint)
        if (found := file_digest(self.path)) != self.digest:
            raise UserError(
                f"{self.what} were edited (digest {short(found)}, {self.owner} says {short(self.digest)})",
                str(self.path),
                self.hint,
            )
        return Recorded(self.path)

    def known_scores(
        self, identity: str, split: Split, versions: Mapping[str, int | str]
    ) -> dict[str, dict[str, float]]:
        """Metric → example id → value, for the scorers that need a model and whose values are recorded.

        versions: of the scorers now; a value that another version gave is not known.
        """
        known: dict[str, dict[str, float]] = {}
        for example in split:
            for metric, value in self.recorded.scores(identity, example.digest).items():
                if metric in versions and self.scorers.get(metric) == versions[metric]:
                    known.setdefault(metric, {})[example.id] = value
        return known


@dataclass(frozen=True)
class Said:
    """What one subject answered to a split. scores: metric → example id → value, of scorers that need a model; timings:
    by example digest.
    """

    subject: str
    split: Split
    answers: Mapping[str, Answer]
    scores: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    timings: Mapping[str, Timing] = field(default_factory=dict)


def rows_of(said: Iterable[Said]) -> list[dict[str, Any]]:
    """The rows of a file of recorded answers, one for an identity and example."""
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
    """One recorded answer. scores: metric → value; timing: what one asker waited."""
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
    row |= {k: v for k, v in (("date", answer.date), ("served", answer.served)) if v}
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
