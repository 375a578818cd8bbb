"""`goldgate prepare --refresh-golden`: installs a new golden split, moves the old one to dev and retires its looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import short
from goldgate.data.account import Account, places
from goldgate.data.check import check_outputs
from goldgate.data.decide import Wishes, decide
from goldgate.data.folder import changed_folder
from goldgate.data.leaks import check_leaks
from goldgate.data.mask import masked
from goldgate.data.personal import check_secrets, find_in_rows
from goldgate.data.row import Place
from goldgate.data.scaffold import write_split
from goldgate.data.sources import Choices, read_rows
from goldgate.data.split import FEWEST
from goldgate.data.twins import find_twins
from goldgate.ledger import locked, read_looks
from goldgate.task.examples import (
    SPLITS,
    Card,
    Example,
    Split,
    card_of,
    load_split,
    read_card,
    read_examples,
    write_card,
)
from goldgate.task.project import Project
from goldgate.task.task import Task


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh.

    Attributes:
        card: Card of the new splits.
        moved: Number of examples moved from the old golden split to dev.
        looks: Number of looks that were retired.
        retired: The folder that keeps the old golden split and its looks.
        remarks: What was left out or lost.
    """

    card: Card
    moved: int
    looks: int
    retired: Path
    remarks: tuple[str, ...]


def refresh_golden(project: Project, task: Task, source: Path, columns: tuple[str, str] | None) -> Refreshed:
    """Replaces the golden split by the examples of a file.

    The change is atomic: a killed process leaves the old state or the new one. Inputs that are in a split, or were in
    an earlier golden split, exactly or nearly, are left out, because candidates were trained on them or people have
    seen them; case, whitespace and numbers do not matter in this comparison.

    Args:
        project: The project.
        task: The task.
        source: The file of new examples.
        columns: Names of its input and output columns, for any file that `init` reads; None for JSONL with one example
            per line.

    Returns:
        What was changed.

    Raises:
        UserError: The data is invalid or holds secrets, fewer than 30 examples are left, or the splits or the ledger
            are incomplete.
    """
    folder = project.golden(task.name)
    splits = {name: load_split(project, task.name, name) for name in SPLITS}
    remarks: list[str] = []
    found = _read(task, source, columns, len(_retired(folder)), remarks)
    placed = ((Place(source.name, n, "row"), example) for n, example in enumerate(found, 1))
    check_secrets(find_in_rows(placed), "take them out of the file")
    with locked(folder / "looks"):
        looks = read_looks(folder / "looks")
        known = [splits["train"], splits["dev"], Split("old golden", splits["golden"].examples), *_earlier(folder)]
        golden = _without_twins(Split("golden", tuple(_unseen(found, known, remarks))), known, remarks)
        check_outputs(task, golden, str(source))
        if len(golden) < FEWEST:
            raise UserError(
                f"only {len(golden)} examples are left for golden; a split needs at least {FEWEST}",
                str(source),
                "collect more examples",
            )
        after = {"train": splits["train"], "dev": _joined(splits["dev"], splits["golden"]), "golden": golden}
        check_leaks(after)
        remarks += _lost(splits["golden"], golden)
        old = read_card(folder)
        mark = short(splits["golden"].fingerprint)
        how = f"{old.prepared}; golden replaced from {source.name}, the old split {mark} moved to dev"
        card = card_of(task.name, after, how, old.licence, old.source, old.account, old.review)
        retired = folder / "retired" / mark
        _write(folder, after, card, retired.relative_to(folder))
    return Refreshed(card, len(splits["golden"]), len(looks), retired, tuple(remarks))


def _read(
    task: Task, source: Path, columns: tuple[str, str] | None, before: int, remarks: list[str]
) -> Sequence[Example]:
    if columns is None:
        return read_examples(source)
    account = Account()
    choices = Choices((("input", columns[0]), ("output", columns[1])))
    rows = decide(read_rows(source, choices, account), None, Wishes(task.kind), account).rows
    for reason in account.reasons():
        those = [row.place for row in account.aside if row.reason == reason]
        remarks.append(f"{len(those)} rows set aside: {reason}: {places(those)}")
    # The ids include the number of the refresh, because examples of several refreshes end up together in dev.
    return [
        Example(f"golden{before + 2}-{n:05d}", row.input, row.output, meta={"from": str(row.place)})
        for n, row in enumerate(rows)
    ]


def _retired(folder: Path) -> list[Path]:
    """The files of earlier golden splits."""
    return sorted((folder / "retired").glob("**/golden.jsonl"))


def _earlier(folder: Path) -> list[Split]:
    return [Split(path.parent.name, read_examples(path)) for path in _retired(folder)]


def _unseen(found: Iterable[Example], earlier: Iterable[Split], remarks: list[str]) -> list[Example]:
    seen = {masked(e.text) for split in earlier for e in split}
    kept: dict[str, Example] = {}
    examples, known, twice = [], 0, 0
    for example in found:
        twin = kept.setdefault(" ".join(example.text.split()).casefold(), example)
        if masked(example.text) in seen:
            known += 1
        elif twin is not example and (twin.group is None or twin.group != example.group):
            twice += 1
        else:
            examples.append(example)
    if known:
        remarks.append(
            f"{known} examples left out because they are in a split or were in an earlier golden split (apart from"
            " case, whitespace and numbers)"
        )
    if twice:
        remarks.append(f"{twice} examples left out because they are duplicates of earlier ones")
    return examples


def _without_twins(golden: Split, known: Sequence[Split], remarks: list[str]) -> Split:
    """Leaves out examples that nearly repeat a known one, or an earlier one of the new golden split."""
    twins = {(t.other if t.split == golden.name else t.golden).id for t in find_twins(golden, known)}
    if twins:
        remarks.append(f"{len(twins)} examples left out because they nearly repeat another one, or one of a split")
    return Split(golden.name, tuple(e for e in golden if e.id not in twins))


def _joined(dev: Split, golden: Split) -> Split:
    """Appends the old golden split to dev; an id that dev already has gets the old split's fingerprint as a suffix."""
    mark = short(golden.fingerprint)
    moved = [replace(e, id=f"{e.id}-{mark}") if e.id in dev.by_id else e for e in golden]
    return Split("dev", (*dev.examples, *moved))


def _lost(old: Split, new: Split) -> list[str]:
    tags = sorted(set(old.tag_counts()) - set(new.tag_counts()))
    return [f"golden no longer has an example tagged {', '.join(tags)}: gates on it will fail"] if tags else []


def _write(folder: Path, splits: dict[str, Split], card: Card, retired: Path) -> None:
    with changed_folder(folder) as part:
        (part / retired).mkdir(parents=True)
        (part / "looks").rename(part / retired / "looks")
        (part / "golden.jsonl").rename(part / retired / "golden.jsonl")
        for name in ("dev", "golden"):
            write_split(part, splits[name])
        write_card(part, card)
