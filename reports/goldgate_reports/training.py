"""How the model was trained, and what the run depended on: attempts, loss, time, data, versions, identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate_reports.charts import CurveChart, curve_chart
from goldgate_reports.gates import Headline
from goldgate_reports.records import Attempt, Records, amount, part
from goldgate_reports.words import NOT_RECORDED, duration, label, number, plural, scale_of


@dataclass(frozen=True)
class Sheet:
    """A table with attempts across: (name, cells, whether they differ between attempts) a row."""

    rows: tuple[tuple[str, tuple[str, ...], bool], ...]


@dataclass(frozen=True)
class Training:
    """All attempts of a run. chance: what dev promised beside what golden then said; plan: what the attempts came to
    together, where they were trained to be compared; in_the_way, would_help: why it
    ended without a pass, a sentence each.
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
    """Where some of the time went. share: of all steps, 0 to 1."""

    name: str
    time: str
    share: float


@dataclass(frozen=True)
class Facts:
    """A titled list of what the run depended on. code: the value is a digest or a name to copy."""

    title: str
    rows: tuple[tuple[str, str], ...]


def training_of(records: Records, verdict: Headline) -> Training:
    """The attempts side by side, their loss curves, and the chance of passing beside what happened."""
    attempts = records.attempts
    best = records.best
    ending = part(records.run, "ending", dict) or {}
    return Training(
        attempts,
        best.number if best else None,
        _summary(attempts, records),
        _recipe(attempts),
        curve_chart([(f"attempt {a.number}", _losses(a), a is best) for a in attempts]),
        " ".join(filter(None, (_loss_words(a) for a in attempts))),
        _chance(records, verdict),
        str((part(records.run, "plan", dict) or {}).get("words", "")),
        _sentences(ending, "gates"),
        _sentences(ending, "helps"),
    )


def _sentences(ending: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(said) for said in part(ending, key, list) or ())


def _losses(attempt: Attempt) -> list[tuple[float, float]]:
    points = ((amount(row, "step"), amount(row, "loss")) for row in attempt.log)
    return [(step, loss) for step, loss in points if step is not None and loss is not None]


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
        ("why", [str(a.record.get("reason") or NOT_RECORDED) for a in attempts]),
        ("seen", ["; ".join(map(str, part(a.record, "seen", list) or ())) or NOT_RECORDED for a in attempts]),
        ("time", [duration(amount(a.record, "seconds")) for a in attempts]),
        ("steps", [_last(a, "step") for a in attempts]),
        ("tokens a second", [_mean_speed(a) for a in attempts]),
    ]
    dev = [part(a.record, "dev", dict) or {} for a in attempts]
    bounds = {m: c.bounds for columns in records.scores.values() for m, c in columns.items()}
    for metric in dict.fromkeys(str(m) for found in dev for m in found):
        scale = scale_of(metric, bounds.get(metric))
        rows.append((f"dev: {label(metric)}", [number(amount(found, metric), scale) for found in dev]))
    rows.append(("gates missed on dev", [_missed(a) for a in attempts]))
    rows.append(("chance of passing golden", [_share(amount(a.record, "chance")) for a in attempts]))
    return Sheet(tuple((name, tuple(cells), False) for name, cells in rows))


def _missed(attempt: Attempt) -> str:
    """The gates that an attempt's estimates did not reach on dev."""
    failing = part(attempt.record, "failing", list)
    return NOT_RECORDED if failing is None else "; ".join(str(gate) for gate in failing) or "none"


def _last(attempt: Attempt, key: str) -> str:
    return number(amount(attempt.log[-1], key), "plain") if attempt.log else NOT_RECORDED


def _mean_speed(attempt: Attempt) -> str:
    speeds = [v for row in attempt.log if (v := amount(row, "tokens_per_second")) is not None]
    return number(sum(speeds) / len(speeds), "plain") if speeds else NOT_RECORDED


def _share(chance: float | None) -> str:
    return NOT_RECORDED if chance is None else f"{chance:.2f}"


def _recipe(attempts: Sequence[Attempt]) -> Sheet:
    flat = [dict(_flat(part(a.record, "recipe", dict) or {})) for a in attempts]
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
    """What dev promised beside what golden said, with the reason why the first is too hopeful."""
    chance = amount(records.run, "chance")
    if chance is None and records.best is not None:
        chance = amount(records.best.record, "chance")
    if chance is None:
        return ""
    happened = "no look was taken" if records.golden is None else f"what then happened: {verdict.words}"
    return (
        f"From dev, the chance of passing golden was put at {chance:.2f}; {happened}."
        " That chance is optimistic, because dev chose the attempt."
    )


def steps_of(run: Mapping[str, Any]) -> tuple[Step, ...]:
    """Where the time went, in the order of the work."""
    found = [(str(row.get("name")), amount(row, "seconds") or 0.0) for row in run.get("steps") or ()]
    total = sum(seconds for _, seconds in found) or 1.0
    return tuple(Step(name, duration(seconds), seconds / total) for name, seconds in found)


def facts_of(records: Records) -> tuple[Facts, ...]:
    """Data, model, versions, machine: what to compare when a score cannot be repeated."""
    run = records.run
    golden = records.golden or {}
    data = part(run, "data", dict) or {}
    machine, budget = part(run, "machine", dict) or {}, part(run, "budget", dict) or {}
    split = golden.get("split") or {}
    conditions = part(run, "conditions", dict) or {}
    splits = [
        (name, f"{plural(int(about.get('count') or 0), 'example')}, fingerprint {about.get('fingerprint')}")
        for name, about in data.items()
        if isinstance(about, dict)
    ]
    if split and "golden" not in data:
        splits.append(("golden", f"{split.get('count')} examples, fingerprint {split.get('fingerprint')}"))
    model = part(run, "model", dict) or {}
    look = golden.get("look") or {}
    return (
        Facts("Data", tuple(splits) or (("splits", NOT_RECORDED),)),
        Facts(
            "Identities",
            tuple(
                (name, str(value or NOT_RECORDED))
                for name, value in (
                    ("base model", model.get("alias")),
                    ("base model digest", model.get("digest")),
                    ("suite digest", run.get("suite")),
                    ("tuned subject", golden.get("subject") or _best_subject(records)),
                    ("best prompting-only baseline", run.get("prompted")),
                    ("look", look.get("name")),
                    ("code", run.get("git")),
                    ("run", run.get("id")),
                )
            ),
        ),
        Facts(
            "How it ran",
            (
                ("started", str(run.get("started") or NOT_RECORDED)),
                ("finished", str(run.get("finished") or NOT_RECORDED)),
                ("ended", str(run.get("reason") or run.get("status") or NOT_RECORDED)),
                ("took", duration(amount(run, "seconds"))),
                ("seed", str(run.get("seed", NOT_RECORDED))),
                ("budget", _pairs(budget)),
                ("spent", _pairs(part(run, "spent", dict) or {})),
                ("machine", _pairs(machine)),
                ("trained on", _pairs(part(conditions, "machine", dict) or {})),
                ("prices", _pairs(part(run, "prices", dict) or {})),
                ("prompting tried on dev", ", ".join(map(str, part(run, "baselines", list) or ())) or NOT_RECORDED),
                *((f"price of {name}", str(said)) for name, said in (part(run, "tariffs", dict) or {}).items()),
                *((f"not tried: {name}", str(why)) for name, why in (part(run, "untried", dict) or {}).items()),
                *(("by name alone", str(said)) for said in part(run, "known_by_name", list) or ()),
            ),
        ),
        Facts(
            "Versions",
            tuple((str(k), str(v)) for k, v in (part(run, "versions", dict) or {}).items())
            or (("versions", NOT_RECORDED),),
        ),
    )


def _best_subject(records: Records) -> str | None:
    return records.best.subject if records.best else None


def _pairs(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{k.replace('_', ' ')} {_written(v)}" for k, v in value.items()) or NOT_RECORDED
