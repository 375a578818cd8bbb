"""The search without another model: random shot sets and variations of the best, raced against each other.

A race is successive halving (Jamieson and Talwalkar 2016): all candidates answer a few examples, the worse half drops
out, the rest answer twice as many, and so on. Racing shot sets follows the random search over bootstrapped
demonstrations of DSPy (Khattab et al. 2023); as train has the right outputs, nothing needs to be bootstrapped. The
winner of a race runs in the next one, against variations of itself and fresh sets. In the end the winners of all races
and the prompt of few_shot:N answer the same examples, and the best of them is the result.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.optimize.board import Ask, Board, Values
from goldgate.optimize.candidate import Candidate, Parts, Proposer, divide
from goldgate.task.examples import Example, Split

VERSION = 1
"""Raised when the same answers may give another winner."""
FIRST = 8
"""Answers with which a candidate starts. With fewer, luck would decide who drops out."""
WIDTHS = (16, 8, 4, 2)
"""Candidates in a race: the most with which the budget is enough for two races and a final."""
MOST_ASKED = 256
"""Examples to score on. A final over more would leave too little of most budgets for the races."""
FINAL = 0.3
"""Share of the budget that is kept for the final, unless its examples need less."""
FINALISTS = 5
"""The prompt of few_shot:N and the winners of the last races, which the earlier ones lost to."""


Write = Callable[[Board, Parts, int], Sequence[str]]
"""Writes system messages within so many answers."""


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes:
        winner: The best candidate.
        scores: Its means on the examples of the final.
        first: The means of the first candidate, the prompt of few_shot:N, on the same.
        candidates: How many candidates answered.
        examples: How many examples the final had.
        calls: Answers that were asked for.
        seconds: The time that these answers took when they were made.
        budget: The most answers that were allowed.
    """

    winner: Candidate
    scores: Values
    first: Values
    candidates: int
    examples: int
    calls: int
    seconds: float
    budget: int


def search(
    train: Split,
    count: int,
    systems: Sequence[str],
    seed: int,
    ask: Ask,
    allowed: Callable[[float], int],
    told: Callable[[str], None] = lambda line: None,
    write: Write | None = None,
) -> Found:
    """Searches the best prompt with fixed shots.

    Args:
        train: The train split: the only examples that the search knows.
        count: The most shots.
        systems: The system messages to choose from; the first is that of few_shot:N.
        seed: Decides which candidates are tried, and on which examples.
        ask: Lets a candidate answer examples of train.
        allowed: Returns the budget in answers, given the seconds that the first answers took on average.
        told: Receives a line after every race.
        write: Writes further system messages, with up to half of the budget; None if nobody does.

    Returns:
        The best prompt. The same answers give the same one.

    Raises:
        UserError: Train is too small to search on.
    """
    rng = random.Random(seed)
    parts = divide(train, count, MOST_ASKED, rng)
    if not parts.asked:
        raise UserError(
            f"train has {len(train)} examples, too few to search a prompt on",
            hint="add examples to train.jsonl, or drop optimized:N from `baselines`",
        )
    board, first = Board(ask), Candidate(systems[0], parts.first)
    board.mean(first, parts.asked[:FIRST])
    budget = allowed(board.seconds / board.calls)
    written = () if write is None else write(board, parts, budget // 2)
    proposer = Proposer(parts, count, [*systems, *written], rng)
    first, *others = proposer.first()
    width = _width(budget, len(parts.asked))
    best, winners = first, list[Candidate]()
    while _cost(width, len(parts.asked)) <= _spare(board, _finalists(first, winners), parts.asked, budget):
        tried = [best, *others[: width - 1]] if others else [best, *proposer.variations(best, width // 2)]
        others = []
        tried += proposer.fresh(width - len(tried))
        if len(tried) == 1:
            break
        best = race(board, tried, rng.sample(parts.asked, len(parts.asked)))
        winners = [*(w for w in winners if w.key != best.key), best]
        told(f"{board.tried} prompts tried, {board.calls} of {budget} answers")
    return _final(board, _finalists(first, winners), parts.asked, budget)


def race(board: Board, candidates: Sequence[Candidate], examples: Sequence[Example]) -> Candidate:
    """Races candidates until two are left or all examples are answered, and returns the better one.

    Args:
        board: Their scores.
        candidates: At least one; of equal ones the earlier wins.
        examples: At least one; each candidate that is left answers the first of them.

    Returns:
        The winner.
    """
    left, n = list(candidates), min(FIRST, len(examples))
    while True:
        means = {c.key: board.mean(c, examples[:n]) for c in left}
        left = sorted(left, key=lambda c: means[c.key], reverse=True)
        if len(left) <= 2 or n == len(examples):
            return left[0]
        left, n = left[: (len(left) + 1) // 2], min(2 * n, len(examples))


def _cost(width: int, examples: int) -> int:
    """The most answers that a race of so many candidates asks for."""
    n, left, cost = min(FIRST, examples), width, 0
    answered = 0
    while True:
        cost += left * (n - answered)
        if left <= 2 or n == examples:
            return cost
        answered, left, n = n, (left + 1) // 2, min(2 * n, examples)


def _width(budget: int, examples: int) -> int:
    fits = (w for w in WIDTHS if 2 * _cost(w, examples) <= (1 - FINAL) * budget - FIRST)
    return next(fits, WIDTHS[-1])


def _finalists(first: Candidate, winners: Sequence[Candidate]) -> list[Candidate]:
    return [first, *[w for w in winners if w.key != first.key][1 - FINALISTS :]]


def _spare(board: Board, finalists: Sequence[Candidate], examples: Sequence[Example], budget: int) -> float:
    """Answers that are left for races if the final gets its share, or all that it can use with one more finalist."""
    final = len(examples) + sum(board.missing(c, examples) for c in finalists)
    return budget - board.calls - min(FINAL * budget, final)


def _final(board: Board, winners: Sequence[Candidate], examples: Sequence[Example], budget: int) -> Found:
    """Compares the winners of all races on as many examples as the rest of the budget allows."""

    def cost(n: int) -> int:
        return sum(board.missing(c, examples[:n]) for c in winners)

    most = max((n for n in range(1, len(examples) + 1) if board.calls + cost(n) <= budget), default=1)
    means = {c.key: board.mean(c, examples[:most]) for c in winners}
    best = max(winners, key=lambda c: means[c.key])
    return Found(best, means[best.key], means[winners[0].key], board.tried, most, board.calls, board.seconds, budget)
