"""What `goldgate plan` prints: a table of the gates, then what golden cannot show, and what could."""

from __future__ import annotations

import io
from collections.abc import Sequence

from goldgate.gates import GatePlan, counts_right, showable, successes_needed
from goldgate.jobs.plan import Planned
from goldgate.measures.binomial import POWER, fewest_perfect
from goldgate.measures.wording import threshold

_COLUMNS = ("reading", "threshold", "n", "right", "if true", "power", "80% power", "flips")
_WIDEST = 34  # characters of a gate before it wraps


def plan_text(result: Planned) -> str:
    """Shows the table of gates, then what this golden split cannot show, and what could."""
    size = f"golden's {result.golden:,} examples" if result.real else f"a golden set of {result.golden:,} examples"
    truth = "the given value, otherwise " if result.given else ""
    lines = [
        f"{result.task}: what {size} can show at look {result.look} (level {result.level:.4g} per side)",
        f"  if true: {truth}the result of {result.subject} on dev, which is optimistic where dev helped to choose it",
        "",
        _table(result.plans),
        "",
        *(f"cannot be shown: {_cannot(p)}" for p in result.plans if not p.possible),
        *(
            f"passes always: {p.written} passes whatever the answers are at n = {p.n}, so it guards nothing"
            for p in result.plans
            if p.sure
        ),
        *(
            f"not good enough: {p.written}: if {_value(p)} is true, more examples are not the answer"
            for p in result.plans
            if _wrong_side(p)
        ),
        *(f"too few examples: {_too_few(p)}" for p in result.plans if p.possible and p.examples and p.power < POWER),
        *(f"not planned: {why}" for _, why in result.unplanned),
    ]
    if result.chance is not None:
        lines.append(f"the whole suite passes at this look in {_percent(result.chance)} of cases, estimated from dev")
    lines += [
        "  n: examples in the gate's slice; right: answers needed to pass; power: chance of a pass if that is true",
        "  80% power: examples needed for it; for a plausible gate, the true value at which it fails in 80% of cases",
        "  flips: chance that two golden sets of this size give different verdicts",
    ]
    lines += [line for e in result.effects for line in e.lines()]
    if result.opened:
        lines.append("golden was opened: a pass has no error rate until it is refreshed")
    return "\n".join(lines)


def _table(plans: Sequence[GatePlan]) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("gate", max_width=_WIDEST, overflow="fold")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in ("reading", "80% power") else "right", no_wrap=True)
    for plan in plans:
        verdict = plan.gate.verdict
        table.add_row(
            verdict.metric,
            verdict.written,
            "margin" if verdict.metric == verdict.gate else f"{verdict.op} {threshold(verdict.threshold)}",
            f"{plan.n:,}",
            _right(plan),
            _value(plan),
            _percent(plan.power),
            _settled(plan),
            _percent(plan.flips),
        )
    text = io.StringIO()
    Console(file=text, width=2 * _WIDEST + 100, color_system=None, markup=False, emoji=False).print(table)
    return "\n".join("  " + line.rstrip() for line in text.getvalue().splitlines())


def _right(plan: GatePlan) -> str:
    if not plan.possible:
        return "never"
    if plan.sure:
        return "any"
    if plan.right is None:
        return "-"
    return f"{plan.right:,}" if plan.gate.op == ">=" else f"<= {plan.n - plan.right:,}"


def _settled(plan: GatePlan) -> str:
    """The examples with which it passes in 4 of 5 cases; for a plausible gate, when it fails in as many."""
    if plan.gate.verdict.written == "plausible":
        return "-" if plan.refutes is None else f"fails at {_rounded(plan.refutes, plan)}"
    return "no number" if plan.examples is None else f"from {plan.examples:,}"


def _value(plan: GatePlan) -> str:
    return _rounded(plan.truth, plan) + (" share" if plan.is_share else "")


def _rounded(x: float, plan: GatePlan) -> str:
    low, high = plan.gate.bounds
    if high - low > 4.0:
        return f"{x:.4g}"
    # 0.996 is not 1.00, and a cost of 0.0165 not 0.02.
    return f"{x:.3f}" if high - low >= 1.0 else f"{x:+.3g}"


def _percent(share: float) -> str:
    if 0.0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1.0 else f"{share:.0%}"


def _wrong_side(plan: GatePlan) -> bool:
    return plan.examples is None and plan.possible and plan.gate.verdict.written != "plausible"


def _too_few(plan: GatePlan) -> str:
    return (
        f"{plan.written}: {plan.n:,} examples pass in {_percent(plan.power)} of cases if {_value(plan)} is true,"
        f" about {plan.examples:,} in 4 of 5"
    )


def _cannot(plan: GatePlan) -> str:
    """Says why no result on n examples shows a gate, the minimum that would, and what n examples can show."""
    gate = plan.gate
    low, high = gate.bounds
    rate = (gate.threshold - low) / (high - low) if gate.op == ">=" else (high - gate.threshold) / (high - low)
    if rate >= 1.0:
        return f"{plan.written}: no number of examples shows the best value there is"
    if gate.spread is not None:
        return f"{plan.written}: an approximate measure cannot be shown at a level as small as {plan.level:.2g}"
    words = f"{plan.written}: no result at n = {plan.n:,} does"
    least = fewest_perfect(rate, plan.level)
    if gate.max_group == 1:
        words += f"; {least:,} of {least:,} at the best value is the least that does"
    if plan.examples is not None:
        words += f", and about {plan.examples:,} examples show it in 4 of 5 cases if {_value(plan)} is true"
    if counts_right(gate) and gate.op == ">=" and not plan.is_share:
        can = showable(plan.n, plan.level, min(plan.truth, 0.999))
        if can is not None:
            right = successes_needed(plan.n, can, plan.level)
            words += f". {plan.n:,} examples can show {threshold(can)} (from {right} right)"
    return words
