"""Models that think: an empty thought is part of what is trained; a whole one is learned, and is not the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import make_rows
from goldgate.prompts import Pruned
from goldgate.subjects import parse_subject
from goldgate.subjects.subject import Answer
from goldgate.task.task import Thinking
from goldgate_trainers.lora.train import train_adapter

from ..conftest import CHATML, FAMILIES, THINKING, tiny_model
from .conftest import QUICK, Lesson, lesson_on

RECIPE = replace(QUICK, epochs=60, learning_rate=0.01, batch=7, micro_batch=7)
OPENED = CHATML.replace("assistant\n' }}", "assistant\n<think>\n' }}")


def answers(lesson: Lesson, adapter: Path) -> dict[str, Answer]:
    subject = parse_subject(f"adapter:{adapter}", lesson.task, lesson.project)
    return {a.id: a for a in subject.answer(lesson.train.examples)}


def lesson_of(written: str, root: Path, **settings: Any) -> Lesson:
    model = root / "model"
    model.mkdir()
    return lesson_on(tiny_model(model, replace(FAMILIES["chatml"], template=written)), root / "project", **settings)


def test_the_empty_thought_of_the_prompt_is_trained_with_it(tmp_path: Path) -> None:
    lesson = lesson_of(THINKING, tmp_path, template={"enable_thinking": False}, thinking={})
    tokenizer = AutoTokenizer.from_pretrained(lesson.model.path)
    for row in make_rows(tokenizer, lesson.task, Pruned(lesson.task), lesson.train.examples):
        assert tokenizer.decode(row.tokens[: row.start]).endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    result = train_adapter(lesson.model, lesson.task, lesson.train, RECIPE, tmp_path / "1")
    assert {i: a.text for i, a in answers(lesson, result.adapter).items()} == {e.id: e.output for e in lesson.train}
    other = replace(lesson, task=replace(lesson.task, template={}))
    with pytest.raises(UserError, match="trained with another chat template, or other template arguments"):
        answers(other, result.adapter)


@pytest.mark.parametrize(("template", "head"), [(THINKING, "<think>\n"), (OPENED, "")])
def test_a_thought_that_was_learned_is_no_part_of_the_answer(tmp_path: Path, template: str, head: str) -> None:
    lesson = lesson_of(template, tmp_path, thinking={})
    lesson = lesson.with_outputs(*(f"{head}so {e.output}</think>\n\n{e.output}" for e in lesson.train))
    wanted = {e.id: str(e.output).rpartition("\n")[2] for e in lesson.train}
    result = train_adapter(lesson.model, lesson.task, lesson.train, RECIPE, tmp_path / "1")
    said = answers(lesson, result.adapter)
    assert {i: a.text for i, a in said.items()} == wanted
    assert {a.finish for a in said.values()} == {"stop"}
    few = lesson.task.decoding.model_copy(update={"max_new_tokens": 9})
    cut = answers(replace(lesson, task=replace(lesson.task, decoding=few)), result.adapter)
    assert {(a.text, a.finish, a.completion_tokens) for a in cut.values()} == {("", "length", 9)}


@pytest.mark.parametrize(
    ("template", "output", "says"),
    [
        (OPENED, "red", "the prompt begins a thought that the expected output does not end with </think>"),
        (THINKING, "<think>red", "the expected output begins a thought"),
    ],
)
def test_an_output_that_never_comes_to_an_answer_is_refused(
    tmp_path: Path, template: str, output: str, says: str
) -> None:
    lesson = lesson_of(template, tmp_path, thinking={}).with_outputs(output)
    with pytest.raises(UserError, match=f"(?s)id w0, .*{says}.*enable_thinking"):
        train_adapter(lesson.model, lesson.task, lesson.train, QUICK, tmp_path / "1")


def test_a_constrained_answer_has_no_place_within_a_thought(tmp_path: Path) -> None:
    lesson = lesson_of(OPENED, tmp_path, kind="label", labels=["red", "blue"], thinking={})
    subject = parse_subject("base+zero_shot+constrained", lesson.task, lesson.project)
    with pytest.raises(UserError, match="ends inside a thought"):
        list(subject.answer(lesson.train.examples))


def test_other_tags_make_another_subject(lesson: Lesson) -> None:
    def identity(**settings: Any) -> str:
        return parse_subject("base+zero_shot", replace(lesson.task, **settings), lesson.project).identity

    assert lesson.task.chat == {}
    known = {
        identity(),
        identity(thinking=Thinking()),
        identity(thinking=Thinking(close="<answer>")),
        identity(chat_template=CHATML),
    }
    assert len(known) == 4
