"""The ledger of looks at golden: one small immutable file per look, written before any score is shown.

A look is identified by golden's content, the candidate's identity, the suite, and the identities of everybody that the
suite compares with; repeating the same is the same look. The ledger protects against forgetting looks, not against
fraud.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_whole
from goldgate.base.fingerprint import digest, short

OUTCOME = ".outcome.json"
"""Suffix of the file next to a look that holds its outcome."""
_LOCK = ".lock"
_PATIENCE = 60.0  # seconds to wait for the lock; a look is written in milliseconds


@dataclass(frozen=True)
class LookKey:
    """The digests that identify a look.

    Attributes:
        golden: Fingerprint of the golden split.
        candidate: Digest of the candidate's identity.
        suite: Digest of the suite.
    """

    golden: str
    candidate: str
    suite: str


@dataclass(frozen=True)
class Look:
    """One look at golden.

    Attributes:
        number: Counted from 1.
        level: Level of its tests, per side.
        name: Name of its file without the suffix.
        new: Whether it was only now added to the ledger.
        key: What identifies it.
        error: The suite's error rate when it was taken.
        known: Names of the looks that the ledger held before it.
        sealed: Whether it showed only verdicts.
        opened: Whether golden's examples had been shown before it.
        compared: Role → identity, of everybody that the suite compares the candidate with; None in a look of the first
            release, which did not record it.
        examples: Fingerprints of golden's examples; empty in a look of the first release.
    """

    number: int
    level: float
    name: str
    new: bool
    key: LookKey
    error: float
    known: tuple[str, ...]
    sealed: bool
    opened: bool
    compared: Mapping[str, str] | None = None
    examples: frozenset[str] = frozenset()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Context manager that holds the ledger's lock.

    Args:
        folder: golden/<task>/looks; it is created if it does not exist.

    Raises:
        UserError: Another process has held the lock for a minute, or the ledger cannot be written.
    """
    from filelock import FileLock, Timeout

    if not folder.exists():
        write_whole(folder / ".gitignore", f"{_LOCK}\n")
    try:
        held = FileLock(folder / _LOCK, timeout=_PATIENCE).acquire()
    except Timeout as late:
        raise UserError("another process is using the ledger of looks", str(folder), "wait for it to finish") from late
    except OSError as error:
        raise UserError(
            f"the ledger of looks cannot be written ({error.strerror})",
            str(folder),
            "make the folder writable: a verdict on golden counts only if its look is recorded",
        ) from error
    with held:
        yield


def read_looks(folder: Path) -> tuple[Look, ...]:
    """Reads all looks of a ledger.

    Args:
        folder: golden/<task>/looks.

    Returns:
        The looks, sorted by number; empty if the folder does not exist.

    Raises:
        UserError: A look was edited, or a look that another file names is missing.
    """
    files = [p for p in sorted(folder.glob("*.json")) if not p.name.endswith(OUTCOME)]
    looks = [_read(p) for p in files]
    check_named(folder, (name for look in looks for name in look.known))
    check_named(folder, (p.name.removesuffix(OUTCOME) for p in folder.glob(f"*{OUTCOME}")))
    return tuple(sorted(looks, key=lambda look: (look.number, look.name)))


def check_named(folder: Path, names: Iterable[str]) -> None:
    """Checks that looks named by other files (a look, champion.json, a run.json) exist.

    Args:
        folder: golden/<task>/looks.
        names: The names of the looks.

    Raises:
        UserError: A look is neither in the ledger nor in a retired one (golden/<task>/retired/).
    """
    retired: set[str] | None = None
    for name in names:
        if (folder / f"{name}.json").is_file():
            continue
        if retired is None:
            retired = {p.stem for p in (folder.parent / "retired").glob("**/looks/*.json")}
        if name not in retired:
            raise UserError(
                f"look {name} is referred to by another file but is not in the ledger",
                str(folder),
                "restore it from version control; an incomplete ledger cannot decide anything",
            )


def _read(path: Path) -> Look:
    content = read_json(path)
    if short(digest(content)) != path.stem:
        raise UserError(
            "this look was edited: its content does not match its file name",
            str(path),
            "restore it from version control",
        )
    return look_of(path.stem, content, new=False)


def look_of(name: str, content: dict[str, Any], new: bool) -> Look:
    """Builds a look from the contents of its file.

    Args:
        name: Name of the file without the suffix.
        content: The file's JSON value.
        new: Whether it was only now added to the ledger.

    Returns:
        The look.
    """
    key = LookKey(**content["key"])
    return Look(
        content["number"],
        content["level"],
        name,
        new,
        key,
        content["error"],
        tuple(content["known"]),
        content.get("sealed", False),
        content.get("opened", False),
        content.get("compared"),
        frozenset(content.get("examples", "").split()),
    )
