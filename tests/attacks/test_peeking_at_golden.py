"""Attack: a gate's threshold, slice or values come from the answers, so that its error rate means nothing.

One kind, every way to the answers: estimates, intervals, values, answers, reasons, confusion, verdicts, the size of a
slice, a closure over the candidate or over what it is compared with, another measure built from values, and ways to
wash a number: rounding, formatting and parsing, comparing it, keeping it for the next test.
"""

from __future__ import annotations

from typing import Any

import pytest

pytest_plugins = ["pytester"]

PEEKS = {
    "the estimate of another subject": "assert candidate.exact_match >= prompted.exact_match.value",
    "the same on the left": "assert prompted.exact_match.value <= candidate.exact_match",
    "with a margin": "assert candidate.exact_match >= prompted.exact_match.value + 0.05",
    "its own interval": "assert candidate.exact_match >= candidate.exact_match.interval()[0]",
    "rounded": "assert candidate.exact_match >= round(prompted.exact_match.value, 2)",
    "as a plain float": "assert candidate.exact_match >= float(prompted.exact_match.value)",
    "through numpy": "import numpy as np; assert candidate.exact_match >= np.float64(prompted.exact_match.value)",
    "by branching": "assert candidate.exact_match >= (0.9 if candidate.exact_match.value > 0.9 else 0.1)",
    "as a truth value": "assert candidate.exact_match >= (0.1 if prompted.exact_match.value else 0.2)",
    "the larger of two": "assert candidate.exact_match >= max(0.1, prompted.exact_match.value)",
    "as a difference": "assert candidate.exact_match - prompted.exact_match.value >= 0.05",
    "as a factor": "assert candidate.exact_match * prompted.exact_match.value >= 0.05",
    "a quiet verdict": "assert candidate.exact_match >= (0.5 if candidate.exact_match.verdict('>=', 0.5) else 0.1)",
    "a verdict's estimate": "v = prompted.exact_match >= 0.0; assert candidate.exact_match >= v.estimate",
    "a verdict's bound": "v = candidate.exact_match >= 0.0; assert candidate.exact_match >= v.low",
    "a measure's evidence": "assert candidate.exact_match >= prompted.exact_match.evidence.estimate",
    "missing answers": "assert candidate.exact_match >= prompted.exact_match.missing / 60",
    "values": "assert candidate.exact_match >= sum(prompted.values('exact_match').values()) / 60",
    "answers counted": "assert candidate.exact_match >= sum(a.text == 'red' for a in candidate.answers.values()) / 60",
    "the confusion": "assert candidate.exact_match >= len(prompted.confusion().top(9)) / 100",
    "reasons": "assert candidate.exact_match >= len(candidate.reasons('exact_match')) / 100",
    "why": "assert candidate.exact_match >= len(candidate.why('exact_match', candidate.split.examples[0])) / 1000",
    "a slice by values": "assert candidate.exact_match.where(lambda v: v > 0.5) >= 0.5",
    "a slice by answers": "assert candidate.where(lambda e, a: a.text == e.output).exact_match >= 0.5",
    "its size": "assert candidate.exact_match >= len(candidate.where(lambda e, a: a.text == e.output).examples()) / 99",
    "a closure over answers": "assert candidate.where(lambda e: candidate.answers[e.id].text == e.output)"
    ".exact_match >= 0.9",
    "over another subject's": "assert candidate.where(lambda e: prompted.answers[e.id].text == e.output)"
    ".exact_match >= 0.5",
    "over values": "assert candidate.where(lambda e: candidate.values('exact_match')[e.id] == 1).exact_match >= 0.9",
    "over reasons": "assert candidate.where(lambda e: e.id not in candidate.reasons('exact_match')).exact_match >= 0.9",
    "over a kept table": "a = candidate.answers"
    "; assert candidate.where(lambda e: a[e.id].text == e.output).exact_match >= 0.9",
    "values repeated": "from goldgate import Measure\n    v = list(candidate.values('exact_match').values())"
    "\n    assert Measure(v * 20) >= 0.5 and candidate.exact_match >= 0.1",
    "values chosen": "from goldgate import Measure\n    v = [x for x in candidate.values('exact_match').values() if x]"
    "\n    assert Measure(v) >= 0.5 and candidate.exact_match >= 0.1",
    "the order of answers": "ids = sorted(candidate.answers, key=lambda i: candidate.answers[i].text)[:9]"
    "; assert candidate.where(lambda e: e.id in ids).exact_match >= 0.1",
}

WASHED = {
    "printed and read": "assert candidate.exact_match >= float(f'{prompted.exact_match.value:.6f}')",
    "printed with the measure": "assert candidate.exact_match >= float(str(prompted.exact_match).split()[1])",
    "through math": "import math; assert candidate.exact_match >= math.floor(100 * prompted.exact_match.value) / 100",
    "a verdict's message": "v = prompted.exact_match >= 0.0; assert candidate.exact_match"
    " >= float(v.message.split('estimate ')[1].split(',')[0])",
}


@pytest.mark.parametrize("gate", PEEKS.values(), ids=PEEKS)
def test_what_depends_on_answers_is_no_gate(made: Any, pytester: pytest.Pytester, gate: str) -> None:
    made.gates(f"def test_it(candidate, prompted):\n    {gate}\n")
    done = pytester.runpytest("suites")
    text = done.stdout.str()
    assert done.ret == 1
    assert "is invalid: " in text
    assert "suite colours does not pass" in text


@pytest.mark.parametrize("gate", WASHED.values(), ids=WASHED)
def test_washing_a_number_finds_nothing_in_it(made: Any, pytester: pytest.Pytester, gate: str) -> None:
    made.gates(f"def test_it(candidate, prompted):\n    {gate}\n")
    done = pytester.runpytest("suites")
    assert done.ret == 1
    assert "suite colours passes" not in done.stdout.str()


@pytest.mark.parametrize(
    "gate",
    [
        "assert candidate.exact_match >= prompted.exact_match.value",
        "assert candidate.exact_match >= prompted.exact_match.value + 0.05",
        "assert candidate.exact_match - prompted.exact_match.value >= 0.05",
        "assert candidate.where(lambda e: candidate.answers[e.id].text == e.output).exact_match >= 0.9",
        "from goldgate import Measure; assert Measure(list(candidate.values('exact_match').values()) * 20) >= 0.5",
    ],
)
def test_on_dev_the_usual_forms_are_refused_before_they_cost_a_look(
    made: Any, pytester: pytest.Pytester, gate: str
) -> None:
    made.gates(f"def test_it(candidate, prompted):\n    {gate}\n")
    made.cached("base+zero_shot", "dev", wrong=16)
    text = pytester.runpytest("suites", "--split", "dev").stdout.str()
    assert "is invalid: " in text


KEPT = """
seen = []

def test_first(candidate, prompted):
    assert candidate.exact_match >= 0.1
    {keep}

def test_second(candidate):
    assert candidate.exact_match >= {use}
"""


@pytest.mark.parametrize(
    ("keep", "use"),
    [
        ("seen.append(prompted.exact_match.value)", "seen[0]"),
        ("seen.append(prompted.exact_match)", "seen[0].value"),
        ("seen.append(float(str(prompted.exact_match.value)))", "seen[0]"),
        ("seen.append(candidate.answers)", "len([a for a in seen[0].values() if a.text == 'red']) / 60"),
    ],
)
def test_a_number_is_not_kept_for_the_next_test(made: Any, pytester: pytest.Pytester, keep: str, use: str) -> None:
    made.gates(KEPT.format(keep=keep, use=use))
    text = pytester.runpytest("suites").stdout.str()
    assert "suite colours does not pass" in text


@pytest.mark.parametrize("read", ["prompted.exact_match.value", "float(bool(candidate.exact_match >= 0.99))"])
def test_nothing_is_learned_while_fixtures_end(made: Any, pytester: pytest.Pytester, read: str) -> None:
    made.gates(
        "import pytest\nseen = []\n\n@pytest.fixture\ndef later(candidate, prompted):\n    yield\n"
        f"    seen.append({read})\n\ndef test_first(candidate, prompted, later):\n"
        "    assert candidate.exact_match >= 0.1\n\ndef test_second(candidate):\n"
        "    assert candidate.exact_match >= seen[0]\n"
    )
    assert "suite colours does not pass" in pytester.runpytest("suites").stdout.str()


REMEMBERED = {
    "a module's dict": ("SEEN = {}", "SEEN[e.id] = text == e.output", "SEEN[e.id]"),
    "its first words": ("SEEN = {}", "SEEN.setdefault(e.id, text == e.output)", "SEEN[e.id]"),
    "a set": ("SEEN = set()", "SEEN.add(e.id) if text == e.output else None", "e.id in SEEN"),
    "a name": ("SEEN = ''", "globals()['SEEN'] = SEEN + e.id * (text == e.output)", "e.id in SEEN"),
    "a function's attribute": (
        "def keeper():\n    pass\nkeeper.it = []",
        "keeper.it.append(e.id if text == e.output else '')",
        "e.id in keeper.it",
    ),
    "a class": (
        "class Box:\n    it = []",
        "Box.it = [*Box.it, e.id] if text == e.output else Box.it",
        "e.id in Box.it",
    ),
    "an object": (
        "class Box:\n    def __init__(self):\n        self.it = {}\nBOX = Box()",
        "BOX.it.update({e.id: text == e.output})",
        "BOX.it[e.id]",
    ),
    "an object with slots": (
        "class Box:\n    __slots__ = ('it',)\nBOX = Box(); BOX.it = ()",
        "setattr(BOX, 'it', (*BOX.it, e.id * (text == e.output)))",
        "e.id in BOX.it",
    ),
    "another module": ("import rules", "rules.SEEN.update({e.id: text == e.output})", "rules.SEEN[e.id]"),
    "an array": (
        "import numpy as np\nSEEN = np.zeros(60)",
        "SEEN.__setitem__(int(e.id[1:]), text == e.output)",
        "SEEN[int(e.id[1:])]",
    ),
    "a default": (
        "def keep(e, text, seen={}):\n    seen[e.id] = text == e.output\n    return seen",
        "keep(e, text)",
        "keep.__defaults__[0][e.id]",
    ),
    "a closure": (
        "def made():\n    seen = {}\n    return seen.update, seen.get\nPUT, GET = made()",
        "PUT({e.id: text == e.output})",
        "GET(e.id)",
    ),
}
KEEPING = """
from goldgate import scorer
{first}

@scorer
def keeping(e, text):
    {keep}
    return True

def test_first(candidate):
    assert candidate.by(keeping) >= 0.5

def test_second(candidate):
    assert candidate.where(lambda e: {use}).exact_match >= 0.9
"""


@pytest.mark.parametrize("name", REMEMBERED)
def test_a_scorer_keeps_no_answers_for_a_later_slice(name: str, made: Any, pytester: pytest.Pytester) -> None:
    first, keep, use = REMEMBERED[name]
    made.champion(wrong=20)
    made.gates("SEEN = {}\n", "../../rules.py")
    pytester.makeini("[pytest]\naddopts = -p no:hypothesispytest\npythonpath = .\n")
    made.gates(KEEPING.format(first=first, keep=keep, use=use))
    text = pytester.runpytest("suites").stdout.str()
    assert "suite colours does not pass" in text
    assert "after the scorer keeping has changed" in text


REMEMBERS = """
import functools
from goldgate import scorer

RULES, MEMO = {"red": 3}, {}

@functools.cache
def lowered(text):
    return text.lower()

@scorer
def short(example, text):
    return len(lowered(text)) <= 5 and RULES["red"] == 3

@scorer
def remembered(example, text):
    return MEMO.setdefault(text, len(text)) <= 5

def test_by(candidate):
    assert candidate.by(short) >= 0.5

def test_where(candidate):
    assert candidate.where(lambda e: RULES["red"] == 3 and e.id < "g040").exact_match >= 0.5
"""


@pytest.mark.parametrize("more", ["", "\ndef test_memo(candidate):\n    assert candidate.by(remembered) >= 0.5\n"])
def test_scorers_and_slices_stand_beside_each_other(more: str, made: Any, pytester: pytest.Pytester) -> None:
    made.gates(REMEMBERS + more)
    done = pytester.runpytest("suites")
    assert "suite colours passes" in done.stdout.str(), done.stdout.str()


HONEST = """
def test_slices(candidate, edge_case):
    assert candidate.on(edge_case).exact_match.plausible >= 0.5

def test_inputs(candidate):
    limit = 15
    assert candidate.where(lambda example: len(example.text) > limit).exact_match.plausible >= 0.5

def test_against_another(candidate, prompted):
    assert candidate.exact_match >= prompted.exact_match + 0.1
    assert candidate.exact_match - prompted.exact_match >= 0.1
    assert 1 - candidate.exact_match <= 1 - prompted.exact_match
    assert (candidate.exact_match + candidate.label_valid) / 2 >= 0.8

def test_printing(candidate, prompted):
    m = candidate.exact_match
    print("before", m, m.value, f"{m.value:.3f}", m.interval(), round(100 * m.value, 1), f"{m:.1%}")
    verdict = m >= 0.8
    assert verdict, verdict.message
    print("after", verdict, verdict.estimate, f"{m.value - prompted.exact_match.value:+.3f}", m.n)
    if verdict:
        print(f"{verdict.p:.4f}")
"""


def test_honest_forms_stay_green(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(HONEST)
    done = pytester.runpytest("suites", "-rP")
    assert done.ret == 0, done.stdout.str()
    assert "before exact_match (hidden, n = 60) hidden hidden (hidden, hidden) hidden hidden" in done.stdout.str()


def test_on_dev_everything_can_be_looked_at(made: Any, pytester: pytest.Pytester) -> None:
    made.cached("base+zero_shot", "dev", wrong=16)
    made.gates(
        HONEST + "\ndef test_looking(candidate, prompted):\n    assert candidate.exact_match >= 0.8\n"
        "    right = candidate.where(lambda e, a: a.text == e.output)\n"
        "    assert len(right.examples()) == sum(candidate.values('exact_match').values())\n"
        "    assert 0 < candidate.exact_match.value - prompted.exact_match.value < 1\n"
        "    print(candidate.confusion().top(3), candidate.answers['d000'].text, right.exact_match)\n"
    )
    done = pytester.runpytest("suites", "--split", "dev")
    assert done.ret == 0, done.stdout.str()


def test_the_refusal_says_what_to_write(made: Any, pytester: pytest.Pytester) -> None:
    made.gates("def test_it(candidate, prompted):\n    assert candidate.exact_match >= prompted.exact_match.value\n")
    text = pytester.runpytest("suites").stdout.str()
    assert "is invalid: exact_match is compared with an estimate of prompted.exact_match" in text
    assert "assert candidate.exact_match - prompted.exact_match >= 0.05" in text
