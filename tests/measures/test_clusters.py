"""Design effects: the formula, its edges, and the permutation test."""

from __future__ import annotations

import numpy as np
import pytest

from goldgate.measures.clusters import correlation, design_effect, p_same


def test_clusters_that_are_all_right_or_all_wrong_count_as_one_observation_each() -> None:
    values = np.repeat([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0], 8)
    clusters = np.repeat(range(10), 8).tolist()
    assert design_effect(values, clusters) == pytest.approx(8 * (79 / 80) * (10 / 9), rel=1e-12)
    assert correlation(values, clusters) == 1.0
    assert p_same(values, clusters) == 0.001


def test_singletons_have_no_effect() -> None:
    values = [0.0, 1.0] * 20
    assert design_effect(values, range(40)) == pytest.approx(1.0)
    assert correlation(values, list(range(40))) == 0.0
    assert p_same(values, list(range(40))) == 1.0


@pytest.mark.parametrize("values", [[1.0] * 20, [0.3] * 20])
def test_nothing_is_known_where_no_value_differs(values: list[float]) -> None:
    assert design_effect(values, [i % 5 for i in range(20)]) == 1.0
    assert p_same(values, [i % 5 for i in range(20)]) == 1.0


def test_clusters_that_are_alike_are_not_below_one() -> None:
    assert design_effect([0.0, 1.0] * 20, [i // 2 for i in range(40)]) == 1.0


def test_the_order_and_the_unit_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    values, clusters = rng.random(60), rng.integers(0, 9, 60)
    order = rng.permutation(60)
    assert design_effect(values[order], clusters[order].tolist()) == pytest.approx(
        design_effect(values, clusters.tolist())
    )
    assert design_effect(1000 * values - 7, clusters.tolist()) == pytest.approx(
        design_effect(values, clusters.tolist())
    )


def test_the_permutation_test_is_no_more_often_wrong_than_it_says() -> None:
    rng = np.random.default_rng(2)
    clusters = np.repeat(range(12), [1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10]).tolist()
    found = [p_same((rng.random(60) < 0.9).astype(float), clusters) <= 0.05 for _ in range(60)]
    assert sum(found) <= 8  # P(Binomial(60, 0.05) > 8) is 0.3%
