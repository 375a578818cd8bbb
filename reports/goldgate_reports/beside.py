"""The overview: the tuned model beside the best prompt, a larger model and the linear one, each with quality, cost and
latency. Whoever was not compared has a column too, which says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from goldgate.runs.caching import CachingFacts
from goldgate.task.subject_name import HOW_TO_ADD, kind_of
from goldgate_reports.against import measures_of
from goldgate_reports.caching import cost_ratio, counted
from goldgate_reports.estimates import Estimate, averaged, measured
from goldgate_reports.records import Records
from goldgate_reports.who import Subjects
from goldgate_reports.words import NOT_RECORDED, duration, label, number


@dataclass(frozen=True)
class Beside:
    """One column.

    Attributes:
        heading: What the subject is.
        name: Its name; empty where nobody was compared.
        cells: Its text in every row; empty where nobody was compared.
        absent: Why nobody was compared; else empty.
    """

    heading: str
    name: str = ""
    cells: tuple[tuple[str, str], ...] = ()
    absent: str = ""


@dataclass(frozen=True)
class Overview:
    """All columns.

    Attributes:
        rows: The names of the rows, each with a remark.
        columns: The columns.
        note: What to know about the costs; empty where there is nothing.
    """

    rows: tuple[tuple[str, str], ...]
    columns: tuple[Beside, ...]
    note: str


def overview_of(records: Records, who: Subjects, primary: str) -> Overview:
    """Puts the tuned model beside its opponents.

    Args:
        records: What the run folder records.
        who: Who is who in the run.
        primary: The deciding metric.

    Returns:
        The overview.
    """
    small = _best(records, who, primary, larger=False)
    large = _best(records, who, primary, larger=True)
    chosen = {"tuned, small": who.tuned_dev, "best prompt, small": small, "prompted, large": large}
    chosen["linear"] = who.linear
    split, quality = _quality(records, who, primary, [s for s in chosen.values() if s is not None])
    absent = {
        "tuned, small": NOT_RECORDED,
        "best prompt, small": "not compared: task.yaml lists no prompt of the task's own model",
        "prompted, large": f"not compared; {HOW_TO_ADD.replace('`', '')}",
        "linear": "only for closed labels: there is no class to separate in JSON or free text",
    }
    columns = tuple(
        Beside(heading, absent=absent[heading])
        if subject is None
        else Beside(heading, who.shown(subject), _cells(records, who, subject, quality.get(subject)))
        for heading, subject in chosen.items()
    )
    rows = (
        (label(primary), f"on {split}, 95% interval"),
        ("cost of 1,000", "on dev, without prompt caching"),
        *[("cost of 1,000", f"on dev, with prompt caching{_supposed(records)}")] * _has_caching(records),
        ("latency", "median; 95th percentile"),
    )
    return Overview(rows, columns, _note(records, who))


def _best(records: Records, who: Subjects, primary: str, *, larger: bool) -> str | None:
    """The best opponent on dev: of the task's own model, `prompted` if it is one; or of others, with the incumbent."""
    if larger:
        named = [s for s in (*who.baselines, who.prompted, who.incumbent) if s is not None and who.is_larger(s)]
    else:
        named = [s for s in (who.prompted, *who.baselines) if s is not None and kind_of(s) == "base"]
        if who.prompted in named:
            return who.prompted

    def rank(subject: str) -> float:
        column = records.scores.get(subject, {}).get(primary)
        found = averaged(primary, column) if column else None
        return float("-inf") if found is None or found.value is None else found.value

    return max(named, key=rank, default=None)


def _quality(
    records: Records, who: Subjects, primary: str, subjects: list[str]
) -> tuple[str, Mapping[str, Estimate | None]]:
    """The deciding metric of every subject on one split: golden if all were measured there, otherwise dev."""
    there = measures_of(records)
    golden = {s: there.get((who.tuned_golden or "" if s == who.tuned_dev else s, primary, None)) for s in subjects}
    if subjects and all(e is not None and e.value is not None for e in golden.values()):
        return "golden", golden
    columns = {s: records.scores.get(s, {}).get(primary) for s in subjects}
    return "dev", {s: None if c is None else measured(primary, c) for s, c in columns.items()}


def _cells(records: Records, who: Subjects, subject: str, quality: Estimate | None) -> tuple[tuple[str, str], ...]:
    run = records.run
    facts = run.caching.get(subject)
    latency = run.latency.get(subject) or (
        run.latency.get(who.tuned_golden or "") if subject == who.tuned_dev else None
    )
    p95 = None if latency is None or latency.p95 is None else duration(latency.p95)
    uncached = _uncached(records, subject, facts)
    return (
        (NOT_RECORDED, "") if quality is None else (quality.text, f"({quality.interval})"),
        (_unpriced(records) if uncached is None else number(uncached, "plain"), ""),
        *[_cached(records, facts)] * _has_caching(records),
        (duration(latency.p50 if latency else None), f"95%: {p95}" if p95 else ""),
    )


def _unpriced(records: Records) -> str:
    return NOT_RECORDED if records.run.prices else "no prices"


def _cached(records: Records, facts: CachingFacts | None) -> tuple[str, str]:
    """The price with a cache: as gates count it, or with a usual one if no subject's has a price."""
    if facts is None:
        return _unpriced(records), ""
    if _priced(records) and not facts.priced:
        return number(counted(facts), "plain"), "caching not priced"
    if facts.cached is None:
        return "unknown", "what is shared is not known"
    shared = f"{facts.shared:,.0f} of {facts.prompt:,.0f} tokens shared" if facts.shared and facts.prompt else ""
    return number(facts.cached, "plain"), shared


def _uncached(records: Records, subject: str, facts: CachingFacts | None) -> float | None:
    """The price without a cache; runs of earlier versions recorded it as the metric."""
    if facts is not None:
        return facts.uncached
    column = records.scores.get(subject, {}).get("cost_per_1k")
    found = averaged("cost_per_1k", column) if column else None
    return None if found is None else found.value


def _priced(records: Records) -> bool:
    return any(facts.priced for facts in records.run.caching.values())


def _has_caching(records: Records) -> bool:
    """Whether the run has recorded any price with a cache; runs of earlier versions have not."""
    return bool(records.run.caching)


def _supposed(records: Records) -> str:
    return "" if _priced(records) else ", supposed at a tenth"


def _note(records: Records, who: Subjects) -> str:
    facts = records.run.caching
    ratio = cost_ratio(facts.get(who.tuned_dev or ""), facts.get(who.prompted or ""))
    if not ratio:
        return ""
    if _priced(records):
        return (
            f"Cost: {ratio}. Gates on cost_per_1k count it with caching wherever that has a price, in steady traffic."
        )
    least = max(f.least for f in facts.values())
    return (
        f"Cost: {ratio}. Gates on cost_per_1k count it without, because task.yaml sets no per_million_cached_input."
        f" The supposed cache holds prefixes of {least} tokens or more, in steady traffic."
    )
