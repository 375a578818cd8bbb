"""The subject that a run tested on golden, and the result; a promotion and an export begin with it."""

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
    """The parts of golden.json that a promotion needs.

    Attributes:
        subject: Name of the subject that was tested.
        passed: Whether the whole suite passed.
        identity: Digest that identifies the subject.
        suite: Digest of the suite.
        fingerprint: Fingerprint of the golden split.
        look: Name of the look.
        verdicts: The verdicts of its gates.
    """

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
        The subject that the run tested on golden and the contents of golden.json; or, if the run took no look, its best
        attempt and None.

    Raises:
        UserError: There is neither, or golden.json lacks something that a promotion needs.
    """
    golden = _golden(run)
    return (_best(run.read(), run.folder) if golden is None else golden.subject), golden


def _golden(run: Run) -> Tested | None:
    """The run's result on golden; None if it took no look."""
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
