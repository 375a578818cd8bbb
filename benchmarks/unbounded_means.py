"""How often bounds miss where values have heavy tails, over simulated golden sets; at 2.5% it should be 2.5% or less.

The first table is of means without an upper limit, which are reported and not gated. The second is of the cost gate
`candidate.cost_per_1k <= r * prompted.cost_per_1k` where both are truly equal: tokens have limits, so it is a bounded
mean.

python benchmarks/unbounded_means.py [--repeats 4000]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from goldgate.measures import Measure, perplexity_ratio, seconds

SIZES = (50, 200)
LEVEL = 0.025
NEW, PROMPT = 400, 2048  # the limits of tokens
READ, WRITTEN = 0.1, 0.4  # prices of a token
FIRST, ALL = 60, 1200  # usual tokens of a prompt that was trained away, and of one with shots
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]


def waits(sigma: float) -> Callable[[np.random.Generator, int], Measure]:
    """Lognormal seconds with a mean of 1."""
    return lambda rng, n: seconds(list(rng.lognormal(-(sigma**2) / 2, sigma, n)))


def forgotten(rng: np.random.Generator, n: int) -> Measure:
    """Passages of 100 tokens, of which few lose much: the mean loss is 0.1 nats a token."""
    loss = 0.1 * rng.lognormal(-1.125, 1.5, n)
    return perplexity_ratio([-9.0 - x for x in loss], [-9.0] * n, [100] * n, [str(i) for i in range(n)])


TOKENS: dict[str, Draw] = {
    "lognormal, sigma 1": lambda rng, n: rng.lognormal(3.0, 1.0, n),
    "lognormal, sigma 2": lambda rng, n: rng.lognormal(2.0, 2.0, n),
    "Pareto, shape 1.1": lambda rng, n: 10.0 * (1.0 + rng.pareto(1.1, n)),
    "1% run to the limit": lambda rng, n: np.where(rng.random(n) < 0.01, NEW, 20.0),
    "20% run to the limit": lambda rng, n: np.where(rng.random(n) < 0.2, NEW, 20.0),
}


def costs(rng: np.random.Generator, n: int, tokens: Draw) -> tuple[Floats, Floats]:
    """The costs of n answers of the candidate and of the prompted model, whose prompts vary with the input too."""
    size = np.minimum(tokens(rng, n), NEW)
    mine = READ * np.minimum(FIRST + size, PROMPT) + WRITTEN * np.minimum(tokens(rng, n), NEW)
    theirs = READ * np.minimum(ALL + size, PROMPT) + WRITTEN * np.minimum(tokens(rng, n), NEW)
    return np.floor(mine * 1000) / 1000, np.floor(theirs * 1000) / 1000


def false_passes(tokens: Draw, n: int, repeats: int) -> float:
    """Share of golden sets that pass the cost gate although the ratio of the true means is exactly its factor."""
    mine, theirs = costs(np.random.default_rng(1), 4_000_000, tokens)
    ratio, most = mine.mean() / theirs.mean(), READ * PROMPT + WRITTEN * NEW
    rng, passed = np.random.default_rng(0), 0
    for _ in range(repeats):
        a, b = (Measure(list(x), bounds=(0.0, most), better="low") for x in costs(rng, n, tokens))
        passed += (ratio * b - a).evidence.p_pass(">=", 0.0) <= LEVEL
    return passed / repeats


def misses(make: Callable[[np.random.Generator, int], Measure], truth: float, n: int, repeats: int) -> float:
    """Share of golden sets whose upper bound at 2.5% lies below the truth."""
    rng = np.random.default_rng(0)
    return sum(make(rng, n).evidence.bound_for("<=", LEVEL) < truth for _ in range(repeats)) / repeats


def row(name: str, shares: list[float]) -> None:
    print(f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=4000)
    repeats = parser.parse_args().repeats
    head = " | ".join(f"n = {n}" for n in SIZES)
    print(f"| mean without a limit, {repeats} golden sets | {head} |\n| --- |{' --- |' * len(SIZES)}")
    for sigma in (1.0, 1.5, 2.0):
        row(f"seconds, lognormal sigma {sigma}", [misses(waits(sigma), 1.0, n, repeats) for n in SIZES])
    row("perplexity ratio, skewed", [misses(forgotten, np.exp(0.1), n, repeats) for n in SIZES])
    print(f"\n| cost gate at its threshold, {repeats} golden sets | {head} |\n| --- |{' --- |' * len(SIZES)}")
    for name, tokens in TOKENS.items():
        row(name, [false_passes(tokens, n, repeats) for n in SIZES])


if __name__ == "__main__":
    main()
