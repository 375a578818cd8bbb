"""Taking a look at golden: checking the ledger, spending a level, and counting the looks that are left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import write_json
from goldgate.base.fingerprint import digest, short
from goldgate.ledger.levels import level
from goldgate.ledger.looks import Look, LookKey, locked, look_of, read_looks
from goldgate.ledger.outcomes import compared_at, has_outcome, is_opened

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
    compared: Mapping[str, str] | None = None,
    examples: Iterable[str] = (),
) -> Look:
    """Finds the look with a key, or records a new one under a lock.

    A look at which the candidate was compared with somebody else is another look: a weaker reference is another
    question.

    Args:
        folder: golden/<task>/looks.
        key: What identifies the look.
        candidate: Name of the candidate, for display.
        date: ISO date of a new look.
        commit: Git commit of a new look; None outside a repository.
        error: The suite's error rate; the first look fixes it.
        write: Whether a new look may be recorded.
        sealed: Whether golden is sealed; the first look fixes it.
        compared: Role → identity, of everybody that the suite compares the candidate with, as far as it is known.
        examples: Fingerprints of golden's examples, for a new look.

    Returns:
        The recorded look, or the new one.

    Raises:
        UserError: The look is not recorded and `write` is False, `check_ledger` rejects the ledger, the error rate
            differs from the first look's, or one more look would wear out golden.
    """
    others = compared or {}
    looks = check_ledger(folder, sealed=sealed)
    if found := find_look(folder, looks, key, others):
        return found
    if not write:
        raise UserError(
            f"this look at golden by {candidate} is not recorded{told(folder, looks, key, others)}",
            str(folder),
            "record it on a machine that may write looks, with"
            f" pytest --split golden --candidate {candidate}, and commit {folder}",
        )
    with locked(folder):
        looks = check_ledger(folder, sealed=sealed)
        return find_look(folder, looks, key, others) or _spend(
            folder,
            looks,
            {
                "key": asdict(key),
                "error": error,
                "candidate": candidate,
                "date": date,
                "commit": commit,
                "compared": dict(sorted(others.items())),
                "examples": " ".join(sorted(examples)),
                **({"sealed": True} if sealed else {}),
            },
        )


def find_look(folder: Path, looks: Sequence[Look], key: LookKey, compared: Mapping[str, str]) -> Look | None:
    """Finds the recorded look with a key and the same references.

    A look of the first release that has no outcome does not say whom it compared with, so it is spent and never found.

    Args:
        folder: golden/<task>/looks.
        looks: The looks of the ledger, sorted by number.
        key: What identifies the look.
        compared: Role → identity, of everybody that the suite compares the candidate with.

    Returns:
        The look; the one with the smaller number if parallel branches recorded it twice; None if there is none.

    Raises:
        UserError: A recorded outcome is broken.
    """
    known = (look for look in looks if look.key == key and (look.compared is not None or has_outcome(folder, look)))
    return next((look for look in known if not _differ(compared_at(folder, look), compared)), None)


def told(folder: Path, looks: Sequence[Look], key: LookKey, compared: Mapping[str, str]) -> str:
    """Says which earlier looks with the same key compared the candidate with somebody else.

    Args:
        folder: golden/<task>/looks.
        looks: The earlier looks.
        key: What identifies the look.
        compared: Role → identity, of everybody that the suite compares the candidate with now.

    Returns:
        The words, which begin with a colon; empty if there are none.

    Raises:
        UserError: A recorded outcome is broken.
    """
    odd = ((look, _differ(compared_at(folder, look), compared)) for look in looks if look.key == key)
    said = [f"look {look.number} compared it with another {' and '.join(roles)}" for look, roles in odd if roles]
    return f": {', '.join(said)}" if said else ""


def _differ(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The roles that somebody else played."""
    return [role for role in now if then.get(role, now[role]) != now[role]]


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


def _spend(folder: Path, looks: Sequence[Look], facts: Mapping[str, Any]) -> Look:
    """Writes a new look with the next number."""
    error = float(facts["error"])
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
        **facts,
        "number": number,
        "level": level(number, error),
        "known": sorted(look.name for look in looks),
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
