"""A user's own scorer in one decorated line: it gates, it is part of the look, and its faults are its item's alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

SHORT = """
from goldgate import scorer

@scorer
def short(example, text):
    return len(text) <= 5

@scorer(better="low", bounds=(0, 10))
def letters(example, text):
    return len(text)
"""
GATES = (
    SHORT
    + """
def test_short(candidate):
    assert candidate.by(short) >= 0.80

def test_letters(candidate, prompted):
    assert candidate.by(letters) <= 6
    assert candidate.on("dark").by(letters) <= 6
    assert candidate.by(letters) - prompted.by(letters) <= 2
"""
)


def test_it_gates_as_any_metric(pytester: pytest.Pytester, made: Any) -> None:
    made.cached("base+zero_shot+constrained", "dev", wrong=20)
    made.gates(GATES)
    result = pytester.runpytest("suites")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*short >= 0.8*pass*60", "*letters <= 6*pass*60", "*letters[[]dark[]] <= 6*pass*20"])


def test_it_may_stand_in_a_conftest(pytester: pytest.Pytester, made: Any) -> None:
    made.gates(SHORT + "\n\nimport pytest\n\n@pytest.fixture\ndef brief():\n    return short\n", "conftest.py")
    made.gates("def test_short(candidate, brief):\n    assert candidate.by(brief) >= 0.80\n")
    pytester.runpytest("suites").assert_outcomes(passed=1)


def test_a_failing_gate_shows_the_worst_examples_of_dev(pytester: pytest.Pytester, made: Any) -> None:
    made.gates("""
from goldgate import scorer

@scorer
def blue(example, text):
    return text == "blue"

def test_blue(candidate):
    assert candidate.by(blue) >= 0.80
""")
    result = pytester.runpytest("suites")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*blue >= 0.8*fail*", "*worst on dev: d0*expected *, got *"])


def test_a_failing_gate_shows_the_reason_that_its_scorer_gives(pytester: pytest.Pytester, made: Any) -> None:
    made.gates("""
from goldgate import scorer

@scorer
def blue(example, text):
    return (True, "") if text == "blue" else (False, f"{text} is not\\nblue")

def test_blue(candidate):
    assert candidate.by(blue) >= 0.80
""")
    result = pytester.runpytest("suites")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*worst on dev: d0* is not\\nblue"])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return float('nan')", "odd: the value of example g000 is nan, not between 0 and 1"),
        ("return 2", "odd: the value of example g000 is 2, not between 0 and 1"),
        ("return float('inf')", "odd: the value of example g000 is inf*"),
        ("pass", "odd returns NoneType for example g000, which is not a number*"),
        ("return text", "odd returns str for example g000*"),
        ("return {}[text]", "odd fails on example g000 with KeyError (*test_gates.py, line 6)"),
        ("assert text == 'pink'", "odd fails on example g000 with AssertionError*"),
    ],
)
def test_a_fault_is_its_items_alone_and_golden_stays_closed(
    pytester: pytest.Pytester, made: Any, body: str, told: str
) -> None:
    made.gates(f"""
from goldgate import scorer

@scorer
def odd(example, text):
    {body}

def test_odd(candidate):
    assert candidate.by(odd) >= 0.80

def test_other(candidate):
    assert candidate.exact_match >= 0.80
""")
    result = pytester.runpytest("suites")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines([f"*{told}*"])
    result.stdout.no_fnmatch_line("*KeyError*'red'*")
    result.stdout.no_fnmatch_line("*Traceback*")


def test_on_dev_the_fault_is_told_in_full(pytester: pytest.Pytester, made: Any) -> None:
    made.gates(
        "from goldgate import scorer\n\n@scorer\ndef odd(example, text):\n    return {}[text]\n\n"
        "def test_odd(candidate):\n    assert candidate.by(odd) >= 0.8\n"
    )
    result = pytester.runpytest("suites", "--split", "dev")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*odd fails on example d000 with KeyError: *'green'*"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("short = scorer(lambda example, text: 1)", "@scorer decorates a named function"),
        ("short = scorer(len)", "the code of len is outside*|*@scorer decorates a named function"),
        ("short = lambda example, text: 1", "by() takes a function decorated with @scorer"),
        ("short = scorer(better='lower')(plain)", 'plain: better must be "high" or "low", not \'lower\''),
        ("short = scorer(bounds=(1, 0))(plain)", "bounds 1 to 0 are not a range"),
        ("short = scorer(bounds=3)(plain)", "plain: bounds must be two numbers, not 3"),
        ("short = scorer(exact_match)", "this task already has a metric exact_match"),
        ("from rules import short", "the code of short is outside of its suite"),
        ("from rules import polite; short = scorer(polite)", "the code of polite is outside of its suite"),
        ("from rules import strict; short = scorer(strict(plain))", "the code of plain is outside of its suite"),
    ],
)
def test_a_scorer_that_no_look_could_count_is_refused(
    pytester: pytest.Pytester, made: Any, monkeypatch: pytest.MonkeyPatch, line: str, told: str
) -> None:
    folder = pytester.path.parent / f"{pytester.path.name}-elsewhere"
    folder.mkdir()
    (folder / "rules.py").write_text("""
import functools
from goldgate import scorer

def polite(example, text):
    return 1

short = scorer(polite)
short = scorer(functools.wraps(polite)(lambda example, text: 1))
short.function.__name__ = "short"

def strict(function):
    return functools.wraps(function)(lambda example, text: 1)
""")
    monkeypatch.syspath_prepend(str(folder))
    made.gates(f"""
from goldgate import scorer

def plain(example, text):
    return 1

def exact_match(example, text):
    return 1

{line}

def test_short(candidate):
    assert candidate.by(short) >= 0.8
""")
    result = pytester.runpytest("suites")
    result.assert_outcomes(failed=1)
    assert any(part in result.stdout.str() for part in told.replace("*", "").split("|"))


def test_an_edited_scorer_is_a_new_look(pytester: pytest.Pytester, made: Any) -> None:
    made.cached("base+zero_shot+constrained", "dev", wrong=20)
    made.gates(GATES)
    pytester.runpytest("suites").assert_outcomes(passed=2)
    pytester.runpytest("suites").assert_outcomes(passed=2)
    assert len(made.looks_taken()) == 1
    made.gates(GATES.replace("<= 5", "<= 6"))
    pytester.runpytest("suites").assert_outcomes(passed=2)
    assert len(made.looks_taken()) == 2


def test_an_example_is_not_changed_for_the_next_scorer(pytester: pytest.Pytester, made: Any) -> None:
    made.cached("base+zero_shot+constrained", "dev", wrong=20)
    made.gates("""
from goldgate import scorer

@scorer
def careless(example, text):
    seen = len(example.meta)
    example.meta["seen"] = True
    return seen == 0

def test_careless(candidate, prompted):
    assert candidate.by(careless) >= 0.9
    assert prompted.by(careless) >= 0.9
""")
    pytester.runpytest("suites").assert_outcomes(passed=1)


def values(score: Any, text: str | None, finish: str) -> list[float | None]:
    from goldgate.scorers.score import value_of
    from goldgate.subjects import Answer
    from goldgate.task.examples import Example

    answer = Answer("e", text, finish, 1, 1, 0.0, None, "me", "f", "d")  # type: ignore[arg-type]
    return [value_of(given) for given in score.score([Example("e", "in", "out")], [answer], closed=False)]


def test_a_missing_answer_stays_missing_and_a_cut_one_has_the_worst_value() -> None:
    from goldgate import scorer

    rising = scorer(bounds=(-1, 3))(lambda example, text: 2)
    falling = scorer(better="low", bounds=(-1, 3))(lambda example, text: 2)
    assert values(rising, "text", "length") == [-1.0]
    assert values(falling, "text", "length") == [3.0]
    assert values(falling, "text", "stop") == [2.0]
    assert values(falling, None, "error") == [None]


def test_a_decorated_function_can_still_be_called(tmp_path: Path) -> None:
    from goldgate import scorer

    assert scorer(lambda example, text: text == "a")(None, "a") is True  # type: ignore[arg-type]


def test_a_slice_that_no_look_could_count_is_refused(
    pytester: pytest.Pytester, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an edit of that code would choose other examples at the same look."""
    folder = pytester.path.parent / f"{pytester.path.name}-elsewhere"
    folder.mkdir()
    (folder / "slices.py").write_text("def easy(example):\n    return True\n")
    monkeypatch.syspath_prepend(str(folder))
    made.gates(
        "from slices import easy\n\n"
        "def test_there(candidate):\n    assert candidate.where(easy).exact_match >= 0.80\n\n"
        "def test_here(candidate):\n    assert candidate.where(lambda e: easy(e)).exact_match >= 0.80\n"
    )
    result = pytester.runpytest("suites")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*the code of easy is outside of its suite*"])


@pytest.mark.parametrize(
    ("bounds", "value", "passes"),
    [
        ("", "1.0000001192092896", True),
        ("", "-1e-7 if text == 'pink' else 1.0", True),
        ("(bounds=(-1, 1))", "1.0000004", True),
        ("(bounds=(0, 100))", "100.00001", True),
        ("", "1.00001", False),
        ("", "1.01", False),
        ("(bounds=(0, 100))", "100.001", False),
    ],
)
def test_the_rounding_of_32_bit_floats_is_no_fault(
    pytester: pytest.Pytester, made: Any, bounds: str, value: str, passes: bool
) -> None:
    made.gates(f"""
from goldgate import scorer

@scorer{bounds}
def cosine(example, text):
    return {value}

def test_cosine(candidate):
    assert candidate.by(cosine) >= 0.80
""")
    result = pytester.runpytest("suites")
    result.assert_outcomes(passed=int(passes), failed=int(not passes))
    if not passes:
        result.stdout.fnmatch_lines([f"*the value of example g000 is {value}, not between*"])
