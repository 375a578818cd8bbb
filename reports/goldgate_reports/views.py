"""A run as its report shows it. Everything is computed here, so that the templates only lay it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldgate_reports.against import Comparison, GoldenRow, compared, measures_of, primary_metric, standing
from goldgate_reports.beside import Overview, overview_of
from goldgate_reports.counterexamples import Search, search_of
from goldgate_reports.estimates import Estimate, averaged, paired
from goldgate_reports.examples import ExampleGroup, example_groups
from goldgate_reports.gates import READINGS, Gate, Headline, Look, dev_gates, golden_gates, headline, look_of
from goldgate_reports.optimized import OptimizedPrompt, optimized_prompts
from goldgate_reports.packaged import Section, packaged_sections
from goldgate_reports.population import ClusterRow, cluster_rows, population_words
from goldgate_reports.records import Records, read_records
from goldgate_reports.training import Facts, Step, Training, facts_of, steps_of, training_of
from goldgate_reports.who import Subjects, subjects_of
from goldgate_reports.words import NOT_RECORDED, duration, label, number, plural

_REMEMBERED = "This holds for this golden split and for the looks that this repository's ledger remembers, no others."


@dataclass(frozen=True)
class Figure:
    """One of the headline numbers on the first screen.

    Attributes:
        name: What the number is.
        value: The number.
        context: What to read it with, such as its interval or the baseline's value.
        note: Where it comes from and any caveat.
    """

    name: str
    value: str
    context: str
    note: str


@dataclass(frozen=True)
class RunView:
    """Everything that report.html and summary.md show about one run."""

    task: str
    run: str
    date: str
    headline: Headline
    sentence: str
    figures: tuple[Figure, ...]
    linear: str
    choice: str
    look: Look | None
    look_words: str
    population: str
    gates: tuple[Gate, ...]
    gates_split: str
    readings: tuple[tuple[str, str], ...]
    overview: Overview
    clusters: tuple[ClusterRow, ...]
    comparison: Comparison
    optimized: tuple[OptimizedPrompt, ...]
    examples: tuple[ExampleGroup, ...]
    search: Search | None
    training: Training
    steps: tuple[Step, ...]
    facts: tuple[Facts, ...]
    sections: tuple[Section, ...]


def load_run(run_folder: Path) -> RunView:
    """Reads a run folder and computes its report.

    Args:
        run_folder: The run folder. Only run.json, scores.parquet, answers.parquet, attempts/* and, where they exist,
            golden.json and counterexamples.json are read here; installed packages may read more for their sections.

    Returns:
        What the templates lay out.

    Raises:
        UserError: A file is missing or broken. The error names the file and the field.
    """
    records = read_records(run_folder)
    who = subjects_of(records)
    on_dev = dev_gates(records)
    gates = golden_gates(records)
    look = None if records.golden is None else look_of(records.golden)
    verdict = headline(gates, look, on_dev, records.run.status or "")
    shown = gates if look is not None else on_dev
    primary = primary_metric(records, who, shown)
    comparison = compared(records, who, primary)
    return RunView(
        task=records.run.task or run_folder.parent.name,
        run=records.run.id or run_folder.name,
        date=(records.run.finished or records.run.started or "")[:10],
        headline=verdict,
        sentence=_sentence(records, who, comparison, primary),
        figures=_figures(records, who, comparison, primary),
        linear=_linear(records, who, comparison, primary),
        choice=_choice(who, primary),
        look=look,
        look_words=_look_words(look),
        population=population_words(records.golden),
        gates=shown,
        gates_split="dev" if look is None else "golden",
        readings=tuple((r, words) for r, words in READINGS.items() if any(g.reading == r for g in shown)),
        overview=overview_of(records, who, primary),
        clusters=cluster_rows(records.golden),
        comparison=comparison,
        optimized=optimized_prompts(records.run),
        examples=example_groups(records, who, primary),
        search=search_of(run_folder, records.run.fields),
        training=training_of(records, verdict),
        steps=steps_of(records.run),
        facts=facts_of(records),
        sections=packaged_sections(run_folder),
    )


@dataclass(frozen=True)
class _Gain:
    """The tuned model against one other subject in one metric: on golden where that was recorded, otherwise on dev."""

    split: str
    tuned: Estimate | None
    theirs: Estimate | None
    ahead: Estimate


def _gain(records: Records, who: Subjects, comparison: Comparison, metric: str, other: str | None) -> _Gain | None:
    if other is None:
        return None
    shown = who.shown(other)
    found: list[GoldenRow] = [r for r in comparison.golden if (r.metric, r.reference) == (label(metric), shown)]
    if found:
        return _Gain("golden", found[0].tuned, found[0].theirs, found[0].ahead)
    ours = records.scores.get(who.tuned_dev or "", {}).get(metric)
    theirs = records.scores.get(other, {}).get(metric)
    if ours is None or theirs is None or (ahead := paired(metric, ours, theirs)) is None:
        return None
    return _Gain("dev", averaged(metric, ours), averaged(metric, theirs), ahead)


def _sentence(records: Records, who: Subjects, comparison: Comparison, primary: str) -> str:
    """What was compared, on which examples, in one sentence."""
    gain = _gain(records, who, comparison, primary, who.best(primary))
    if gain is None or gain.tuned is None or gain.theirs is None:
        return "What prompting alone achieves was not recorded, so the gain is unknown."
    kind = {"golden": "golden examples that training never saw", "dev": "dev examples, on which the attempt was chosen"}
    return (
        f"On {gain.ahead.count} {kind[gain.split]}, the tuned model reaches {gain.tuned.text} {label(primary)}."
        f" The best prompting-only baseline ({who.best(primary)}) reaches {gain.theirs.text}."
    )


def _choice(who: Subjects, primary: str) -> str:
    """What choosing the prompt on a small dev split may have cost, in words; empty where that was not recorded."""
    words = who.choices[primary].words if primary in who.choices else ""
    return f"The best prompt ({who.best(primary)}) was {words}." if words else ""


def _figures(records: Records, who: Subjects, comparison: Comparison, primary: str) -> tuple[Figure, ...]:
    return (
        _gain_figure(_gain(records, who, comparison, primary, who.best(primary)), primary),
        _cost_figure(records, who),
        _latency_figure(records, who),
    )


def _gain_figure(gain: _Gain | None, primary: str) -> Figure:
    name = f"Gain in {label(primary)} over the best prompting"
    if gain is None:
        return Figure(name, NOT_RECORDED, "", "")
    note = {
        "better": "",
        "worse": "worse than prompting alone",
        "not shown apart": "the interval includes zero, so no gain is shown",
        None: "",
    }
    value = number(gain.ahead.value, gain.ahead.scale, signed=True)
    where = f"on {gain.split}, n = {gain.ahead.count}"
    said = note[standing(gain.ahead, "high")]
    return Figure(name, value, f"95% interval {gain.ahead.interval}", f"{where}; {said}" if said else where)


def _cost_figure(records: Records, who: Subjects) -> Figure:
    """The price of 1,000 answers, or the tokens of one answer where task.yaml gives no prices."""
    for metric, name in (("cost_per_1k", "Cost of 1,000 answers"), ("tokens_in", "Input tokens per answer")):
        split, ours, theirs = _both(records, who, metric)
        if ours is None:
            continue
        if theirs is None:
            return Figure(name, number(ours, "plain"), "the baseline's value was not recorded", f"on {split}")
        times = f" ({theirs / ours:.1f}×)" if ours > 0 else ""
        prices = (
            "at each subject's token prices, listed below"
            if records.run.tariffs
            else "at the token prices in task.yaml"
        )
        cached = [
            f.priced for s in (who.tuned_dev, who.prompted) if (f := records.run.caching.get(s or "")) is not None
        ]
        if cached:
            prices += ", with prompt caching" if any(cached) else ", without prompt caching"
        source = prices if metric == "cost_per_1k" else "task.yaml gives no prices"
        return Figure(
            name, number(ours, "plain"), f"prompting: {number(theirs, 'plain')}{times}", f"{source}, on {split}"
        )
    return Figure("Cost of 1,000 answers", NOT_RECORDED, "", "")


def _both(records: Records, who: Subjects, metric: str) -> tuple[str, float | None, float | None]:
    """The tuned model's value and the prompted one's, on golden if both were measured there, otherwise on dev."""
    there = measures_of(records)
    golden = [there.get((subject or "", metric, None)) for subject in (who.tuned_golden, who.prompted)]
    found = [None if e is None else e.value for e in golden]
    if None not in found:
        return "golden", found[0], found[1]
    columns = [records.scores.get(subject or "", {}).get(metric) for subject in (who.tuned_dev, who.prompted)]
    dev = [averaged(metric, column) if column else None for column in columns]
    ours, theirs = (None if e is None else e.value for e in dev)
    return ("golden", found[0], None) if ours is None else ("dev", ours, theirs)


def _latency_figure(records: Records, who: Subjects) -> Figure:
    recorded = records.run.latency
    ours = recorded.get(who.tuned_dev or "") or recorded.get(who.tuned_golden or "")
    theirs = recorded.get(who.prompted or "")
    if ours is None or ours.p50 is None:
        return Figure("Latency per answer", NOT_RECORDED, "", "")
    tail = f"95th percentile {duration(ours.p95)}" if ours.p95 is not None else ""
    note = tail + (f", n = {ours.n}" if ours.n is not None else "")
    return Figure(
        "Median latency per answer", duration(ours.p50), f"prompting: {duration(theirs.p50 if theirs else None)}", note
    )


def _linear(records: Records, who: Subjects, comparison: Comparison, primary: str) -> str:
    """Whether the tuned or the linear model wins, in words; empty where there is no linear model."""
    gain = _gain(records, who, comparison, primary, who.linear)
    if gain is None or gain.ahead.value is None or gain.tuned is None or gain.theirs is None:
        return ""
    interval = f"tuned minus linear {gain.ahead.text}, 95% interval {gain.ahead.interval}"
    facts = f"{gain.theirs.text} {label(primary)} against {gain.tuned.text} for the tuned model"
    size = f"on {gain.ahead.count} {gain.split} examples ({interval})"
    reads = standing(gain.ahead, "high")
    if reads == "worse":
        return f"The linear model wins: {facts}, {size}."
    if reads == "not shown apart":
        return f"Neither the tuned nor the linear model is shown to win: {facts}, {size}."
    return f"The tuned model beats the linear model: {facts}, {size}."


def _look_words(look: Look | None) -> str:
    """What a pass at this look is worth, in words."""
    if look is None:
        return (
            "Golden was not looked at, so nothing here has been shown. These are dev numbers, and dev is where the"
            " attempt was chosen."
        )
    if look.number is None or look.level is None:
        return "The look's number and level were not recorded."
    error = look.level * 2**look.number
    size = plural(look.count, "example") if look.count else "size not recorded"
    words = (
        f"This was look {look.number} at this golden split ({size}). It was tested at level"
        f" {number(look.level, 'plain')} per side, which is what it cost. All looks together have spent {look.spent}:"
        " the chance that any of their passes is false."
    )
    if look.opened:
        return f"{words} The golden examples have been shown, so a pass has no error rate until golden is refreshed."
    if look.sealed:
        return (
            f"{words} A promotion is wrong with a probability of at most {100 * error:g}%: golden is sealed, so earlier"
            f" looks revealed only their verdicts. {_REMEMBERED} The numbers below are from dev."
        )
    return (
        f"{words} A promotion is wrong with a probability of at most {100 * error:g}%, provided that earlier looks"
        f" revealed nothing but “not yet”. {_REMEMBERED} Once people have read the numbers below, that rate is nominal."
    )
