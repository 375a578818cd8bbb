"""Leaks: inputs that golden shares, exactly or nearly, with a split that training may read, or with itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import parse_json, read_text
from goldgate.data.mask import masked
from goldgate.data.twins import find_twins
from goldgate.task.allowed_twins import FILE, Allowed, read_allowed
from goldgate.task.examples import SPLITS, Example, Split
from goldgate.task.strata import TWIN_COSINE, read_novelty

Pair = tuple[str, str, str, float]
"""Golden id, split and id of the other example, and how alike the two are."""
_MOST = 20  # pairs that a message lists
_REMEDY = (
    f"remove one of each pair, give pairs within golden the same group, or sign a pair off with a reason in {FILE}:"
    ' [{"golden": ID, "split": "train", "twin": ID, "reason": WHY}]'
)


def check_leaks(splits: Mapping[str, Split], folder: Path | None = None) -> None:
    """Checks that no input is in two splits, or twice in golden, exactly or nearly.

    Across splits, inputs that differ only in case, whitespace and numbers count as the same. In golden, duplicates are
    allowed only if they share a group, because copies are one observation. Near-duplicates (see `find_twins`) are
    allowed if they are signed off.

    Args:
        splits: Name → split.
        folder: golden/<task>, which has the sign-offs and the lines of the examples; None for splits without files.

    Raises:
        UserError: An input is in two splits, or twice in golden without a common group; or nearly so, with all pairs.
    """
    _check_copies(splits)
    golden = splits.get("golden")
    if golden is None:
        return
    signed = () if folder is None else read_allowed(folder)
    found = find_twins(golden, [split for name, split in splits.items() if name != "golden"])
    pairs = [(t.golden.id, t.split, t.other.id, t.alike) for t in found]
    if left := [pair for pair in pairs if not _is_signed(pair[:3], signed)]:
        lines = _lines(folder, {"golden", *(pair[1] for pair in left)})
        raise UserError(
            f"golden leaks: {_pairs(left)} of inputs that are nearly the same\n{_table(left, lines, 'alike')}",
            hint=_REMEDY,
        )


def check_paraphrases(folder: Path) -> None:
    """Checks that no golden input paraphrases a train input, for a task that refuses this.

    Args:
        folder: golden/<task>.

    Raises:
        UserError: Embeddings find paraphrases that are not signed off, or were not computed for these splits.
    """
    signed, paraphrases = read_allowed(folder), read_novelty(folder).paraphrases
    found = [(golden, "train", twin, cosine) for golden, (twin, cosine) in paraphrases.items()]
    if left := [pair for pair in found if not _is_signed(pair[:3], signed)]:
        lines = _lines(folder, {"golden", "train"})
        raise UserError(
            f"golden leaks: {_pairs(left)} of paraphrases (cosine {TWIN_COSINE:g} or more), which task.yaml refuses"
            f"\n{_table(left, lines, 'cosine')}",
            hint=_REMEDY,
        )


def unread_splits(folder: Path) -> list[str]:
    """Says which splits are absent, so that golden cannot be compared with them now.

    Args:
        folder: golden/<task>.

    Returns:
        A line for each absent split.

    Raises:
        UserError: A split is absent, and nothing says that `goldgate prepare` compared golden with it.
    """
    absent = [name for name in SPLITS if name != "golden" and not (folder / f"{name}.jsonl").is_file()]
    for name in absent:
        try:
            compared = read_novelty(folder).compared
        except UserError:
            compared = False
        if not compared:
            raise UserError(
                f"{name}.jsonl is absent, so golden cannot be compared with it",
                str(folder / f"{name}.jsonl"),
                f"restore the file; if it may not lie here, run `goldgate prepare {folder.name}` where it is and commit"
                " the novelty.json that it writes",
            )
    return [f"{name}.jsonl is absent: golden was compared with it when it was prepared, not now" for name in absent]


def _check_copies(splits: Mapping[str, Split]) -> None:
    home: dict[str, tuple[str, Example]] = {}
    once: dict[str, Example] = {}
    for split in splits.values():
        for example in split:
            form = masked(example.text)
            other = home.setdefault(form, (split.name, example))
            if other[0] != split.name:
                raise UserError(
                    f"{split.name} example {example.id} is also in {other[0]}"
                    f" (as {other[1].id}, apart from case, whitespace and numbers)",
                    f"{split.name}.jsonl",
                    "remove one of the two: a model would be tested on what it was trained on",
                )
            if split.name != "golden":
                continue
            twin = once.setdefault(" ".join(example.text.split()).casefold(), example)
            if twin is not example and (twin.group is None or twin.group != example.group):
                raise UserError(
                    f"golden example {example.id} is a duplicate of {twin.id}",
                    "golden.jsonl",
                    "remove one of the two, or give both the same group, so that they count as one observation",
                )


def _is_signed(pair: tuple[str, str, str], signed: Iterable[Allowed]) -> bool:
    golden, split, other = pair
    sides = {(golden, other), (other, golden)} if split == "golden" else {(golden, other)}
    return any(one.split == split and (one.golden, one.twin) in sides for one in signed)


def _lines(folder: Path | None, names: Iterable[str]) -> dict[tuple[str, str], str]:
    """(Split, example id) → file and line of the example, for the files that are there."""
    paths = [] if folder is None else [folder / f"{name}.jsonl" for name in names]
    found = {}
    for path in filter(Path.is_file, paths):
        for number, line in enumerate(read_text(path).split("\n"), 1):
            if line.strip():
                place = f"golden/{path.parent.name}/{path.name}, line {number}"
                found[path.stem, parse_json(line, path.name, "", number)["id"]] = place
    return found


def _table(pairs: Sequence[Pair], lines: Mapping[tuple[str, str], str], what: str) -> str:
    def place(split: str, id_: str) -> str:
        return f"{lines.get((split, id_), split)}, {id_}"

    rows = [f"  {place('golden', g)}  ~  {place(split, other)}: {what} {share:.2f}" for g, split, other, share in pairs]
    more = [f"  and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return "\n".join([*rows[:_MOST], *more])


def _pairs(pairs: Sequence[Pair]) -> str:
    return f"{len(pairs)} pair{'s' * (len(pairs) > 1)}"
