"""Closed labels: the search finds the label that scoring every one of them directly finds, with the same score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from goldgate.base.errors import UserError
from goldgate.engine.labels import build_trie, check_room, choose_labels
from goldgate.engine.loading import Loaded, load_model
from goldgate.models.template import encode

LABELS = ["refund", "refund late", "re", "invoice total", "invoice", "card lost", "the lazy total", "zx", "é"]
LONG = ["card lost today", "card lost again", "invoice unpaid", "please refund it", "wrong total sum"]
PROMPTS = [[*list(range(40, 70)), 70 + i, *range(100, 100 + 2 * i)] for i in range(12)]


@pytest.fixture(scope="module")
def loaded(tiny_llama: Path) -> Loaded:
    return load_model(tiny_llama, "tiny")


def direct(plain: Any, loaded: Loaded, prompt: list[int], label: str) -> tuple[float, int]:
    tokens = [*encode(loaded.tokenizer, [label])[0], *loaded.end]
    with torch.no_grad():
        logits = plain(torch.tensor([prompt + tokens])).logits[0, len(prompt) - 1 : -1]
    return float(torch.log_softmax(logits, -1).gather(1, torch.tensor(tokens)[:, None]).sum()), len(tokens)


@pytest.mark.parametrize("labels", [LABELS, LONG])
def test_search_equals_scoring_every_label(loaded: Loaded, tiny_llama: Path, labels: list[str]) -> None:
    plain = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32).eval()
    made = {i: m for batch in choose_labels(loaded, PROMPTS, labels) for i, m in batch}
    chosen = set()
    for i, prompt in enumerate(PROMPTS):
        scores = {label: direct(plain, loaded, prompt, label) for label in labels}
        best = max(scores, key=lambda label: scores[label][0])
        total, count = scores[best]
        assert loaded.tokenizer.decode(made[i].tokens[:-1]) == best
        assert made[i].tokens[-1:] == loaded.end
        assert made[i].logprob == pytest.approx(total / count, abs=1e-4)
        chosen.add(best)
    assert len(chosen) > 1, "the prompts are to differ, or the test shows little"


def test_labels_that_are_too_long_to_be_answered_are_named(loaded: Loaded) -> None:
    longest = max(len(tokens) + 1 for tokens in encode(loaded.tokenizer, LONG))
    check_room(loaded, LONG, longest)
    with pytest.raises(UserError) as caught:
        check_room(loaded, LONG, longest - 1)
    assert f"max_new_tokens ({longest - 1})" in str(caught.value)
    assert 'field "decoding.max_new_tokens"' in str(caught.value)
    assert f"set it to {longest} or more" in str(caught.value)


def test_a_label_that_begins_another_is_told_apart_by_its_end(loaded: Loaded) -> None:
    root = build_trie(loaded, ["re", "refund"])
    ends = [node.label for node in _all(root) if node.label is not None]
    assert sorted(ends) == ["re", "refund"]


def test_progress_counts_every_prompt(loaded: Loaded) -> None:
    told: list[int] = []
    list(choose_labels(loaded, PROMPTS, LABELS, told.append))
    assert sum(told) == len(PROMPTS)


def _all(node: Any) -> list[Any]:
    return [node, *(below for child in node.children.values() for below in _all(child))]
