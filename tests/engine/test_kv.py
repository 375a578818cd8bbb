"""Keys and values while a batch is answered: their attention is the textbook's, whatever is shared or hidden."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.engine.kv import Memory, attention, sees_all

SIZE = 8
shapes = st.fixed_dictionaries(
    {
        "rows": st.integers(1, 4),
        "kinds": st.sampled_from([1, 2]),
        "group": st.sampled_from([1, 3]),
        "prefix": st.integers(0, 6),
        "old": st.integers(0, 5),
        "new": st.integers(1, 7),
        "seed": st.integers(0, 99),
    }
)


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def textbook(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Softmax attention, every key head repeated for the query heads that share it. seen: (rows, new, columns)."""
    group = query.shape[1] // keys.shape[1]
    keys, values = keys.repeat_interleave(group, 1), values.repeat_interleave(group, 1)
    scores = query @ keys.transpose(-1, -2) * SIZE**-0.5
    return torch.softmax(scores.masked_fill(~seen[:, None], -torch.inf), -1) @ values


def with_prefix(kinds: int, length: int, seed: int) -> tuple[Memory | None, torch.Tensor, torch.Tensor]:
    """A memory that has read a prefix, with its keys and values."""
    keys, values = drawn(seed, 1, kinds, length, SIZE), drawn(seed + 1, 1, kinds, length, SIZE)
    if length == 0:
        return None, keys, values
    memory = Memory(1, length)
    memory.attend(0, torch.zeros(1, kinds, length, SIZE), keys, values, 1.0)
    memory.used = length
    return memory, keys, values


def random_mask(rows: int, new: int, columns: int, seed: int) -> torch.Tensor:
    """Each query sees itself and some of what came before."""
    seen = torch.rand(rows, new, columns, generator=torch.Generator().manual_seed(seed)) < 0.6
    own = torch.arange(new) + columns - new
    seen[:, torch.arange(new), own] = True
    return seen & (torch.arange(columns)[None, None] <= own[None, :, None])


@given(shapes, st.booleans())
@settings(deadline=None, max_examples=40)
def test_attention_is_the_textbooks(shape: dict[str, int], masked: bool) -> None:
    rows, kinds, old, new, seed = (shape[k] for k in ("rows", "kinds", "old", "new", "seed"))
    new = new if masked else 1  # without a mask everything is seen: only right for one new token
    prefix, shared_keys, shared_values = with_prefix(kinds, shape["prefix"], seed)
    memory = Memory(rows, old + new, prefix)
    keys, values = drawn(seed + 2, rows, kinds, old + new, SIZE), drawn(seed + 3, rows, kinds, old + new, SIZE)
    if old:
        memory.attend(0, drawn(0, rows, kinds * shape["group"], old, SIZE), keys[:, :, :old], values[:, :, :old], 1.0)
        memory.used = old
    query = drawn(seed + 4, rows, kinds * shape["group"], new, SIZE)
    seen = random_mask(rows, new, old + new, seed) if masked else torch.ones(rows, new, old + new).bool()
    memory.seen = seen if masked else None
    got = memory.attend(0, query, keys[:, :, old:], values[:, :, old:], SIZE**-0.5)
    whole = torch.cat([torch.ones(rows, new, shape["prefix"]).bool(), seen], 2)
    wanted = textbook(
        query,
        torch.cat([shared_keys.expand(rows, -1, -1, -1), keys], 2),
        torch.cat([shared_values.expand(rows, -1, -1, -1), values], 2),
        whole,
    )
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("prefix", [0, 5])
@pytest.mark.parametrize("first", [0, 1, 2, 6])
def test_a_prompt_may_be_read_at_once_or_piece_by_piece(first: int, prefix: int) -> None:
    """Several tokens are read in another way than single ones: the results are the same."""
    query, keys, values = drawn(1, 3, 4, 7, SIZE), drawn(2, 3, 2, 7, SIZE), drawn(3, 3, 2, 7, SIZE)
    square = torch.ones(3, 7, 7).bool().tril()

    def read(*cuts: int) -> torch.Tensor:
        memory = Memory(3, 7, with_prefix(2, prefix, 1)[0])
        parts = []
        for start, stop in zip((0, *cuts), (*cuts, 7), strict=True):
            if start == stop:
                continue
            memory.seen = square[:, start:stop, :stop]
            piece = (part[:, :, start:stop] for part in (query, keys, values))
            parts.append(memory.attend(0, *piece, 0.3))
            memory.used = stop
        return torch.cat(parts, dim=2)

    torch.testing.assert_close(read(first), read(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(read(*range(1, 7)), read(), atol=1e-5, rtol=1e-4)


def test_what_was_seen_before_does_not_decide_what_is_seen_now() -> None:
    query, keys, values = drawn(1, 1, 2, 3, SIZE), drawn(2, 1, 2, 3, SIZE), drawn(3, 1, 2, 3, SIZE)
    narrow, wide = torch.eye(3).bool()[None], torch.ones(1, 3, 3).bool().tril()
    made = []
    for first in (narrow, wide):
        memory = Memory(1, 3)
        for seen in (first, wide):
            memory.seen = seen
            got = memory.attend(0, query, keys, values, 1.0)
        made.append(got)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], values), "a token that sees itself alone has its own value"


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True), st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_rows_that_leave_do_not_disturb_those_that_stay(kept: list[int], seed: int) -> None:
    kept = sorted(kept)
    keys, values = drawn(seed, 5, 2, 4, SIZE), drawn(seed + 1, 5, 2, 4, SIZE)
    query, new_keys, new_values = (drawn(seed + i, 5, heads, 1, SIZE) for i, heads in ((2, 4), (3, 2), (4, 2)))

    def filled(rows: list[int]) -> Memory:
        memory = Memory(len(rows), 6)
        memory.seen = torch.ones(len(rows), 4, 4).bool().tril()
        memory.attend(0, drawn(0, len(rows), 4, 4, SIZE), keys[rows], values[rows], 1.0)
        memory.used, memory.seen = 4, None
        return memory

    dropped, alone = filled(list(range(5))), filled(kept)
    dropped.keep(kept)
    assert dropped.rows == len(kept)
    for memory in (dropped, alone):
        memory.seen = None
    torch.testing.assert_close(
        dropped.attend(0, query[kept], new_keys[kept], new_values[kept], 0.5),
        alone.attend(0, query[kept], new_keys[kept], new_values[kept], 0.5),
    )


def test_layers_are_apart() -> None:
    memory = Memory(1, 3)
    for layer in (0, 1):
        memory.attend(layer, drawn(0, 1, 2, 2, SIZE), drawn(layer, 1, 2, 2, SIZE), drawn(layer, 1, 2, 2, SIZE), 1.0)
    memory.used = 2
    for layer in (0, 1):
        assert torch.equal(memory.layer(layer)[0], drawn(layer, 1, 2, 2, SIZE)[0])


def test_a_prefix_is_read_by_every_row_and_changed_by_none() -> None:
    prefix, keys, _ = with_prefix(2, 5, 3)
    assert prefix is not None
    memory = Memory(4, 2, prefix)
    assert memory.prefix_length == 5
    memory.attend(0, drawn(1, 4, 4, 1, SIZE), drawn(2, 4, 2, 1, SIZE), drawn(3, 4, 2, 1, SIZE), 1.0)
    memory.keep([2])
    assert torch.equal(prefix.layer(0)[0], keys[0])
    assert (prefix.rows, prefix.used, memory.rows) == (1, 5, 1)


def test_a_hidden_column_has_no_weight_at_all() -> None:
    """A huge value in padding would show in the result if the least weight fell on it."""
    keys, values = drawn(1, 1, 1, 2, SIZE), drawn(2, 1, 1, 2, SIZE)
    values[0, 0, 0] = 1e30
    memory = Memory(1, 2)
    memory.seen = torch.tensor([[[True, False], [False, True]]])
    got = memory.attend(0, drawn(3, 1, 1, 2, SIZE), keys, values, 1.0)
    assert torch.equal(got[0, 0, 1], values[0, 0, 1])


def test_without_a_memory_the_model_is_not_run() -> None:
    with pytest.raises(TypeError, match="only be run with a Memory"):
        attention(SimpleNamespace(layer_idx=0), *(torch.zeros(1, 1, 1, SIZE) for _ in range(3)), None)


@pytest.mark.parametrize("name", ["softcap", "s_aux", "position_bias"])
def test_attention_that_it_does_not_know_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotImplementedError, match=name):
        attention(
            SimpleNamespace(layer_idx=0),
            *(torch.zeros(1, 1, 1, SIZE) for _ in range(3)),
            None,
            memory=Memory(1, 1),
            **{name: 1.0},
        )


@pytest.mark.parametrize(
    ("config", "longest", "known"),
    [
        ({}, 9_999, True),
        ({"sliding_window": 100}, 100, True),
        ({"sliding_window": 100}, 101, False),
        ({"sliding_window": None}, 9_999, True),
        ({"layer_types": ["full_attention"] * 2, "sliding_window": 4}, 100, True),
        ({"layer_types": ["full_attention", "sliding_attention"], "sliding_window": 100}, 100, True),
        ({"layer_types": ["full_attention", "sliding_attention"], "sliding_window": 100}, 101, False),
        ({"layer_types": ["full_attention", "linear_attention"]}, 5, False),
        ({"layer_types": ["chunked_attention"]}, 5, False),
    ],
)
def test_layers_that_look_back_less_far_than_asked_are_known(config: dict[str, Any], longest: int, known: bool) -> None:
    assert sees_all(SimpleNamespace(**config), longest) is known
