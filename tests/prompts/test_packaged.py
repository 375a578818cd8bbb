"""Prompting strategies that packages bring are strategies as ours are, and their version is part of identity."""

from __future__ import annotations

import pytest

from goldgate.base.errors import UserError
from goldgate.base.extensions import STRATEGIES
from goldgate.prompts import parse_strategy
from goldgate.task.examples import Example
from goldgate.task.task import Task

from ..conftest import Install
from .test_prompts import label_task, sources

__all__ = ["label_task"]

CODE = """
class Loud:
    def __init__(self, sources, marks):
        self.task, self.marks, self.seen = sources.task, marks, []
        self.name = f"loud:{marks}"
    def spec(self):
        return {"strategy": "loud", "marks": self.marks}
    def messages(self, example):
        return [{"role": "user", "content": example.text.upper() + "!" * int(self.marks)}]
    def prepare(self, examples):
        self.seen += [e.id for e in examples]
"""
ENTRY = {STRATEGIES: {"loud": "acme_prompts:Loud"}}
ASK = Example("q", "may I return it?", "yes")


def test_it_is_found_by_the_word_before_the_colon(install: Install, label_task: Task) -> None:
    install("acme_prompts", "1.2", CODE, ENTRY)
    strategy = parse_strategy("loud:2", sources(label_task))
    assert strategy.name == "loud:2"
    assert strategy.messages(ASK) == [{"role": "user", "content": "MAY I RETURN IT?!!"}]
    strategy.prepare([ASK])


def test_another_version_of_the_package_is_another_identity(install: Install, label_task: Task) -> None:
    specs = []
    for version in ("1.2", "1.3"):
        install("acme_prompts", version, CODE, ENTRY)
        specs.append(parse_strategy("loud:2", sources(label_task)).spec())
    assert specs[0] == {"strategy": "loud", "marks": "2", "package": "acme_prompts 1.2"}
    assert specs[0] != specs[1]


def test_our_own_strategies_cannot_be_replaced(install: Install, label_task: Task) -> None:
    install("acme_prompts", "1.2", CODE, {STRATEGIES: {"zero_shot": "acme_prompts:Loud"}})
    assert "package" not in parse_strategy("zero_shot", sources(label_task)).spec()


def test_a_name_that_nobody_brings_is_refused_as_before(label_task: Task) -> None:
    with pytest.raises(UserError, match='no prompting strategy "loud:2"'):
        parse_strategy("loud:2", sources(label_task))
