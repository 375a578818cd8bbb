"""The ledger of looks at golden: one small immutable file a look, written before any score is shown.

A look is a distinct triple of golden's content, the candidate's identity and the suite. The same triple again is the
same look. The ledger guards against forgetting, not against fraud.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.files import read_json, write_json, write_whole
from harness.fingerprint import digest, short
from harness.gates.policy import level
from harness.measures import Verdict

LIMIT = 2.0  # times the suite's error: what looks on parallel branches may spend together before golden is worn out
_OUTCOME = ".outcome.json"
_LOCK = ".lock"
_PATIENCE = 60.0  # seconds; a look is written in milliseconds


@dataclass(frozen=True)
class LookKey:
    """What makes a look: digests of golden's content, of the candidate's identity, and of the suite."""

    golden: str
    candidate: str
    suite: str


@dataclass(frozen=True)
class Look:
    """One look at golden. number: counted from 1; level: per side; name: its file's; new: whether it was just spent."""

    number: int
    level: float
    name: str
    new: bool
    key: LookKey
    error: float
    known: tuple[str, ...]


def open_look(
    folder: Path, key: LookKey, *, candidate: str, date: str, commit: str | None, error: float, write: bool
) -> Look:
    """The look of this key: the recorded one, or a new one, written to `folder` (golden/<task>/looks) under a lock.

    candidate: the subject's name, for people; date: ISO; commit: git's, where there is one; error: the suite's, fixed
    by the first look. With write=False nothing is written, and a look that is not recorded raises UserError, as does a
    ledger that is edited, lacks a file, or has spent so much on parallel branches that golden decides nothing more.
    """
    looks = read_looks(folder)
    found = _find(looks, key)
    if found:
        return found
    if not write:
        raise UserError(
            f"this look at golden by {candidate} is not recorded", str(folder),
            f"record it where looks may be written: pytest --split golden --candidate {candidate}, and commit {folder}",
        )
    from filelock import FileLock, Timeout

    if not folder.exists():
        write_whole(folder / ".gitignore", f"{_LOCK}\n")
    try:
        with FileLock(folder / _LOCK, timeout=_PATIENCE):
            looks = read_looks(folder)
            return _find(looks, key) or _spend(folder, looks, key, candidate, date, commit, error)
    except Timeout as late:
        raise UserError("another process holds the ledger of looks", str(folder), "wait for it to end") from late


def _find(looks: Sequence[Look], key: LookKey) -> Look | None:
    """The recorded look of a key; of two that branches wrote apart, the one with the smaller number."""
    return next((look for look in looks if look.key == key), None)


def _spend(
    folder: Path, looks: Sequence[Look], key: LookKey, candidate: str, date: str, commit: str | None, error: float
) -> Look:
    if looks and looks[0].error != error:
        raise UserError(
            f"error is {error:g} in task.yaml, but the looks at this golden split were taken with {looks[0].error:g}",
            str(folder), "put it back; it is fixed by the first look",
        )
    number = len(looks) + 1
    if (used := spent(looks) + level(number, error)) > LIMIT * error:
        raise UserError(
            f"one look more brings the chance of a false promotion to {used:.1%}, more than {LIMIT * error:.1%}",
            str(folder), "looks on parallel branches wore this golden split out: draw a new one",
        )
    content = {
        "key": asdict(key), "number": number, "level": level(number, error), "error": error, "candidate": candidate,
        "date": date, "commit": commit, "known": sorted(look.name for look in looks),
    }
    name = short(digest(content))
    write_json(folder / f"{name}.json", content)
    return _look(name, content, new=True)


def read_looks(folder: Path) -> tuple[Look, ...]:
    """All looks of a ledger by number; none where there is no folder. UserError for an edited or missing file."""
    files = [p for p in sorted(folder.glob("*.json")) if not p.name.endswith(_OUTCOME)]
    looks = [_read(p) for p in files]
    check_named(folder, (name for look in looks for name in look.known))
    check_named(folder, (p.name.removesuffix(_OUTCOME) for p in folder.glob(f"*{_OUTCOME}")))
    return tuple(sorted(looks, key=lambda look: (look.number, look.name)))


def check_named(folder: Path, names: Iterable[str]) -> None:
    """UserError where a look that another file (a look, champion.json, a run.json) names is not in the ledger."""
    for name in names:
        if not (folder / f"{name}.json").is_file():
            raise UserError(
                f"look {name} is named elsewhere but is not in the ledger", str(folder),
                "restore it from version control; a ledger that lacks looks decides nothing",
            )


def _read(path: Path) -> Look:
    content = read_json(path)
    if short(digest(content)) != path.stem:
        raise UserError("this look was edited: its content does not match its name", str(path),
                        "restore it from version control")
    return _look(path.stem, content, new=False)


def _look(name: str, content: dict[str, Any], new: bool) -> Look:
    key = LookKey(**content["key"])
    return Look(content["number"], content["level"], name, new, key, content["error"], tuple(content["known"]))


def spent(looks: Iterable[Look]) -> float:
    """Sum of the levels spent: the chance of a false promotion. Parallel branches may bring it over `error`."""
    return sum(look.level for look in looks)


def write_outcome(folder: Path, look: Look, verdicts: Sequence[Verdict], passed: bool, opened: bool = False) -> None:
    """Writes what came of a look beside it: a verdict a gate, in the suite's order. It is never counted as a look.

    passed: whether the whole suite did, its tests without a gate included; opened: whether golden's examples were
    shown.
    """
    passed = passed and bool(verdicts) and all(verdicts)
    rows = [{"gate": v.gate, "outcome": v.outcome} for v in verdicts]
    write_json(folder / f"{look.name}{_OUTCOME}", {"look": look.name, "pass": passed, "opened": opened, "gates": rows})
