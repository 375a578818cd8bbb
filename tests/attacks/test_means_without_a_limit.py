"""The kind: a gate on the mean of values that have no upper limit. Its bound misses far more often than it says, since
the one answer in a hundred that takes a minute is often not among those measured. Percentiles have bounds that hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from goldgate.base.errors import UserError
from goldgate.measures import Measure, perplexity_ratio, seconds
from goldgate.subjects.latency import Timing

pytest_plugins = ["pytester"]
IDS = [f"e{i}" for i in range(40)]


def waits(scale: float = 1.0) -> Measure:
    return seconds([scale * (1 + i / 40) for i in range(40)], IDS, tags=[("a",) if i % 2 else () for i in range(40)])


def forgot() -> Measure:
    return perplexity_ratio([-2.0] * 40, [-2.1] * 40, [50] * 40, IDS, name="general.perplexity_ratio")


GATES: dict[str, Callable[[], Any]] = {
    "mean": lambda: waits() <= 60,
    "from below": lambda: waits() >= 0.1,
    "slice": lambda: waits().on("a") <= 60,
    "scaled": lambda: 1000 * waits() <= 60_000,
    "shifted": lambda: waits() - 1 <= 60,
    "turned": lambda: -waits() >= -60,
    "difference": lambda: waits() - waits(2) <= 60,
    "two measures": lambda: waits() <= 2 * waits(2),
    "sum": lambda: waits() + waits(2) <= 60,
    "plausible": lambda: waits().plausible <= 60,
    "observed": lambda: waits().observed <= 60,
    "looked at": lambda: waits().verdict("<=", 60),
    "perplexity": lambda: forgot() <= 3,
    "log of nothing": lambda: forgot() - forgot() <= 3,
}


@pytest.mark.parametrize("gate", GATES)
def test_no_form_of_the_mean_is_a_gate(gate: str) -> None:
    with pytest.raises(UserError, match="no upper limit, so no bound for its mean holds") as told:
        GATES[gate]()
    assert "percentile" in told.value.hint


def test_the_mean_is_still_reported() -> None:
    assert waits().value == pytest.approx(1.4875)
    assert "approximate, not for gates" in repr(waits())
    assert forgot().value == pytest.approx(np.exp(-0.1))


def test_percentiles_decide_also_between_two_subjects() -> None:
    assert waits().percentile(75) <= 2.0
    assert (waits() - waits(2)).p50 <= 0
    assert not (waits(2) - waits()).p50 <= 0
    assert (waits() - 0.5 * waits(2)).percentile(75) <= 0
    assert (waits() - waits(2)).p50.name == "(latency - latency).p50"
    assert forgot().percentile(75) <= 1.1
    assert forgot().percentile(75).value == pytest.approx(np.exp(-0.1))


def test_a_difference_counts_a_missing_answer_at_its_worst() -> None:
    mine, theirs = seconds([1.0] * 39 + [None], IDS), seconds([2.0] * 40, IDS)
    lost = seconds([None] * 40, IDS)
    assert (mine - theirs).p50 <= 0
    assert not (lost - theirs).p50 <= 0
    assert not (mine - lost).p50 <= 0, "an answer that the other did not give could have come at once"


def test_the_suite_says_what_to_write(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make()
    here = "this machine"
    made.champion(waited=(Timing(0.1, 0.2, here), Timing(0.2, 0.8, here)))
    made.gates("def test_fast(candidate):\n    assert candidate.latency <= 60\n")
    result = pytester.runpytest("suites", "-p", "no:cacheprovider")
    text = result.stdout.str()
    assert "test_fast is invalid: latency has no upper limit" in text
    assert "candidate.latency.p95 <= 1.5" in text
    assert result.ret != 0
