"""Keeping golden apart: rows that it has already, exactly or nearly, become no examples of train or dev."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from goldgate.data.account import Account
from goldgate.data.components import CosinePair, find_components, near_form
from goldgate.data.grams import GramIndex, grams_of, near
from goldgate.data.mask import boilerplate, folded, masked
from goldgate.data.repeats import Resolved, contradict, set_aside_contradiction
from goldgate.data.row import Place, Row
from goldgate.data.twins import find_twins
from goldgate.task.examples import Example, Split
from goldgate.task.strata import TWIN_COSINE
from goldgate.task.task import Kind

IN_GOLDEN = "in golden"
NEARLY_IN_GOLDEN = "nearly in golden"
_IN, _NEARLY_IN, _OF_ITS_GROUP = "in", "nearly in", "of a group of"
REPEATS_GOLDEN = "nearly repeats another row of golden"


def without_golden(
    golden: Sequence[Row],
    rows: Sequence[Row],
    account: Account,
    kind: Kind,
    pairs: Sequence[CosinePair] = (),
    name: str = "golden",
) -> Resolved:
    """Leaves out the rows that a given golden split has. Golden itself stays as it is.

    A row goes only if it is near a row of golden itself: one that is near a row that goes may stay.

    Args:
        golden: The rows of golden.
        rows: Other rows.
        account: Where the rows that go are entered as set aside.
        kind: The kind of the task.
        pairs: Pairs of inputs that embeddings find alike.
        name: What the given split is called, if it is not golden but dev.

    Returns:
        The rows that are left, and each row that contradicts golden with the row that it contradicts.
    """
    root = find_components([*golden, *rows], pairs).tolist()
    homes = set(root[: len(golden)])
    linked = [i for i, home in enumerate(root[len(golden) :]) if home in homes]
    reasons = _reasons(golden, [rows[i] for i in linked], pairs, boilerplate(row.text for row in (*golden, *rows)))
    gone = dict(zip(linked, reasons, strict=True))
    left, contradictions = [], []
    for i, row in enumerate(rows):
        reason, other = gone.get(i) or ("", None)
        if other is None:
            left.append(row)
        elif reason == _IN and kind != "text" and contradict(row, other):
            contradictions.append((other, row))
            set_aside_contradiction(row, other, account)
        else:
            account.set_aside(row.place, f"{reason} {name}", f"as {other.place}")
    return Resolved(left, tuple(contradictions))


def _reasons(
    golden: Sequence[Row], rows: Sequence[Row], pairs: Sequence[CosinePair], common: frozenset[str]
) -> list[tuple[str, Row] | None]:
    """For each row, how it is in golden and for which row of it; None if it may stay."""
    same = {folded(row.text): row for row in reversed(golden)}
    alike = {masked(row.text): row for row in reversed(golden)}
    groups = {row.group: row for row in reversed(golden) if row.group is not None}
    close: dict[str, Row] = {}
    for one, other, cosine in pairs:
        for a, b in ((folded(one), folded(other)), (folded(other), folded(one))):
            if cosine >= TWIN_COSINE and b in same:
                close[a] = same[b]
    forms = [near_form(row.text, common) for row in golden]
    grams = [grams_of(form) for form in forms]
    index = GramIndex.of(grams)
    found: list[tuple[str, Row] | None] = []
    for row in rows:
        text, form = folded(row.text), near_form(row.text, common)
        own = grams_of(form)
        if text in same:
            found.append((_IN, same[text]))
            continue
        twins = (golden[i] for i in index.candidates(own) if near(forms[i], form, grams[i], own))
        twin = alike.get(masked(row.text)) or close.get(text) or next(twins, None)
        if twin is not None:
            found.append((_NEARLY_IN, twin))
        else:
            found.append((_OF_ITS_GROUP, groups[row.group]) if row.group in groups else None)
    return found


def without_twins(
    splits: Mapping[str, Split], place_of: Callable[[str], Place], account: Account, fixed: bool = False
) -> dict[str, Split]:
    """Leaves out what a suite would refuse (`find_twins`): examples of other splits that are nearly in golden.

    Components keep nearly all of them apart. What is left are texts that golden quotes whole, and the few near-
    duplicates that MinHash misses.

    Args:
        splits: Name → split.
        place_of: Returns where the row of an example stands, by its id.
        account: Where the rows that go are entered as set aside.
        fixed: Whether golden keeps what nearly repeats another row of it.

    Returns:
        Name → split without them.
    """
    golden = splits["golden"]
    gone: dict[tuple[str, str], tuple[str, Example]] = {}
    for twin in find_twins(golden, [split for name, split in splits.items() if name != "golden"]):
        if twin.split != "golden" or not fixed:
            reason = REPEATS_GOLDEN if twin.split == "golden" else NEARLY_IN_GOLDEN
            gone.setdefault((twin.split, twin.other.id), (reason, twin.golden))
    for (_, id_), (reason, other) in gone.items():
        account.set_aside(place_of(id_), reason, f"as {place_of(other.id)}")
    return {name: _without(split, gone) for name, split in splits.items()}


def _without(split: Split, gone: Iterable[tuple[str, str]]) -> Split:
    ids = {id_ for name, id_ in gone if name == split.name}
    return Split(split.name, tuple(e for e in split if e.id not in ids)) if ids else split
