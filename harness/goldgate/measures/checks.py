"""Checks of the numbers given to a measure, and the errors for comparisons that are not gates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeGuard

import numpy as np

from goldgate.base.errors import UserError
from goldgate.measures.estimate import Use, refuse_estimate
from goldgate.measures.evidence import Better, Evidence, Mean, Op


class NoOperation(UserError, TypeError):
    """An operation that measures do not have: for Python and numpy a TypeError, for people one line that helps."""


_SLACK = 1e-9  # share of the range: rounding error that a scorer may add to a bound


def bounded_mean(
    values: Sequence[float | None],
    ids: Sequence[str] | None,
    bounds: tuple[float, float],
    groups: Sequence[str | None] | None,
    tags: Sequence[Iterable[str]] | None,
    *,
    name: str,
    better: Better,
    max_group: int,
) -> tuple[Mean, tuple[frozenset[str], ...]]:
    """Checks the arguments of a `Measure`, which documents them, and builds its evidence.

    Returns:
        The evidence, and the tags of each example.

    Raises:
        UserError: A value is NaN or out of bounds, or there are no examples.
    """
    named, own, marks = labelled(len(values), ids, groups, tags, name)
    lo, hi = float(bounds[0]), float(bounds[1])
    if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
        raise UserError(
            f"{name}: bounds {lo:g} to {hi:g} are not a range", hint="give two finite numbers, the lower one first"
        )
    given_ids = zip(values, named, strict=True)
    x = np.array([math.nan if v is None else in_bounds(v, i, name, lo, hi) for v, i in given_ids])
    missing = np.array([v is None for v in values], dtype=np.bool_)
    low, high = np.where(missing, lo, x), np.where(missing, hi, x)
    evidence = Mean(name, named, missing, (lo, hi), own, max_group, better, low, high)
    not_empty(evidence)
    return evidence, marks


def labelled(
    count: int,
    ids: Sequence[str] | None,
    groups: Sequence[str | None] | None,
    tags: Sequence[Iterable[str]] | None,
    name: str,
) -> tuple[tuple[str, ...], tuple[str, ...] | None, tuple[frozenset[str], ...]]:
    """Checks the ids, groups and tags of examples, and fills in defaults.

    Args:
        count: Number of examples.
        ids: Example ids; "1", "2", .. by default.
        groups: Group of each example; an example with None gets a group of its own.
        tags: Tags of each example; none by default.
        name: Name of the measure, for the message.

    Returns:
        The ids, the groups (None if none were given) and the tags, one per example.

    Raises:
        UserError: A list has another length than `count`, or an id occurs twice.
    """
    named = tuple(str(i + 1) for i in range(count)) if ids is None else tuple(ids)
    for what, given in (("ids", named), ("groups", groups), ("tags", tags)):
        if given is not None and len(given) != count:
            raise UserError(
                f"{name}: {count} values but {len(given)} {what}", hint=f"give one entry of {what} per value"
            )
    if len(set(named)) != len(named):
        raise UserError(f"{name}: an id occurs twice", hint="give every example a unique id")
    own = None if groups is None else tuple(f"={i}" if g is None else g for g, i in zip(groups, named, strict=True))
    return named, own, tuple(frozenset(t) for t in (tags if tags is not None else [()] * count))


def in_bounds(value: float, example: str, name: str, lo: float, hi: float) -> float:
    """Checks the value of an example.

    Args:
        value: The value.
        example: Id of the example, for the message.
        name: Name of the measure, for the message.
        lo: Lower end of the range.
        hi: Upper end of the range.

    Returns:
        The value, clipped to the range if it exceeds it by rounding error.

    Raises:
        UserError: The value is NaN or out of range.
    """
    x = float(value)
    slack = _SLACK * (hi - lo)
    if not lo - slack <= x <= hi + slack:
        raise UserError(
            f"{name}: the value of example {example} is {x:.12g}, not between {lo:g} and {hi:g}",
            hint="use None for a missing answer; any other value out of range is an error of the scorer",
        )
    return min(max(x, lo), hi)


def as_threshold(name: str, t: object) -> float:
    """Checks a threshold.

    Args:
        name: Name of the measure, for the message.
        t: What the measure is compared with.

    Returns:
        The threshold.

    Raises:
        UserError: It is not a finite number.
    """
    refuse_estimate(name, t)
    if not _is_number(t) or not math.isfinite(t):
        number = isinstance(t, (float, np.number))
        raise UserError(
            f"{name} can be compared with a number or a measure, not with {t!r:.40}",
            hint="write m >= 0.9" + (" (while golden decides, every estimate is NaN)" if number else ""),
        )
    return float(t)


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value counts as a number: True and False do not, though Python calls them integers."""
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def not_empty(evidence: Evidence) -> None:
    """Raises UserError if a measure has no examples."""
    if evidence.n == 0:
        raise UserError(f"{evidence.name}: there are no examples", hint="a measure needs at least one")


def as_term(name: str, op: str, number: object) -> float:
    """Checks what is added to a measure or subtracted from it.

    Args:
        name: Name of the measure, for the message.
        op: The operator, for the message.
        number: What stands on the other side.

    Returns:
        The number.

    Raises:
        UserError: It is not a finite number, or an estimate.
    """
    refuse_estimate(name, number)
    if not _is_number(number) or not math.isfinite(number):
        raise NoOperation(
            f"{name} {op} {number!r:.40}: only a number or another measure can be added or subtracted",
            hint="slices and readings come after: (a - b).plausible >= 0.05, and both sides .on the same tag",
        )
    return float(number)


def as_factor(name: str, op: str, number: object) -> float:
    """Checks what a measure is multiplied with or divided by.

    Args:
        name: Name of the measure, for the message.
        op: The operator, for the message.
        number: What stands on the other side.

    Returns:
        The number.

    Raises:
        UserError: It is not a finite number other than 0, or an estimate.
    """
    refuse_estimate(name, number)
    if not _is_number(number):
        raise not_a_mean(f"{name} {op} {getattr(number, 'name', repr(number)):.40}")
    if not math.isfinite(number) or number == 0:
        verb = "multiplied" if op == "*" else "divided"
        raise UserError(f"{name} cannot be {verb} by {number:g}", hint="use a finite number, not 0")
    return float(number)


def not_a_mean(written: str) -> NoOperation:
    """Makes the error for a product or a quotient that is not a mean over examples."""
    return NoOperation(
        f"{written}: this is not a mean over examples, so it has no interval of its own",
        hint="a ratio is gated as candidate.cost_per_1k <= 0.5 * prompted.cost_per_1k",
    )


def one_direction(first: str, second: str, use: Use, a: Evidence, b: Evidence) -> None:
    """Raises UserError for a sum of which one part goes one way (see `Use`) and the other the other way."""
    if use.one_way and a.better != b.better:
        raise UserError(
            f"{first} + {second}: {a.better} values of the one and {b.better} values of the other are better",
            hint=f"gate each, or write {first} - {second}",
        )


def sum_of(name: str, number: float) -> str:
    """Names the sum of a measure and a number."""
    return f"{name} - {-number:g}" if number < 0 else f"{name} + {number:g}"


def term(name: str) -> str:
    """Writes a name as an operand, in parentheses if it is a sum."""
    return f"({name})" if " + " in name or " - " in name else name


def reading_too_early(name: str, reading: str) -> NoOperation:
    """Makes the error for arithmetic on a measure that has its reading already."""
    return NoOperation(f"{name} can only be compared", hint=f"calculate first, then read: (a - b).{reading} >= 0.05")


def may_be_gated(evidence: Evidence, explored: str) -> None:
    """Raises UserError if a measure may be viewed but not gated.

    Args:
        evidence: The measure's evidence.
        explored: Why its slice may not be gated; empty if it may.
    """
    if evidence.instead:
        raise UserError(
            f"{evidence.name} has no upper limit, so no bound for its mean holds: it is reported but never gated",
            hint=evidence.instead,
        )
    if explored:
        raise UserError(
            f"{explored}: it can be viewed but never gated",
            hint="slice by tags or by inputs, or use .value and .interval(), which do not gate",
        )


def right_way(evidence: Evidence, one_way: bool, op: Op) -> None:
    """Raises UserError if a measure that is gated only towards better values is compared the other way."""
    if one_way and op != (">=" if evidence.better == "high" else "<="):
        raise UserError(
            f"{evidence.name} {op} ..: {evidence.better} values of {evidence.name} are better",
            hint='reverse the comparison, with the candidate on its left, or declare @scorer(better="low")',
        )


def not_strict(name: str, op: str) -> UserError:
    """Makes the error for a measure that is compared with > or <."""
    return UserError(f"{name} {op} ..: a gate is written with >= or <=", hint=f"write {op}= instead of {op}")


def not_equal(name: str) -> UserError:
    """Makes the error for a measure that is compared with == or !=."""
    return UserError(f"{name}: a measure is never equal to a number", hint="write >= or <=; .value is the estimate")


def not_compared(name: str) -> UserError:
    """Makes the error for a measure that is asserted without a comparison."""
    return UserError(f"{name} alone is not a gate", hint="compare it with a number: assert m >= 0.9")
