"""`goldgate prepare --augment`: perturbed copies of train examples, in a file of their own that only training reads.

Baselines take no shots from them, the linear model does not see them, and nothing counts them as examples.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_object
from goldgate.base.fingerprint import digest
from goldgate.data.mask import masked
from goldgate.data.scaffold import write_split
from goldgate.data.twins import find_twins
from goldgate.perturb import MUST_CHANGE, MUST_NOT_CHANGE, VERSION, Perturbation
from goldgate.scored.view import allowed
from goldgate.task.examples import Example, Split, load_split, read_split
from goldgate.task.project import Project
from goldgate.task.task import Task

NAME = "augmented"
FILE = f"{NAME}.jsonl"
SHARE = 0.2
"""The share of train that each perturbation copies, unless another one is asked for."""
KNOWN: Mapping[str, Perturbation] = {p.name: p for p in (*MUST_NOT_CHANGE, *MUST_CHANGE)}
_META = {"made_from": str, "by": str, "share": float, "seed": int, "version": int}


@dataclass(frozen=True)
class Augmentation:
    """Which copies are made.

    Attributes:
        by: Names of the perturbations; none for no copies.
        share: The share of train that each copies, in (0, 1].
        seed: Decides which examples are copied, and how they are changed.
    """

    by: tuple[str, ...]
    share: float = SHARE
    seed: int = 0


@dataclass(frozen=True)
class Copies:
    """The copies of a train split.

    Attributes:
        counts: Perturbation → number of copies.
        near: Number of copies that were left out because they are near an example of dev or golden.
        samples: Perturbation → the first copy, as input before and after.
    """

    counts: Mapping[str, int]
    near: int
    samples: Mapping[str, tuple[str, str]]

    def lines(self, task: str) -> list[str]:
        """Says what was made, with one copy of each kind."""
        if not self.counts:
            return [f"golden/{task}/{FILE}: removed, train is learned as it is"]
        told = ", ".join(f"{name} {count}" for name, count in self.counts.items())
        near = f"; {self.near} left out, near dev or golden" if self.near else ""
        head = f"golden/{task}/{FILE}: {sum(self.counts.values())} copies for training alone ({told}){near}"
        return [head, *(f"  {name}: {a!r:.70} → {b!r:.70}" for name, (a, b) in self.samples.items())]


def parse_augmentation(text: str, share: float | None) -> Augmentation:
    """Reads the value of --augment.

    Args:
        text: Names of perturbations with commas between them, or "none".
        share: The share of train that each copies; None for the default.

    Returns:
        What is asked for.

    Raises:
        UserError: A perturbation is unknown or named twice, or the share is outside (0, 1].
    """
    names = () if text.strip() == "none" else tuple(name.strip() for name in text.split(","))
    if odd := [name for name in names if name not in KNOWN]:
        raise UserError(f'no perturbation "{odd[0]}"', "--augment", near_names(odd[0], KNOWN))
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UserError(f"{twice[0]} is named twice", "--augment", "name it once")
    share = SHARE if share is None else share
    if not 0 < share <= 1:
        raise UserError(f"must be above 0 and at most 1, not {share:g}", "--augment-share", f"leave it out for {SHARE}")
    return Augmentation(names, share)


def write_copies(task: Task, splits: Mapping[str, Split], wanted: Augmentation) -> Copies:
    """Writes the copies of train, or removes them.

    Which examples are copied, and how, depends on their content alone, so new rows change no other copy. A copy that
    the task does not allow is not made, and neither is one that is near an example of dev or golden.

    Args:
        task: The task.
        splits: Name → split, as they are in the files.
        wanted: Which copies.

    Returns:
        What was made.

    Raises:
        UserError: No example can be copied so.
    """
    path = task.data / FILE
    if not wanted.by:
        path.unlink(missing_ok=True)
        return Copies({}, 0, {})
    made = [copy for name in wanted.by for copy in _copies(task, splits["train"], KNOWN[name], wanted)]
    kept = _apart(made, splits)
    if not kept:
        hint = "they leave alone what an answer copies; take others, or --augment none"
        raise UserError(f"no example of train can be copied by {', '.join(wanted.by)}", "--augment", hint)
    write_split(task.data, Split(NAME, tuple(kept)))
    texts = {e.id: e.text for e in splits["train"]}
    first = {copy.meta["by"]: copy for copy in reversed(kept)}
    counts = Counter(copy.meta["by"] for copy in kept)
    return Copies(
        {name: counts[name] for name in wanted.by},
        len(made) - len(kept),
        {name: (texts[first[name].meta["made_from"]], first[name].text) for name in wanted.by if name in first},
    )


def _copies(task: Task, train: Split, perturbation: Perturbation, wanted: Augmentation) -> Iterator[Example]:
    for example in train:
        if not _drawn(example, perturbation.name, wanted):
            continue
        made = perturbation.apply(example, wanted.seed)
        if made is not None and allowed(task, made):
            meta = {
                "made_from": example.id,
                "by": perturbation.name,
                "share": wanted.share,
                "seed": wanted.seed,
                "version": VERSION,
            }
            yield replace(made, id=f"{example.id}~{perturbation.name}", meta=meta)


def _drawn(example: Example, name: str, wanted: Augmentation) -> bool:
    drawn = int(digest([name, wanted.seed, example.digest])[:8], 16)
    return drawn < math.ceil(wanted.share * 16**8)


def _apart(made: Sequence[Example], splits: Mapping[str, Split]) -> list[Example]:
    """The copies that no example of dev or golden is near to."""
    copies = [Split(NAME, tuple(made))]
    near = {twin.other.id for name in ("dev", "golden") for twin in find_twins(splits[name], copies)}
    forms = {masked(e.text) for name in ("dev", "golden") for e in splits[name]}
    return [copy for copy in made if copy.id not in near and masked(copy.text) not in forms]


def kept_augmentation(folder: Path) -> Augmentation | None:
    """Reads which copies a task has.

    Args:
        folder: golden/<task>.

    Returns:
        What was asked for when they were made; None if there are none.

    Raises:
        UserError: The file is broken.
    """
    if not (folder / FILE).is_file():
        return None
    copies = _read(folder)
    named = dict.fromkeys(copy.meta["by"] for copy in copies)
    meta = copies[0].meta
    return Augmentation(tuple(named), float(meta["share"]), int(meta["seed"]))


def read_copies(project: Project, task: str) -> tuple[Example, ...]:
    """Reads the copies of a task's train split, and makes each again, so that nothing else can stand in its place.

    Args:
        project: The project.
        task: Name of the task.

    Returns:
        The copies; none if the task has none.

    Raises:
        UserError: The file is broken, or a copy is not what its perturbation makes of an example of train.
    """
    folder = project.golden(task)
    if not (folder / FILE).is_file():
        return ()
    copies, train = _read(folder), load_split(project, task, "train").by_id
    if odd := [copy for copy in copies if not _is_copy(copy, train.get(copy.meta["made_from"]))]:
        raise UserError(
            f"{len(odd)} of {len(copies)} copies are not what is made of train now, the first: {odd[0].id}",
            f"golden/{task}/{FILE}",
            f"make them again with `goldgate prepare {task}`, or remove the file",
        )
    return copies


def _is_copy(copy: Example, example: Example | None) -> bool:
    if example is None:
        return False
    made = KNOWN[copy.meta["by"]].apply(example, copy.meta["seed"])
    return made is not None and made.digest == copy.digest


def with_copies(part: Split, copies: Sequence[Example]) -> Split:
    """Adds to train, or to a part of it, the copies of its own examples."""
    mine = [copy for copy in copies if copy.meta["made_from"] in part.by_id]
    return Split(part.name, (*part, *mine)) if mine else part


def _read(folder: Path) -> tuple[Example, ...]:
    copies = read_split(folder, NAME).examples
    hint = f"`goldgate prepare {folder.name} --augment NAMES` writes the file again; rows of your own go to train"
    for copy in copies:
        where = f"golden/{folder.name}/{FILE}, example {copy.id}"
        check_object(copy.meta, f"{where}, field meta", hint, **_META)
        if copy.meta["by"] not in KNOWN or copy.meta["version"] != VERSION:
            raise UserError("not a copy that this version makes", where, hint)
    return copies
