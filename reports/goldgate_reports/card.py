"""The model card in Markdown: what a model is, what it was and was not shown to do, and how to run it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from goldgate.measures import Verdict
from goldgate.runs.golden import GateRow, GoldenRecord, MeasureRow
from goldgate.runs.record import RunRecord
from goldgate.task.examples import Card
from goldgate.task.messages import Message
from goldgate_reports.build import render_text
from goldgate_reports.estimates import Estimate, of_row
from goldgate_reports.gates import Gate, Look, gates_of, look_of
from goldgate_reports.words import plural

_WEAKEST = 3  # slices with low estimates that are named


@dataclass(frozen=True)
class Shipped:
    """A model that ships, or may ship.

    Attributes:
        task: Name of the task.
        kind: Kind of the task.
        base: Public name of the base model.
        base_digest: Content digest of the base model.
        licence: Licence of the base model; empty where it is not known.
        identity: Identity of the model as a subject.
        adapter: Content digest of the adapter.
        run: The run that trained it.
        prompted: The best prompting baseline.
        verdicts: The verdicts of its golden suite.
        forced: Why it was promoted without a pass; None where it was not.
        promoted: When it was promoted; empty where it was not.
        ask: The messages that it was trained with, with "{input}" in place of the input.
        template: Arguments of the chat template.
        decoding: Decoding settings that it was gated with.
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
    """One metric on golden: the tuned model, the best prompt for it, the paired difference, and the prompt's name."""

    metric: str
    tuned: Estimate
    prompted: Estimate | None
    gap: Estimate | None
    prompt: str


def model_card(
    shipped: Shipped, data: Card, run: RunRecord | None, golden: GoldenRecord | None, *, hub: bool = False
) -> str:
    """Writes the card as Markdown, with untrusted text escaped.

    Args:
        shipped: The model.
        data: The data card.
        run: The record of the run; None where its folder is not on this machine.
        golden: The golden record of the run; None where there was no look, or the folder is not on this machine.
        hub: Whether to start with the metadata that a model hub reads, for a folder that holds the whole model.

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
        return "No golden suite has tested this model."
    where = "" if look is None or look.number is None else f" at look {look.number}"
    if passed < len(gates):
        return f"Not passed: {passed} of {plural(len(gates), 'gate')} pass on golden{where}."
    all_of = f"All {plural(len(gates), 'gate')} of the golden suite pass"
    return f"{all_of if len(gates) > 1 else 'The one gate of the golden suite passes'}{where}."


def _compared(golden: GoldenRecord, prompted: str) -> list[Compared]:
    """All metrics over the whole golden split; empty where golden is sealed or there was no look."""
    whole = {(r.subject, r.metric): of_row(r) for r in golden.measures if r.tag is None}
    gaps = {(r.reference, r.metric): of_row(r) for r in golden.differences}
    mine = {metric: estimate for (subject, metric), estimate in whole.items() if subject == golden.subject}
    best = {metric: golden.prompted_for.get(metric, prompted) for metric in mine}
    return [
        Compared(metric, estimate, whole.get((best[metric], metric)), gaps.get((best[metric], metric)), best[metric])
        for metric, estimate in mine.items()
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
        found.append("the golden examples had been shown before, so the pass has no error rate")
    if look is not None and look.sealed:
        found.append("golden is sealed, so its numbers are not available")
    if plausible := [g.expression for g in gates if g.reading == "plausible" and g.outcome == "pass"]:
        found.append(f"not shown to hold, only not shown to fail: {', '.join(plausible)}")
    if observed := [g.expression for g in gates if g.reading == "observed" and g.outcome == "pass"]:
        found.append(f"met by the estimate alone: {', '.join(observed)}")
    for row in _weakest(golden, gates):
        estimate = of_row(row)
        found.append(
            f"weakest slices: {row.metric} on {row.tag} is {estimate.text} ({estimate.interval}, n = {estimate.count})"
        )
    return found


def _weakest(golden: GoldenRecord, gates: Sequence[Gate]) -> list[MeasureRow]:
    """The slices with the lowest estimates in the metric of the first gate, where golden.json has slices."""
    metrics = [r.metric for r in golden.measures if r.tag is None]
    first = next((m for g in gates for m in metrics if g.expression.startswith(f"{m} ")), None)
    rows = [
        (r.estimate, r.tag, r)
        for r in golden.measures
        if r.metric == first and r.tag is not None and r.subject == golden.subject and r.estimate is not None
    ]
    return [row for _, _, row in sorted(rows, key=lambda found: found[:2])[:_WEAKEST]]
