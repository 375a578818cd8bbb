"""The outcomes of looks: whether the suite passed, and whether golden's examples were shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goldgate.base.files import check_object, read_json, write_json
from goldgate.ledger.looks import OUTCOME, Look, LookKey, find_look, locked, read_looks
from goldgate.measures import Verdict


def write_outcome(folder: Path, look: Look, verdicts: Sequence[Verdict], passed: bool) -> None:
    """Writes the outcome of a look next to it, unless one was already written. An outcome never counts as a look.

    Args:
        folder: golden/<task>/looks.
        look: The look.
        verdicts: One verdict per gate, in the suite's order.
        passed: Whether the whole suite passed, including its tests without a gate.

    Raises:
        UserError: The ledger is locked, or a recorded outcome is broken.
    """
    passed = passed and bool(verdicts) and all(verdicts)
    rows = [{"gate": v.gate, "outcome": v.outcome} for v in verdicts]
    with locked(folder):
        known = _outcome(folder, look)
        if known["pass"] is None:
            write_json(folder / f"{look.name}{OUTCOME}", {**known, "pass": passed, "gates": rows})


def has_passed(folder: Path, key: LookKey) -> bool | None:
    """Looks up whether the whole suite passed at a look.

    Args:
        folder: golden/<task>/looks.
        key: What identifies the look.

    Returns:
        The result of the first complete run of the suite; None if there was no such look or no run completed.

    Raises:
        UserError: As for `read_looks`.
    """
    look = find_look(read_looks(folder), key)
    return None if look is None else _outcome(folder, look)["pass"]


def mark_opened(folder: Path, look: Look) -> None:
    """Records that golden's examples are shown at this look. Call it before showing any.

    Args:
        folder: golden/<task>/looks.
        look: The look.

    Raises:
        UserError: The ledger is locked, or a recorded outcome is broken.
    """
    with locked(folder):
        known = _outcome(folder, look)
        if not known["opened"]:
            write_json(folder / f"{look.name}{OUTCOME}", {**known, "opened": True})


def is_opened(folder: Path) -> bool:
    """Finds out whether examples of this golden split were ever shown, after which no pass has an error rate.

    Later looks record it too, so that losing an outcome file does not close golden again.

    Args:
        folder: golden/<task>/looks.

    Returns:
        True if any were shown.

    Raises:
        UserError: As for `read_looks`.
    """
    return any(_read_outcome(p)["opened"] for p in folder.glob(f"*{OUTCOME}")) or any(
        look.opened for look in read_looks(folder)
    )


def _outcome(folder: Path, look: Look) -> dict[str, Any]:
    """The recorded outcome of a look; its "pass" is None until a run of the whole suite has completed."""
    path = folder / f"{look.name}{OUTCOME}"
    return _read_outcome(path) if path.exists() else {"look": look.name, "pass": None, "opened": False, "gates": []}


def _read_outcome(path: Path) -> dict[str, Any]:
    return check_object(
        read_json(path),
        str(path),
        "restore it from version control",
        **{"look": str, "pass": bool | None, "opened": bool, "gates": list},
    )
