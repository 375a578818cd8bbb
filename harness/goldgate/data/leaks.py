"""Leaks: inputs that golden shares, exactly or nearly, with a split that training may read, or with itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import parse_json, read_text
from goldgate.data.mask import masked
from goldgate.data.twins import find_twins
from goldgate.task.allowed_twins import FILE, Allowed, line_to_sign, read_allowed, texts_of
from goldgate.task.examples import SPLITS, Example, Split
from goldgate.task.strata import TWIN_COSINE, read_novelty

_MOST = 20  # pairs that a message lists
_REMEDY = (
    f"remove one of each pair, give pairs within golden the same group, or sign a pair off in {FILE}, a list of entries"
    " like these, with a reason:"
)


@dataclass(frozen=True)
class Pair:
    """Two examples that are too much alike.

    Attributes:
        golden: The golden example.
        split: The split of the other one.
        other: The other example; None if its split is absent.
        alike: How alike the two are.
        absent: The id of an other example that is absent.
    """

    golden: Example
    split: str
    other: Example | None
    alike: float
    absent: str = ""

    @property
    def id(self) -> str:
        """The id of the other example."""
        return self.absent if self.other is None else self.other.id


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
    _refuse(
        [Pair(t.golden, t.split, t.other, t.alike) for t in found],
        signed,
        folder,
        "of inputs that are nearly the same",
        "alike",
    )


def check_paraphrases(splits: Mapping[str, Split], folder: Path) -> None:
    """Checks that no golden input paraphrases a train input, for a task that refuses this.

    Args:
        splits: Name → split, of those that are there.
        folder: golden/<task>.

    Raises:
        UserError: Embeddings find paraphrases that are not signed off, or were not computed for these splits.
    """
    mine, theirs = ({e.id: e for e in splits.get(name, ())} for name in ("golden", "train"))
    found = [
        Pair(mine[golden], "train", theirs.get(twin), cosine, twin)
        for golden, (twin, cosine) in read_novelty(folder).paraphrases.items()
    ]
    kind = f"of paraphrases (cosine {TWIN_COSINE:g} or more), which task.yaml refuses"
    _refuse(found, read_allowed(folder), folder, kind, "cosine")


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


def _refuse(found: Iterable[Pair], signed: Sequence[Allowed], folder: Path | None, kind: str, what: str) -> None:
    """Raises UserError if a pair is not signed off, with the pairs and the entries that would sign them off."""
    left = [pair for pair in found if not any(_signs(one, pair) for one in signed)]
    if not left:
        return
    lines = _lines(folder, {"golden", *(pair.split for pair in left)})
    changed = [_changed(one, pair) for pair in left for one in signed if _names(one, pair)]
    entries = [f"  {line_to_sign(p.golden, p.split, p.other)}" for p in left[:_MOST] if p.other is not None]
    table = "\n".join([_table(left, lines, what), *changed])
    raise UserError(f"golden leaks: {_pairs(left)} {kind}\n{table}", hint="\n".join([_REMEDY, *entries]))


def _names(one: Allowed, pair: Pair) -> bool:
    """Whether an entry is about a pair, in whichever order two golden examples are named."""
    ids = (pair.golden.id, pair.id)
    turned = pair.split == "golden" and (one.twin, one.golden) == ids
    return one.split == pair.split and ((one.golden, one.twin) == ids or turned)


def _signs(one: Allowed, pair: Pair) -> bool:
    """Whether an entry signs a pair off. Of an example that is absent only the id can be compared."""
    if not _names(one, pair):
        return False
    if pair.other is None:
        return one.texts.startswith(texts_of(pair.golden, pair.golden).partition(":")[0])
    return sorted(one.texts.split(":")) == sorted(texts_of(pair.golden, pair.other).split(":"))


def _changed(one: Allowed, pair: Pair) -> str:
    return f"  {pair.golden.id} and {pair.id} were signed off ({one.reason:.60}), but for other texts: {one.texts}"


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

    rows = [f"  {place('golden', p.golden.id)}  ~  {place(p.split, p.id)}: {what} {p.alike:.2f}" for p in pairs]
    more = [f"  and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return "\n".join([*rows[:_MOST], *more])


def _pairs(pairs: Sequence[Pair]) -> str:
    return f"{len(pairs)} pair{'s' * (len(pairs) > 1)}"
