"""Reads a run folder's files, and says which one is missing or broken. Nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from goldgate.base.errors import UserError
from goldgate.base.files import read_json

_T = TypeVar("_T")
_AGAIN = "the run is not whole: finish it with `goldgate train`, or report another one"
_SCORES = ("subject", "metric", "id", "value", "lo", "hi", "better")
_ANSWERS = ("subject", "id", "input", "expected", "text", "finish", "tags")


@dataclass(frozen=True)
class Column:
    """One metric of one subject on dev: example id → value (None where the answer is missing)."""

    values: Mapping[str, float | None]
    bounds: tuple[float, float]
    better: str


@dataclass(frozen=True)
class AnswerRow:
    """One dev answer as it was scored. expected: JSON text; text: None where there was no answer."""

    input: str
    expected: str
    text: str | None
    finish: str


@dataclass(frozen=True)
class Attempt:
    """One recipe that was run, with its training log and its gates on dev where they were recorded."""

    number: int
    record: Mapping[str, Any]
    log: tuple[Mapping[str, Any], ...]
    gates: tuple[Mapping[str, Any], ...]

    @property
    def subject(self) -> str:
        return str(self.record.get("subject", f"attempt {self.number}"))


@dataclass(frozen=True)
class Records:
    """All that a run folder says. golden: None where there was no look."""

    run: Mapping[str, Any]
    golden: Mapping[str, Any] | None
    scores: Mapping[str, Mapping[str, Column]]
    answers: Mapping[str, Mapping[str, AnswerRow]]
    tags: Mapping[str, tuple[str, ...]]
    attempts: tuple[Attempt, ...] = field(default=())

    @property
    def best(self) -> Attempt | None:
        """The attempt that the run chose; the last one where it does not say."""
        chosen = [a for a in self.attempts if a.number == self.run.get("best")]
        return chosen[0] if chosen else self.attempts[-1] if self.attempts else None


def read_records(folder: Path) -> Records:
    """Reads a run folder. Raises UserError naming the file, and the key or column, that is missing or broken."""
    if not (folder / "run.json").is_file():
        raise UserError("no run.json: this is not a run folder", str(folder), "name a folder runs/<task>/<run>")
    run = _object(read_json(folder / "run.json"), folder / "run.json")
    golden_path = folder / "golden.json"
    golden = _object(read_json(golden_path), golden_path) if golden_path.is_file() else None
    if golden is not None:
        for key in ("verdicts", "measures", "differences"):
            rows(golden, key, golden_path)
    answers, tags = _answers(folder / "answers.parquet")
    attempts = tuple(_attempt(folder, record) for record in rows(run, "attempts", folder / "run.json"))
    return Records(run, golden, _scores(folder / "scores.parquet"), answers, tags, attempts)


def part(record: Mapping[str, Any], key: str, kind: type[_T]) -> _T | None:
    """An optional entry; None where it is absent or null. Raises UserError for another type."""
    value = record.get(key)
    if value is None:
        return None
    if not isinstance(value, kind):
        raise UserError(f"must be {kind.__name__}, not {value!r:.40}", f'field "{key}" of the run record', _AGAIN)
    return value


def amount(record: Mapping[str, Any], key: str) -> float | None:
    """An optional number; None where it is absent, null or not finite. Raises UserError for what is no number."""
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UserError(f"must be a number, not {value!r:.40}", f'field "{key}" of the run record', _AGAIN)
    return float(value) if math.isfinite(value) else None


def rows(record: Mapping[str, Any], key: str, path: Path) -> list[Mapping[str, Any]]:
    """An optional list of objects; empty where it is absent. Raises UserError naming the file and the key."""
    value = record.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise UserError("must be a list of objects", f'{path}, field "{key}"', _AGAIN)
    return value


def _object(value: Any, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"must be an object, not {type(value).__name__}", str(path), _AGAIN)
    return value


def _attempt(folder: Path, record: Mapping[str, Any]) -> Attempt:
    number = record.get("k")
    if isinstance(number, bool) or not isinstance(number, int):
        where = f'{folder / "run.json"}, field "attempts.k"'
        raise UserError(f"an attempt's number is missing ({number!r:.40})", where, _AGAIN)
    place = folder / "attempts" / str(number)
    return Attempt(number, record, _list(place / "log.json"), _list(place / "verdicts.json"))


def _list(path: Path) -> tuple[Mapping[str, Any], ...]:
    """A file that holds a list of objects; empty where there is none (an attempt that was cut off has none yet)."""
    if not path.is_file():
        return ()
    value = read_json(path)
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise UserError("must be a list of objects", str(path), _AGAIN)
    return tuple(value)


def _frame(path: Path, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    import pandas as pd

    if not path.is_file():
        raise UserError("no such file", str(path), _AGAIN)
    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # pyarrow's errors share no base class
        raise UserError(f"cannot be read as Parquet ({error})"[:200], str(path), _AGAIN) from error
    for column in columns:
        if column not in frame.columns:
            raise UserError(f'the column "{column}" is missing', str(path), _AGAIN)
    return [{str(column): value for column, value in row.items()} for row in frame[list(columns)].to_dict("records")]


def _scores(path: Path) -> dict[str, dict[str, Column]]:
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    about: dict[tuple[str, str], tuple[float, float, str]] = {}
    for row in _frame(path, _SCORES):
        subject, metric, value = str(row["subject"]), str(row["metric"]), row["value"]
        missing = value is None or math.isnan(value)
        found.setdefault(subject, {}).setdefault(metric, {})[str(row["id"])] = None if missing else float(value)
        about[subject, metric] = (float(row["lo"]), float(row["hi"]), str(row["better"]))
    return {
        subject: {
            metric: Column(values, about[subject, metric][:2], about[subject, metric][2])
            for metric, values in metrics.items()
        }
        for subject, metrics in found.items()
    }


def _answers(path: Path) -> tuple[dict[str, dict[str, AnswerRow]], dict[str, tuple[str, ...]]]:
    import json

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
