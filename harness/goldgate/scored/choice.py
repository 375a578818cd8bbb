"""What choosing the best prompt on a small dev split may cost: how much better another prompt of the list may be."""

from __future__ import annotations

from collections.abc import Mapping

from goldgate.measures import Measure
from goldgate.scored.scored import Scored

ERROR = 0.05
"""The stated bound is exceeded with at most this probability."""


def may_be_better(views: Mapping[str, Scored], chosen: str, metric: str, error: float = ERROR) -> float:
    """Bounds from above how much better than the chosen prompt the best one of the list is in truth.

    Let b be the prompt that is best in truth and c the chosen one, whoever that is. What is wanted is m(b) - m(c). For
    each other prompt c, m(b) - m(c) is below the upper bound of its paired difference with probability 1 - error/(k-1);
    so all k-1 of them are with probability 1 - error (Bonferroni), and the choice of c, which may depend on the same
    examples, cannot break it. As b is not known, the largest of the bounds of all prompts against c is stated: it is
    at least the one of b.

    Args:
        views: The scores of all k prompts on the same examples, by name.
        chosen: The chosen prompt.
        metric: The metric; its direction is respected.
        error: The probability that the bound is exceeded, in (0, 0.5).

    Returns:
        The bound, in the unit of the metric, at least 0; 0 for a single prompt.

    Raises:
        UserError: The metric is unknown.

    Source:
        The lemma of multiple comparisons with the best (Hsu 1984, Ann. Stat. 12, 1136-1144), with Bonferroni's
        inequality in place of Dunnett's quantile. The bounds of the differences are those of `Measure.interval`.
    """
    others = [view for name, view in views.items() if name != chosen]
    mine = views[chosen].measure(metric)
    return max((_upper(_lead(view.measure(metric), mine), error / len(others)) for view in others), default=0.0)


def _lead(other: Measure, mine: Measure) -> Measure:
    """How much better the other is, example by example."""
    return other - mine if mine.evidence.better == "high" else mine - other


def _upper(lead: Measure, error: float) -> float:
    """The upper bound of a lead, one-sided; at least 0, because the chosen one may be the best."""
    return max(0.0, lead.interval(1.0 - 2.0 * error)[1])
