"""Constrained JSON parses, is written as expected outputs are, and is checked against its schema like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from goldgate.base.errors import UserError
from goldgate.engine.constrain import JsonGrammar
from goldgate.engine.generate import Request, generate
from goldgate.engine.loading import Loaded, load_model
from goldgate.models.template import encode
from goldgate.scorers.json_format import schema_valid
from goldgate.task.examples import Example, render_output

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


def test_what_the_grammar_lets_through_is_counted_by_the_schema(loaded: Loaded, make_task: Any) -> None:
    """Where this fails, llguidance has learned exclusive bounds: the docstring of the module says otherwise."""
    rule = {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}
    schema = {"type": "object", "properties": {"a": rule}, "required": ["a"], "additionalProperties": False}
    guide, text = JsonGrammar(loaded, schema).start(), '{"a": 0}'
    for token in encode(loaded.tokenizer, [text])[0]:
        assert guide.mask()[token]
        guide.accept(token)
    assert guide.mask()[loaded.end]
    task = make_task({"kind": "json"}, schema)[1]
    assert schema_valid(task, Example("e", "x", {"a": 0.25}), text) == 0.0
    assert schema_valid(task, Example("e", "x", {"a": 0.25}), '{"a": 0.25}') == 1.0
