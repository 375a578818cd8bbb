"""The engine under any batch: an answer is its prompt's alone, whoever else is asked and in what order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.engine import generate as engine
from goldgate.engine.batch import Batch, read_prefix, shared_length
from goldgate.engine.generate import Generated, Request, generate
from goldgate.engine.loading import Loaded, load_model

NEW = 6
token = st.integers(3, 258)
own = st.lists(token, min_size=1, max_size=8)
prompts = st.tuples(st.lists(token, max_size=6), st.lists(own, min_size=1, max_size=6)).map(
    lambda parts: [[*parts[0], *rest] for rest in parts[1]]
)


@pytest.fixture(scope="module")
def loaded(tiny_llama: Path) -> Loaded:
    return load_model(tiny_llama, "tiny")


def answers(loaded: Loaded, asked: list[list[int]], **more: Any) -> list[Generated]:
    """The answers in the order of the prompts."""
    made = {i: m for batch in generate(loaded, [Request(p) for p in asked], NEW, **more) for i, m in batch}
    return [made[i] for i in range(len(asked))]


def agree(one: Generated, other: Generated) -> bool:
    return (one.tokens, one.stopped) == (other.tokens, other.stopped) and abs(one.logprob - other.logprob) < 1e-3


@given(prompts)
@settings(deadline=None, max_examples=15)
def test_a_prompt_gets_the_answer_that_it_gets_alone(loaded: Loaded, asked: list[list[int]]) -> None:
    together = answers(loaded, asked)
    assert all(agree(made, answers(loaded, [p])[0]) for p, made in zip(asked, together, strict=True))


@given(prompts, st.randoms())
@settings(deadline=None, max_examples=15)
def test_the_order_of_prompts_changes_no_answer(loaded: Loaded, asked: list[list[int]], random: Any) -> None:
    order = random.sample(range(len(asked)), len(asked))
    straight, mixed = answers(loaded, asked), answers(loaded, [asked[i] for i in order])
    assert all(agree(straight[i], mixed[at]) for at, i in enumerate(order))


@pytest.mark.parametrize("rows", [1, 2, 3, 64])
def test_how_many_are_answered_at_once_changes_no_answer(
    loaded: Loaded, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [[40, 41, 42, 60 + i, *range(70, 70 + 2 * i)] for i in range(7)]
    usual = answers(loaded, asked)
    monkeypatch.setattr(engine, "ROWS_IN_BATCH", rows)
    batches = [[i for i, _ in batch] for batch in generate(loaded, [Request(p) for p in asked], NEW)]
    assert all(len(b) <= rows for b in batches)
    assert all(agree(a, b) for a, b in zip(usual, answers(loaded, asked), strict=True))


@pytest.mark.parametrize("room", [1, 30, 100, 16_384])
def test_how_much_memory_there_is_changes_no_answer(loaded: Loaded, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [[40 + i, *range(70, 70 + 3 * i), 44] for i in range(6)]
    usual = answers(loaded, asked)
    monkeypatch.setattr(engine, "TOKENS_IN_BATCH", room)
    assert all(agree(a, b) for a, b in zip(usual, answers(loaded, asked), strict=True))


@given(prompts)
@settings(deadline=None, max_examples=15)
def test_an_answer_is_never_longer_than_asked_and_ends_at_its_stop(loaded: Loaded, asked: list[list[int]]) -> None:
    for made in answers(loaded, asked):
        assert 1 <= len(made.tokens) <= NEW
        assert made.stopped == (made.tokens[-1] in loaded.stops)
        assert not set(made.tokens[:-1]) & set(loaded.stops)
        assert made.stopped or len(made.tokens) == NEW
        assert made.logprob <= 0.0


@given(prompts)
@settings(deadline=None, max_examples=10)
def test_less_room_gives_the_beginning_of_the_same_answer(loaded: Loaded, asked: list[list[int]]) -> None:
    long = answers(loaded, asked)
    made = {i: m for b in generate(loaded, [Request(p) for p in asked], 2) for i, m in b}
    assert all(made[i].tokens == whole.tokens[: len(made[i].tokens)] for i, whole in enumerate(long))


@given(prompts, st.lists(st.integers(0, 2**62), min_size=6, max_size=6))
@settings(deadline=None, max_examples=10)
def test_a_sample_is_its_prompts_and_its_seeds_alone(loaded: Loaded, asked: list[list[int]], seeds: list[int]) -> None:
    requests = [Request(p, seed) for p, seed in zip(asked, seeds, strict=False)]
    together = {i: m.tokens for b in generate(loaded, requests, NEW, 1.0) for i, m in b}
    for i, request in enumerate(requests):
        ((_, made),) = next(generate(loaded, [request], NEW, 1.0))
        assert made.tokens == together[i]


def test_hardly_any_heat_is_none(loaded: Loaded) -> None:
    asked = [[40 + i, 41, 42] for i in range(5)]
    cold = answers(loaded, asked)
    assert [m.tokens for m in answers(loaded, asked, temperature=1e-4)] == [m.tokens for m in cold]


class Only:
    """Lets a row say these tokens and no others."""

    def __init__(self, allowed: list[int], size: int) -> None:
        self.said: list[int] = []
        self._mask = torch.zeros(size, dtype=torch.bool)
        self._mask[allowed] = True

    def mask(self) -> torch.Tensor:
        return self._mask

    def accept(self, taken: int) -> None:
        self.said.append(taken)


def test_a_guide_binds_its_own_row_and_hears_every_token_of_it(loaded: Loaded) -> None:
    size = loaded.model.get_input_embeddings().num_embeddings
    asked = [[40 + i, 41, 42] for i in range(4)]
    guides: list[Only] = []

    def guide() -> Only:
        guides.append(Only([50, 51, 52], size))
        return guides[-1]

    requests = [Request(p, guide=guide if i == 2 else None) for i, p in enumerate(asked)]
    made = {i: m for b in generate(loaded, requests, NEW) for i, m in b}
    assert set(made[2].tokens) <= {50, 51, 52}
    assert [tuple(g.said) for g in guides] == [made[2].tokens]
    free = answers(loaded, asked)
    assert all(agree(made[i], free[i]) for i in (0, 1, 3))


@given(prompts)
@settings(deadline=None, max_examples=10)
def test_reading_token_by_token_is_reading_at_once(loaded: Loaded, asked: list[list[int]]) -> None:
    """Logits after a prompt are the same whether its last token was read with it or appended to it."""
    longer = [[*p, 77] for p in asked]
    whole = Batch(loaded.model, read_prefix(loaded.model, longer), longer, 0).start()
    batch = Batch(loaded.model, read_prefix(loaded.model, asked), asked, 1)
    batch.start()
    stepped = batch.step([77] * len(asked), list(range(len(asked))))
    torch.testing.assert_close(stepped, whole, atol=1e-3, rtol=1e-3)
    assert batch.lengths.tolist() == [len(p) for p in longer]


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=5))
def test_the_shared_length_is_the_longest_beginning_of_all(asked: list[list[int]]) -> None:
    length = shared_length(asked)
    assert len({tuple(p[:length]) for p in asked}) == 1
    assert all(length < len(p) for p in asked)
    if len(asked) > 1 and all(len(p) > length + 1 for p in asked):
        assert len({p[length] for p in asked}) > 1, "one token more is not shared"
