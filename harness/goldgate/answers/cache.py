"""The user's cache of answers: SQLite files that several processes read and write at once, limited in size.

Answers on golden are in a file of their own. If a file grows over its limit, the least recently used answers go first.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from goldgate.answers.given import GivenAnswers, given_answers
from goldgate.base.errors import UserError
from goldgate.base.files import disk_errors
from goldgate.subjects.subject import Answer
from goldgate.task.project import CACHE_BYTES, Project
from goldgate.task.questions import SPLIT as GENERAL

CACHE_FILES = ("answers.sqlite", "golden.sqlite")
_OPEN_SPLITS = ("train", "dev", GENERAL)

DAY = 86_400.0
_SPARED_SECONDS = DAY
"""Answers used within this time are never evicted: a run in progress, this one or another, may need them again."""
_EVICT_TO = 0.9
"""The share of the limit that eviction leaves, so that it does not start again with the next answer."""
_IN_ONE_QUERY = 500  # SQLite's oldest limit on parameters is 999
_WAIT_SECONDS = 30.0
_VERSION = 1  # PRAGMA user_version; version 0 was a table of only fingerprint and answer
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_STARTED = time.time()


@dataclass(frozen=True)
class Use:
    """Answers of one subject that were last used on one day.

    Attributes:
        subject: The subject's name.
        day: The day, in local time.
        answers: How many.
        bytes: Their size.
        reused: How often they were reused.
    """

    subject: str
    day: str
    answers: int
    bytes: int
    reused: int


class AnswerCache:
    """Answers by fingerprint in one SQLite file, shared by several processes; created on first write.

    Args:
        path: The file.
        limit: The most bytes that its answers may take.
        now: The clock, in seconds.
        given: Recorded answers that lie in the project. They are not in the file.

    Raises:
        UserError: The file is damaged, is something else, or cannot be written. Raised by every method.
    """

    def __init__(
        self,
        path: Path,
        limit: int = CACHE_BYTES,
        now: Callable[[], float] = time.time,
        given: GivenAnswers | None = None,
    ) -> None:
        self.path = path
        self.limit = limit
        self.given = given
        self._now = now

    def get_many(self, fingerprints: Iterable[str]) -> dict[str, Answer]:
        """Returns the answers that are cached, by fingerprint, with origin "cache". They count as used now."""
        wanted = sorted(set(fingerprints))
        if not wanted or not self.path.exists():
            return {}
        found: dict[str, Answer] = {}
        with self._open() as db:
            for start in range(0, len(wanted), _IN_ONE_QUERY):
                part = wanted[start : start + _IN_ONE_QUERY]
                marks = ",".join("?" * len(part))
                query = f"SELECT fingerprint, answer FROM answers WHERE fingerprint IN ({marks})"
                read = ((key, self._read(key, text)) for key, text in db.execute(query, part))
                found |= {key: answer for key, answer in read if not _was_refused(answer)}
            self._mark(db, found)
        return found

    def of(self, identities: Iterable[str]) -> list[Answer]:
        """Returns every cached answer of these subjects, with origin "cache", in no particular order."""
        wanted = set(identities)
        if not self.path.exists():
            return []
        with self._open() as db:
            rows = db.execute("SELECT fingerprint, answer, json_extract(answer, '$.identity') FROM answers")
            read = [self._read(key, text) for key, text, identity in rows if identity in wanted]
        return [answer for answer in read if not _was_refused(answer)]

    def put_many(self, answers: Iterable[Answer], subject: str = "") -> None:
        """Adds answers, replacing those with the same fingerprint: all of them or none. Evicts if the limit is
        exceeded.

        Args:
            answers: The answers.
            subject: Whose they are, for people.
        """
        now = self._now()
        rows = [(a.fingerprint, json.dumps(asdict(a), ensure_ascii=False), subject, now) for a in answers]
        if not rows:
            return
        self._make()
        with self._open() as db, db:
            db.executemany(
                "INSERT OR REPLACE INTO answers (fingerprint, answer, subject, used) VALUES (?, ?, ?, ?)", rows
            )
            if _held(db) > self.limit:
                _shrink(db, int(_EVICT_TO * self.limit), min(_STARTED, now - _SPARED_SECONDS))

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """Keeps the file open within the block, because closing it takes as long as writing hundreds of answers.

        The file is created here, so that an unwritable folder is reported before the model is asked.
        """
        self._make()
        with self._open():
            yield

    def prune(self, to: int | None = None, days: float | None = None) -> int:
        """Removes old answers. The file shrinks unless the disk is full or another process reads it.

        Args:
            to: Remove the least recently used answers until so many bytes are left.
            days: Remove first what was not used for so many days.

        Returns:
            How many answers were removed.
        """
        if not self.path.exists():
            return 0
        with self._open() as db:
            with db:
                gone = 0
                if days is not None:
                    before = self._now() - days * DAY
                    gone += db.execute("DELETE FROM answers WHERE used < ?", (before,)).rowcount
                if to is not None:
                    gone += _shrink(db, to, math.inf)
            with suppress(sqlite3.OperationalError):
                db.execute("VACUUM")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def uses(self) -> list[Use]:
        """Returns what is cached, by subject and day of last use (local time). A subject without a name goes by its
        identity.
        """
        if not self.path.exists():
            return []
        who = "CASE subject WHEN '' THEN substr(json_extract(answer, '$.identity'), 1, 12) ELSE subject END"
        with self._open() as db:
            rows = db.execute(
                f"SELECT {who}, date(used, 'unixepoch', 'localtime'), COUNT(*), SUM(length(CAST(answer AS BLOB))),"
                " SUM(reused) FROM answers GROUP BY 1, 2 ORDER BY 1, 2"
            )
            return [Use(*row) for row in rows]

    def disk_bytes(self) -> int:
        """Returns the size of the file on disk, including its write-ahead log."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(f.stat().st_size for f in files if f.is_file())

    def _read(self, key: str, text: str) -> Answer:
        try:
            answer = _ANSWER.validate_json(text)
        except ValidationError as error:
            raise self._damaged(f"the answer {key[:12]} is damaged") from error
        if answer.fingerprint != key:
            raise self._damaged(f"the answer {key[:12]} belongs to another key")
        return replace(answer, origin="cache")

    def _mark(self, db: sqlite3.Connection, keys: Iterable[str]) -> None:
        now = self._now()
        with suppress(sqlite3.OperationalError), db:  # a read-only folder can still serve answers
            db.executemany(
                "UPDATE answers SET used = ?, reused = reused + 1 WHERE fingerprint = ?", [(now, key) for key in keys]
            )

    def _make(self) -> None:
        """Creates the file completely before it appears: switching to WAL would not wait for other processes' locks."""
        from filelock import FileLock

        if self.path.exists():
            return
        with disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with disk_errors(self.path), FileLock(self.path.with_suffix(".lock")):
            if self.path.exists():
                return
            new = self.path.with_suffix(".new")
            new.unlink(missing_ok=True)
            try:
                with closing(sqlite3.connect(new)) as db:
                    db.execute("PRAGMA journal_mode=WAL")
                    db.execute("CREATE TABLE answers (fingerprint TEXT PRIMARY KEY, answer TEXT NOT NULL)")
                    self._upgrade(db)
            except sqlite3.Error as error:
                raise self._unusable(error) from error
            new.replace(self.path)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connect()) as db:
                yield db
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_WAIT_SECONDS)
        try:
            self._upgrade(db)
            db.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last answers, not the file
        except sqlite3.OperationalError as error:
            db.close()
            if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or not self.path.is_file():
                raise
            # WAL needs files next to it; if none can be created, nobody writes, and the file can be read as it is.
            return sqlite3.connect(f"{self.path.resolve().as_uri()}?immutable=1", uri=True)
        except BaseException:
            db.close()
            raise
        return db

    def _upgrade(self, db: sqlite3.Connection) -> None:
        """Adds what the table of an older version lacks, only once even if several processes try."""
        if _version(db) == _VERSION:
            return
        db.execute("BEGIN IMMEDIATE")
        with db:
            if (version := _version(db)) == _VERSION:
                return
            columns = {row[1] for row in db.execute("PRAGMA table_info(answers)")}
            if version > _VERSION or columns != {"fingerprint", "answer"}:
                raise self._damaged("it is not an answer cache of this version")
            db.execute("ALTER TABLE answers ADD COLUMN subject TEXT NOT NULL DEFAULT ''")
            db.execute(f"ALTER TABLE answers ADD COLUMN used REAL NOT NULL DEFAULT {int(self._now())}")
            db.execute("ALTER TABLE answers ADD COLUMN reused INTEGER NOT NULL DEFAULT 0")
            db.execute("CREATE INDEX answers_used ON answers (used)")
            db.execute(f"PRAGMA user_version = {_VERSION}")

    def _damaged(self, what: str) -> UserError:
        return UserError(
            f"the answer cache cannot be used ({what})",
            str(self.path),
            "delete or move the file: its answers are then generated again",
        )

    def _unusable(self, error: sqlite3.Error) -> UserError:
        hints = {
            sqlite3.SQLITE_FULL: "free some disk space and run the same command again",
            sqlite3.SQLITE_IOERR: "free some disk space and run the same command again",
            sqlite3.SQLITE_BUSY: "another process is using it: run again when that is done",
            sqlite3.SQLITE_READONLY: "set GOLDGATE_CACHE to a writable folder",
            sqlite3.SQLITE_CANTOPEN: "set GOLDGATE_CACHE to a writable folder",
        }
        if (hint := hints.get(_code(error))) is None:
            return self._damaged(str(error))
        return UserError(f"the answer cache cannot be used ({error})", str(self.path), hint)


def answer_cache(project: Project, split: str) -> AnswerCache:
    """Returns the cache for answers on a split.

    Answers on golden, and on any split that is not known to be open, are kept apart: training never reads that file.
    """
    path = project.cache / CACHE_FILES[split not in _OPEN_SPLITS]
    return AnswerCache(path, project.cache_bytes, given=given_answers(project, split))


def _was_refused(answer: Answer) -> bool:
    """Returns whether this is what an endpoint refused, which earlier versions kept: it is asked again instead."""
    return answer.text is None and answer.error.startswith("HTTP ")


def _shrink(db: sqlite3.Connection, to: int, before: float) -> int:
    """Removes the least recently used answers older than `before` until `to` bytes are left. Returns how many."""
    removed = 0
    while (held := _held(db)) > to:
        count = db.execute("SELECT COUNT(*) FROM answers").fetchone()[0]
        gone = db.execute(
            "DELETE FROM answers WHERE fingerprint IN"
            " (SELECT fingerprint FROM answers WHERE used < ? ORDER BY used LIMIT ?)",
            (before, math.ceil(count * (held - to) / held)),
        ).rowcount
        if not gone:
            break
        removed += gone
    return removed


def _held(db: sqlite3.Connection) -> int:
    """Returns the bytes of the pages in use: free pages will be filled again."""
    pages, free, size = (
        db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _code(error: sqlite3.Error) -> int:
    """Returns SQLite's primary result code; 0 for an error of the Python module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
