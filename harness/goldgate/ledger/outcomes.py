"""The outcomes of looks: what was compared, what each gate came to, and whether golden's examples were shown.

A look is taken once. Its outcome binds every later run at it: a gate is written the moment it is decided, by a partial
run too, and never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from goldgate.base.files import check_object, read_json, write_json
from goldgate.ledger.looks import OUTCOME, Look, LookKey, locked, read_looks
from goldgate.measures import Verdict


@dataclass(frozen=True)
class Decided:
    """One gate of a look, as it was evaluated.

    Attributes:
        gate: The gate as written.
        outcome: What it came to.
        item: The test's file in the suite's folder and its name; empty in the ledgers of the first release.
        place: Which of the item's comparisons it is, counted from 0.
        op: The comparison.
        threshold: What the measure was compared with.
        reading: The reading that decided.
        over: Digest of the ids of the examples that it was compared over.
    """

    gate: str
    outcome: str
    item: str = ""
    place: int = 0
    op: str = ""
    threshold: float = 0.0
    reading: str = ""
    over: str = ""

    def to_json(self) -> dict[str, Any]:
        """Returns plain JSON values; a row of the first release stays as it was."""
        return asdict(self) if self.item else {"gate": self.gate, "outcome": self.outcome}


@dataclass(frozen=True)
class Outcome:
    """What is recorded of a look.

    Attributes:
        look: Name of the look.
        passed: Whether the whole suite passed; None until a whole run has decided every gate.
        opened: Whether golden's examples were shown at it.
        gates: The gates that were decided.
        compared: Role → identity, for references that the look's own file does not name.
        answers: Who answered what → digest of the answers.
    """

    look: str
    passed: bool | None = None
    opened: bool = False
    gates: tuple[Decided, ...] = ()
    compared: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Returns plain JSON values."""
        later = {key: dict(value) for key, value in (("compared", self.compared), ("answers", self.answers)) if value}
        rows = [row.to_json() for row in self.gates]
        return {"look": self.look, "pass": self.passed, "opened": self.opened, "gates": rows, **later}

    def contradicted(self, now: Decided) -> str:
        """Finds out in what a gate that is decided now differs from the record.

        Args:
            now: The gate.

        Returns:
            The difference in words; empty if there is none.
        """
        if (then := self._row(now)) is not None and then.item:
            for name in ("gate", "op", "threshold", "reading", "over"):
                if (was := getattr(then, name)) != getattr(now, name):
                    return "it was compared over other examples" if name == "over" else f"the {name} was {was}"
        elif then is None and self.passed is not None and all(row.outcome != "invalid" for row in self.gates):
            return "there was no such gate"
        if then is not None and "invalid" not in (then.outcome, now.outcome) and then.outcome != now.outcome:
            return f"the verdict was {then.outcome} (it would be {now.outcome} now)"
        return ""

    def _row(self, now: Decided) -> Decided | None:
        """The recorded row of a gate. Rows of the first release are known by the gate's words alone."""
        same = (row for row in self.gates if row.item and (row.item, row.place) == (now.item, now.place))
        return next(same, next((row for row in self.gates if not row.item and row.gate == now.gate), None))

    def with_gate(self, now: Decided, compared: Mapping[str, str], answers: Mapping[str, str]) -> Outcome:
        """Returns the record with one more gate, what it was compared with, and the answers it was decided from."""
        old = self._row(now)
        rows = [row for row in self.gates if row is not old] if old and not old.item else list(self.gates)
        if old is None or not old.item:
            at = self.gates.index(old) if old is not None else len(rows)
            rows.insert(at, now)
        known = {**compared, **self.compared}
        return replace(self, gates=tuple(rows), compared=known, answers={**answers, **self.answers})


def read_outcome(folder: Path, look: Look) -> Outcome:
    """Reads what is recorded of a look.

    Args:
        folder: golden/<task>/looks.
        look: The look.

    Returns:
        The record; an empty one if nothing was decided yet.

    Raises:
        UserError: The record is broken.
    """
    path = _path(folder, look)
    return _read(path) if path.exists() else Outcome(look.name)


def has_outcome(folder: Path, look: Look) -> bool:
    """Returns whether anything was recorded of a look beyond that it was taken."""
    return _path(folder, look).exists()


def compared_at(folder: Path, look: Look) -> dict[str, str]:
    """Returns whom a look compared its candidate with: role → identity, as far as it is recorded.

    Raises:
        UserError: The record is broken.
    """
    return {**read_outcome(folder, look).compared, **(look.compared or {})}


def write_gate(
    folder: Path, look: Look, gate: Decided, compared: Mapping[str, str], answers: Mapping[str, str]
) -> Outcome:
    """Records a gate that was decided, unless it is recorded already.

    Args:
        folder: golden/<task>/looks.
        look: The look.
        gate: The gate.
        compared: Role → identity, of everybody that the suite compares with.
        answers: Who answered what → digest of the answers.

    Returns:
        What is recorded now.

    Raises:
        UserError: The ledger is locked, or a recorded outcome is broken.
    """
    new = {role: identity for role, identity in compared.items() if role not in (look.compared or {})}
    known = read_outcome(folder, look)
    if known.with_gate(gate, new, answers) == known:  # so a ledger that is complete may be read-only
        return known
    with locked(folder):
        known = read_outcome(folder, look)
        if (now := known.with_gate(gate, new, answers)) != known:
            write_json(_path(folder, look), now.to_json())
    return now


def write_outcome(folder: Path, look: Look, verdicts: Sequence[Verdict], passed: bool) -> None:
    """Records whether the whole suite passed at a look, unless that is recorded. An outcome never counts as a look.

    Args:
        folder: golden/<task>/looks.
        look: The look.
        verdicts: One verdict per gate, in the suite's order, which the record's gates are brought into.
        passed: Whether the whole suite passed, including its tests without a gate.

    Raises:
        UserError: The ledger is locked, or a recorded outcome is broken.
    """
    passed = passed and bool(verdicts) and all(verdicts)
    if read_outcome(folder, look).passed is not None:
        return
    with locked(folder):
        known = read_outcome(folder, look)
        if known.passed is None:
            gates = _in_order(known.gates, verdicts)
            write_json(_path(folder, look), replace(known, passed=passed, gates=gates).to_json())


def _in_order(gates: Sequence[Decided], verdicts: Sequence[Verdict]) -> tuple[Decided, ...]:
    """Brings gates, which several processes may have recorded, into the order of a suite's verdicts."""
    left, ordered = list(gates), []
    for verdict in verdicts:
        found = next((gate for gate in left if gate.gate == verdict.gate), Decided(verdict.gate, verdict.outcome))
        ordered.append(found)
        left = [gate for gate in left if gate is not found]
    return (*ordered, *left)


def has_passed(folder: Path, key: LookKey) -> bool | None:
    """Looks up whether the whole suite passed at a look.

    Args:
        folder: golden/<task>/looks.
        key: What identifies the look. Looks that compared with other references can have the same key.

    Returns:
        True if the suite passed at one of them; False if it did not pass at any; None if no run of the whole suite
        decided.

    Raises:
        UserError: As for `read_looks`.
    """
    found = [read_outcome(folder, look).passed for look in read_looks(folder) if look.key == key]
    return True if True in found else False if False in found else None


def mark_opened(folder: Path, look: Look) -> None:
    """Records that golden's examples are shown at this look. Call it before showing any.

    Args:
        folder: golden/<task>/looks.
        look: The look.

    Raises:
        UserError: The ledger is locked, or a recorded outcome is broken.
    """
    if read_outcome(folder, look).opened:
        return
    with locked(folder):
        known = read_outcome(folder, look)
        if not known.opened:
            write_json(_path(folder, look), replace(known, opened=True).to_json())


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
    return any(_read(p).opened for p in folder.glob(f"*{OUTCOME}")) or any(look.opened for look in read_looks(folder))


def _path(folder: Path, look: Look) -> Path:
    return folder / f"{look.name}{OUTCOME}"


def _read(path: Path) -> Outcome:
    where, hint = str(path), "restore it from version control"
    raw = check_object(
        {"compared": {}, "answers": {}, **check_object(read_json(path), where, hint)},
        where,
        hint,
        **{"look": str, "pass": bool | None, "opened": bool, "gates": list, "compared": dict, "answers": dict},
    )
    rows = tuple(_row(row, f'{where}, field "gates"', hint) for row in raw["gates"])
    return Outcome(raw["look"], raw["pass"], raw["opened"], rows, raw["compared"], raw["answers"])


def _row(raw: Any, where: str, hint: str) -> Decided:
    row = check_object(raw, where, hint, gate=str, outcome=str)
    kinds = {"item": str, "place": int, "op": str, "threshold": int | float, "reading": str, "over": str}
    later = check_object(row, where, hint, **kinds) if "item" in row else {}
    return Decided(row["gate"], row["outcome"], **{name: later[name] for name in kinds if name in later})
