"""Closed labels: finds the likeliest label by best-first search over a trie of the labels' tokens.

A label's score is the sum of the log-probabilities of its tokens and of the end of the turn, as if the model had
written it. Scores only fall along a path, so the first complete label that beats every open path is the best of all.
That takes a few tokens instead of the hundreds in all labels. Temperature has no effect.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from goldgate.base.errors import UserError
from goldgate.engine.batch import Rows
from goldgate.engine.generate import Generated, Row, in_batches
from goldgate.engine.loading import Loaded
from goldgate.models.template import encode


@dataclass
class Node:
    """A node of the trie. children: by token; the end of the turn leads to a node with a label."""

    children: dict[int, Node] = field(default_factory=dict)
    label: str | None = None

    def size(self) -> int:
        """Returns how many nodes are below this one."""
        return sum(1 + child.size() for child in self.children.values())


def build_trie(loaded: Loaded, labels: Sequence[str]) -> Node:
    """Builds the trie of the labels' tokens, where each label is closed by the end of the turn.

    Raises:
        UserError: The model has no such tokens.
    """
    root = Node()
    encoded = encode(loaded.tokenizer, labels)
    loaded.check_tokens([*encoded, loaded.end])
    for label, tokens in zip(labels, encoded, strict=True):
        node = root
        for token in [*tokens, *loaded.end]:
            node = node.children.setdefault(token, Node())
        node.label = label
    return root


def check_room(loaded: Loaded, labels: Sequence[str], limit: int) -> None:
    """Checks that every label can be answered whole.

    Args:
        loaded: The model.
        labels: The labels.
        limit: Token limit of an answer, with the end of the turn.

    Raises:
        UserError: A label has more tokens.
    """
    needed = {
        label: len(tokens) + len(loaded.end)
        for label, tokens in zip(labels, encode(loaded.tokenizer, labels), strict=True)
    }
    if long := [label for label, tokens in needed.items() if tokens > limit]:
        longest = max(long, key=needed.__getitem__)
        raise UserError(
            f"{len(long)} of {len(labels)} labels have more tokens than max_new_tokens ({limit}) and could never be"
            f" answered; {longest!r} has {needed[longest]}, with the end of the turn",
            'task.yaml, field "decoding.max_new_tokens"',
            f"set it to {needed[longest]} or more",
        )


def choose_labels(
    loaded: Loaded, prompts: Sequence[Sequence[int]], labels: Sequence[str], done: Callable[[int], None] | None = None
) -> Iterator[list[tuple[int, Generated]]]:
    """Finds the likeliest label of every prompt.

    Args:
        loaded: The model.
        prompts: The prompts as tokens.
        labels: The labels.
        done: Called as prompts finish.

    Yields:
        The (position, result) pairs of one batch, as if the label had been generated.
    """
    root = build_trie(loaded, labels)

    def run(batch: Rows, rows: list[int], first: Callable[[], None]) -> list[Row]:
        return _search(
            batch, root, len(rows), done
        )  # a label is found as a whole, so its first token is known with its last

    # Each call appends one token to a row: at most one for every inner node of the trie.
    return in_batches(loaded, prompts, root.size(), run)


@dataclass(order=True)
class _Open:
    """A path that has not been followed yet; sorts best first.

    path: the calls that appended its tokens; tokens: those tokens and the next one.
    """

    cost: float
    order: int
    node: Node = field(compare=False)
    path: list[int] = field(compare=False)
    tokens: list[int] = field(compare=False)


class _Row:
    """The open paths of one prompt."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._count = 0
        self.found: _Open | None = None

    def widen(self, parent: _Open, logprobs: Any, path: list[int]) -> None:
        """Adds the children of a node that the model has read, and takes the best open path."""
        tokens = list(parent.node.children)
        for token, logprob in zip(tokens, logprobs[tokens].tolist(), strict=True):
            self._count += 1
            heapq.heappush(
                self._open,
                _Open(parent.cost - logprob, self._count, parent.node.children[token], path, [*parent.tokens, token]),
            )

    def next(self) -> _Open:
        return heapq.heappop(self._open)


def _search(batch: Rows, root: Node, count: int, done: Callable[[int], None] | None) -> list[Row]:
    import torch

    rows = [_Row() for _ in range(count)]
    live = list(rows)
    logprobs = torch.log_softmax(batch.start().float(), dim=-1).cpu()
    start = _Open(0.0, 0, root, [], [])
    for i, row in enumerate(rows):
        row.widen(start, logprobs[i], [])
    call = 0
    while live:
        best = [row.next() for row in live]
        for row, path in zip(live, best, strict=True):
            row.found = path if path.node.label is not None else None
        keep = [i for i, row in enumerate(live) if row.found is None]
        if done is not None and len(keep) < len(live):
            done(len(live) - len(keep))
        live, best = [live[i] for i in keep], [best[i] for i in keep]
        if live:
            logits = batch.branch([p.tokens[-1] for p in best], keep, [p.path for p in best])
            logprobs = torch.log_softmax(logits.float(), dim=-1).cpu()
            for i, (row, path) in enumerate(zip(live, best, strict=True)):
                row.widen(path, logprobs[i], [*path.path, call])
        call += 1
    found = [row.found for row in rows if row.found is not None]
    return [(path.tokens, True, -path.cost) for path in found]
