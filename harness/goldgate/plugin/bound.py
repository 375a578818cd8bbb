"""What a look binds: a later run at it must compare the same, from the same answers, and come to the same verdicts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldgate.base.fingerprint import digest, short
from goldgate.ledger import Decided, Look, Outcome, compared_at, read_looks, read_outcome, write_gate, write_outcome
from goldgate.measures import Judged, Verdict, invalid
from goldgate.plugin.tally import SuiteTally

_NEXT = "a look is decided once: restore what has changed, or write the change into the suite, which takes a look anew"


def item_name(item: pytest.Item, suite: Path) -> str:
    """Returns a test's file in its suite's folder and its name, which do not depend on where pytest was started."""
    return f"{os.path.relpath(item.path, suite)}::{item.nodeid.partition('::')[2]}"


@dataclass(frozen=True)
class Answered:
    """A subject's answers to a split.

    Attributes:
        name: The subject's name and the split's, for messages.
        digest: Digest of the answers.
    """

    name: str
    digest: str


@dataclass
class Bound:
    """The look of a run, in the process that decides its gates.

    Attributes:
        folder: golden/<task>/looks.
        look: The look.
        compared: Role → identity, of everybody that the suite compares with.
        write: Whether the ledger may be written.
    """

    folder: Path
    look: Look
    compared: Mapping[str, str]
    write: bool

    def settle(
        self, verdict: Verdict, measure: Judged, item: str, place: int, answered: Mapping[str, Answered]
    ) -> Verdict:
        """Records a verdict with the look, or finds that it contradicts what is recorded there.

        Args:
            verdict: The verdict.
            measure: The measure that was compared.
            item: The test's file in the suite's folder, and its name.
            place: Which of the test's comparisons it is, counted from 0.
            answered: Who answered what → the answers that the verdict was decided from.

        Returns:
            The verdict; an invalid one if it contradicts the record.

        Raises:
            UserError: The ledger is locked, or the record is broken.
        """
        over = short(digest(sorted(measure.evidence.ids)))
        gate = Decided(verdict.gate, verdict.outcome, item, place, verdict.op, verdict.threshold, verdict.reading, over)
        then = compared_at(self.folder, self.look)
        others = [role for role, identity in self.compared.items() if then.get(role, identity) != identity]
        why = f"it was compared with another {others[0]}" if others else ""
        why = why or _difference(read_outcome(self.folder, self.look), gate, answered)
        if not why and self.write:  # another process may have decided the gate meanwhile
            answers = {who: one.digest for who, one in answered.items()}
            why = _difference(write_gate(self.folder, self.look, gate, self.compared, answers), gate, answered)
        if not why:
            return verdict
        return invalid(verdict.gate, f"it differs from look {self.look.number}, where {why}", _NEXT, verdict.level)


def _difference(known: Outcome, gate: Decided, answered: Mapping[str, Answered]) -> str:
    for who, one in answered.items():
        if known.answers.get(who, one.digest) != one.digest:
            return f"it was decided from other answers of {one.name}"
    return known.contradicted(gate)


def check_whole(suite: SuiteTally) -> None:
    """Notes in a suite's facts what its look holds and the run did not decide again.

    Args:
        suite: The suite, after its run.

    Raises:
        UserError: The ledger is broken.
    """
    if (look := _look(suite)) is None or not suite.complete:
        return
    known = read_outcome(_folder(suite), look)
    gone = [row for row in known.gates if row.outcome != "invalid" and not _decided(row, suite)]
    if gone:
        names = ", ".join(dict.fromkeys(row.item or row.gate for row in gone))
        suite.info["left_out"] = [f"look {look.number} has gates that this run lacks: {names}"]
    elif suite.passed and known.passed is False and all(row.outcome != "invalid" for row in known.gates):
        suite.info["left_out"] = [f"it is recorded that the suite did not pass at look {look.number}"]


def write_whole_outcome(suite: SuiteTally) -> None:
    """Records whether a whole suite passed at its look, unless a verdict is invalid: then nothing was decided.

    Args:
        suite: The suite, after its run.

    Raises:
        UserError: The ledger is broken or locked.
    """
    if (look := _look(suite)) is None or not suite.info["writes"]:
        return
    if all(verdict.outcome != "invalid" for verdict in suite.verdicts()):
        write_outcome(_folder(suite), look, suite.verdicts(), suite.passed)


def _decided(row: Decided, suite: SuiteTally) -> bool:
    if not row.item:
        return any(verdict.gate == row.gate for verdict in suite.verdicts())
    items = (i for i in suite.ordered() if i.nodeid == row.item or i.nodeid.endswith(f"/{row.item}"))
    return any(len(item.spoken) > row.place for item in items)


def _folder(suite: SuiteTally) -> Path:
    return Path(suite.root) / "golden" / suite.task / "looks"


def _look(suite: SuiteTally) -> Look | None:
    """The suite's look; None if it took none, or if golden was refreshed during the run, which retired it."""
    if (told := suite.info.get("look")) is None:
        return None
    return next((look for look in read_looks(_folder(suite)) if look.name == told["name"]), None)
