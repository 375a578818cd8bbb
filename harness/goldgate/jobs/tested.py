"""Whom a run tested on golden, and what came of it: what a promotion and an export begin with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.measures import Verdict
from goldgate.runs.folder import Run
from goldgate.runs.part import needed
from goldgate.runs.record import RunRecord


@dataclass(frozen=True)
class Tested:
    """Of golden.json, what a promotion cannot do without. fingerprint: golden's; look: its name."""

    subject: str
    passed: bool
    identity: str
    suite: str
    fingerprint: str
    look: str
    verdicts: tuple[Verdict, ...]


def tested_candidate(run: Run) -> tuple[str, Tested | None]:
    """Finds the subject that a run is about.

    Args:
        run: The run.

    Returns:
        The subject that the run put to golden, and what golden.json says of it; its best attempt and None where it has
        not looked.

    Raises:
        UserError: There is neither, or golden.json lacks what a promotion needs.
    """
    golden = _golden(run)
    return (_best(run.read(), run.folder) if golden is None else golden.subject), golden


def _golden(run: Run) -> Tested | None:
    """What the run came to on golden; None where it has not looked at it."""
    golden = run.golden()
    if golden is None:
        return None
    where, hint = str(run.folder / "golden.json"), "train again"
    split, look = needed(golden.split, "split", where, hint), needed(golden.look, "look", where, hint)
    return Tested(
        needed(golden.subject, "subject", where, hint),
        needed(golden.passed, "passed", where, hint),
        needed(golden.identity, "identity", where, hint),
        needed(golden.suite, "suite", where, hint),
        needed(split.fingerprint, "split.fingerprint", where, hint),
        look.name,
        tuple(row.verdict for row in needed(golden.verdicts, "verdicts", where, hint)),
    )


def _best(record: RunRecord, folder: Path) -> str:
    if record.chosen is not None and record.chosen.subject is not None:
        return record.chosen.subject
    raise UserError("the run has no finished attempt", str(folder), "let it train to the end")
