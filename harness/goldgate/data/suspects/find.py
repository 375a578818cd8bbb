"""Finds the examples of a task that are worth a second look, golden first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.data.suspects.scores import doubt
from goldgate.data.suspects.standing import Form, common_facts, facts_not_in_input, leaves, stands
from goldgate.task.examples import Example, Split, render_output
from goldgate.task.task import Task

ORDER = ("golden", "dev", "train")
"""Golden comes first: a wrong example there makes a verdict wrong, in train it only teaches a little less."""
USUAL = 0.9
"""Share of a field's values that stand in the input from which on those that do not are suspects."""
ENOUGH = 20
"""Fewest values of a field, or outputs, that show what is usual."""
AGREED = 0.6
"""Least share of the values that a classifier finds without having seen them. Below, its doubts say more about the
embeddings than about the values: whether a message threatens hardly shows in them.
"""
MOST = 100_000
"""Most examples that are embedded to judge labels: golden and dev first, then those of train by a digest of the id."""
_MOST_VALUES = 200  # of a field with closed values, and ...
_EXAMPLES_OF_VALUE = 10  # ... mean number of examples of each


@dataclass(frozen=True)
class Suspect:
    """An example whose output may be wrong.

    Attributes:
        split: Its split.
        id: Its id.
        field: What may be wrong: "output", or the path in a JSON output.
        doubt: How doubtful it is, in (0, 1]: the mean rank of its label, or how usual it is for values of the field to
            stand in the input.
        reason: Why, in words.
    """

    split: str
    id: str
    field: str
    doubt: float
    reason: str

    @property
    def file(self) -> str:
        return f"{self.split}.jsonl"


@dataclass(frozen=True)
class Suspects:
    """What was found.

    Attributes:
        ranked: The suspects, golden first, in each split the most doubtful first; an example occurs once.
        remarks: What could not be judged, and why.
    """

    ranked: tuple[Suspect, ...]
    remarks: tuple[str, ...]

    def of(self, split: str) -> tuple[Suspect, ...]:
        """Returns the suspects of a split."""
        return tuple(s for s in self.ranked if s.split == split)

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {"ranked": [asdict(s) for s in self.ranked], "remarks": list(self.remarks)}


Placed = tuple[str, Example]


def find_suspects(task: Task, splits: Mapping[str, Split], cache: Path) -> Suspects:
    """Ranks examples by how doubtful their outputs are. No example is flagged: the order says where to look first.

    Labels, and fields with few different values, are compared with those of similar inputs. Other JSON values are
    suspects if they do not stand in the input although the field's values usually do, texts if they have numbers or
    names that the input lacks although the outputs usually have none.

    Args:
        task: The task.
        splits: Its splits by name.
        cache: The cache folder, which holds embeddings.

    Returns:
        The suspects.

    Raises:
        UserError: The embedding model or a package is not available.
    """
    rows = [(name, e) for name in ORDER if name in splits for e in splits[name]]
    remarks: list[str] = []
    found = list(_doubtful_labels(task, rows, cache, remarks))
    if task.kind == "json":
        found += _values_elsewhere(rows)
    if task.kind == "text":
        found += _facts_elsewhere(task, rows)
    first: dict[tuple[str, str], Suspect] = {}
    for suspect in sorted(found, key=lambda s: (ORDER.index(s.split), -s.doubt, s.id, s.field)):
        first.setdefault((suspect.split, suspect.id), suspect)
    return Suspects(tuple(first.values()), tuple(remarks))


def suspects_or_reason(task: Task, splits: Mapping[str, Split], cache: Path) -> Suspects:
    """Ranks examples as `find_suspects`; a missing embedding model is a remark, because little else depends on it.

    Args:
        task: The task.
        splits: Its splits by name.
        cache: The cache folder.

    Returns:
        The suspects.
    """
    try:
        return find_suspects(task, splits, cache)
    except UserError as error:
        return Suspects((), (f"not ranked ({error.what})",))


def closed_fields(task: Task, examples: Sequence[Example]) -> dict[str, list[str]]:
    """Finds what of the outputs is one of few values, as labels are.

    Args:
        task: The task.
        examples: Its examples.

    Returns:
        "output", or the name of a field at the top of a JSON output → the value of each example.
    """
    if task.kind == "label":
        texts = [render_output(e.output) for e in examples]
        return {"output": [task.label(text) or text for text in texts]}
    if task.kind != "json" or not all(isinstance(e.output, dict) for e in examples):
        return {}
    found = {}
    for key in dict.fromkeys(k for e in examples for k in e.output):
        values = [e.output.get(key) for e in examples]
        if all(v is None or isinstance(v, str | bool) for v in values):
            texts = [render_output(v) for v in values]
            if len(set(texts)) > 1 and has_few_values(texts):
                found[key] = texts
    return found


def has_few_values(values: Sequence[str]) -> bool:
    """Returns whether a field has so few different values that they are classes, which a model can learn."""
    return len(set(values)) <= min(_MOST_VALUES, len(values) / _EXAMPLES_OF_VALUE)


def _doubtful_labels(task: Task, rows: Sequence[Placed], cache: Path, remarks: list[str]) -> Iterator[Suspect]:
    views = closed_fields(task, [e for _, e in rows])
    if not views:
        return
    if len(rows) > MOST:
        remarks.append(
            f"{len(rows) - MOST:,} of {len(rows):,} examples are not judged by their labels: a sample is, by id"
        )
        kept = sorted(sorted(range(len(rows)), key=lambda i: (ORDER.index(rows[i][0]), digest(rows[i][1].id)))[:MOST])
        rows, views = [rows[i] for i in kept], {field: [v[i] for i in kept] for field, v in views.items()}
    from goldgate.models.embedder import embed

    vectors = embed([e.text for _, e in rows], cache)
    for field, values in views.items():
        count = Counter(values)
        judged = np.array([i for i, value in enumerate(values) if count[value] > 1], int)
        if len(judged) < len(values):
            few = sorted(value for value in count if count[value] == 1)
            named = ", ".join(few[:3]) + (", .." if len(few) > 3 else "")
            remarks.append(f"{field}: {len(few)} values occur once, so nothing can be compared with them: {named}")
        names = sorted({values[i] for i in judged})
        if len(names) < 2 or len(judged) < ENOUGH:
            remarks.append(f"{field}: {len(judged)} examples of {len(names)} values are too few to judge labels by")
            continue
        yield from _ranked_labels(field, names, [(rows[i], values[i]) for i in judged], vectors[judged], remarks)


def _ranked_labels(
    field: str, names: Sequence[str], judged: Sequence[tuple[Placed, str]], vectors: np.ndarray, remarks: list[str]
) -> Iterator[Suspect]:
    place = {name: k for k, name in enumerate(names)}
    parts: dict[Any, int] = {}
    groups = [parts.setdefault(e.group or (split, e.id), len(parts)) for (split, e), _ in judged]
    labels = np.array([place[value] for _, value in judged])
    told = doubt(vectors, labels, np.array(groups))
    scores = len(told.scores) - 1  # the classifier's confidence has no favourite of its own
    agreed = float((told.prefers == labels).mean())
    if agreed < AGREED:
        remarks.append(
            f"{field}: a classifier on embeddings finds {agreed:.0%} of the values, too few to doubt any of them"
        )
        return
    for k, ((split, example), value) in enumerate(judged):
        if 2 * told.against[k] < scores:
            continue  # most agree with the label: nothing to look at
        liked = names[int(told.prefers[k])]
        other = f', the classifier "{liked}"' if liked != value else ""
        reason = f'"{value}": {told.against[k]} of {scores} scores prefer another value{other}'
        yield Suspect(split, example.id, field, round(float(told.mean_rank[k]), 4), reason)


def _values_elsewhere(rows: Sequence[Placed]) -> Iterator[Suspect]:
    """The values that do not stand in their input, of fields whose values usually do."""
    by_path: dict[str, list[tuple[Placed, Any, bool]]] = defaultdict(list)
    for row in rows:
        form = Form(row[1].text)
        for path, value in leaves(row[1].output):
            if (there := stands(value, form)) is not None:
                by_path[path].append((row, value, there))
    for path, found in by_path.items():
        yes = sum(there for _, _, there in found)
        if len(found) >= ENOUGH and yes >= USUAL * len(found):
            for (split, example), value, there in found:
                if not there:
                    shown = f"{render_output(value):.60}"
                    reason = f'"{shown}" does not stand in the input, as {yes:,} of {len(found):,} values do'
                    yield Suspect(split, example.id, path or "output", round(yes / len(found), 4), reason)


def _facts_elsewhere(task: Task, rows: Sequence[Placed]) -> Iterator[Suspect]:
    """The texts with facts that their input lacks, if most have none."""
    common = common_facts([e for _, e in rows], task.instructions)
    lacking = [facts_not_in_input(e, common) for _, e in rows]
    yes = sum(not facts for facts in lacking)
    if len(rows) < ENOUGH or yes < USUAL * len(rows):
        return
    for (split, example), facts in zip(rows, lacking, strict=True):
        if facts:
            named = ", ".join(facts[:3])
            reason = f"{named}: not in the input; {yes:,} of {len(rows):,} outputs have no such fact"
            yield Suspect(split, example.id, "output", round(yes / len(rows), 4), reason)
