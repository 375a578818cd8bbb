"""A right label in another form is right in every gate, and a wrong one that looks right is wrong in every gate."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.data.check import rewrite_card

from ..conftest import ChatServer, completion

pytest_plugins = ["pytester"]
Serve = Callable[..., ChatServer]
COLOURS = ("red", "green", "blue")
GATES = """
def test_right(candidate):
    assert candidate.exact_match.observed >= 0.95

def test_valid(candidate):
    assert candidate.label_valid.observed >= 0.95

def test_macro(candidate):
    assert candidate.macro_f1.observed >= 0.95
"""


def outcome(pytester: pytest.Pytester, server: ChatServer) -> tuple[dict[str, int], str]:
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", "--candidate", f"openai:m@{server.url}+zero_shot")
    return result.parseoutcomes(), result.stdout.str()


def right(body: dict[str, Any]) -> str:
    return COLOURS[int(body["messages"][-1]["content"].split()[-1]) % 3]


@pytest.mark.parametrize(
    "form", [lambda label: f"\u00a0{label}\u2003", lambda label: unicodedata.normalize("NFD", label)]
)
def test_one_rule_holds_in_all_three_gates(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve, form: Callable[[str], str]
) -> None:
    made = make(labels=[*COLOURS, "bleu fonc\u00e9 "])
    made.gates(GATES)
    for split in ("dev", "golden", "train"):
        path = made.project.golden("colours") / f"{split}.jsonl"
        path.write_text(path.read_text().replace('"output": "blue"', '"output": "bleu fonc\u00e9 "'))
    rewrite_card(made.project, made.task)
    server = chat_server(lambda body: completion(form(right(body).replace("blue", "bleu fonc\u00e9 "))))
    counts, text = outcome(pytester, server)
    assert counts == {"passed": 3}, text


@pytest.mark.parametrize("form", [lambda label: f"{label}\u200b", lambda label: label.replace("e", "\u0435")])
def test_a_label_that_only_looks_right_is_wrong_in_all_three_and_that_can_be_seen(
    make: Callable[..., Any], pytester: pytest.Pytester, chat_server: Serve, form: Callable[[str], str]
) -> None:
    make().gates(GATES)
    counts, text = outcome(pytester, chat_server(lambda body: completion(form(right(body)))))
    assert counts == {"failed": 3}
    assert "U+200B" in text or "U+0435" in text
