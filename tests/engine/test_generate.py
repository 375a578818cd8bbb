"""The engine answers as transformers' own generate does, row by row, whatever is shared, padded or finished early."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from goldgate.engine import generate as engine
from goldgate.engine.batch import Batch, read_prefix, shared_length
from goldgate.engine.generate import Generated, Request, generate
from goldgate.engine.loading import Loaded, load_model

PREFIX = list(range(40, 75))
PROMPTS = [[*PREFIX, 80 + i, *range(90, 90 + 3 * i), 77] for i in range(7)]


@pytest.fixture(scope="module")
def loaded(tiny_llama: Path) -> Loaded:
    return load_model(tiny_llama, "tiny")


@pytest.fixture(scope="module")
def plain(tiny_llama: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32).eval()


def greedy(plain: Any, prompt: list[int], new: int, stops: tuple[int, ...]) -> tuple[int, ...]:
    out = plain.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt)),
        max_new_tokens=new,
        do_sample=False,
        eos_token_id=list(stops),
        pad_token_id=0,
    )
    return tuple(out[0, len(prompt) :].tolist())


def answers(loaded: Loaded, prompts: list[list[int]], new: int, **more: Any) -> dict[int, Generated]:
    return {i: made for batch in generate(loaded, [Request(p) for p in prompts], new, **more) for i, made in batch}


def with_stop(loaded: Loaded, token: int) -> Loaded:
    return replace(loaded, stops=(token,), end=(token,))


def test_batch_answers_equal_single_row_generate(loaded: Loaded, plain: Any) -> None:
    made = answers(loaded, PROMPTS, 20)
    for i, prompt in enumerate(PROMPTS):
        assert made[i].tokens == greedy(plain, prompt, 20, loaded.stops)


def test_prompts_that_share_nothing_get_the_same_answers(loaded: Loaded, plain: Any) -> None:
    prompts = [p[i + 1 :] for i, p in enumerate(PROMPTS)]
    assert shared_length(prompts) == 0
    made = answers(loaded, prompts, 12)
    for i, prompt in enumerate(prompts):
        assert made[i].tokens == greedy(plain, prompt, 12, loaded.stops)


def test_rows_that_stop_early_leave_the_others_alone(loaded: Loaded, plain: Any) -> None:
    free = answers(loaded, PROMPTS, 20)
    stop = free[2].tokens[4]
    stopping = with_stop(loaded, stop)
    made = answers(stopping, PROMPTS, 20)
    assert {m.stopped for m in made.values()} == {True, False}
    for i, prompt in enumerate(PROMPTS):
        assert made[i].tokens == greedy(plain, prompt, 20, (stop,))
        assert made[i].stopped == (made[i].tokens[-1] == stop)


def test_long_prompts_are_read_in_blocks_of_queries(loaded: Loaded, plain: Any) -> None:
    prompts = [[50 + (i * k) % 200 for k in range(1, 300 + 17 * i)] for i in range(1, 4)]
    made = answers(loaded, prompts, 6)
    for i, prompt in enumerate(prompts):
        assert made[i].tokens == greedy(plain, prompt, 6, loaded.stops)


def test_logits_match_the_plain_model(loaded: Loaded, plain: Any) -> None:
    batch = Batch(loaded.model, read_prefix(loaded.model, PROMPTS), PROMPTS, 2)
    first, second = batch.start(), batch.step([60, 61], [1, 4])
    for row, prompt in enumerate(PROMPTS):
        torch.testing.assert_close(first[row], plain(torch.tensor([prompt])).logits[0, -1], atol=1e-4, rtol=1e-4)
    for row, (at, token) in enumerate([(1, 60), (4, 61)]):
        wanted = plain(torch.tensor([[*PROMPTS[at], token]])).logits[0, -1]
        torch.testing.assert_close(second[row], wanted, atol=1e-4, rtol=1e-4)


def test_logprob_is_the_mean_over_the_answer(loaded: Loaded, plain: Any) -> None:
    made = answers(loaded, PROMPTS[:3], 8)[1]
    with torch.no_grad():
        logits = plain(torch.tensor([PROMPTS[1] + list(made.tokens)])).logits[0, len(PROMPTS[1]) - 1 : -1]
    each = torch.log_softmax(logits, -1).gather(1, torch.tensor(made.tokens)[:, None])
    assert made.logprob == pytest.approx(float(each.mean()), abs=1e-4)


def test_batches_hold_the_bounds_and_begin_with_the_longest(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "TOKENS_IN_BATCH", 80)
    sizes = [[i for i, _ in batch] for batch in generate(loaded, [Request(p) for p in PROMPTS], 10)]
    assert sorted(i for rows in sizes for i in rows) == list(range(7))
    assert sizes[0][0] == 6
    own = [len(p) - shared_length(PROMPTS) for p in PROMPTS]
    assert all(len(rows) == 1 or len(rows) * (max(own[i] for i in rows) + 10) <= 80 for rows in sizes)
    assert len(sizes) > 1
    assert len(sizes[0]) == 80 // (max(own) + 10), "what is shared takes no room"


def test_a_sample_does_not_depend_on_its_batch(loaded: Loaded) -> None:
    requests = [Request(p, seed=100 + i) for i, p in enumerate(PROMPTS)]
    together = {i: m.tokens for b in generate(loaded, requests, 10, temperature=1.0) for i, m in b}
    alone = [next(generate(loaded, [r], 10, temperature=1.0))[0][1].tokens for r in requests]
    assert [together[i] for i in range(7)] == alone
    others = {i: m.tokens for b in generate(loaded, [Request(p, seed=7) for p in PROMPTS], 10, 1.0) for i, m in b}
    assert others != together


def test_done_counts_every_row_once(loaded: Loaded) -> None:
    told: list[int] = []
    stop = answers(loaded, PROMPTS, 20)[2].tokens[4]
    answers(with_stop(loaded, stop), PROMPTS, 20, done=told.append)
    assert sum(told) == len(PROMPTS)
    assert len(told) > 1


def test_the_same_prompt_twice_is_answered_twice(loaded: Loaded, plain: Any) -> None:
    made = answers(loaded, [PROMPTS[0], PROMPTS[0]], 5)
    assert made[0].tokens == made[1].tokens == greedy(plain, PROMPTS[0], 5, loaded.stops)


def test_nothing_asked_runs_nothing(loaded: Loaded) -> None:
    assert list(generate(loaded, [], 5)) == []


@pytest.mark.parametrize(
    ("prompts", "length"),
    [
        ([[1, 2, 3], [1, 2, 4]], 2),
        ([[1, 2], [1, 2, 3]], 1),
        ([[1, 2], [1, 2]], 1),
        ([[1], [1, 2]], 0),
        ([[1, 2, 3]], 0),
    ],
)
def test_shared_length_leaves_one_token_to_ask_with(prompts: list[list[int]], length: int) -> None:
    assert shared_length(prompts) == length
