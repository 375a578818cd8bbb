"""A batch of prompts on its way through the model: padding, positions, and which columns each row may attend to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from goldgate.base.errors import UserError
from goldgate.engine.kv import Memory


class Rows(Protocol):
    """Prompts that are answered together: a Batch, or a PlainRow."""

    def start(self) -> Any: ...

    def step(self, tokens: Sequence[int], keep: Sequence[int]) -> Any: ...

    def branch(self, tokens: Sequence[int], keep: Sequence[int], paths: Sequence[Sequence[int]]) -> Any: ...


def forward(model: Any, ids: Any, **more: Any) -> Any:
    """Runs a model without gradients.

    Raises:
        UserError: The model has no position for so many tokens.
    """
    import torch

    try:
        with torch.no_grad():
            return model(ids, **more)
    except IndexError as error:  # a table of positions is too short; the tokens themselves are checked before
        limit = getattr(model.config, "max_position_embeddings", None)
        raise UserError(
            "a prompt with its answer has more tokens than the model has positions for" + (f" ({limit})" * bool(limit)),
            'task.yaml, field "decoding"',
            "lower max_prompt_tokens or max_new_tokens, or use a model with a longer context",
        ) from error


def shared_length(prompts: Sequence[Sequence[int]]) -> int:
    """Returns how many leading tokens all prompts share, leaving at least one token of the shortest prompt unshared."""
    if len(prompts) < 2:
        return 0
    limit = min(len(p) for p in prompts) - 1
    first, last = min(map(list, prompts)), max(map(list, prompts))
    return next((i for i in range(limit) if first[i] != last[i]), limit)


def read_prefix(model: Any, prompts: Sequence[Sequence[int]]) -> Memory | None:
    """Runs the model over the tokens that all prompts begin with.

    Args:
        model: The model.
        prompts: The prompts as tokens.

    Returns:
        The keys and values of the prefix; None if the prompts share no tokens.
    """
    length = shared_length(prompts)
    if length == 0:
        return None
    batch = Batch(model, None, [prompts[0][:length]], 0)
    batch.start()
    return batch.memory


class Batch:
    """Rows that are answered together. Its state is what they have read so far.

    Rows are padded to one width, between the shared prefix and their own tokens.

    Args:
        model: The model.
        prefix: Keys and values of the shared prefix, if there is one.
        prompts: The prompts as tokens.
        new: The most tokens that will be appended to a row.
    """

    def __init__(self, model: Any, prefix: Memory | None, prompts: Sequence[Sequence[int]], new: int) -> None:
        import torch

        shared = 0 if prefix is None else prefix.used
        own = [list(p[shared:]) for p in prompts]
        width = max(len(tokens) for tokens in own)
        pads = torch.tensor([width - len(tokens) for tokens in own])
        columns = torch.arange(width)
        self.memory = Memory(len(own), width + new, prefix)
        self._model = model
        # Any token will do as padding, because no other token attends to it.
        self._ids = torch.tensor([tokens[:1] * (width - len(tokens)) + tokens for tokens in own]).to(model.device)
        self._places = (shared + (columns[None, :] - pads[:, None]).clamp(min=0)).to(model.device)
        self._unpadded = (columns[None, :] >= pads[:, None]).to(model.device)
        self.lengths = torch.tensor([len(p) for p in prompts], device=model.device)
        """Tokens of each row so far: the position of its next one."""

    def start(self) -> Any:
        """Reads the prompts. Returns the logits after each, (rows, vocabulary)."""
        import torch

        width = self._ids.shape[1]
        square = torch.ones(width, width, dtype=torch.bool, device=self._ids.device)
        # A padding token attends to itself, so that its softmax is not over an empty set.
        self.memory.seen = square.tril() & (self._unpadded[:, None, :] | torch.eye(width, device=square.device).bool())
        logits = self._forward(self._ids, self._places)
        self._columns = self._unpadded
        return logits

    def step(self, tokens: Sequence[int], keep: Sequence[int]) -> Any:
        """Keeps the rows at these positions and appends one token to each. Returns the logits, (kept, vocabulary)."""
        self._drop(keep)
        self._columns = self._widened()
        self.memory.seen = None if bool(self._columns.all()) else self._columns[:, None, :]
        logits = self._forward(self._column(tokens), self.lengths[:, None])
        self.lengths = self.lengths + 1
        return logits

    def branch(self, tokens: Sequence[int], keep: Sequence[int], paths: Sequence[Sequence[int]]) -> Any:
        """Appends one token to each kept row, as step does, where the appended tokens form a tree.

        Each new token attends only to its own ancestors.

        Args:
            tokens: The token for each kept row.
            keep: Positions of the rows to keep.
            paths: For each kept row, the earlier calls that appended its ancestors (0 is the first call after start).

        Returns:
            The logits, (kept, vocabulary).
        """
        import torch

        self._drop(keep)
        base = self._ids.shape[1]
        self._columns = self._widened()
        seen = self._columns.clone()
        seen[:, base:-1] = False
        for row, path in enumerate(paths):
            seen[row, [base + at for at in path]] = True
        self.memory.seen = seen[:, None, :]
        depth = torch.tensor([len(path) for path in paths], device=self.lengths.device)
        return self._forward(self._column(tokens), (self.lengths + depth)[:, None])

    def _widened(self) -> Any:
        import torch

        return torch.cat([self._columns, self._columns.new_ones(len(self._columns), 1)], dim=1)

    def _column(self, tokens: Sequence[int]) -> Any:
        import torch

        return torch.tensor(list(tokens), device=self._ids.device)[:, None]

    def _drop(self, keep: Sequence[int]) -> None:
        if len(keep) == self.memory.rows:
            return
        self.memory.keep(keep)
        index = list(keep)
        self._columns, self.lengths = self._columns[index], self.lengths[index]

    def _forward(self, ids: Any, places: Any) -> Any:
        out = forward(self._model, ids, position_ids=places, logits_to_keep=1, use_cache=False, memory=self.memory)
        self.memory.used += ids.shape[1]
        return out.logits[:, -1]
