"""Constrained JSON always parses, keeps its schema, and is written as expected outputs are."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from goldgate.base.errors import UserError
from goldgate.engine.constrain import JsonGrammar
from goldgate.engine.generate import Request, generate
from goldgate.engine.loading import Loaded, load_model
from goldgate.task.examples import render_output

SCHEMA = {
    "type": "object",
    "properties": {
        "queue": {"enum": ["billing", "tech", None]},
        "urgent": {"type": "boolean"},
        "code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]$"},
    },
    "required": ["queue", "urgent", "code"],
    "additionalProperties": False,
}
PROMPTS = [[*list(range(40, 60)), 60 + 5 * i, 61] for i in range(6)]


@pytest.fixture(scope="module")
def loaded(tiny_llama: Path) -> Loaded:
    return load_model(tiny_llama, "tiny")


@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_every_answer_parses_and_keeps_the_schema(loaded: Loaded, temperature: float) -> None:
    start = JsonGrammar(loaded, SCHEMA).start
    requests = [Request(p, seed=i, guide=start) for i, p in enumerate(PROMPTS)]
    texts = []
    for batch in generate(loaded, requests, 60, temperature):
        for _, made in batch:
            assert made.stopped
            texts.append(loaded.tokenizer.decode(made.tokens[:-1]))
    assert len(texts) == len(PROMPTS)
    for text in texts:
        value = json.loads(text)
        jsonschema.validate(value, SCHEMA)
        assert text == render_output(value), "the form of expected outputs"


def test_constrained_and_free_rows_share_a_batch(loaded: Loaded) -> None:
    start = JsonGrammar(loaded, SCHEMA).start
    free = {i: m for b in generate(loaded, [Request(p) for p in PROMPTS], 30) for i, m in b}
    mixed = [Request(p, guide=start if i % 2 else None) for i, p in enumerate(PROMPTS)]
    made = {i: m for b in generate(loaded, mixed, 60) for i, m in b}
    assert all(made[i].tokens[:30] == free[i].tokens for i in range(0, 6, 2))


def test_a_schema_that_cannot_be_enforced_is_refused(loaded: Loaded) -> None:
    with pytest.raises(UserError, match="cannot be constrained"):
        JsonGrammar(loaded, {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?<!x)y"}}})
