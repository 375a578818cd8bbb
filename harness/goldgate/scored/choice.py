"""What choosing the best prompt on a small dev split may cost: how much better another prompt of the list may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from goldgate.measures import Measure
from goldgate.scored.scored import Scored

ERROR = 0.05
"""The stated bound is exceeded with at most this probability."""


def may_be_better(views: Mapping[str, Scored], chosen: str, metric: str) -> float:
    """Bounds from above how much better than the chosen prompt the best one of the list is in truth.

    Args:
        views: The scores of all prompts on the same examples, by name.
        chosen: The chosen prompt.
        metric: The metric; its direction is respected.

    Returns:
        The bound, as `bound` gives it.

    Raises:
        UserError: The metric is unknown.
    """
    others = [view.measure(metric) for name, view in views.items() if name != chosen]
    return bound(views[chosen].measure(metric), others)


def bound(chosen: Measure, others: Sequence[Measure], error: float = ERROR) -> float:
    """Bounds from above how much better than the chosen measure the best of all is in truth.

    Let b be the best of k in truth and c the chosen one, whoever that is; wanted is m(b) - m(c). For each c other than
    b, m(b) - m(c) is at most the upper bound of the paired difference with probability 1 - error / (k - 1), so all of
    them are with probability 1 - error (Bonferroni). A choice of c by the same examples cannot break that. As b is not
    known, the largest of the bounds of all others over c is stated, which is at least that of b.

    Args:
        chosen: The chosen measure.
        others: The other k - 1 measures on the same examples.
        error: The probability that the bound is exceeded, in (0, 0.5).

    Returns:
        The bound in the unit of the metric, at least 0; 0 if there are no others.

    Source:
        Multiple comparisons with the best (Hsu 1984, Ann. Stat. 12, 1136-1144), with Bonferroni's inequality in place
        of Dunnett's quantile and the bounds of `Measure.interval` in place of normal ones.
    """
    coverage = 1.0 - 2.0 * error / max(1, len(others))
    high = chosen.evidence.better == "high"
    leads = [other - chosen if high else chosen - other for other in others]
    return max((0.0, *(lead.interval(coverage)[1] for lead in leads)))
