"""Which passes do not survive if clusters count as one observation each, and what is expected of golden."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from goldgate.gates import GateRecord, effects_of, expected_effects, plan_gate
from goldgate.gates.effects import grouped_p
from goldgate.gates.expected import ASSUMED
from goldgate.measures import Measure, Recording, Verdict, p_value, recording
from goldgate.task.clusters import Clusters

N, COUNT = 240, 20
IDS = [f"e{i}" for i in range(N)]


def clusters(declared: bool = False, count: int = COUNT, ids: Sequence[str] = IDS) -> Clusters:
    return Clusters("layout", {i: f"={k % count}" for k, i in enumerate(ids)}, declared)


def together(wrong: int = 2) -> list[float]:
    """Every example of some clusters wrong, all others right."""
    return [float(i % COUNT >= wrong) for i in range(N)]


def scattered(wrong: int = 24) -> list[float]:
    """As many wrong, evenly over the clusters."""
    return [float(i >= wrong) for i in range(N)]


def gate(
    values: Sequence[float], t: float = 0.8, reading: str = "shown", force: str | None = None, **more
) -> GateRecord:
    made: list[GateRecord] = []
    with recording(Recording(force=force, record=lambda v, m: made.append(GateRecord.of(v, m, "item")))):  # type: ignore[arg-type]
        measure = Measure(values, IDS, name="exact_match", **more)
        _ = getattr(measure, reading) >= t
    return made[0]


def lost(record: GateRecord, found: Clusters) -> tuple[str, ...]:
    return effects_of([record], [found])[0].lost


def test_a_pass_on_clusters_that_are_right_and_wrong_together_does_not_survive() -> None:
    record = gate(together())
    assert record.verdict.outcome == "pass"
    assert lost(record, clusters()) == ("exact_match >= 0.80",)
    grouped = p_value(together(), 0.8, 0.0, 1.0, "lower", [i % COUNT for i in range(N)])
    assert grouped > 0.025, "as it would be decided if layout were a group"


def test_the_same_rate_without_clusters_survives() -> None:
    record = gate(scattered())
    assert record.verdict.estimate == gate(together()).verdict.estimate
    assert lost(record, clusters()) == ()
    assert effects_of([record], [clusters()])[0].design == pytest.approx(1.0, abs=0.05)


def test_a_clear_pass_survives_its_clusters() -> None:
    assert lost(gate(together(), 0.4), clusters()) == ()


def test_declared_strata_and_other_readings_lose_nothing() -> None:
    assert lost(gate(together()), clusters(declared=True)) == ()
    assert lost(gate(together(), reading="plausible"), clusters()) == ()
    assert lost(gate(together(), reading="observed"), clusters()) == ()
    assert lost(gate(together(), force="observed"), clusters()) == ()
    assert lost(gate(together(wrong=8)), clusters()) == (), "it does not pass anyway"
    assert lost(gate(together()), clusters(count=4)) == (), "so few are kinds, not clusters"


def test_declared_groups_are_what_counts_as_one_within_a_cluster() -> None:
    groups = [f"g{i % 60}" for i in range(N)]  # each within one of the 20 clusters
    record = gate(together(), 0.6, groups=groups, max_group=4)
    alone = effects_of([gate(together(), 0.6)], [clusters()])[0]
    within = effects_of([record], [clusters()])[0]
    assert alone.design == pytest.approx(12 * (239 / 240) * (20 / 19))
    assert within.design == pytest.approx(3 * (59 / 60) * (20 / 19))


def test_an_example_without_a_value_stays_in_its_declared_group() -> None:
    """Half of the examples have a layout; the others are 10 groups of 12, of which one is wrong."""
    groups = [f"g{i % 10}" if i < 120 else f"own{i}" for i in range(N)]
    values = [float(i >= 120 or i % 10 > 0) for i in range(N)]
    record = gate(values, 0.6, groups=groups, max_group=12)
    half = Clusters("layout", {i: f"/{i}" if k < 120 else f"={k % COUNT}" for k, i in enumerate(IDS)}, False)
    labels = [groups[i] if i < 120 else f"={i % COUNT}" for i in range(N)]
    assert record.verdict.outcome == "pass"
    assert lost(record, half) == ()
    for t in (0.6, 0.7):
        assert grouped_p(gate(values, t, groups=groups, max_group=12), half) == p_value(
            values, t, 0.0, 1.0, "lower", labels
        )


def test_the_effect_names_its_numbers() -> None:
    (effect,) = effects_of([gate(together())], [clusters()], ["exact_match"])
    assert (effect.field, effect.clusters, effect.largest, effect.n, effect.metric) == (
        "layout",
        20,
        12,
        N,
        "exact_match",
    )
    assert effect.design == pytest.approx(12 * (239 / 240) * (20 / 19))


def test_a_sealed_gate_has_no_values_and_no_effect() -> None:
    sealed = GateRecord.bare(Verdict.from_json(gate(together()).verdict.to_json()), "item")
    (effect,) = effects_of([sealed], [clusters()])
    assert (effect.design, effect.lost, effect.metric) == (None, (), "")


def test_without_answers_the_correlation_is_assumed_and_said() -> None:
    (found,) = expected_effects([clusters()], N)
    assert (found.known, found.correlation, found.largest) == (False, ASSUMED, 12.0)
    assert found.design == pytest.approx(1 + ASSUMED * 11)
    said = "\n".join(found.lines())
    assert "no answers show whether they matter" in said
    assert "240 examples say as much as 114 independent ones" in said
    assert "strata: [layout]" in said


def test_dev_tells_the_correlation_and_the_power_that_is_left() -> None:
    record = gate(together(), force="observed")
    plans = [plan_gate(record, 480, 0.025)]
    (found,) = expected_effects([clusters()], 480, [clusters()], [record], plans, ["exact_match"])
    assert (found.known, found.correlation, found.largest) == (True, 1.0, 24.0)
    assert found.effective == 20
    ((written, before, then),) = found.weaker
    assert written == "exact_match >= 0.80"
    assert before > 0.99
    assert then < 0.3
    assert "not 100%" in "\n".join(found.lines())


def test_a_declared_stratum_is_named_and_a_small_effect_is_not() -> None:
    (declared,) = expected_effects([clusters(declared=True)], N)
    assert declared.lines() == [
        "layout: 20 values in golden, a declared stratum:"
        " verdicts are about new examples of these values, and of no others"
    ]
    pairs = Clusters("pair", {i: f"={k // 2}" for k, i in enumerate(IDS)}, False)
    assert expected_effects([pairs], N)[0].lines() == []


def test_bounds_over_clusters_hold_where_those_over_examples_do_not() -> None:
    """At a true rate of 0.8 and a correlation of 0.3 in 20 clusters; benchmarks/cluster_bounds.py has more worlds."""
    rng = np.random.default_rng(0)
    labels = [i % COUNT for i in range(N)]
    one_by_one = grouped = 0
    for _ in range(200):
        rates = rng.beta(0.8 * 7 / 3, 0.2 * 7 / 3, COUNT)
        values = (rng.random(N) < rates[labels]).astype(float)
        one_by_one += p_value(values, 0.8, 0.0, 1.0, "lower") <= 0.025
        grouped += p_value(values, 0.8, 0.0, 1.0, "lower", labels) <= 0.025
    assert one_by_one > 20
    assert grouped <= 5
