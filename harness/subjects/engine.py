"""Batched generation on transformers: the prefix that all prompts share is computed once, finished rows leave the batch.

Knows tokens only: no messages, no tasks, no caches of answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from harness.subjects.kv import Batch, SharedPrefix, shared_length
from harness.subjects.loading import Loaded

if TYPE_CHECKING:
    import torch

TOKENS_IN_BATCH = 16_384
"""Prompt and answer tokens of all rows of a batch: 0.75 GB of keys and values for SmolLM2-135M in 32 bit."""
ROWS_IN_BATCH = 64
"""More rows gain nothing on a CPU, whose matrices are full by then, and only delay the first answers."""


class Guide(Protocol):
    """Restricts one row's next token. mask: (vocabulary,) booleans, True where allowed; accept: the token taken."""

    def mask(self) -> torch.Tensor: ...

    def accept(self, token: int) -> None: ...


@dataclass(frozen=True)
class Request:
    """One prompt as tokens. seed: for sampling; guide: makes the row's restriction when the row starts."""

    tokens: Sequence[int]
    seed: int = 0
    guide: Callable[[], Guide] | None = None


@dataclass(frozen=True)
class Generated:
    """What came of a request. tokens: with the stop token, if it ended with one; logprob: mean over them."""

    tokens: tuple[int, ...]
    stopped: bool
    logprob: float
    seconds: float


def generate(
    loaded: Loaded,
    requests: Sequence[Request],
    max_new_tokens: int,
    temperature: float = 0.0,
    done: Callable[[int], None] | None = None,
) -> Iterator[list[tuple[int, Generated]]]:
    """Answers the requests in batches, the longest first, so that memory runs out at once or not at all.

    Yields lists of (position in requests, what was generated). Temperature 0 takes the likeliest token; above, each row
    is sampled with its own seed, so that its answer does not depend on its batch. done is told of every finished row.
    """
    if not requests:
        return
    started = time.perf_counter()
    prefix = SharedPrefix.compute(loaded.model, [r.tokens for r in requests])
    rest = time.perf_counter() - started
    for rows in _batches([len(r.tokens) for r in requests], max_new_tokens):
        started = time.perf_counter() - rest
        rest = 0.0
        results = _run(loaded, prefix, [requests[i] for i in rows], max_new_tokens, temperature, done)
        seconds = (time.perf_counter() - started) / len(rows)
        yield [(i, Generated(tuple(r.tokens), r.stopped, r.logprob / len(r.tokens), seconds))
               for i, r in zip(rows, results, strict=True)]


def _batches(lengths: Sequence[int], new: int) -> Iterator[list[int]]:
    """Positions by length, the longest first, in batches within the bounds on tokens and rows."""
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    while order:
        fit = max(1, min(ROWS_IN_BATCH, TOKENS_IN_BATCH // (lengths[order[0]] + new)))
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


def _run(loaded: Loaded, prefix: SharedPrefix, requests: Sequence[Request], new: int, temperature: float,
         done: Callable[[int], None] | None) -> list[_Row]:
    import torch

    rows = [_row(r, temperature) for r in requests]
    live = list(rows)
    with torch.inference_mode():
        batch = Batch(loaded.model, prefix, [r.tokens for r in requests])
        logits = batch.start()
        for step in range(new):
            chosen = _choose(logits, live, temperature)
            for row, token in zip(live, chosen, strict=True):
                row.tokens.append(token)
                row.stopped = token in loaded.stops
                if row.guide is not None and not row.stopped:
                    row.guide.accept(token)
            keep = [i for i, row in enumerate(live) if not row.stopped and step + 1 < new]
            if done is not None and len(keep) < len(live):
                done(len(live) - len(keep))
            if not keep:
                break
            live = [live[i] for i in keep]
            logits = batch.step([row.tokens[-1] for row in live], keep)
    return rows


def _row(request: Request, temperature: float) -> _Row:
    import torch

    generator = torch.Generator().manual_seed(request.seed) if temperature > 0 else None
    return _Row(request, [], generator, request.guide() if request.guide else None)


def _choose(logits: Any, live: Sequence[_Row], temperature: float) -> list[int]:
    """The next token of every live row. Its log-probability is the model's own: before temperature, after the mask."""
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


__all__ = ["Generated", "Guide", "Request", "generate", "shared_length"]
