"""The model card: what a model is, what it was shown to do and not to do, and how to run it, in Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from goldgate.measures import Verdict
from goldgate.runs.golden import GateRow, GoldenRecord, MeasureRow
from goldgate.runs.record import RunRecord
from goldgate.task.examples import Card, Message
from goldgate_reports.build import render_text
from goldgate_reports.estimates import Estimate, of_row
from goldgate_reports.gates import Gate, Look, gates_of, look_of
from goldgate_reports.words import plural

_WEAKEST = 3  # slices that are named for their low estimates


@dataclass(frozen=True)
class Shipped:
    """A model that ships, or may. base, licence: the base model's public name, and its
    licence, "" where that is not known; adapter:
    content digest; forced: why it was promoted without a pass; ask: the messages that it was trained to be asked with,
    "{input}" in the place of the input; template: arguments of the chat template.
    """

    task: str
    kind: str
    base: str
    base_digest: str
    licence: str
    identity: str
    adapter: str
    run: str
    prompted: str
    verdicts: Sequence[Verdict]
    forced: str | None
    promoted: str
    ask: Sequence[Message]
    template: Mapping[str, Any]
    decoding: Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """One metric on golden: tuned, by the best prompt, and the paired difference."""

    metric: str
    tuned: Estimate
    prompted: Estimate | None
    gap: Estimate | None


def model_card(
    shipped: Shipped, data: Card, run: RunRecord | None, golden: GoldenRecord | None, *, hub: bool = False
) -> str:
    """Writes the card as Markdown, in which text of others is escaped.

    Args:
        shipped: What the card says first.
        data: The card of the data.
        run: The run's record; None where its folder is not here.
        golden: What the run came to on golden; None where there was no look, or the folder is not here.
        hub: Whether to begin with the heading that a model hub reads, for a folder that is the whole model.

    Returns:
        The text of the card.
    """
    look = None if golden is None else look_of(golden)
    rows = (golden.verdicts if golden else None) or [GateRow(verdict=v) for v in shipped.verdicts]
    gates = gates_of(rows, look, on_golden=True)
    golden = golden or GoldenRecord()
    text = render_text(
        "card.md.jinja",
        it=shipped,
        data=data,
        look=look,
        gates=gates,
        words=_verdict(shipped, gates, look),
        compared=_compared(golden, shipped.prompted),
        recipe=_recipe(run),
        limits=_limits(shipped, gates, golden, look),
        ask=Markup(json.dumps(list(shipped.ask), indent=1)),
        template=Markup(json.dumps(dict(shipped.template))),
        decoding=Markup(json.dumps(dict(shipped.decoding))),
        hub=hub,
    )
    return _heading(shipped) + text if hub else text


def _heading(shipped: Shipped) -> str:
    licence = shipped.licence.lower() or "other"
    return (
        "---\nlibrary_name: transformers\npipeline_tag: text-generation\n"
        f"license: {json.dumps(licence)}\nbase_model: {json.dumps(shipped.base)}\ntags: [goldgate]\n---\n\n"
    )


def _verdict(shipped: Shipped, gates: Sequence[Gate], look: Look | None) -> str:
    passed = sum(g.outcome == "pass" for g in gates)
    if not gates:
        return "No golden suite has decided on this model."
    where = "" if look is None or look.number is None else f" at look {look.number}"
    if passed < len(gates):
        return f"Not passed: {passed} of {plural(len(gates), 'gate')} pass on golden{where}."
    all_of = f"All {plural(len(gates), 'gate')} of the golden suite pass"
    return f"{all_of if len(gates) > 1 else 'The one gate of the golden suite passes'}{where}."


def _compared(golden: GoldenRecord, prompted: str) -> list[Compared]:
    """Every metric over the whole golden split; empty where golden is sealed or there was no look."""
    whole = {(r.subject, r.metric): of_row(r) for r in golden.measures if r.tag is None}
    gaps = {r.metric: of_row(r) for r in golden.differences if r.reference == prompted}
    return [
        Compared(metric, estimate, whole.get((prompted, metric)), gaps.get(metric))
        for (subject, metric), estimate in whole.items()
        if subject == golden.subject
    ]


def _recipe(run: RunRecord | None) -> list[tuple[str, str]]:
    chosen = None if run is None else run.chosen
    return [] if chosen is None else [(k, str(v)) for k, v in (chosen.recipe or {}).items()]


def _limits(shipped: Shipped, gates: Sequence[Gate], golden: GoldenRecord, look: Look | None) -> list[str]:
    found = [f"promoted without a pass: {shipped.forced}"] if shipped.forced else []
    found += [
        f"{g.expression}: {g.outcome} (estimate {g.estimate.text}, {g.estimate.interval})"
        for g in gates
        if g.outcome != "pass"
    ]
    if look is not None and look.opened:
        found.append("golden's examples had been shown before: the pass has no error rate")
    if look is not None and look.sealed:
        found.append("golden is sealed: its numbers are not told")
    if plausible := [g.expression for g in gates if g.reading == "plausible" and g.outcome == "pass"]:
        found.append(f"not shown, only not shown to be otherwise: {', '.join(plausible)}")
    if observed := [g.expression for g in gates if g.reading == "observed" and g.outcome == "pass"]:
        found.append(f"met by the estimate alone: {', '.join(observed)}")
    for row in _weakest(golden, gates):
        estimate = of_row(row)
        found.append(
            f"weakest slices: {row.metric} on {row.tag} is {estimate.text} ({estimate.interval}, n = {estimate.count})"
        )
    return found


def _weakest(golden: GoldenRecord, gates: Sequence[Gate]) -> list[MeasureRow]:
    """The slices with the lowest estimates of the first gate's metric, where golden.json tells slices."""
    metrics = [r.metric for r in golden.measures if r.tag is None]
    first = next((m for g in gates for m in metrics if g.expression.startswith(f"{m} ")), None)
    rows = [
        (r.estimate, r.tag, r)
        for r in golden.measures
        if r.metric == first and r.tag is not None and r.subject == golden.subject and r.estimate is not None
    ]
    return [row for _, _, row in sorted(rows, key=lambda found: found[:2])[:_WEAKEST]]
