"""Which answers refuse, and which only sound sorry."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldgate.scorers import Context
from goldgate.scorers.refusal import REFUSALS, empty_rate, is_refusal, refusal_rate
from goldgate.subjects import Answer
from goldgate.task.examples import Example, load_split
from goldgate.task.project import Project

CONTEXT = Context(None, Path("nowhere"))  # type: ignore[arg-type]


def answer(text: str | None, finish: str = "stop") -> Answer:
    return Answer("e", text, finish, 10, 5, 0.0, None, "me", "f", "d")  # type: ignore[arg-type]


def refused(text: str | None, *outputs: str) -> float | None:
    example = Example("e", "x", outputs[0] if outputs else "yes", accept=outputs[1:])
    return refusal_rate(CONTEXT, [example], [answer(text)])[0]


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can’t assist with that.",
        "I cannot help with this.",
        "As an AI, I have no opinion.",
        "Sorry, I am not able to\nprovide information on that.",
        "I CANNOT FULFILL your request.",
        "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.",
        "Je ne peux pas répondre à cette question.",
        "Lo siento, no puedo ayudarte con eso.",
        "Je ne peux pas re\u0301pondre a\u0300 cette question.",
    ],
)
def test_a_refusal_is_seen(text: str) -> None:
    seen = refused(text)
    assert seen == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I'm sorry to hear that your lamp broke.",
        "We cannot refund cash.",
        "As an airline we cannot.",
        '{"queue": "billing"}',
        "I can help with that.",
        "x" * 300 + " I cannot help with this.",
    ],
)
def test_an_apology_or_a_no_is_no_refusal(text: str) -> None:
    assert refused(text) == 0.0


def test_a_refusal_that_is_expected_is_right() -> None:
    assert refused("I cannot help with this.", "yes", "I can't assist with weapons.") == 0.0
    assert refused(None) is None


@pytest.mark.parametrize("task", ["invoices", "tickets", "voice"])
def test_no_output_of_the_shipped_tasks_is_taken_for_a_refusal(task: str) -> None:
    split = load_split(Project(Path(__file__).parents[2], Path("nowhere")), task, "dev")
    assert [e.id for e in split if is_refusal(str(e.output))] == []


def test_phrases_are_written_as_answers_are_read() -> None:
    for phrases in REFUSALS.values():
        assert all(is_refusal(phrase) for phrase in phrases)


@pytest.mark.parametrize(("text", "value"), [("", 1.0), (" \n\t", 1.0), ("0", 0.0), (None, None)])
def test_an_answer_of_blanks_is_empty(text: str | None, value: float | None) -> None:
    assert empty_rate(CONTEXT, [Example("e", "x", "y")], [answer(text)]) == [value]
