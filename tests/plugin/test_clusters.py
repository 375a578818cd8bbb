"""What a suite's summary says where golden's examples share layouts: passes that do not survive, and strata."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytest_plugins = ["pytester"]
GATE = "def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.75\n"
WARNS = "not if all examples with one value of layout count as one observation: exact_match >= 0.75"


def laid_out(made: Any, layout: Callable[[int], str]) -> None:
    """Gives every golden example a layout, which changes no fingerprint."""
    path = made.project.golden(made.task.name) / "golden.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    lines = [json.dumps({**row, "meta": {"layout": layout(i)}}) for i, row in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def add_key(made: Any, **keys: object) -> None:
    path = made.suite / "task.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **keys}), "utf-8")


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    assert result.ret == 0, "clusters change no verdict"
    return result.stdout.str()


@pytest.fixture
def passing(make: Callable[..., Any]) -> Any:
    """The champion is wrong on golden's first 6 examples of 60, and passes."""
    made = make()
    made.champion(wrong=6)
    made.gates(GATE)
    return made


def test_a_pass_that_rests_on_counting_one_layout_s_examples_one_by_one_is_said(
    passing: Any, pytester: pytest.Pytester
) -> None:
    laid_out(passing, lambda i: f"l{i // 6}")
    text = run(pytester)
    assert WARNS in text
    assert "declare layout as group or under strata" in text
    assert "suite colours passes" in text
    assert WARNS in run(pytester, "-n", "1"), "workers tell it too"


def test_nothing_is_said_where_layouts_make_no_difference(passing: Any, pytester: pytest.Pytester) -> None:
    laid_out(passing, lambda i: f"l{i % 10}")
    assert "one observation" not in run(pytester)


def test_declared_strata_say_what_the_verdict_is_about(passing: Any, pytester: pytest.Pytester) -> None:
    laid_out(passing, lambda i: f"l{i // 6}")
    first = run(pytester)
    add_key(passing, strata=["layout"])
    text = run(pytester)
    assert "one observation" not in text
    assert "about: new examples of the 10 values of layout in these examples (strata), and of no others" in text
    for said in (first, text):
        assert "look 1," in said, "declaring strata is no other look"
    assert len(passing.looks_taken()) == 1


def test_sealed_golden_does_not_tell_how_close_it_was(passing: Any, pytester: pytest.Pytester) -> None:
    laid_out(passing, lambda i: f"l{i // 6}")
    add_key(passing, golden="sealed")
    assert "one observation" not in run(pytester)


def test_on_dev_nothing_is_shown_and_nothing_lost(passing: Any, pytester: pytest.Pytester) -> None:
    laid_out(passing, lambda i: f"l{i // 6}")
    assert "one observation" not in run(pytester, "--split", "dev")
