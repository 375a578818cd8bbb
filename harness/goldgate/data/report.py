"""What `goldgate prepare` finds in a task's splits: counted, with the lines, and nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.base.extras import is_installed
from goldgate.data.cleaning.changes import counts
from goldgate.data.cleaning.clean import clean_rows
from goldgate.data.components import CosinePair, Unlike, find_components, unlike_pairs
from goldgate.data.coverage import Cell, coverage, thin_lines
from goldgate.data.labels import FEWEST, LookAlike, count_labels, known_rules, look_alikes, rare
from goldgate.data.labels import FILE as LABELS
from goldgate.data.languages import LIBRARY as LANGUAGES
from goldgate.data.languages import Languages, languages
from goldgate.data.lengths import TooLong
from goldgate.data.personal import Finding, check_secrets, find_in_rows
from goldgate.data.personal.reachable import LIBRARY as PHONES
from goldgate.data.placed import places_of, rows_of
from goldgate.data.row import Place, Row
from goldgate.data.steps import Advance, Step, counted, ignore, untold
from goldgate.task.examples import Split
from goldgate.task.task import Task

_SHOWN = 5  # lines of a finding that are shown; --json has all

Measure = Callable[[Mapping[str, Sequence[Row]]], "Sequence[TooLong] | str"]
"""Split → its rows to what is too long, or to the reason why that is not known."""
Embed = Callable[[Sequence[str]], Any]
"""Texts to unit vectors (texts, dimensions)."""


@dataclass(frozen=True)
class DataReport:
    """The findings.

    Attributes:
        personal: Personal data.
        alike: Labels that look alike.
        few: Labels with few rows, with their numbers.
        languages: The languages of the inputs; None if they were not looked for.
        long: What has too many tokens.
        missed: What was not looked for, and why.
        cleaning: Rule → number of fields that `--clean` would change.
        left: What looks wrong and no rule repairs → its rows.
        cells: How many examples each label and edge case has in every split.
        unlike: Near-duplicates with different outputs, within and across splits.
    """

    personal: tuple[Finding, ...]
    alike: tuple[LookAlike, ...]
    few: Mapping[str, int]
    languages: Languages | None
    long: tuple[TooLong, ...]
    missed: tuple[str, ...]
    cleaning: Mapping[str, int]
    left: Mapping[str, tuple[Place, ...]]
    cells: tuple[Cell, ...]
    unlike: tuple[Unlike, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Returns the findings as plain JSON values."""
        return {
            "personal": [one.to_json() for one in self.personal],
            "look_alike_labels": [vars(pair) for pair in self.alike],
            "rare_labels": dict(self.few),
            "languages": None if self.languages is None else self.languages.to_json(),
            "too_long": [{**vars(one), "place": str(one.place)} for one in self.long],
            "missed": list(self.missed),
            "cleaning": dict(self.cleaning),
            "left": {what: [str(place) for place in places] for what, places in self.left.items()},
            "unlike": [pair.to_json() for pair in self.unlike],
            "coverage": [{**vars(cell), "thin": list(cell.thin)} for cell in self.cells],
        }

    def lines(self, task: str) -> list[str]:
        """Words the findings.

        Args:
            task: The task's name, for the commands to run next.

        Returns:
            Lines for people; none for what was not found.
        """
        said: list[str] = []
        for one in self.personal:
            said += _listed(f"{one.kind}: {one.count} in {len(one.places)} rows", one.samples, len(one.places))
        if self.personal:
            said.append(f"  to put stand-ins in their place: goldgate prepare {task} --redact")
        if self.alike:
            said += _listed(f"labels that look alike: {len(self.alike)} pairs", self.alike)
            said.append(f"  to merge any, name it in golden/{task}/{LABELS} and run: goldgate prepare {task} --clean")
        if self.few:
            few = [f'"{label}": {rows}' for label, rows in self.few.items()]
            said += _listed(f"labels with fewer than {FEWEST} rows: {len(few)}", few)
        if self.unlike:
            head = f"nearly the same input with different outputs: {len(self.unlike)} pairs, of which one may be wrong"
            said += _listed(head, self.unlike)
        said += thin_lines([cell for cell in self.cells if cell.tag])  # labels with few rows are named above
        if self.long:
            said += _listed(f"too long: {len(self.long)}", self.long)
        said += [f"not looked for: {what}" for what in self.missed]
        if self.languages is not None and len(self.languages.counts) > 1:
            said.append(f"languages: {self.languages}")
            for code, places in self.languages.rare.items():
                said += _listed(f"  rare: {code}", places)
        for what, places in self.left.items():
            said += _listed(f"{what}: {len(places)} rows", places)
        if self.cleaning:
            said.append("not in clean form: " + ", ".join(f"{rule} ({count})" for rule, count in self.cleaning.items()))
            said.append(f"  to clean them, with a change log: goldgate prepare {task} --clean")
        return said


def _listed(head: str, items: Iterable[object], total: int = 0) -> list[str]:
    shown = [str(item) for item in items]
    more = max(total, len(shown)) - min(len(shown), _SHOWN)
    return [
        head,
        *(f"  {item}" for item in shown[:_SHOWN]),
        *([f"  and {more} more (--json lists all)"] if more else []),
    ]


def personal_data(task: Task, splits: Mapping[str, Split], advance: Advance = ignore) -> tuple[Finding, ...]:
    """Finds personal data in the splits of a task.

    Args:
        task: The task.
        splits: Name → split, with as many examples as are in the files.
        advance: Is told how many examples are done.

    Returns:
        The findings.

    Raises:
        UserError: There are secrets in the splits.
    """
    folder = task.data
    every = (pair for s in splits.values() for pair in zip(places_of(folder, s), s, strict=True))
    found = find_in_rows(counted(every, advance))
    check_secrets(
        found,
        f"replace them with `goldgate prepare {task.name} --redact`, or take the rows out; and revoke the secrets,"
        " because others have seen them",
    )
    return found


def report(
    task: Task,
    splits: Mapping[str, Split],
    measure: Measure,
    pairs: Sequence[CosinePair] = (),
    embed: Embed | None = None,
    step: Step = untold,
) -> DataReport:
    """Examines the splits of a task.

    Args:
        task: The task.
        splits: Name → split, as they are in the files.
        measure: Finds what is too long.
        pairs: Pairs of inputs that embeddings find alike.
        embed: Embeds labels, to find those that mean the same; None where there are no embeddings.
        step: Shows what is being done.

    Returns:
        The findings.

    Raises:
        UserError: There are secrets in the splits, labels.yaml is broken.
    """
    folder, count = task.data, sum(map(len, splits.values()))
    with step("look for personal data", "it is counted, and secrets are refused", count) as advance:
        personal = personal_data(task, splits, advance)
    by_split = {name: rows_of(folder, split) for name, split in splits.items()}
    rows = [row for found in by_split.values() for row in found]
    rules = known_rules(folder)
    with step("look for what is not clean", "nothing is changed", count) as advance:
        found = clean_rows(rows, task.kind, task.schema, rules, advance)
    labels = count_labels((str(row.output) for row in rows), rules) if task.kind == "label" else {}
    long = measure(by_split)
    missed = [f"rows that are too long, because {long}"] if isinstance(long, str) else []
    missed += [
        f"{what}, because the light install has no {package}: pip install 'goldgate[data]'"
        for what, package in (("phone numbers that only a country's plan can tell", PHONES), ("languages", LANGUAGES))
        if not is_installed(package)
    ]
    return DataReport(
        personal,
        tuple(look_alikes(labels, rules, embed)),
        rare(labels),
        _languages(rows, step) if is_installed(LANGUAGES) else None,
        () if isinstance(long, str) else tuple(long),
        tuple(missed),
        counts(found.changes),
        found.left,
        coverage(splits, task.kind),
        () if task.kind == "text" else _unlike(rows, pairs, step),
    )


def _languages(rows: Sequence[Row], step: Step) -> Languages:
    with step("tell languages", "rare ones may be strays", len(rows)) as advance:
        return languages(counted(rows, advance))


def _unlike(rows: Sequence[Row], pairs: Sequence[CosinePair], step: Step) -> tuple[Unlike, ...]:
    with step("compare near-duplicates", "those with different outputs are shown", len(rows)) as advance:
        return unlike_pairs(rows, find_components(rows, pairs, advance), pairs)
