"""Why a run ended without a pass, in plain words: which gates, how far, which examples, and what would help.

Speaks of dev alone. What golden said is in the verdicts of its look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from goldgate.gates import GatePlan, GateRecord, can_plan, counts_right, plan_gate
from goldgate.measures.binomial import fewest_perfect
from goldgate_trainers.loop.attempt import Attempt, DevResult
from goldgate_trainers.loop.diagnosis import diagnose
from goldgate_trainers.loop.facts import THIN, TrainFacts

WORST = 5
"""Dev examples that are named for a gate."""
LIKELY = 0.5
"""Chance of being shown on golden below which a gate that dev reaches still stands in the way."""
STEEP = 0.01
"""Gain from the last doubling of the training data that says: more of it would help."""
_REACHED = "dev reaches every gate; what golden did not show stands in its verdicts"
_NAMED = 5  # contradictions and tags that are spelt out; the rest is counted


@dataclass(frozen=True)
class CurvePoint:
    """A point of the learning curve: the deciding metric on dev after training on this many examples."""

    count: int
    score: float


@dataclass(frozen=True)
class Ending:
    """Why a run did not pass.

    Attributes:
        gates: One sentence for each gate that is not reached, with estimate, interval, threshold and the worst
            examples.
        helps: What would most likely help, most certain first.
    """

    gates: tuple[str, ...]
    helps: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def lines(self) -> list[str]:
        """The lines for the terminal."""
        told = [f"  in the way: {gate}" for gate in self.gates]
        return told + [f"  would help: {help_}" for help_ in self.helps]


def explain(
    records: Sequence[GateRecord],
    best: Attempt,
    on_golden: Callable[[GateRecord], int],
    level: float,
    facts: TrainFacts,
    curve: Sequence[CurvePoint] = (),
) -> Ending:
    """Explains why the best attempt does not pass.

    Args:
        records: The best attempt's gates on dev.
        best: The best attempt.
        on_golden: Returns how many golden examples a gate covers.
        level: Error rate of the next look.
        facts: Properties of the training data.
        curve: Learning curve by increasing number of examples; empty when it was not measured.
    """
    broken = [f"{g.verdict.gate}: {g.verdict.message.splitlines()[0]}" for g in records if not can_plan(g)]
    plans = [plan_gate(g, max(1, on_golden(g)), level) for g in records if can_plan(g)]
    missed = [p for p in plans if p.gate.verdict.outcome != "pass"]
    faint = [p for p in plans if p not in missed and p.power < LIKELY]
    helps = [_golden_help(p) for p in [*missed, *faint] if not p.possible or p in faint]
    helps += _contradictions(facts)
    if missed:
        helps += [*_format_help(best), *_data_help(best, facts, curve)]
    gates = (*broken, *map(_missed, missed), *map(_faint, faint))
    return Ending(gates or (_REACHED,), tuple(dict.fromkeys(helps)))


def _missed(plan: GatePlan) -> str:
    v = plan.gate.verdict
    lacks = abs(v.threshold - v.estimate)
    worst = _worst(plan.gate)
    named = f"; worst on dev: {', '.join(worst)}" if worst else ""
    return f"{_measured(plan)}; {_number(lacks)} short{named}"


def _faint(plan: GatePlan) -> str:
    if not plan.possible:
        return f"{_measured(plan)}, which reaches it; no result on {plan.n} examples of golden shows it"
    return f"{_measured(plan)}, which reaches it; {plan.n} examples of golden show that in {plan.power:.0%} of cases"


def _measured(plan: GatePlan) -> str:
    v = plan.gate.verdict
    return (
        f"{plan.written}: {_number(v.estimate)} on dev (95% interval {_number(v.low)} to {_number(v.high)}, n = {v.n})"
    )


def _golden_help(plan: GatePlan) -> str:
    """What makes a gate showable that golden, at its size, cannot show or seldom does."""
    countable = counts_right(plan.gate) and 0.0 < plan.gate.threshold < 1.0
    needed = plan.examples or (fewest_perfect(plan.gate.threshold, plan.level) if countable else 0)
    size = f"about {needed} golden examples of its slice instead of {plan.n}" if needed else "a larger golden split"
    why = "training cannot change that" if not plan.possible else "the model may be good enough already"
    return f"for {plan.written}: {size}, or a lower threshold; {why}"


def _contradictions(facts: TrainFacts) -> list[str]:
    if not facts.contradictions:
        return []
    named = ", ".join(f"{a} and {b}" for a, b in facts.contradictions[:_NAMED])
    more = len(facts.contradictions) - _NAMED
    rest = f" and {more} pairs more" if more > 0 else ""
    return [f"settle the training examples that ask the same and expect different outputs: {named}{rest}"]


def _format_help(best: Attempt) -> list[str]:
    """Answers of the wrong form need another template or more room before they need more data."""
    low = diagnose(best).formats
    if not low:
        return []
    told = ", ".join(f"{name} {value:.1%}" for name, value in low.items())
    room = "decoding.max_new_tokens and " if "stop_rate" in low else ""
    return [f"a look at {room}the template in task.yaml: answers break their format ({told})"]


def _data_help(best: Attempt, facts: TrainFacts, curve: Sequence[CurvePoint]) -> list[str]:
    dev = best.dev
    kinds, seen = _kinds(dev, facts), diagnose(best)
    if len(curve) < 2 and seen.by_heart:
        return [f"more training examples: {seen.fit}", *kinds]
    if len(curve) < 2:
        return [*kinds, "whether more training data or a larger base model is the answer, `--curve` measures"]
    told = ", ".join(f"{_number(p.score)} on {p.count}" for p in curve)
    if curve[-1].score - curve[-2].score >= STEEP:
        return [f"more training examples: {dev.metric} on dev still rises with them ({told})", *kinds]
    return [f"a larger base model: {dev.metric} on dev hardly rises with more training examples ({told})", *kinds]


def _kinds(dev: DevResult, facts: TrainFacts) -> list[str]:
    """The tags that drag the score down, and how many training examples they have."""
    overall = dev.scores.get(dev.metric, 0.0)
    low = sorted((t for t in dev.tags if dev.tags[t] < overall), key=lambda t: (dev.tags[t], t))[:_NAMED]
    told = []
    for tag in low:
        count = facts.tags.get(tag, 0)
        few = "only " if count < THIN else ""
        told.append(f"{tag} ({_number(dev.tags[tag])} against {_number(overall)}; {few}{count} training examples)")
    return [f"more training examples of the kinds that go wrong most: {'; '.join(told)}"] if told else []


def _worst(gate: GateRecord) -> list[str]:
    """Ids of the dev examples that are furthest on the wrong side of the threshold."""
    sign = 1.0 if gate.op == ">=" else -1.0
    value = {i: sign * (low if gate.op == ">=" else high) for i, (low, high) in gate.values.items()}
    bad = sorted((i for i in value if value[i] < sign * gate.threshold), key=lambda i: (value[i], i))
    return bad[:WORST]


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"
