"""Which fields make clusters of a split, and which names of strata there are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.task.clusters import check_strata, clusters_of
from goldgate.task.examples import Example, Split


def split(*examples: dict[str, Any], name: str = "golden") -> Split:
    return Split(name, tuple(Example(f"e{i}", f"text {i}", "x", **more) for i, more in enumerate(examples)))


def rows(n: int, values: int, key: str = "layout") -> list[dict[str, Any]]:
    return [{"meta": {key: f"v{i % values}"}} for i in range(n)]


def fields(made: Split, *strata: str) -> list[str]:
    return [c.field for c in clusters_of(made, strata)]


@pytest.mark.parametrize(("values", "found"), [(1, False), (4, False), (5, True), (20, True), (21, False), (40, False)])
def test_a_field_has_from_five_to_half_as_many_values_as_examples(values: int, found: bool) -> None:
    assert fields(split(*rows(40, values))) == (["layout"] if found else [])


def test_numbers_name_clusters_but_truth_values_and_lists_do_not() -> None:
    made = split(
        *({"meta": {"customer": i % 6, "good": i % 2 == 0, "items": [i % 6], "share": (i % 6) / 7}} for i in range(40))
    )
    assert fields(made) == ["customer"]


def test_an_example_without_a_value_is_a_cluster_of_its_own() -> None:
    (found,) = clusters_of(split(*rows(40, 8), {}, {}))
    assert (found.count, found.sizes[:2], found.sizes[-2:]) == (8, [5, 5], [1, 1])
    assert found.mean_size == pytest.approx((40 * 5 + 2) / 42)
    assert len(found.of) == 42


def test_a_family_of_tags_names_clusters_only_if_they_are_disjoint() -> None:
    alone = [{"tags": (f"layout:{i % 6}", "hard", f"by:{i % 3}")} for i in range(40)]
    assert fields(split(*alone)) == ["layout"]
    both = [{"tags": (f"layout:{i % 6}", f"layout:{i % 7}")} for i in range(40)]
    assert fields(split(*both)) == []
    assert fields(split(*({"tags": (f"novelty:{i % 6}",)} for i in range(40)))) == []
    assert fields(split(*({"tags": (f"tag{i % 6}",)} for i in range(40)))) == [], "a tag alone is no name of a cluster"


def test_declared_groups_count_already() -> None:
    same = [{"meta": {"customer": f"c{i % 8}"}, "group": f"c{i % 8}"} for i in range(40)]
    assert fields(split(*same)) == []
    coarser = [{"meta": {"customer": f"c{i % 16}"}, "group": f"c{i % 8}"} for i in range(40)]
    assert fields(split(*coarser)) == []
    across = [{"meta": {"layout": f"l{i % 5}"}, "group": f"c{i % 8}"} for i in range(40)]
    assert fields(split(*across)) == ["layout"]


def test_a_declared_field_is_listed_however_few_values_it_has() -> None:
    made = split(*rows(40, 2))
    assert [(c.field, c.declared, c.count) for c in clusters_of(made, ["layout"])] == [("layout", True, 2)]


def test_a_misspelled_stratum_is_told_its_name(tmp_path: Any) -> None:
    task: Any = SimpleNamespace(strata=("layuot",), folder=tmp_path)
    with pytest.raises(UserError, match='no golden example has "layuot"') as told:
        check_strata(task, split(*rows(40, 8)))
    assert "layout" in told.value.hint
    check_strata(SimpleNamespace(strata=("layout",), folder=tmp_path), split(*rows(40, 8)))  # type: ignore[arg-type]
