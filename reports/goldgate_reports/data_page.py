"""The page on a task's data: what was read and what became of it, what was found, and what wants a person first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.files import write_whole
from goldgate.base.fingerprint import short
from goldgate.data.cleaning.changes import read_changes
from goldgate.data.personal import scrub
from goldgate.data.rejects import REJECTS, read_rejects
from goldgate.data.report import DataReport
from goldgate.data.row import Row
from goldgate.data.suspects import ORDER, Suspects
from goldgate.task.examples import Card, Example, Split, read_card, render_output
from goldgate_reports.build import render_page, render_text

PAGE, SUMMARY = "data.html", "data.md"
"""Names of the files in golden/<task>."""
_SAMPLES = 5  # rows of a reason, texts of a finding
_PAIRS = 30  # near pairs, and suspects of a split
_CELLS = 200  # labels and edge cases
_LONGEST = 240  # characters of a text
_BARS = 12


@dataclass(frozen=True)
class Sampled:
    """Something that was found, and some of it.

    Attributes:
        title: What it is.
        count: How often.
        samples: Places and texts, as rows of a table.
    """

    title: str
    count: int
    samples: tuple[tuple[str, ...], ...]

    @property
    def left(self) -> int:
        """How many are not shown."""
        return self.count - len(self.samples)


@dataclass(frozen=True)
class Todo:
    """Something that wants a person.

    Attributes:
        words: What, with its number.
        section: The section that shows it.
        command: What to do about it: a command, or words.
    """

    words: str
    section: str
    command: str


@dataclass(frozen=True)
class SplitFacts:
    """A split in figures: examples, independent groups, the largest of them, median length in characters, identity."""

    name: str
    count: int
    groups: int
    largest: int
    median: int
    fingerprint: str


@dataclass(frozen=True)
class Bar:
    """A range of lengths: its words, how many inputs are in it, and their share of the fullest range, in [0, 1]."""

    words: str
    count: int
    share: float


@dataclass(frozen=True)
class DataView:
    """All that the page shows. Texts are scrubbed of personal data; those of golden are not among them."""

    task: str
    kind: str
    tone: str
    words: str
    rows: Mapping[str, int]
    splits: tuple[SplitFacts, ...]
    todos: tuple[Todo, ...]
    aside: tuple[Sampled, ...]
    merged: Mapping[str, int]
    decisions: tuple[Mapping[str, str], ...]
    cleaned: tuple[Sampled, ...]
    cells: tuple[tuple[str, tuple[tuple[int, bool], ...]], ...]
    cells_left: int
    alike: tuple[str, ...]
    lengths: tuple[Bar, ...]
    long: Sampled
    unlike: Sampled
    suspects: tuple[Sampled, ...]
    remarks: tuple[str, ...]
    personal: tuple[Sampled, ...]
    languages: str
    missed: tuple[str, ...]
    novelty: str
    facts: tuple[tuple[str, str], ...]


def build_data_page(
    folder: Path,
    kind: str,
    splits: Mapping[str, Split],
    report: DataReport,
    suspects: Suspects | None,
    novelty: str = "",
) -> Path:
    """Writes data.html and data.md into golden/<task>. The same data give the same bytes.

    Args:
        folder: golden/<task>, with the splits, their card, and what was set aside and changed.
        kind: The kind of the task.
        splits: Name → split.
        report: What was found in the data.
        suspects: Outputs that may be wrong; None if they were not ranked yet.
        novelty: How close golden is to train, in words.

    Returns:
        The path of data.html.

    Raises:
        UserError: A file of the folder is broken or cannot be written.
    """
    view = _view(folder, kind, splits, report, suspects, novelty)
    write_whole(folder / SUMMARY, render_text("data.md.jinja", view=view))
    write_whole(folder / PAGE, render_page("data.html.jinja", view=view))
    return folder / PAGE


def _view(
    folder: Path, kind: str, splits: Mapping[str, Split], report: DataReport, suspects: Suspects | None, novelty: str
) -> DataView:
    card, task = read_card(folder), folder.name
    account: Mapping[str, Any] = card.account or {}
    aside, cells = _aside(folder), [cell for cell in report.cells if cell.label is None or cell.tag is None]
    ranked = _suspects(splits, suspects)
    todos = tuple(_todos(task, report, aside, ranked))
    ready = "ready to train and to gate on" if suspects is not None else "split; prepare has not looked at outputs yet"
    words = f"{len(todos)} thing{'s' * (len(todos) > 1)} to look at first" if todos else f"The examples are {ready}"
    return DataView(
        task,
        kind,
        "open" if todos else "ship",
        words,
        account.get("rows", {}),
        tuple(_split_facts(split) for split in splits.values()),
        todos,
        aside,
        account.get("merged", {}),
        tuple({key: _shown(text) for key, text in one.items()} for one in account.get("decisions", ())),
        _cleaned(folder),
        tuple((_name(c.label, c.tag), tuple((n, s in c.thin) for s, n in c.counts.items())) for c in cells[:_CELLS]),
        max(0, len(cells) - _CELLS),
        tuple(_shown(str(pair)) for pair in report.alike),
        _lengths(example for split in splits.values() for example in split),
        Sampled("too long", len(report.long), tuple((str(one),) for one in report.long[:_SAMPLES])),
        _unlike(report),
        ranked,
        () if suspects is None else suspects.remarks,
        tuple(Sampled(p.kind, p.count, tuple((str(at),) for at in p.places[:_SAMPLES])) for p in report.personal),
        "" if report.languages is None else str(report.languages),
        report.missed,
        novelty,
        _facts(card),
    )


def _name(label: str | None, tag: str | None) -> str:
    return _shown(label) if label is not None else f"[{_shown(tag or '')}]"


def _facts(card: Card) -> tuple[tuple[str, str], ...]:
    added = [
        ("added", f"{one['source']}: {one['rows']['kept']:,} of {one['rows']['read']:,} rows")
        for one in card.account.get("added", ())
    ]
    decided = [("reviewed", f"{len(card.review):,} decisions")] if card.review else []
    told = (("source", card.source), ("licence", card.licence), ("prepared", card.prepared))
    return (*told, *added, *decided)


def _shown(value: Any) -> str:
    """A value as the page shows it: scrubbed, on one line, cut with its length said."""
    clean = scrub(value)
    text = " ".join((clean if isinstance(clean, str) else json.dumps(clean, ensure_ascii=False)).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text):,} characters)"


def _split_facts(split: Split) -> SplitFacts:
    groups = Counter(example.group for example in split if example.group is not None)
    alone = sum(example.group is None for example in split)
    lengths = sorted(len(example.text) for example in split)
    median = lengths[len(lengths) // 2] if lengths else 0
    largest = max(groups.values(), default=min(1, len(split)))
    return SplitFacts(split.name, len(split), alone + len(groups), largest, median, short(split.fingerprint))


def _aside(folder: Path) -> tuple[Sampled, ...]:
    """The rows that were set aside, by reason, the most frequent first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in read_rejects(folder / REJECTS):
        found.setdefault(row["reason"], []).append(row)
    by_count = sorted(found.items(), key=lambda pair: -len(pair[1]))
    return tuple(
        Sampled(reason, len(rows), tuple((_place(r), r.get("detail", ""), _raw(r)) for r in rows[:_SAMPLES]))
        for reason, rows in by_count
    )


def _place(row: Mapping[str, Any]) -> str:
    unit = next((key for key in row if key not in ("file", "reason", "detail", "raw")), "line")
    return f"{row.get('file', '')}, {unit} {row.get(unit, '')}"


def _raw(row: Mapping[str, Any]) -> str:
    return _shown(row["raw"]) if "raw" in row else ""


def _cleaned(folder: Path) -> tuple[Sampled, ...]:
    """The rules that changed something, with what they changed."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for change in read_changes(folder):
        for rule in change.rules:
            found.setdefault(rule, []).append(
                (f"{change.row}, {change.field}", _shown(change.before), _shown(change.after))
            )
    return tuple(
        Sampled(rule, len(rows), tuple(rows[:_SAMPLES]))
        for rule, rows in sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    )


def _lengths(examples: Iterable[Example]) -> tuple[Bar, ...]:
    """How long the inputs are, in ranges of equal width up to the 99th percentile; the last range has no end."""
    lengths = sorted(len(example.text) for example in examples)
    if not lengths:
        return ()
    step = max(10, -(-lengths[len(lengths) * 99 // 100] // (_BARS - 1) // 10) * 10)
    counts = Counter(min(length // step, _BARS - 1) for length in lengths)
    most, last = max(counts.values()), max(counts)
    named = [f"{i * step} to {(i + 1) * step - 1}" if i < _BARS - 1 else f"{i * step} or more" for i in range(last + 1)]
    return tuple(Bar(words, counts[i], counts[i] / most) for i, words in enumerate(named))


def _unlike(report: DataReport) -> Sampled:
    pairs = report.unlike[:_PAIRS]
    samples = tuple(
        (f"{pair.alike:.2f}{'' if pair.in_words else ' by embedding'}", *_side(pair.one), *_side(pair.other))
        for pair in pairs
    )
    return Sampled("nearly the same input, different outputs", len(report.unlike), samples)


def _side(row: Row) -> tuple[str, str, str]:
    """A row's place, input and output; of golden its place alone."""
    if row.place.file.startswith("golden"):
        return str(row.place), "", ""
    return str(row.place), _shown(row.text), _shown(row.output)


def _suspects(splits: Mapping[str, Split], suspects: Suspects | None) -> tuple[Sampled, ...]:
    found = []
    for name in ORDER:
        ranked = () if suspects is None else suspects.of(name)
        shown: list[tuple[str, ...]] = []
        for one in ranked[:_PAIRS]:
            example = splits[name].by_id[one.id]
            texts = ("", "") if name == "golden" else (_shown(example.text), _shown(render_output(example.output)))
            shown.append((one.id, one.field, *texts, _shown(one.reason)))
        found.append(Sampled(name, len(ranked), tuple(shown)))
    return tuple(found)


def _todos(task: str, report: DataReport, aside: Sequence[Sampled], suspects: Sequence[Sampled]) -> Iterable[Todo]:
    """What wants a person, the most harmful first: what makes a verdict wrong comes before what training can bear."""
    prepare, review = f"goldgate prepare {task}", f"goldgate review {task} --to review.xlsx"
    if report.personal:
        many = sum(one.count for one in report.personal)
        yield Todo(f"personal data in {many:,} places, which a model repeats", "personal", f"{prepare} --redact")
    contradictions = sum(one.count for one in aside if one.title == "contradiction")
    if contradictions:
        yield Todo(
            f"{contradictions:,} rows contradict others with the same input", "rows", "decide, and add them again"
        )
    if report.unlike:
        yield Todo(f"{len(report.unlike):,} pairs of near repeats have different outputs", "near", review)
    if golden := next((s.count for s in suspects if s.title == "golden"), 0):
        yield Todo(
            f"{golden:,} outputs of golden are doubtful; begin with the first 20", "suspects", f"{review} --golden"
        )
    if report.alike:
        yield Todo(
            f"{len(report.alike):,} pairs of labels look alike", "labels", f"settle them in golden/{task}/labels.yaml"
        )
    if report.long:
        yield Todo(f"{len(report.long):,} rows have too many tokens", "lengths", "shorten them, or raise the limit")
    if thin := sum(bool(cell.thin) for cell in report.cells if cell.tag or cell.label):
        yield Todo(f"{thin:,} labels or edge cases have few examples", "labels", "collect more of these")
    if report.cleaning:
        many = sum(report.cleaning.values())
        yield Todo(f"{many:,} fields are not in clean form", "cleaned", f"{prepare} --clean")
