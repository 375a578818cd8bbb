"""`goldgate prepare --refresh-golden`: a golden split that nobody has seen; the old one is dev's, its looks retired."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import whole_folder
from goldgate.base.fingerprint import short
from goldgate.data.check import check_leaks, check_outputs
from goldgate.data.mask import masked
from goldgate.data.readers import read_pairs
from goldgate.data.scaffold import write_split
from goldgate.data.split import FEWEST
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
    """What a refresh did. card: of the splits now; moved: examples of the old golden split that are dev's now; looks:
    those that were retired; retired: the folder that keeps them, beside the old split; remarks: what to know of it.
    """

    card: Card
    moved: int
    looks: int
    retired: Path
    remarks: tuple[str, ...]


def refresh_golden(project: Project, task: Task, source: Path, columns: tuple[str, str] | None) -> Refreshed:
    """Makes the examples of a file the golden split, whole or not at all: a killed process leaves the old state or the
    new one.

    columns: of input and output in any file that `init` reads; None for JSONL with one example a line. Left out are
    inputs that stand in any split, or stood in a golden split before, but for case, blanks and numbers: candidates were
    trained on them, or people have seen them. Raises UserError for data that is no good, for fewer than 30 examples,
    and where the splits or the ledger are not whole.
    """
    folder = project.golden(task.name)
    splits = {name: load_split(project, task.name, name) for name in SPLITS}
    found = _read(source, columns, len(_retired(folder)))
    with locked(folder / "looks"):
        looks = read_looks(folder / "looks")
        remarks: list[str] = []
        golden = Split("golden", tuple(_unseen(found, _seen(folder, splits.values()), remarks)))
        check_outputs(task, golden, str(source))
        if len(golden) < FEWEST:
            raise UserError(
                f"{len(golden)} examples are left for golden; no measure is worth its name below {FEWEST}",
                str(source),
                "collect more examples",
            )
        after = {"train": splits["train"], "dev": _joined(splits["dev"], splits["golden"]), "golden": golden}
        check_leaks(after)
        remarks += _lost(splits["golden"], golden)
        old = read_card(folder)
        mark = short(splits["golden"].fingerprint)
        how = f"{old.prepared}; golden anew from {source.name}, the split {mark} is dev's"
        card = card_of(task.name, after, how, old.licence, old.source)
        retired = folder / "retired" / mark
        _write(folder, after, card, retired.relative_to(folder))
    return Refreshed(card, len(splits["golden"]), len(looks), retired, tuple(remarks))


def _read(source: Path, columns: tuple[str, str] | None, before: int) -> Sequence[Example]:
    if columns is None:
        return read_examples(source)
    rows = read_pairs(source, *columns)
    # The ids of one refresh differ from those of the others, which meet in dev.
    return [
        Example(f"golden{before + 2}-{n:05d}", r.input, r.output, meta={"from": r.where}) for n, r in enumerate(rows)
    ]


def _retired(folder: Path) -> list[Path]:
    """The golden splits of before."""
    return sorted((folder / "retired").glob("**/golden.jsonl"))


def _seen(folder: Path, splits: Iterable[Split]) -> set[str]:
    """Forms of all inputs that candidates were trained on, or that were golden or dev before."""
    seen = {masked(e.text) for split in splits for e in split}
    return seen | {masked(e.text) for path in _retired(folder) for e in read_examples(path)}


def _unseen(found: Iterable[Example], seen: set[str], remarks: list[str]) -> list[Example]:
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
            f"{known} examples left out that stand in a split, or stood in golden before (but for case,"
            " blanks, numbers)"
        )
    if twice:
        remarks.append(f"{twice} examples left out that say what an earlier one says")
    return examples


def _joined(dev: Split, golden: Split) -> Split:
    """dev with the old golden split; an id that stands in dev already gets the split's mark."""
    mark = short(golden.fingerprint)
    moved = [replace(e, id=f"{e.id}-{mark}") if e.id in dev.by_id else e for e in golden]
    return Split("dev", (*dev.examples, *moved))


def _lost(old: Split, new: Split) -> list[str]:
    tags = sorted(set(old.tag_counts()) - set(new.tag_counts()))
    return [f"golden has no example tagged {', '.join(tags)} any more: gates on that are gone"] if tags else []


def _write(folder: Path, splits: dict[str, Split], card: Card, retired: Path) -> None:
    """All at once: the folder is copied, changed, and put in place of the old one."""
    for left in folder.parent.glob(f".{folder.name}.*.part"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with whole_folder(folder) as part:
        shutil.copytree(folder, part, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns(".lock"))
        (part / retired).mkdir(parents=True)
        (part / "looks").rename(part / retired / "looks")
        (part / "golden.jsonl").rename(part / retired / "golden.jsonl")
        for name in ("dev", "golden"):
            write_split(part, splits[name])
        write_card(part, card)
