"""Taking a look at golden: checking the ledger, spending a level, and counting the looks that are left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import write_json
from goldgate.base.fingerprint import digest, short
from goldgate.ledger.levels import level
from goldgate.ledger.looks import Look, LookKey, find_look, locked, look_of, read_looks
from goldgate.ledger.outcomes import is_opened

LIMIT = 2.0  # times the suite's error: what looks on parallel branches may spend in total before golden is worn out
_ROUNDING = 1e-12  # floating-point sums of levels are not exact


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
    """Finds the look with a key, or records a new one under a lock.

    Args:
        folder: golden/<task>/looks.
        key: What identifies the look.
        candidate: Name of the candidate, for display.
        date: ISO date of a new look.
        commit: Git commit of a new look; None outside a repository.
        error: The suite's error rate; the first look fixes it.
        write: Whether a new look may be recorded.
        sealed: Whether golden is sealed; the first look fixes it.

    Returns:
        The recorded look, or the new one.

    Raises:
        UserError: The look is not recorded and `write` is False, `check_ledger` rejects the ledger, the error rate
            differs from the first look's, or one more look would wear out golden.
    """
    found = find_look(check_ledger(folder, sealed=sealed), key)
    if found:
        return found
    if not write:
        raise UserError(
            f"this look at golden by {candidate} is not recorded",
            str(folder),
            "record it on a machine that may write looks, with"
            f" pytest --split golden --candidate {candidate}, and commit {folder}",
        )
    with locked(folder):
        looks = check_ledger(folder, sealed=sealed)
        return find_look(looks, key) or _spend(folder, looks, key, candidate, date, commit, error, sealed)


def check_ledger(folder: Path, *, sealed: bool) -> tuple[Look, ...]:
    """Reads a ledger and checks that golden can still decide.

    Args:
        folder: golden/<task>/looks.
        sealed: Whether golden is sealed in task.yaml.

    Returns:
        The looks, sorted by number.

    Raises:
        UserError: A look was edited or is missing, looks on parallel branches have worn out golden, or earlier looks
            were taken with the other value of `sealed`.
    """
    looks = read_looks(folder)
    most = LIMIT * min(
        (look.error for look in looks), default=0.0
    )  # parallel branches may have fixed different error rates
    if (used := spent(looks)) > most + _ROUNDING:
        raise UserError(
            f"the {len(looks)} looks raise the chance of a false promotion to {used:.1%}, more than {most:.1%}",
            str(folder),
            f"this golden split is worn out; {_anew(folder)}",
        )
    if any(look.sealed != sealed for look in looks):
        now, then = ("sealed", "closed") if sealed else ("closed", "sealed")
        raise UserError(
            f"golden is {now} in task.yaml, but an earlier look at this golden split was taken with `golden: {then}`",
            str(folder),
            f"restore `golden: {then}`, which the first look fixed, or {_anew(folder)}",
        )
    return looks


def _anew(folder: Path) -> str:
    return f"refresh golden: goldgate prepare {folder.parent.name} --refresh-golden --from FILE"


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
            f"error is {error:g} in task.yaml, but an earlier look at this golden split was taken with {other:g}",
            str(folder),
            f"restore `error: {other:g}`, which the first look fixed",
        )
    number = len(looks) + 1
    if (used := spent(looks) + level(number, error)) > LIMIT * error + _ROUNDING:
        raise UserError(
            f"one more look would raise the chance of a false promotion to {used:.1%}, more than {LIMIT * error:.1%}",
            str(folder),
            f"looks on parallel branches have worn out this golden split; {_anew(folder)}",
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
    return look_of(name, content, new=True)


def spent(looks: Iterable[Look]) -> float:
    """Sums the levels of looks, which bounds the chance of a false promotion.

    Args:
        looks: The looks of a ledger.

    Returns:
        The sum; looks on parallel branches can push it above the suite's error rate.
    """
    return sum(look.level for look in looks)


def looks_left(looks: Sequence[Look], error: float, most: int) -> int:
    """Counts the further looks that keep the sum of the levels within the error rate.

    Without parallel branches the sum never exceeds it; branches that spent the same levels leave fewer looks.

    Args:
        looks: The looks of the ledger.
        error: The suite's error rate.
        most: Where to stop counting.

    Returns:
        The number of looks left, from 0 to `most`.
    """
    used, left = spent(looks), 0
    while left < most and (used := used + level(len(looks) + left + 1, error)) <= error + _ROUNDING:
        left += 1
    return left
