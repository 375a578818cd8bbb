"""Assigns rows to columns so that the sum of gains is largest, using each row and column at most once."""

from __future__ import annotations

import math
from collections.abc import Sequence

_FREE = -1


def best_pairs(gains: Sequence[Sequence[float]]) -> dict[int, int]:
    """Pairs rows with columns so that the sum of their gains is maximal.

    The time grows with rows² x columns (rows: the shorter side), so lists of hundreds of items are instant.

    Args:
        gains: Rows of equal length, of finite numbers. Not empty.

    Returns:
        Row → column, with as many pairs as the shorter side. Among several best assignments, it is the one that scipy's
        `linear_sum_assignment` picks.

    Source:
        Successive shortest augmenting paths, as in Crouse 2016, "On implementing 2D rectangular assignment algorithms".
    """
    if len(gains) > len(gains[0]):
        turned = best_pairs([list(column) for column in zip(*gains, strict=True)])
        return dict(sorted((row, column) for column, row in turned.items()))
    costs = [[-gain for gain in row] for row in gains]
    width = len(costs[0])
    of_row, of_column = [0.0] * len(costs), [0.0] * width  # the dual prices
    row_at = [_FREE] * width
    for start in range(len(costs)):
        _augment(costs, start, of_row, of_column, row_at)
    return dict(sorted((row, column) for column, row in enumerate(row_at) if row != _FREE))


def _augment(
    costs: Sequence[Sequence[float]], start: int, of_row: list[float], of_column: list[float], row_at: list[int]
) -> None:
    """Gives one more row a column, along the shortest path of reduced costs. Updates prices and assignment in place."""
    width = len(row_at)
    shortest, came_from = [math.inf] * width, [_FREE] * width
    left = list(range(width - 1, -1, -1))  # in reverse, as in scipy: this decides which of several best paths wins
    reached: list[int] = []
    row, length = start, 0.0
    while True:
        nearest, chosen = math.inf, _FREE
        for place, column in enumerate(left):
            through = length + costs[row][column] - of_row[row] - of_column[column]
            if through < shortest[column]:
                shortest[column], came_from[column] = through, row
            here = shortest[column]
            if here < nearest or (here == nearest and row_at[column] == _FREE):
                nearest, chosen = here, place
        length, column = nearest, left[chosen]
        left[chosen] = left[-1]
        left.pop()
        reached.append(column)
        if row_at[column] == _FREE:
            break
        row = row_at[column]
    of_row[start] += length
    for seen in reached[:-1]:
        of_row[row_at[seen]] += length - shortest[seen]
        of_column[seen] -= length - shortest[seen]
    while column != _FREE:  # flip the path: each row on it takes the column that it led to
        row = came_from[column]
        before = next((c for c, r in enumerate(row_at) if r == row), _FREE)
        row_at[column] = row
        column = before if row != start else _FREE
