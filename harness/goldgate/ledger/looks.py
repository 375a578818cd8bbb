"""The ledger of looks at golden: one small immutable file a look, written before any score is shown.

A look is a distinct triple of golden's content, the candidate's identity and the suite. The same triple again is the
same look. The ledger guards against forgetting, not against fraud.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json, write_json, write_whole
from goldgate.base.fingerprint import digest, short
from goldgate.ledger.levels import level
from goldgate.measures import Verdict

LIMIT = 2.0  # times the suite's error: what looks on parallel branches may spend together before golden is worn out
_OUTCOME = ".outcome.json"
_LOCK = ".lock"
_PATIENCE = 60.0  # seconds; a look is written in milliseconds
_ROUNDING = 1e-12  # sums of levels are not exact


@dataclass(frozen=True)
class LookKey:
    """What makes a look: digests of golden's content, of the candidate's identity, and of the suite."""

    golden: str
    candidate: str
    suite: str


@dataclass(frozen=True)
class Look:
    """One look at golden. number: counted from 1; level: per side; name: its file's; new: whether it was just spent;
    sealed: whether it showed verdicts alone; opened: whether golden's examples had been shown before it.
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


def open_look(
    folder: Path,
    key: LookKey,
    *,
    candidate: str,
    date: str,
    commit: str | None,
    error: float,
    write: bool,
    sealed: bool = False,
) -> Look:
    """The look of this key: the recorded one, or a new one, written to `folder` (golden/<task>/looks) under a lock.

    candidate: the subject's name, for people; date: ISO; commit: git's, where there is one; error, sealed: the suite's,
    fixed by the first look. With write=False nothing is written, and a look that is not recorded raises UserError, as
    does a ledger that `check_ledger` refuses, or that one look more would wear out.
    """
    found = _find(check_ledger(folder, sealed=sealed), key)
    if found:
        return found
    if not write:
        raise UserError(
            f"this look at golden by {candidate} is not recorded",
            str(folder),
            f"record it where looks may be written: pytest --split golden --candidate {candidate}, and commit {folder}",
        )
    with locked(folder):
        looks = check_ledger(folder, sealed=sealed)
        return _find(looks, key) or _spend(folder, looks, key, candidate, date, commit, error, sealed)


def check_ledger(folder: Path, *, sealed: bool) -> tuple[Look, ...]:
    """The looks of a ledger that may decide. Raises UserError for one that is edited, lacks a file, has spent so much
    on parallel branches that golden decides nothing more, or was begun with the other of closed and sealed.
    """
    looks = read_looks(folder)
    most = LIMIT * min((look.error for look in looks), default=0.0)  # branches may have fixed different ones
    if (used := spent(looks)) > most + _ROUNDING:
        raise UserError(
            f"the {len(looks)} looks bring the chance of a false promotion to {used:.1%}, more than {most:.1%}",
            str(folder),
            f"they wore this golden split out: {_anew(folder)}",
        )
    if any(look.sealed != sealed for look in looks):
        now, then = ("sealed", "closed") if sealed else ("closed", "sealed")
        raise UserError(
            f"golden is {now} in task.yaml, but a look at this golden split was taken with golden: {then}",
            str(folder),
            f"put it back, it is fixed by the first look; or {_anew(folder)}",
        )
    return looks


def _anew(folder: Path) -> str:
    return f"refresh golden: goldgate prepare {folder.parent.name} --refresh-golden --from FILE"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the ledger's lock. Raises UserError where another process keeps it."""
    from filelock import FileLock, Timeout

    if not folder.exists():
        write_whole(folder / ".gitignore", f"{_LOCK}\n")
    try:
        with FileLock(folder / _LOCK, timeout=_PATIENCE):
            yield
    except Timeout as late:
        raise UserError("another process holds the ledger of looks", str(folder), "wait for it to end") from late


def _find(looks: Sequence[Look], key: LookKey) -> Look | None:
    """The recorded look of a key; of two that branches wrote apart, the one with the smaller number."""
    return next((look for look in looks if look.key == key), None)


def _spend(
    folder: Path,
    looks: Sequence[Look],
    key: LookKey,
    candidate: str,
    date: str,
    commit: str | None,
    error: float,
    sealed: bool,
) -> Look:
    if other := next((look.error for look in looks if look.error != error), None):
        raise UserError(
            f"error is {error:g} in task.yaml, but a look at this golden split was taken with {other:g}",
            str(folder),
            "put it back; it is fixed by the first look",
        )
    number = len(looks) + 1
    if (used := spent(looks) + level(number, error)) > LIMIT * error + _ROUNDING:
        raise UserError(
            f"one look more brings the chance of a false promotion to {used:.1%}, more than {LIMIT * error:.1%}",
            str(folder),
            f"looks on parallel branches wore this golden split out: {_anew(folder)}",
        )
    content = {
        "key": asdict(key),
        "number": number,
        "level": level(number, error),
        "error": error,
        "candidate": candidate,
        "date": date,
        "commit": commit,
        "known": sorted(look.name for look in looks),
        **({"sealed": True} if sealed else {}),
        **({"opened": True} if is_opened(folder) else {}),
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
    """UserError where a look that another file (a look, champion.json, a run.json) names is neither in the ledger nor
    in one that was retired (golden/<task>/retired/).
    """
    retired: set[str] | None = None
    for name in names:
        if (folder / f"{name}.json").is_file():
            continue
        if retired is None:
            retired = {p.stem for p in (folder.parent / "retired").glob("**/looks/*.json")}
        if name not in retired:
            raise UserError(
                f"look {name} is named elsewhere but is not in the ledger",
                str(folder),
                "restore it from version control; a ledger that lacks looks decides nothing",
            )


def _read(path: Path) -> Look:
    content = read_json(path)
    if short(digest(content)) != path.stem:
        raise UserError(
            "this look was edited: its content does not match its name", str(path), "restore it from version control"
        )
    return _look(path.stem, content, new=False)


def _look(name: str, content: dict[str, Any], new: bool) -> Look:
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
    )


def spent(looks: Iterable[Look]) -> float:
    """Sum of the levels spent: the chance of a false promotion. Parallel branches may bring it over `error`."""
    return sum(look.level for look in looks)


def looks_left(looks: Sequence[Look], error: float, most: int) -> int:
    """How many more looks, `most` at the most, keep the sum of the levels spent within `error`. On one line of history
    that is all of them; parallel branches that spent the same levels leave fewer.
    """
    used, left = spent(looks), 0
    while left < most and (used := used + level(len(looks) + left + 1, error)) <= error + _ROUNDING:
        left += 1
    return left


def write_outcome(folder: Path, look: Look, verdicts: Sequence[Verdict], passed: bool) -> None:
    """Writes what came of a look beside it, once: a verdict a gate, in the suite's order. It is never counted as a
    look. passed: whether the whole suite did, its tests without a gate included.
    """
    passed = passed and bool(verdicts) and all(verdicts)
    rows = [{"gate": v.gate, "outcome": v.outcome} for v in verdicts]
    with locked(folder):
        known = _outcome(folder, look)
        if known["pass"] is None:
            write_json(folder / f"{look.name}{_OUTCOME}", {**known, "pass": passed, "gates": rows})


def has_passed(folder: Path, key: LookKey) -> bool | None:
    """Whether the ledger says that the whole suite passed at the look of this key, when it first ended; None where
    there was no such look, or it did not end. Raises UserError as read_looks.
    """
    look = _find(read_looks(folder), key)
    return None if look is None else _outcome(folder, look)["pass"]


def mark_opened(folder: Path, look: Look) -> None:
    """Records that golden's examples are shown at this look. It is to be called before any is."""
    with locked(folder):
        known = _outcome(folder, look)
        if not known["opened"]:
            write_json(folder / f"{look.name}{_OUTCOME}", {**known, "opened": True})


def is_opened(folder: Path) -> bool:
    """Whether examples of this golden split were ever shown: no pass has an error rate then. Later looks say it too, so
    that an outcome that is lost does not close golden again.
    """
    return any(_read_outcome(p)["opened"] for p in folder.glob(f"*{_OUTCOME}")) or any(
        look.opened for look in read_looks(folder)
    )


def _outcome(folder: Path, look: Look) -> dict[str, Any]:
    """What is known of a look. pass: None while no whole run of its suite has ended."""
    path = folder / f"{look.name}{_OUTCOME}"
    return _read_outcome(path) if path.exists() else {"look": look.name, "pass": None, "opened": False, "gates": []}


def _read_outcome(path: Path) -> dict[str, Any]:
    return check_object(
        read_json(path),
        str(path),
        "restore it from version control",
        **{"look": str, "pass": bool | None, "opened": bool, "gates": list},
    )
