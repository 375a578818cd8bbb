"""Three families of chat templates: what is trained is what is asked, to the token, and the turn's end is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from goldgate.engine import generate as engine
from goldgate.engine.token_rows import Row, make_rows
from goldgate.prompts import Pruned, ZeroShot
from goldgate.subjects import parse_subject
from goldgate.subjects.subject import Answer
from goldgate.task.examples import Example
from goldgate_trainers.lora import train as lora
from goldgate_trainers.lora.train import train_adapter

from ..conftest import Family
from .conftest import QUICK, Lesson, lesson_on

RECIPE = replace(QUICK, epochs=60, learning_rate=0.01, batch=7, micro_batch=7)


@dataclass(frozen=True)
class Learned:
    """The lesson, trained to the end on a model of one family, and what the tuned model answers.

    trained: the rows that the optimizer was given; asked: the prompts that the engine was given, as tokens.
    """

    family: Family
    lesson: Lesson
    trained: list[Row]
    asked: list[list[int]]
    answers: dict[str, Answer]


@pytest.fixture(scope="module")
def learned(family_model: tuple[Family, Path], tmp_path_factory: pytest.TempPathFactory) -> Learned:
    family, model = family_model
    lesson = lesson_on(model, tmp_path_factory.mktemp("lesson"))
    trained: list[Row] = []
    asked: list[list[int]] = []
    optimize, generate = lora.optimize, engine.generate

    def watched_optimize(tuned: Any, rows: Sequence[Row], *args: Any, **more: Any) -> Any:
        trained.extend(rows)
        return optimize(tuned, rows, *args, **more)

    def watched_generate(loaded: Any, requests: Any, *args: Any) -> Any:
        asked.extend(list(r.tokens) for r in requests)
        return generate(loaded, requests, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lora, "optimize", watched_optimize)
        patch.setattr(engine, "generate", watched_generate)
        result = train_adapter(lesson.model, lesson.task, lesson.train, RECIPE, lesson.project.root / "attempt")
        subject = parse_subject(f"adapter:{result.adapter}", lesson.task, lesson.project)
        answers = {a.id: a for a in subject.answer(lesson.train.examples)}
    return Learned(family, lesson, trained, asked, answers)


def test_what_is_asked_is_what_was_trained_to_the_token(learned: Learned) -> None:
    assert learned.asked == [list(row.tokens[: row.start]) for row in learned.trained]
    assert len(learned.asked) == len(learned.lesson.train)


def test_the_end_of_the_turn_is_learned(learned: Learned) -> None:
    tokenizer = AutoTokenizer.from_pretrained(learned.lesson.model.path)
    end = tokenizer.convert_tokens_to_ids(learned.family.end)
    assert {row.tokens[-1] for row in learned.trained} == {end}
    assert {a.finish for a in learned.answers.values()} == {"stop"}
    assert {i: a.text for i, a in learned.answers.items()} == {e.id: e.output for e in learned.lesson.train}


def test_a_row_is_the_head_of_the_conversation_as_the_template_writes_it(learned: Learned) -> None:
    tokenizer = AutoTokenizer.from_pretrained(learned.lesson.model.path)
    for row, example in zip(learned.trained, learned.lesson.train, strict=True):
        system, user = Pruned(learned.lesson.task).messages(example)
        asked = (
            [system, user]
            if learned.family.system
            else [{"role": "user", "content": f"{system['content']}\n\n{user['content']}"}]
        )
        turns = [*asked, {"role": "assistant", "content": example.output}]
        whole = tokenizer.apply_chat_template(turns, tokenize=False)
        said = tokenizer.decode(row.tokens)
        assert whole.startswith(said)
        assert whole.removeprefix(said).strip() == "", "nothing but layout comes after the token that ends the turn"


def test_a_system_message_is_said_once_whether_the_template_has_a_place_for_it_or_not(learned: Learned) -> None:
    tokenizer = AutoTokenizer.from_pretrained(learned.lesson.model.path)
    strategy = ZeroShot(learned.lesson.task)
    example = Example("x", "sky", "blue")
    (row,) = make_rows(tokenizer, learned.lesson.task, strategy, [example])
    prompt = tokenizer.decode(row.tokens[: row.start])
    system, user = (m["content"] for m in strategy.messages(example))
    assert prompt.count(system) == 1
    if not learned.family.system:
        assert prompt == f"<bos><start_of_turn>user\n{system}\n\n{user}<end_of_turn>\n<start_of_turn>model\n"
