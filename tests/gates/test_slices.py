"""The share of golden in a gate's slice: golden's own tags and strata count if the slice is defined by them."""

from __future__ import annotations

import pytest

from goldgate.gates import GateRecord, share_of_golden
from goldgate.measures import Measure
from goldgate.task.examples import Example, Split


def split(name: str, *tags: tuple[str, ...]) -> Split:
    return Split(name, tuple(Example(f"{name[0]}{i}", f"{name} {i}", "x", tags=t) for i, t in enumerate(tags)))


DEV = split("dev", ("a",), ("a",), ("a", "b"), (), (), ())
GOLDEN = split("golden", ("a",), ("b",), (), (), (), (), (), (), (), ())


def gate(ids: list[str], name: str) -> GateRecord:
    measure = Measure([1.0] * len(ids), ids=ids, name=name)
    return GateRecord.of(measure.verdict(">=", 0.5), measure, "t.py::t")


@pytest.mark.parametrize(
    ("ids", "name", "share"),
    [
        (["d0", "d1", "d2"], "m[a]", 0.1),
        (["d2"], "m[b]", 0.1),
        (["d0", "d1", "d2", "d3", "d4", "d5"], "m", 1.0),
        (["d0", "d3"], "m[where]", 2 / 6),
    ],
)
def test_a_tag_has_golden_s_share_and_another_slice_dev_s(ids: list[str], name: str, share: float) -> None:
    assert share_of_golden(gate(ids, name), DEV, GOLDEN, {}) == pytest.approx(share)


def test_all_tags_together_are_the_tagged_examples_of_golden() -> None:
    dev = split("dev", ("a",), ("b",), (), ())
    assert share_of_golden(gate(["d0", "d1"], "m[edge cases]"), dev, GOLDEN, {}) == pytest.approx(0.2)


def test_a_stratum_is_counted_where_the_suite_names_one() -> None:
    strata = {
        "dev": {e.id: "novelty:far" if e.id in ("d3", "d4") else "novelty:near" for e in DEV},
        "golden": {e.id: "novelty:far" if e.id == "g9" else "novelty:near" for e in GOLDEN},
    }
    assert share_of_golden(gate(["d3", "d4"], "m[novelty:far]"), DEV, GOLDEN, strata) == pytest.approx(0.1)


def test_a_slice_that_golden_lacks_has_none_of_it() -> None:
    dev = split("dev", ("c",), (), (), ())
    assert share_of_golden(gate(["d0"], "m[c]"), dev, GOLDEN, {}) == 0.0
