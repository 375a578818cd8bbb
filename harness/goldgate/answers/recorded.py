"""Recorded answers: committed with a champion, kept with a run, or shipped with a demo."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import write_whole
from goldgate.base.fingerprint import file_digest
from goldgate.subjects.latency import Timing
from goldgate.subjects.subject import Answer

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
