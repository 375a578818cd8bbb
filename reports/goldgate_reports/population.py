"""Which examples the verdicts are about, and what undeclared clusters of golden's examples do to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from goldgate.runs.golden import EffectRow, GoldenRecord
from goldgate_reports.words import label, plural


@dataclass(frozen=True)
class ClusterRow:
    """One field whose values several golden examples share.

    Attributes:
        field: The field.
        values: How many values it has, and how frequent the most frequent one is.
        design: The design effect, and of which metric.
        worth: As how many independent examples golden counts.
        said: What it means for the verdicts.
    """

    field: str
    values: str
    design: str
    worth: str
    said: str


def cluster_rows(golden: GoldenRecord | None) -> tuple[ClusterRow, ...]:
    """Lists the fields whose values several golden examples share.

    Args:
        golden: The record of golden; None where there was no look.

    Returns:
        The rows of the table, the field that costs most verdicts first.
    """
    effects = () if golden is None else golden.effects
    ordered = sorted(effects, key=lambda e: (-len(e.lost), -(e.design or 1.0), e.field))
    return tuple(
        ClusterRow(
            e.field,
            f"{e.clusters}, the most frequent in {e.largest} of {e.n} examples",
            "not known" if e.design is None else f"{e.design:.1f} in {label(e.metric)}",
            "not known"
            if e.design is None
            else f"{e.n:,} examples say as much as {e.n / e.design:,.0f} independent ones",
            _said(e),
        )
        for e in ordered
    )


def population_words(golden: GoldenRecord | None) -> str:
    """Says on the first screen which examples the verdict is about, and whether clusters would change it.

    Args:
        golden: The record of golden; None where there was no look.

    Returns:
        The sentences; empty where nothing is declared and no verdict would change.
    """
    if golden is None:
        return ""
    said = []
    if declared := [f"the {e.clusters} values of {e.field}" for e in golden.effects if e.declared]:
        said.append(
            f"The verdict is about new examples of {' and '.join(declared)} in golden, which task.yaml declares as"
            " strata, and of no other values."
        )
    if lost := {gate: None for e in golden.effects for gate in e.lost}:
        fields = " or ".join(e.field for e in golden.effects if e.lost)
        passes = "passes" if len(lost) == 1 else "pass"
        said.append(
            f"{plural(len(lost), 'gate')} {passes} only because examples that share a value of {fields} count one by"
            f" one: {_some(list(lost))}."
        )
    return " ".join(said)


def _said(effect: EffectRow) -> str:
    if effect.declared:
        return "declared as a stratum: verdicts are about new examples of these values, and of no others"
    if not effect.lost:
        return "no verdict changes if all examples with one value count as one observation"
    return f"not shown if all examples with one value count as one observation: {_some(effect.lost)}"


def _some(gates: Sequence[str], most: int = 3) -> str:
    more = len(gates) - most
    return ", ".join(gates[:most]) + (f" and {more} more" if more > 0 else "")
