"""The label search against trying every label: the same label with the same score, whatever labels and prompt."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.engine.generate import Generated
from goldgate.engine.labels import Node, build_trie, choose_labels
from goldgate.engine.loading import Loaded, load_model
from goldgate.models.template import encode

names = st.lists(st.text("ab tre", min_size=1, max_size=6).filter(str.strip), min_size=2, max_size=7, unique=True)
prompt = st.lists(st.integers(3, 258), min_size=1, max_size=10)


@pytest.fixture(scope="module")
def loaded(tiny_llama: Path) -> Loaded:
    return load_model(tiny_llama, "tiny")


@pytest.fixture(scope="module")
def plain(tiny_llama: Path) -> torch.nn.Module:
    from transformers import AutoModelForCausalLM

    model: torch.nn.Module = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32).eval()
    return model


def chosen(loaded: Loaded, prompts: list[list[int]], labels: list[str]) -> list[Generated]:
    made = {i: m for batch in choose_labels(loaded, prompts, labels) for i, m in batch}
    return [made[i] for i in range(len(prompts))]


def scored(plain: torch.nn.Module, loaded: Loaded, asked: list[int], label: str) -> tuple[float, int]:
    """(Log-probability of a label and of the end behind it, how many tokens that is), in one plain forward pass."""
    tokens = [*encode(loaded.tokenizer, [label])[0], *loaded.end]
    with torch.no_grad():
        logits = plain(torch.tensor([asked + tokens])).logits[0, len(asked) - 1 : -1]
    return float(torch.log_softmax(logits, -1).gather(1, torch.tensor(tokens)[:, None]).sum()), len(tokens)


@given(st.lists(prompt, min_size=1, max_size=3), names)
@settings(deadline=None, max_examples=15)
def test_the_search_finds_what_trying_every_label_finds(
    loaded: Loaded, plain: torch.nn.Module, prompts: list[list[int]], labels: list[str]
) -> None:
    for asked, made in zip(prompts, chosen(loaded, prompts, labels), strict=True):
        scores = {label: scored(plain, loaded, asked, label) for label in labels}
        best = max(scores, key=lambda label: scores[label][0])
        said = loaded.tokenizer.decode(made.tokens[:-1])
        assert said in labels
        # Two labels may be as likely as each other to the last digit; then either is right.
        assert scores[said][0] == pytest.approx(scores[best][0], abs=1e-3)
        assert made.logprob * len(made.tokens) == pytest.approx(scores[said][0], abs=1e-3)
        assert len(made.tokens) == scores[said][1]
        assert made.stopped


@given(st.lists(prompt, min_size=1, max_size=4), names, st.randoms())
@settings(deadline=None, max_examples=10)
def test_neither_the_order_of_labels_nor_of_prompts_changes_the_choice(
    loaded: Loaded, prompts: list[list[int]], labels: list[str], random: object
) -> None:
    straight = chosen(loaded, prompts, labels)
    mixed = chosen(loaded, prompts[::-1], labels[::-1])[::-1]
    for one, other in zip(straight, mixed, strict=True):
        assert one.logprob * len(one.tokens) == pytest.approx(other.logprob * len(other.tokens), abs=1e-3)


@given(prompt, names)
@settings(deadline=None, max_examples=10)
def test_a_label_more_never_lowers_the_best_score(loaded: Loaded, asked: list[int], labels: list[str]) -> None:
    few, many = (chosen(loaded, [asked], found)[0] for found in (labels[:-1], labels))
    assert many.logprob * len(many.tokens) >= few.logprob * len(few.tokens) - 1e-3


@given(names)
def test_the_trie_holds_every_label_once_and_shares_what_they_begin_with(loaded: Loaded, labels: list[str]) -> None:
    root = build_trie(loaded, labels)
    ways: dict[str, tuple[int, ...]] = {}

    def walk(node: Node, path: tuple[int, ...]) -> None:
        if node.label is not None:
            assert node.label not in ways
            ways[node.label] = path
            assert not node.children, "nothing comes after the end of a turn"
        for token, child in node.children.items():
            walk(child, (*path, token))

    walk(root, ())
    assert set(ways) == set(labels)
    for label, path in ways.items():
        assert path == (*encode(loaded.tokenizer, [label])[0], *loaded.end)
    beginnings = {path[:i] for path in ways.values() for i in range(1, len(path) + 1)}
    assert root.size() == len(beginnings)


def test_one_label_is_the_answer_whatever_is_asked(loaded: Loaded) -> None:
    for made in chosen(loaded, [[40, 41], [90] * 9], ["invoice total"]):
        assert loaded.tokenizer.decode(made.tokens[:-1]) == "invoice total"


def test_nothing_asked_chooses_nothing(loaded: Loaded) -> None:
    assert list(choose_labels(loaded, [], ["a", "b"])) == []


@pytest.mark.parametrize("many", [1, 5, 70])
def test_every_prompt_is_counted_as_it_is_done(loaded: Loaded, many: int) -> None:
    told: list[int] = []
    list(choose_labels(loaded, [[40, 41 + i % 9] for i in range(many)], ["refund", "invoice", "total"], told.append))
    assert sum(told) == many
    assert all(count > 0 for count in told)
