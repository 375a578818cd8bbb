"""How the model was trained, and what the run depended on: attempts, loss, time, data, versions and identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.runs.golden import GoldenRecord
from goldgate.runs.record import EndingFacts, ModelFacts, RunRecord
from goldgate_reports.charts import CurveChart, curve_chart
from goldgate_reports.gates import Headline
from goldgate_reports.records import Attempt, Records
from goldgate_reports.words import NOT_RECORDED, duration, label, number, plural, scale_of


@dataclass(frozen=True)
class Sheet:
    """A table with one column per attempt; each row is (name, cells, whether the cells differ)."""

    rows: tuple[tuple[str, tuple[str, ...], bool], ...]


@dataclass(frozen=True)
class Training:
    """All attempts of a run.

    Attributes:
        attempts: The attempts.
        best: Number of the chosen one.
        summary: What each attempt did.
        recipe: The settings of each attempt.
        loss: The loss curves; None where no training log was recorded.
        loss_words: The loss curves in words.
        chance: What dev promised, and what golden then said.
        plan: The result of all attempts together, where they were trained to be compared.
        in_the_way: What prevented a pass, one sentence each.
        would_help: What would most likely help, one sentence each.
    """

    attempts: tuple[Attempt, ...]
    best: int | None
    summary: Sheet
    recipe: Sheet
    loss: CurveChart | None
    loss_words: str
    chance: str
    plan: str
    in_the_way: tuple[str, ...]
    would_help: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step of the run; `share` is its share of the total time, from 0 to 1."""

    name: str
    time: str
    share: float


@dataclass(frozen=True)
class Facts:
    """A titled list of what the run depended on."""

    title: str
    rows: tuple[tuple[str, str], ...]


def training_of(records: Records, verdict: Headline) -> Training:
    """Prepares the attempts, their loss curves, and the chance of passing, compared with what happened.

    Args:
        records: What the run folder records.
        verdict: The verdict of the run.

    Returns:
        What the training section shows.
    """
    attempts = records.attempts
    best = records.best
    ending = records.run.ending or EndingFacts()
    return Training(
        attempts,
        best.number if best else None,
        _summary(attempts, records),
        _recipe(attempts),
        curve_chart([(f"attempt {a.number}", _losses(a), a is best) for a in attempts]),
        " ".join(filter(None, (_loss_words(a) for a in attempts))),
        _chance(records, verdict),
        records.run.plan.words if records.run.plan else "",
        ending.gates,
        ending.helps,
    )


def _losses(attempt: Attempt) -> list[tuple[float, float]]:
    return [(row.step, row.loss) for row in attempt.log if row.step is not None and row.loss is not None]


def _loss_words(attempt: Attempt) -> str:
    points = _losses(attempt)
    if not points:
        return ""
    first, last, least = points[0][1], points[-1][1], min(loss for _, loss in points)
    return (
        f"Attempt {attempt.number}: loss {number(first, 'plain')} at step {number(points[0][0], 'plain')},"
        f" {number(last, 'plain')} at step {number(points[-1][0], 'plain')}, lowest {number(least, 'plain')}."
    )


def _summary(attempts: Sequence[Attempt], records: Records) -> Sheet:
    rows: list[tuple[str, list[str]]] = [
        ("why", [a.facts.reason or NOT_RECORDED for a in attempts]),
        ("observed", ["; ".join(a.facts.seen) or NOT_RECORDED for a in attempts]),
        ("time", [duration(a.facts.seconds) for a in attempts]),
        ("steps", [number(a.log[-1].step, "plain") if a.log else NOT_RECORDED for a in attempts]),
        ("tokens per second", [_mean_speed(a) for a in attempts]),
    ]
    dev = [a.facts.dev for a in attempts]
    bounds = {m: c.bounds for columns in records.scores.values() for m, c in columns.items()}
    for metric in dict.fromkeys(m for found in dev for m in found):
        scale = scale_of(metric, bounds.get(metric))
        rows.append((f"dev: {label(metric)}", [number(found.get(metric), scale) for found in dev]))
    rows.append(("gates missed on dev", [_missed(a) for a in attempts]))
    rows.append(("chance of passing golden", [_share(a.facts.chance) for a in attempts]))
    return Sheet(tuple((name, tuple(cells), False) for name, cells in rows))


def _missed(attempt: Attempt) -> str:
    """Lists the gates that an attempt's estimates did not reach on dev."""
    failing = attempt.facts.failing
    return NOT_RECORDED if failing is None else "; ".join(failing) or "none"


def _mean_speed(attempt: Attempt) -> str:
    speeds = [row.tokens_per_second for row in attempt.log if row.tokens_per_second is not None]
    return number(sum(speeds) / len(speeds), "plain") if speeds else NOT_RECORDED


def _share(chance: float | None) -> str:
    return NOT_RECORDED if chance is None else f"{chance:.2f}"


def _recipe(attempts: Sequence[Attempt]) -> Sheet:
    flat = [dict(_flat(a.facts.recipe or {})) for a in attempts]
    keys = list(dict.fromkeys(key for recipe in flat for key in recipe))
    rows = ((key, tuple(recipe.get(key, NOT_RECORDED) for recipe in flat)) for key in keys)
    return Sheet(tuple((key.replace("_", " "), cells, len(set(cells)) > 1) for key, cells in rows))


def _flat(value: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, inner in value.items():
        rows += _flat(inner, f"{before}{key}.") if isinstance(inner, dict) else [(f"{before}{key}", _written(inner))]
    return rows


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(_written(v) for v in value) if isinstance(value, list) else str(value)


def _chance(records: Records, verdict: Headline) -> str:
    """Compares what dev promised with what golden said, and says why dev is too optimistic."""
    chance = records.run.chance
    if chance is None and records.best is not None:
        chance = records.best.facts.chance
    if chance is None:
        return ""
    happened = "no look was taken" if records.golden is None else f"the outcome was: {verdict.words}"
    return (
        f"The chance of passing golden was estimated from dev as {chance:.2f}; {happened}."
        " That estimate is optimistic, because the attempt was chosen on dev."
    )


def steps_of(run: RunRecord) -> tuple[Step, ...]:
    """Lists the steps of a run with their time, in the order in which they ran.

    Args:
        run: The record of the run.

    Returns:
        The steps.
    """
    found = [(row.name, row.seconds or 0.0) for row in run.steps]
    total = sum(seconds for _, seconds in found) or 1.0
    return tuple(Step(name, duration(seconds), seconds / total) for name, seconds in found)


def facts_of(records: Records) -> tuple[Facts, ...]:
    """Lists what to compare when a score cannot be reproduced: data, identities, machine and versions.

    Args:
        records: What the run folder records.

    Returns:
        The lists.
    """
    run = records.run
    versions = tuple((name, str(version)) for name, version in run.versions.items())
    return (
        Facts("Data", _splits(records) or (("splits", NOT_RECORDED),)),
        Facts("Identities", _identities(records)),
        Facts("How it ran", (*_course(run), *_surroundings(run), *_baselines(run))),
        Facts("Versions", versions or (("versions", NOT_RECORDED),)),
    )


def _splits(records: Records) -> tuple[tuple[str, str], ...]:
    data = dict(records.run.data)
    if records.golden is not None and records.golden.split is not None:
        data.setdefault("golden", records.golden.split)
    return tuple(
        (name, f"{plural(about.count or 0, 'example')}, fingerprint {about.fingerprint}")
        for name, about in data.items()
    )


def _identities(records: Records) -> tuple[tuple[str, str], ...]:
    run, golden = records.run, records.golden or GoldenRecord()
    model = run.model or ModelFacts()
    named = (
        ("base model", model.alias),
        ("base model digest", model.digest),
        ("suite digest", run.suite),
        ("tuned subject", golden.subject or _best_subject(records)),
        ("best prompting-only baseline", run.prompted),
        ("look", golden.look.name if golden.look else None),
        ("code", run.git),
        ("run", run.id),
    )
    return tuple((name, value or NOT_RECORDED) for name, value in named)


def _course(run: RunRecord) -> tuple[tuple[str, str], ...]:
    return (
        ("started", run.started or NOT_RECORDED),
        ("finished", run.finished or NOT_RECORDED),
        ("ended because", run.reason or run.status or NOT_RECORDED),
        ("duration", duration(run.seconds)),
        ("seed", NOT_RECORDED if run.seed is None else str(run.seed)),
        ("budget", _pairs(run.budget.to_json() if run.budget else {})),
        ("spent", _pairs(run.spent.to_json() if run.spent else {})),
    )


def _surroundings(run: RunRecord) -> tuple[tuple[str, str], ...]:
    trained_on = (run.conditions or {}).get("machine")
    return (
        ("machine", _pairs(run.machine)),
        ("trained on", _pairs(trained_on if isinstance(trained_on, dict) else {})),
        ("prices", _pairs(run.prices)),
    )


def _baselines(run: RunRecord) -> tuple[tuple[str, str], ...]:
    return (
        ("prompting baselines tried on dev", ", ".join(run.baselines) or NOT_RECORDED),
        *((f"price of {name}", said) for name, said in run.tariffs.items()),
        *((f"not tried: {name}", why) for name, why in run.untried.items()),
        *(("known by name only", said) for said in run.known_by_name),
        *(("run by plain generation", said) for said in run.run_plainly),
    )


def _best_subject(records: Records) -> str | None:
    return records.best.subject if records.best else None


def _pairs(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{k.replace('_', ' ')} {_written(v)}" for k, v in value.items()) or NOT_RECORDED
