"""Answers that exist already: those committed with a champion, and those in the user's cache.

collect() asks them first, then the subject, and says how many came from where.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from goldgate.answers.cache import AnswerCache
from goldgate.base.errors import UserError
from goldgate.base.files import write_whole
from goldgate.base.fingerprint import file_digest
from goldgate.subjects.latency import Timing
from goldgate.subjects.subject import Answer, Progress, Subject
from goldgate.task.examples import Example

_FIELDS = tuple(f.name for f in fields(Answer))
_KEEP_EVERY = 16
"""Answers written to the cache at once: a killed run loses at most so many."""


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


class MissingAnswers(UserError):
    """Some answers are neither recorded nor cached, and the subject may not be asked."""


@dataclass(frozen=True)
class Collected:
    """Answers by example id, and how many came from where ("recorded", "cache", "model")."""

    answers: dict[str, Answer]
    counts: dict[str, int]


def collect(
    subject: Subject,
    examples: Sequence[Example],
    *,
    cache: AnswerCache,
    recorded: Recorded | None = None,
    generate: bool = True,
    regenerate: bool = False,
    progress: Progress | None = None,
    begins: Callable[[int], None] | None = None,
) -> Collected:
    """One answer for every example: from the recorded ones, else the cache, else the subject, whose go into the cache.

    generate=False: MissingAnswers instead of asking the subject; regenerate: asks it for everything. progress is told
    how many more are there; begins: told how many the subject is about to be asked. Examples that make the same prompt
    are asked once.
    """
    found: dict[str, Answer] = {}
    if recorded is not None and not regenerate:
        for example in examples:
            if (answer := recorded.lookup(subject.identity, example.digest)) is not None:
                found[example.id] = _as(answer, example)
    open_ = [e for e in examples if e.id not in found]
    keys = {e.id: subject.fingerprint(e) for e in open_}
    cached = {} if regenerate else cache.get_many(keys.values())
    found |= {e.id: _as(cached[keys[e.id]], e) for e in open_ if keys[e.id] in cached}
    todo = [e for e in open_ if e.id not in found]
    if todo and not generate:
        raise MissingAnswers(
            f"{len(todo)} of {len(examples)} answers of {subject.name} are neither recorded nor cached",
            f"first {todo[0].id}",
            "run it where the model may answer",
        )
    if progress is not None and found:
        progress(len(found))
    first: dict[str, Example] = {}
    for example in todo:
        first.setdefault(keys[example.id], example)
    if begins is not None and first:
        begins(len(first))
    made = _generate(subject, list(first.values()), cache, progress) if first else {}
    found |= {e.id: _as(made[keys[e.id]], e) for e in todo}
    if progress is not None and len(todo) > len(first):
        progress(len(todo) - len(first))
    counts = {origin: sum(a.origin == origin for a in found.values()) for origin in ("recorded", "cache", "model")}
    return Collected({e.id: found[e.id] for e in examples}, counts)


def _generate(
    subject: Subject, examples: Sequence[Example], cache: AnswerCache, progress: Progress | None
) -> dict[str, Answer]:
    """Asks the subject; what it has said is in the cache even where it is interrupted."""
    made: dict[str, Answer] = {}
    unsaved: list[Answer] = []
    with cache.held_open():
        try:
            for answer in subject.answer(examples, progress):
                made[answer.fingerprint] = answer
                if not answer.passing:
                    unsaved.append(answer)
                if len(unsaved) >= _KEEP_EVERY:
                    cache.put_many(unsaved, subject.name)
                    unsaved = []
        finally:
            cache.put_many(unsaved, subject.name)
    return made


def _as(answer: Answer, example: Example) -> Answer:
    """The answer under the id of the example that asks now: an id is a name, and may have changed."""
    if (answer.id, answer.example) == (example.id, example.digest):
        return answer
    return replace(answer, id=example.id, example=example.digest)


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
