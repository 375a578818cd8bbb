"""With a reflection model, gepa proposes instructions: its answers are kept and counted, and its failures told."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.cache import AnswerCache
from goldgate.base.errors import UserError
from goldgate.optimize.board import Board, Marked
from goldgate.optimize.candidate import Candidate, divide
from goldgate.optimize.reflection import KEPT, propose
from goldgate.optimize.reflection_model import ReflectionModel
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task

from ..conftest import ChatServer, completion

TRAIN = Split("train", tuple(Example(f"t{i}", f"question {i}", f"output {i}") for i in range(60)))
PARTS = divide(TRAIN, 2, 30, random.Random(0))


def by_length(candidate: Candidate, examples: Sequence[Example]) -> list[Marked]:
    """Longer instructions are right more often."""
    share = min(1.0, len(candidate.system) / 60)
    return [
        Marked((float(int(e.id[1:]) % 20 < 20 * share), 0.5), 0.1, f"said to {e.id}", "greeting is missing")
        for e in examples
    ]


class Writer:
    """Stands for a reflection model: makes the instructions in its prompt longer."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return f"Here it is:\n```\nSay what it is{', carefully' * len(self.prompts)}.\n```"


@pytest.fixture
def task(make_task: Callable[..., tuple[Project, Task]]) -> Task:
    return make_task({"kind": "label", "labels": ["yes", "no"]}, train=[("a", "yes"), ("b", "no")])[1]


def test_it_proposes_better_instructions_within_its_budget() -> None:
    pytest.importorskip("gepa")
    board, writer = Board(by_length), Writer()
    found = propose(board, PARTS, ["Say."], 150, 0, writer)
    assert 1 <= len(found) <= KEPT
    assert "Say." not in found
    assert max(map(len, found)) > 30
    assert board.calls <= 150 + 30  # gepa ends after the proposal that passes its budget


def test_the_same_answers_give_the_same_proposals() -> None:
    pytest.importorskip("gepa")
    one, other = (propose(Board(by_length), PARTS, ["Say."], 150, 0, Writer()) for _ in range(2))
    assert one == other


def test_what_it_reads_is_never_what_candidates_are_scored_on() -> None:
    pytest.importorskip("gepa")
    writer = Writer()
    propose(Board(by_length), PARTS, ["Say."], 150, 0, writer)
    read = "\n".join(writer.prompts)
    assert "greeting is missing. A right answer is: output" in read
    assert "said to t" in read
    lines = {line.strip() for line in read.splitlines()}
    assert {e.text for e in PARTS.asked} & lines == set()
    assert {e.text for e in PARTS.pool} & lines != set()


@pytest.mark.parametrize("after", [0, 2])
def test_its_failure_ends_the_search_with_its_own_words(after: int) -> None:
    pytest.importorskip("gepa")
    writer = Writer()

    def failing(prompt: str) -> str:
        if len(writer.prompts) == after:
            raise UserError("wants to be paid first", "http://localhost/v1", "top up")
        return writer(prompt)

    with pytest.raises(UserError, match="wants to be paid first"):
        propose(Board(by_length), PARTS, ["Say."], 150, 0, failing)
    assert len(writer.prompts) == after


def test_a_model_that_proposes_nothing_new_ends_with_its_budget() -> None:
    pytest.importorskip("gepa")
    board = Board(by_length)
    assert propose(board, PARTS, ["Say."], 60, 0, lambda prompt: "```\nSay.\n```") == ()
    assert board.calls <= 90


def test_without_gepa_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gepa", None)
    with pytest.raises(UserError, match=r"needs gepa.*pip install 'goldgate\[optimize\]'"):
        propose(Board(by_length), PARTS, ["Say."], 60, 0, Writer())


# the model at its endpoint


def asked_at(server: ChatServer, task: Task, cache: Path) -> ReflectionModel:
    return ReflectionModel(f"openai:big@{server.url}", task, AnswerCache(cache / "answers.sqlite"))


def test_it_is_asked_the_prompt_alone_with_room_for_thoughts(
    chat_server: Callable[..., ChatServer], task: Task, tmp_path: Path
) -> None:
    server = chat_server(lambda body: completion("<think>hm ```no```</think>```\nBetter.\n```"))
    model = asked_at(server, task, tmp_path)
    assert model("Improve it.") == "```\nBetter.\n```"
    (_, body), *more = server.asked
    assert more == []
    assert body["messages"] == [{"role": "user", "content": "Improve it."}]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("big", 0.0, 8192)


def test_its_answers_are_kept_and_counted(chat_server: Callable[..., ChatServer], task: Task, tmp_path: Path) -> None:
    server = chat_server(lambda body: completion("x"))
    first = asked_at(server, task, tmp_path)
    first("one")
    first("two")
    again = asked_at(server, task, tmp_path)
    again("one")
    assert (first.calls, again.calls, len(server.asked)) == (2, 1, 2)
    assert again.seconds > 0


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((402, {}, b'{"error": {"message": "no credit left"}}'), "no credit left"),
        ((401, {}, b'{"error": {"message": "who are you"}}'), "requires a key"),
        ((400, {}, b'{"error": {"message": "too long a prompt"}}'), "too long a prompt"),
        (completion("half a th", finish="length"), "cut off"),
        (completion("x", finish="content_filter"), "content filter"),
    ],
)
def test_a_failure_of_its_endpoint_is_told(
    chat_server: Callable[..., ChatServer], task: Task, tmp_path: Path, reply: Any, words: str
) -> None:
    model = asked_at(chat_server(lambda body: reply), task, tmp_path)
    with pytest.raises(UserError, match=words):
        model("Improve it.")
    assert model.calls == 0
