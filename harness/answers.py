"""Answers that exist already: the user's cache, and those committed with a champion.

collect() asks them first, then the subject, and says how many came from where.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.examples import Example
from harness.files import write_whole
from harness.fingerprint import file_digest
from harness.subjects.latency import Timing
from harness.subjects.subject import Answer, Progress, Subject

_FIELDS = tuple(f.name for f in fields(Answer))
_IN_ONE_QUERY = 500  # SQLite's oldest limit on parameters is 999
_KEEP_EVERY = 16
"""Answers written to the cache at once: a killed run loses at most so many."""
_WAIT_SECONDS = 30.0


class AnswerCache:
    """Answers by fingerprint in one SQLite file, for several processes at a time; made when first written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_many(self, fingerprints: Iterable[str]) -> dict[str, Answer]:
        """The answers that are here, by fingerprint, with origin "cache"."""
        wanted = sorted(set(fingerprints))
        if not wanted or not self._path.is_file():
            return {}
        found: dict[str, Answer] = {}
        with self._open() as db:
            for start in range(0, len(wanted), _IN_ONE_QUERY):
                part = wanted[start : start + _IN_ONE_QUERY]
                marks = ",".join("?" * len(part))
                query = f"SELECT fingerprint, answer FROM answers WHERE fingerprint IN ({marks})"
                for key, text in db.execute(query, part):
                    found[key] = replace(_answer(json.loads(text)), origin="cache")
        return found

    def put_many(self, answers: Iterable[Answer]) -> None:
        """Adds answers, or replaces those with the same fingerprint, all of them or none."""
        rows = [(a.fingerprint, json.dumps(asdict(a), ensure_ascii=False)) for a in answers]
        if not rows:
            return
        self._make()
        with self._open() as db, db:
            db.executemany("INSERT OR REPLACE INTO answers (fingerprint, answer) VALUES (?, ?)", rows)

    def _make(self) -> None:
        """Makes the file, whole: going over to WAL does not wait for other processes, however long they may."""
        from filelock import FileLock

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            if self._path.is_file():
                return
            new = self._path.with_suffix(".new")
            new.unlink(missing_ok=True)
            try:
                with closing(sqlite3.connect(new)) as db:
                    db.execute("PRAGMA journal_mode=WAL")
                    db.execute("CREATE TABLE answers (fingerprint TEXT PRIMARY KEY, answer TEXT NOT NULL)")
            except sqlite3.Error as error:
                raise self._unusable(error) from error
            new.replace(self._path)

    def _unusable(self, error: sqlite3.Error) -> UserError:
        return UserError(f"the answer cache cannot be used ({error})", str(self._path),
                         "free some disk space, or delete the file: its answers are then generated again")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_WAIT_SECONDS)) as db:
                yield db
        except sqlite3.Error as error:
            raise self._unusable(error) from error


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
            raise UserError(f"the recorded answers cannot be read ({error})", str(path),
                            "restore the file from version control") from error
        self._at = {(row["identity"], row["example"]): row for row in self.rows}

    def lookup(self, identity: str, example: str) -> Answer | None:
        """The recorded answer of that subject to the example with that digest, with origin "recorded"."""
        row = self._at.get((identity, example))
        return None if row is None else replace(_answer(row), origin="recorded")

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
) -> Collected:
    """One answer for every example: from the recorded ones, else the cache, else the subject, whose go into the cache.

    generate=False: UserError instead of asking the subject; regenerate: asks it for everything. progress is told how
    many more are there. Examples that make the same prompt are asked once.
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
        raise UserError(f"{len(todo)} of {len(examples)} answers of {subject.name} are neither recorded nor cached",
                        f"first {todo[0].id}", "run it where the model may answer")
    if progress is not None and found:
        progress(len(found))
    first: dict[str, Example] = {}
    for example in todo:
        first.setdefault(keys[example.id], example)
    made = _generate(subject, list(first.values()), cache, progress)
    found |= {e.id: _as(made[keys[e.id]], e) for e in todo}
    if progress is not None and len(todo) > len(first):
        progress(len(todo) - len(first))
    counts = {origin: sum(a.origin == origin for a in found.values()) for origin in ("recorded", "cache", "model")}
    return Collected({e.id: found[e.id] for e in examples}, counts)


def _generate(subject: Subject, examples: Sequence[Example], cache: AnswerCache,
              progress: Progress | None) -> dict[str, Answer]:
    """Asks the subject; what it has said is in the cache even where it is interrupted."""
    made: dict[str, Answer] = {}
    unsaved: list[Answer] = []
    try:
        for answer in subject.answer(examples, progress) if examples else ():
            made[answer.fingerprint] = answer
            unsaved.append(answer)
            if len(unsaved) >= _KEEP_EVERY:
                cache.put_many(unsaved)
                unsaved = []
    finally:
        cache.put_many(unsaved)
    return made


def _as(answer: Answer, example: Example) -> Answer:
    """The answer under the id of the example that asks now: an id is a name, and may have changed."""
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
