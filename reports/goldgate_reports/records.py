"""Reads the files of a run folder, and reports which one is missing or broken. Nothing is computed here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.runs.attempt import LogRow
from goldgate.runs.golden import DevGateRow, GateRow, GoldenRecord
from goldgate.runs.part import read_part, read_parts
from goldgate.runs.record import AttemptFacts, RunRecord

_AGAIN = "the run is incomplete: finish it with `goldgate train`, or report on another run"
_SCORES = ("subject", "metric", "id", "value", "lo", "hi", "better")
_ANSWERS = ("subject", "id", "input", "expected", "text", "finish", "tags")


@dataclass(frozen=True)
class Column:
    """One metric of one subject on dev.

    Attributes:
        values: The value by example ID; None where the answer is missing.
        bounds: The lowest and the highest possible value.
        better: "high" or "low".
        reasons: Why the value is not better, by example ID, where the scorer gives a reason.
    """

    values: dict[str, float | None]
    bounds: tuple[float, float]
    better: str
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AnswerRow:
    """One dev answer as it was scored.

    Attributes:
        input: What was asked.
        expected: The expected output, as JSON text.
        text: The answer; None where there was none.
        finish: Why the answer ended, such as "stop" or "length".
    """

    input: str
    expected: str
    text: str | None
    finish: str


@dataclass(frozen=True)
class Attempt:
    """One recipe that was run, with its training log and its dev gates where they were recorded."""

    facts: AttemptFacts
    log: tuple[LogRow, ...] = ()
    gates: tuple[GateRow, ...] = ()

    @property
    def number(self) -> int:
        return self.facts.k

    @property
    def subject(self) -> str:
        return self.facts.subject or f"attempt {self.number}"


@dataclass(frozen=True)
class Records:
    """Everything that a run folder records; `golden` is None where there was no look."""

    run: RunRecord
    golden: GoldenRecord | None
    scores: Mapping[str, Mapping[str, Column]]
    answers: Mapping[str, Mapping[str, AnswerRow]]
    tags: Mapping[str, tuple[str, ...]]
    attempts: tuple[Attempt, ...] = field(default=())

    @property
    def best(self) -> Attempt | None:
        """The attempt that the run chose, or the last one where the run does not say."""
        chosen = [a for a in self.attempts if a.number == self.run.best]
        return chosen[0] if chosen else self.attempts[-1] if self.attempts else None


def read_records(folder: Path) -> Records:
    """Reads a run folder.

    Args:
        folder: The run folder.

    Returns:
        What its files record.

    Raises:
        UserError: The folder holds no run, or one of its files is missing or broken. The error names the file, and the
            field or column.
    """
    path = folder / "run.json"
    if not path.is_file():
        raise UserError("no run.json: this is not a run folder", str(folder), "give a folder such as runs/<task>/<run>")
    run = read_part(RunRecord, path, _AGAIN)
    golden = folder / "golden.json"
    answers, tags = _answers(folder / "answers.parquet")
    return Records(
        run,
        read_part(GoldenRecord, golden, _AGAIN) if golden.is_file() else None,
        _scores(folder / "scores.parquet"),
        answers,
        tags,
        tuple(_attempt(folder, facts) for facts in run.attempts or ()),
    )


def _attempt(folder: Path, facts: AttemptFacts) -> Attempt:
    place = folder / "attempts" / str(facts.k)
    log = read_parts(LogRow, place / "log.json", _AGAIN)
    return Attempt(facts, log, read_parts(DevGateRow, place / "verdicts.json", _AGAIN))


def _frame(path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    import pandas as pd

    if not path.is_file():
        raise UserError("no such file", str(path), _AGAIN)
    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # pyarrow's errors have no common base class
        raise UserError(f"cannot be read as Parquet ({error})"[:200], str(path), _AGAIN) from error
    for column in columns:
        if column not in frame.columns:
            raise UserError(f'the column "{column}" is missing', str(path), _AGAIN)
    chosen = [*columns, *(c for c in optional if c in frame.columns)]
    return [{str(column): value for column, value in row.items()} for row in frame[chosen].to_dict("records")]


def _scores(path: Path) -> dict[str, dict[str, Column]]:
    found: dict[tuple[str, str], Column] = {}
    for row in _frame(path, _SCORES, optional=("reason",)):
        key, id_, value = (str(row["subject"]), str(row["metric"])), str(row["id"]), row["value"]
        if key not in found:
            found[key] = Column({}, (float(row["lo"]), float(row["hi"])), str(row["better"]), {})
        column = found[key]
        missing = value is None or math.isnan(value)
        column.values[id_] = None if missing else float(value)
        if isinstance(reason := row.get("reason"), str):
            column.reasons[id_] = reason
    by_subject: dict[str, dict[str, Column]] = {}
    for (subject, metric), column in found.items():
        by_subject.setdefault(subject, {})[metric] = column
    return by_subject


def _answers(path: Path) -> tuple[dict[str, dict[str, AnswerRow]], dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, AnswerRow]] = {}
    tags: dict[str, tuple[str, ...]] = {}
    for row in _frame(path, _ANSWERS):
        id_ = str(row["id"])
        text = row["text"] if isinstance(row["text"], str) else None
        found.setdefault(str(row["subject"]), {})[id_] = AnswerRow(
            str(row["input"]), str(row["expected"]), text, str(row["finish"])
        )
        if id_ not in tags:
            try:
                tags[id_] = tuple(str(t) for t in json.loads(row["tags"]))
            except (TypeError, ValueError) as error:
                raise UserError(
                    f"{row['tags']!r:.40} is not a list of tags", f'{path}, id "{id_}", column "tags"', _AGAIN
                ) from error
    return found, tags
