"""Which examples of a split belong together by a field that nobody declared: a layout, a template, a customer.

A field is a key of `meta`, or a family of tags with one prefix (`layout:letter`, `layout:table`). Its values are the
clusters. Examples of one cluster may be right and wrong together, and then say less than as many independent ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from goldgate.base.errors import UserError, near_names
from goldgate.task.examples import COMPUTED, Split
from goldgate.task.task import Task

FEWEST = 5
"""Values from which a field counts as clusters. Fewer are kinds of examples, which a suite slices by tags: so few say
nothing about how values differ, and no bound over them shows anything.
"""


@dataclass(frozen=True)
class Clusters:
    """The clusters that one field makes of a split.

    Attributes:
        field: The key of `meta`, or the prefix of the tags.
        of: Example id → cluster, for every example of the split; an example without a value is one of its own.
        declared: Whether task.yaml lists the field under `strata`.
    """

    field: str
    of: Mapping[str, str]
    declared: bool

    @cached_property
    def sizes(self) -> list[int]:
        """Sizes of the clusters, the largest first."""
        return sorted(Counter(self.of.values()).values(), reverse=True)

    @cached_property
    def with_value(self) -> dict[str, str]:
        """Example id → cluster, for the examples that have a value."""
        return {i: c for i, c in self.of.items() if c != _alone(i)}

    @property
    def count(self) -> int:
        """Number of values of the field."""
        return len(set(self.with_value.values()))

    @cached_property
    def mean_size(self) -> float:
        """Mean size of the cluster that an example is in; it is the largest possible design effect."""
        return sum(s * s for s in self.sizes) / len(self.of)


def clusters_of(split: Split, strata: Collection[str] = ()) -> tuple[Clusters, ...]:
    """Finds the fields that make clusters of a split, and the declared ones.

    A field that is not declared has from FEWEST to half as many values as there are examples with a value, some of them
    more than once, and its values are not parts of declared groups.

    Args:
        split: The split.
        strata: The fields that task.yaml declares.

    Returns:
        The clusters of each field, in the order of the fields' names.
    """
    found = []
    for field, values in sorted(_fields(split).items()):
        declared = field in strata
        count = len(set(values.values()))
        if declared or (FEWEST <= count <= len(values) / 2 and not _inside_groups(split, values)):
            of = {e.id: f"={values[e.id]}" if e.id in values else _alone(e.id) for e in split}
            found.append(Clusters(field, of, declared))
    return tuple(found)


def check_strata(task: Task, split: Split) -> None:
    """Checks the declared strata.

    Args:
        task: The task.
        split: Its golden split.

    Raises:
        UserError: No example has a field that task.yaml lists under `strata`.
    """
    known = _fields(split)
    for field in task.strata:
        if field not in known:
            raise UserError(
                f'no {split.name} example has "{field}" in its meta, or a tag "{field}:.."',
                f'{task.folder / "task.yaml"}, field "strata"',
                near_names(field, known),
            )


def _alone(example: str) -> str:
    return f"/{example}"


def _fields(split: Split) -> dict[str, dict[str, str]]:
    """Field → example id → value. Of a family of tags, only one whose tags never stand together names clusters."""
    found: dict[str, dict[str, str]] = {}
    overlapping = set()
    for e in split:
        for tag in e.tags:
            field, colon, value = tag.partition(":")
            if colon and not tag.startswith(COMPUTED) and found.setdefault(field, {}).setdefault(e.id, value) != value:
                overlapping.add(field)
    for field in overlapping:
        del found[field]
    for e in split:
        for key, value in e.meta.items():
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                found.setdefault(key, {})[e.id] = str(value)
    return found


def _inside_groups(split: Split, values: Mapping[str, str]) -> bool:
    """Whether every value's examples are of one declared group, which counts as one observation already."""
    group: dict[str, str] = {}
    return all(group.setdefault(v, (e := split.by_id[i]).group or i) == (e.group or i) for i, v in values.items())
