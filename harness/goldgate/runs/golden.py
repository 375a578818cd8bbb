"""golden.json, look.json and verdicts.json: the results of gates, and what may be said of golden; none of its
examples.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from goldgate.base.errors import UserError
from goldgate.measures import Verdict
from goldgate.runs.part import Count, Many, Number, Part
from goldgate.runs.record import SplitFacts

_OUTCOMES = ("pass", "fail", "undecided", "invalid")
_READINGS = ("shown", "plausible", "observed")
_NUMBERS = ("estimate", "low", "high", "p")  # null in a sealed verdict
_TEXTS = ("gate", "metric", "op", "message", "against")


def read_verdict(value: Any) -> Verdict:
    """Reads a verdict from its JSON form; a number that is null becomes NaN.

    Args:
        value: What `Verdict.to_json` gave.

    Returns:
        The verdict.

    Raises:
        ValueError: The value is not a verdict. The message says why.
    """
    if isinstance(value, Verdict):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"must be a verdict, not {value!r:.40}")
    if value.get("outcome") not in _OUTCOMES or not {value.get("reading"), value.get("written")} <= {*_READINGS, None}:
        raise ValueError(f"unknown outcome {value.get('outcome')!r:.40} or reading {value.get('reading')!r:.40}")
    full = {"written": value.get("reading"), **{k: v for k, v in value.items() if v is not None}}
    full = {**dict.fromkeys(_NUMBERS, math.nan), **full} if value.get("sealed") or _NUMBERS[0] in value else full
    for key in _TEXTS:
        if not isinstance(full.get(key, ""), str):
            raise ValueError(f"{key} must be text, not {full[key]!r:.40}")
    for key in ("threshold", "n", "missing", "level", *_NUMBERS):
        if isinstance(full.get(key, 0.0), bool) or not isinstance(full.get(key, 0.0), int | float):
            raise ValueError(f"{key} must be a number, not {full[key]!r:.40}")
    bounds = full.get("bounds", [0, 1])
    if not isinstance(bounds, list | tuple) or len(bounds) != 2 or not all(isinstance(b, int | float) for b in bounds):
        raise ValueError(f"bounds must be two numbers, not {bounds!r:.40}")
    try:
        return Verdict.from_json(full)
    except UserError as error:
        raise ValueError(error.what) from error


_SCHEMA = {
    "type": "object",
    "title": "Verdict",
    "description": "What one gate came to. In a sealed verdict estimate, low, high and p are null.",
    "required": [
        "outcome",
        "gate",
        "metric",
        "op",
        "threshold",
        "reading",
        "written",
        *_NUMBERS,
        "n",
        "missing",
        "level",
        "bounds",
        "message",
    ],
    "properties": {
        "outcome": {"enum": list(_OUTCOMES)},
        "gate": {"type": "string"},
        "metric": {"type": "string"},
        "op": {"enum": [">=", "<="]},
        "threshold": {"type": "number"},
        "reading": {"enum": list(_READINGS)},
        "written": {"enum": list(_READINGS)},
        **{name: {"type": ["number", "null"]} for name in _NUMBERS},
        "n": {"type": "integer"},
        "missing": {"type": "integer"},
        "level": {"type": "number"},
        "bounds": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        "message": {"type": "string"},
        "approximate": {"type": "boolean", "default": False},
        "sealed": {"type": "boolean", "default": False},
        "against": {"type": "string", "default": ""},
    },
    "additionalProperties": False,
}
Recorded = Annotated[
    Verdict,
    PlainValidator(read_verdict),
    PlainSerializer(lambda verdict: verdict.to_json(), return_type=dict[str, Any]),
    WithJsonSchema(_SCHEMA),
]
"""A verdict, stored as `Verdict.to_json` writes it."""
Pair = Annotated[tuple[float, float], Field(strict=False)]


class GateRow(Part):
    """One gate of a suite.

    Attributes:
        item: pytest's node id.
        verdict: Its verdict.
        flips: The chance that a fresh golden set decides differently.
    """

    item: str = ""
    verdict: Recorded
    flips: Number = None


class DevGateRow(GateRow):
    """One gate in attempts/<k>/verdicts.json, with its values by dev example: see goldgate.gates.GateRecord."""

    values: dict[str, Pair] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)
    max_group: int = 1
    op: str = ">="
    threshold: Number = None
    bounds: Pair = (0.0, 1.0)
    spread: Number = None
    fixed: bool = False


class LookFacts(Part):
    """A look at golden.

    Attributes:
        number: Its number, from 1.
        level: The chance of a false pass that it may spend.
        name: Its name.
        spent: The chance of a false pass that all looks so far have spent together.
    """

    number: int | None = None
    level: Number = None
    name: str = ""
    spent: Number = None


class MeasureRow(Part):
    """One metric of one subject, with its 95% interval.

    Attributes:
        subject: The subject's name.
        metric: The metric's name.
        tag: The slice; None for all examples.
        estimate: The estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
        n: How many examples.
        missing: How many answers are missing.
    """

    subject: str | None = None
    metric: str
    tag: str | None = None
    estimate: Number = None
    low: Number = None
    high: Number = None
    n: Count = None
    missing: int | None = None


class DifferenceRow(Part):
    """The candidate minus a reference in one metric, paired by example, with its 95% interval."""

    metric: str
    reference: str
    estimate: Number = None
    low: Number = None
    high: Number = None
    n: Count = None


class EffectRow(Part):
    """What the clusters of one field of golden's examples do to the verdicts: see goldgate.gates.Effect."""

    field: str
    clusters: int
    largest: int
    n: int
    declared: bool = False
    metric: str = ""
    design: Number = None
    lost: Many[str] = ()


class Turned(Part):
    """How many examples became right and wrong compared to the best prompting.

    Attributes:
        right: How many became right.
        wrong: How many became wrong.
        p: The p-value of McNemar's exact test.
    """

    right: int = 0
    wrong: int = 0
    p: Number = None


class GoldenRecord(Part):
    """golden.json: the results of a run on golden.

    Attributes:
        look: The look.
        split: What golden contained.
        identity: Identity of the subject that was tested.
        suite: Digest of the suite.
        passed: Whether the whole suite passed.
        subject: Name of the subject that was tested.
        prompted: The best prompting-only baseline.
        prompted_for: Metric → the best prompt for it, for the metrics that judge answers.
        opened: Whether golden's examples had been shown.
        sealed: Whether only verdicts may be revealed, so that measures, differences and turned are empty.
        measures: The metrics of each subject.
        differences: The candidate against each reference.
        turned: Metric → how many examples became right and wrong.
        verdicts: The gates.
        effects: What clusters of examples do to the verdicts, by field.
    """

    look: LookFacts | None = None
    split: SplitFacts | None = None
    identity: str | None = None
    suite: str | None = None
    passed: bool | None = None
    subject: str | None = None
    prompted: str | None = None
    prompted_for: dict[str, str] = Field(default_factory=dict)
    opened: bool = False
    sealed: bool = False
    measures: Many[MeasureRow] = ()
    differences: Many[DifferenceRow] = ()
    turned: dict[str, Turned] = Field(default_factory=dict)
    verdicts: Many[GateRow] | None = None
    effects: Many[EffectRow] = ()


class LookRecord(Part):
    """look.json: a look as the suite recorded it, before anything else was computed on golden."""

    subject: str | None = None
    passed: bool | None = None
    records: Many[GateRow] = ()
    look: LookFacts | None = None
    effects: Many[EffectRow] = ()


__all__ = [
    "DevGateRow",
    "DifferenceRow",
    "EffectRow",
    "GateRow",
    "GoldenRecord",
    "LookFacts",
    "LookRecord",
    "MeasureRow",
    "Recorded",
    "Turned",
    "read_verdict",
]
