"""How a model is run: by our attention over a shared memory, or plainly, as transformers' generate runs it.

Our attention is right for the models that it was made for. Whether it is for this one is tried, not believed: when a
model is loaded for the first time, two prompts are answered both ways, and the logits must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.engine.batch import Batch, forward, read_prefix
from goldgate.engine.kv import ATTENTION, register_attention, sees_all
from goldgate.engine.plain import PlainRow
from goldgate.models.lora import TOLERANCE
from goldgate.models.template import encode

_TEXT = "An invoice of 3 May lists twelve chairs, two tables and a lamp, and asks for 1,204.50 in all within 30 days."
_SHARED, _OWN, _STEPS = 24, ((30, 16), (50, 9)), 6
"""Tokens that the two prompts share, where each one's own begin and how many they are, and how many follow: so that
both the prefix and the padding count.
"""
_WAYS = 1
"""Raised when another way may be chosen for the same model."""


@dataclass(frozen=True)
class Way:
    """How a model is run.

    Attributes:
        shared: Whether by our attention; otherwise plainly, one prompt at a time.
        cached: Whether a plain run may keep keys and values from token to token.
        own: The name of the attention that transformers chose for the model.
    """

    shared: bool
    cached: bool
    own: str

    def suits(self, config: Any, longest: int) -> bool:
        """Returns whether our attention can answer a batch whose longest row has so many tokens at its end."""
        return self.shared and sees_all(config, longest)


def way_of(model: Any, tokenizer: Any, notes: Path | None, model_digest: str) -> Way:
    """Finds out how a model is run.

    Args:
        model: The model as transformers loaded it, on its device. It gets our attention if that is right for it.
        tokenizer: Its tokenizer.
        notes: A folder that keeps the outcome by model and versions; None to keep nothing.
        model_digest: Content digest of the base model.

    Returns:
        How it is run.

    Raises:
        UserError: The model's logits are not finite.
    """
    own = str(model.config._attn_implementation)
    versions = [version(name) for name in ("torch", "transformers")]
    note = None if notes is None else notes / f"{digest([_WAYS, model_digest, versions, model.device.type])}.json"
    if note is not None and note.is_file():
        known = read_json(note)
        way = Way(known["shared"], known["cached"], own)
        if way.shared:
            _set_ours(model)
        return way
    way = _tried(model, tokenizer, own)
    if note is not None:
        write_json(note, {"model": model_digest, "shared": way.shared, "cached": way.cached})
    return way


@contextmanager
def plainly(model: Any, way: Way) -> Iterator[None]:
    """Within the block, the model runs by the attention that transformers chose for it."""
    if not way.shared:
        yield
        return
    model.set_attn_implementation(way.own)
    try:
        yield
    finally:
        model.set_attn_implementation(ATTENTION)


def _tried(model: Any, tokenizer: Any, own: str) -> Way:
    import torch

    vocabulary = model.get_input_embeddings().weight.shape[0]
    ids = [token % vocabulary for token in (encode(tokenizer, [_TEXT])[0] or [0]) * 80]
    prompts = [[*ids[:_SHARED], *ids[at : at + many]] for at, many in _OWN]
    follow = ids[70 : 70 + _STEPS]
    right = [_whole(model, [*prompt, *follow], _STEPS + 1) for prompt in prompts]
    if not all(bool(torch.isfinite(logits).all()) for logits in right):
        raise UserError(
            "the base model's logits are not finite numbers", 'task.yaml, field "model"', "its weights are damaged"
        )
    cached = _right(lambda: [_plain(model, prompt, follow) for prompt in prompts], right)
    if not _set_ours(model):
        return Way(False, cached, own)
    if sees_all(model.config, 0) and _right(lambda: _ours(model, prompts, follow), right):
        return Way(True, cached, own)
    model.set_attn_implementation(own)
    return Way(False, cached, own)


def _right(run: Callable[[], Sequence[Any]], right: Sequence[Any]) -> bool:
    """Returns whether a way of running the model gives its own logits, for each prompt."""
    try:
        found = run()
    except Exception:
        # The way was not made for this architecture. Whatever it stumbles over, another one remains.
        return False
    return all(_agree(some, own) for some, own in zip(found, right, strict=True))


def _set_ours(model: Any) -> bool:
    """Gives the model our attention. Returns whether it took it: some architectures have their own for good."""
    register_attention()
    if not getattr(model, "_can_set_attn_implementation", lambda: False)():
        return False
    model.set_attn_implementation(ATTENTION)
    return bool(model.config._attn_implementation == ATTENTION)


def _whole(model: Any, tokens: Sequence[int], last: int) -> Any:
    """The model's own logits at the last positions of a row, read at once: (last, vocabulary)."""
    import torch

    out = forward(model, torch.tensor([list(tokens)], device=model.device), use_cache=False)
    return out.logits[0, -last:].float()


def _plain(model: Any, prompt: Sequence[int], follow: Sequence[int]) -> Any:
    """The same logits, read token by token in the plain way."""
    import torch

    row = PlainRow(model, prompt, cached=True)
    logits = [row.start(), *(row.step([token], [0]) for token in follow)]
    return torch.cat(logits).float()


def _ours(model: Any, prompts: Sequence[Sequence[int]], follow: Sequence[int]) -> Any:
    """The same logits of both prompts together by our attention: (rows, tokens, vocabulary)."""
    import torch

    batch = Batch(model, read_prefix(model, prompts), prompts, len(follow))
    rows = list(range(len(prompts)))
    logits = [batch.start(), *(batch.step([token] * len(rows), rows) for token in follow)]
    return torch.stack(logits, dim=1).float()


def _agree(some: Any, right: Any) -> bool:
    return some.shape == right.shape and bool(
        (some - right).abs().max() <= TOLERANCE * right.abs().max().clamp(min=1.0)
    )
