"""Batched generation on transformers: a shared prefix is computed once, and finished rows leave the batch.

This module deals in tokens only. It knows no messages, tasks or answer caches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from goldgate.engine.batch import Batch, Rows, read_prefix
from goldgate.engine.loading import Loaded
from goldgate.engine.plain import PlainRow
from goldgate.engine.way import plainly

if TYPE_CHECKING:
    import torch

TOKENS_IN_BATCH = 16_384
"""Prompt and answer tokens of a batch's rows, without the shared prefix: 0.75 GB of keys and values for
SmolLM2-135M.
"""
ROWS_IN_BATCH = 64
"""More rows gain nothing on a CPU, which is saturated by then, and only delay the first answers."""


class Guide(Protocol):
    """Restricts the next token of one row.

    mask() returns (vocabulary,) booleans, True for allowed tokens; accept() is called with the token that was chosen.
    """

    def mask(self) -> torch.Tensor: ...

    def accept(self, token: int) -> None: ...


@dataclass(frozen=True)
class Request:
    """One prompt as tokens.

    Attributes:
        tokens: The prompt.
        seed: Seed for sampling.
        guide: Makes the row's restriction when the row starts; None for free generation.
    """

    tokens: Sequence[int]
    seed: int = 0
    guide: Callable[[], Guide] | None = None


@dataclass(frozen=True)
class Generated:
    """What was generated for a prompt.

    Attributes:
        tokens: The tokens, including the stop token if there was one.
        stopped: Whether a stop token ended it.
        logprob: Mean natural log-probability of the tokens.
        seconds: The time of its batch divided by the rows.
        first: Seconds from the start of its batch until every row had its first token.
        plain: Whether it was generated in the plain way, one prompt at a time.
    """

    tokens: tuple[int, ...]
    stopped: bool
    logprob: float
    seconds: float
    first: float
    plain: bool = False


Row = tuple[list[int], bool, float]
Done = Callable[[int], None] | None
Run = Callable[[Rows, list[int], Callable[[], None]], list[Row]]


def generate(
    loaded: Loaded, requests: Sequence[Request], new: int, temperature: float = 0.0, done: Done = None
) -> Iterator[list[tuple[int, Generated]]]:
    """Answers requests in batches.

    Each row is sampled with its own seed, so an answer does not depend on what else is in its batch.

    Args:
        loaded: The model.
        requests: The prompts.
        new: The most tokens of one answer.
        temperature: 0 takes the likeliest token; otherwise tokens are sampled.
        done: Called as rows finish.

    Yields:
        The (position, result) pairs of one batch.

    Raises:
        UserError: The model has no such tokens, or no position for so many.
    """

    def run(batch: Rows, rows: list[int], first: Callable[[], None]) -> list[Row]:
        return _run(loaded, batch, [_row(requests[i], temperature) for i in rows], new, temperature, done, first)

    return in_batches(loaded, [r.tokens for r in requests], new, run)


def in_batches(
    loaded: Loaded, prompts: Sequence[Sequence[int]], new: int, run: Run
) -> Iterator[list[tuple[int, Generated]]]:
    """Runs prompts in batches, the longest first, so that memory runs out immediately or not at all.

    Where our attention does not suit the model or so long a row, every prompt is a batch of its own, run plainly.

    Args:
        loaded: The model.
        prompts: The prompts as tokens.
        new: The most tokens that will be appended to a row.
        run: Called with rows that have read nothing yet, the positions of their prompts, and a function to call once
            their first tokens are known. Returns (tokens, stopped, sum of log-probabilities) for each prompt.

    Yields:
        The (position, result) pairs of one batch. The time for the shared prefix counts towards the first batch.

    Raises:
        UserError: The model has no such tokens, or no position for so many.
    """
    if not prompts:
        return
    loaded.check_tokens(prompts)
    model, way = loaded.model, loaded.way
    plain = not way.suits(model.config, max(len(p) for p in prompts) + new)
    started = time.perf_counter()
    prefix = None if plain else read_prefix(model, prompts)
    shared = 0 if prefix is None else prefix.used
    first: list[float] = []
    for rows in _batches([len(p) - shared for p in prompts], new, 1 if plain else ROWS_IN_BATCH):
        first.clear()
        asked = [prompts[i] for i in rows]
        with plainly(model, way) if plain else nullcontext():
            batch = PlainRow(model, asked[0], way.cached) if plain else Batch(model, prefix, asked, new)
            results = run(batch, rows, lambda: first.append(time.perf_counter()))
        ended = time.perf_counter()
        seconds, until_first = (ended - started) / len(rows), (first[0] if first else ended) - started
        yield [
            (i, Generated(tuple(tokens), stopped, total / len(tokens), seconds, until_first, plain))
            for i, (tokens, stopped, total) in zip(rows, results, strict=True)
        ]
        started = time.perf_counter()


def _batches(lengths: Sequence[int], new: int, most: int) -> Iterator[list[int]]:
    """Yields batches of at most so many positions, the longest prompts first, within the limit on tokens."""
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    while order:
        fit = max(1, min(most, TOKENS_IN_BATCH // (lengths[order[0]] + new)))
        yield order[:fit]
        order = order[fit:]


@dataclass
class _Row:
    """A row while it is generated. logprob: the sum so far."""

    request: Request
    tokens: list[int]
    generator: torch.Generator | None
    guide: Guide | None
    logprob: float = 0.0
    stopped: bool = False


def _run(
    loaded: Loaded, batch: Rows, rows: list[_Row], new: int, temperature: float, done: Done, first: Callable[[], None]
) -> list[Row]:
    live = list(rows)
    logits = batch.start()
    for step in range(new):
        for row, token in zip(live, _choose(logits, live, temperature), strict=True):
            row.tokens.append(token)
            row.stopped = loaded.is_over(row.tokens)
            if row.guide is not None and not row.stopped:
                row.guide.accept(token)
        if step == 0:
            first()
        keep = [i for i, row in enumerate(live) if not row.stopped and step + 1 < new]
        if done is not None and len(keep) < len(live):
            done(len(live) - len(keep))
        if not keep:
            break
        live = [live[i] for i in keep]
        logits = batch.step([row.tokens[-1] for row in live], keep)
    return [(row.tokens, row.stopped, row.logprob) for row in rows]


def _row(request: Request, temperature: float) -> _Row:
    import torch

    generator = torch.Generator().manual_seed(request.seed) if temperature > 0 else None
    return _Row(request, [], generator, request.guide() if request.guide else None)


def _choose(logits: Any, live: Sequence[_Row], temperature: float) -> list[int]:
    """Chooses the next token of each live row. Log-probabilities are the model's own: after the mask, before
    temperature.
    """
    import torch

    logits = logits.float()
    for i, row in enumerate(live):
        if row.guide is not None:
            logits[i].masked_fill_(~row.guide.mask().to(logits.device), -torch.inf)
    logprobs = torch.log_softmax(logits, dim=-1)
    if temperature > 0:
        heat = torch.softmax(logits / temperature, dim=-1).cpu()
        chosen = torch.stack([torch.multinomial(heat[i], 1, generator=row.generator)[0] for i, row in enumerate(live)])
    else:
        chosen = logits.argmax(dim=-1).cpu()
    taken = logprobs.cpu().gather(1, chosen[:, None])[:, 0]
    for row, value in zip(live, taken.tolist(), strict=True):
        row.logprob += value
    return [int(token) for token in chosen.tolist()]
