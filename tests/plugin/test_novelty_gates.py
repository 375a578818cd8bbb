"""Gates on how near examples are to train: which examples they are on is part of what a look counts."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.base.files import read_json, write_json

pytest_plugins = ["pytester"]
GATE = """
def test_far(candidate):
    assert candidate.on("novelty:far").exact_match >= 0.80

def test_all(candidate):
    assert candidate.exact_match >= 0.80
"""


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return result.stdout.str() + result.stderr.str()


def novelty(made: Any, far: int) -> None:
    """Writes novelty.json: the first `far` examples of dev and golden are far from train, the others near."""
    rows = {
        name: {e.id: {"stratum": "far" if i < far else "near"} for i, e in enumerate(made.splits[name])}
        for name in ("dev", "golden")
    }
    write_json(
        made.project.golden(made.task.name) / "novelty.json",
        {"splits": {n: s.fingerprint for n, s in made.splits.items()}, **rows},
    )


@pytest.fixture
def gated(made: Any) -> Any:
    """The champion errs on 2 of the 40 golden examples that are far from train."""
    made.gates(GATE)
    novelty(made, 40)
    return made


def test_a_stratum_is_gated_like_any_slice(gated: Any, pytester: pytest.Pytester) -> None:
    text = run(pytester)
    assert "suite colours passes" in text
    assert "exact_match[novelty:far]" in text


def test_an_edited_file_is_another_look(gated: Any, pytester: pytest.Pytester) -> None:
    run(pytester)
    run(pytester)
    assert len(gated.looks_taken()) == 1
    novelty(gated, 39)
    assert "look 2, level 0.0125 per side, recorded now" in run(pytester)
    assert [look["number"] for look in gated.looks_taken()] == [1, 2]


def test_where_no_gate_names_a_stratum_the_file_does_not_count(gated: Any, pytester: pytest.Pytester) -> None:
    gated.gates(GATE.replace('.on("novelty:far")', ""))
    run(pytester)
    novelty(gated, 3)
    run(pytester)
    assert len(gated.looks_taken()) == 1


def test_a_stale_file_decides_nothing_and_takes_no_look(gated: Any, pytester: pytest.Pytester) -> None:
    path = gated.project.golden(gated.task.name) / "novelty.json"
    record = read_json(path)
    write_json(path, {**record, "splits": {**record["splits"], "train": "0" * 64}})
    text = run(pytester)
    assert "out of date: the train split has changed since this was computed" in text
    assert "goldgate prepare colours" in text
    assert "passes" not in text
    assert gated.looks_taken() == []


def test_on_dev_a_stale_file_fails_only_the_gate_that_needs_it(gated: Any, pytester: pytest.Pytester) -> None:
    (gated.project.golden(gated.task.name) / "novelty.json").unlink()
    text = run(pytester, "--split", "dev")
    assert "1 failed, 1 passed" in text
    assert "the novelty of dev and golden against train was never computed" in text


def test_a_stratum_that_the_suites_code_does_not_spell_out_is_refused(gated: Any, pytester: pytest.Pytester) -> None:
    """Its look would not know which examples the gate was on."""
    name = '"".join(("no", "vel", "ty:far"))'
    for gate in (f"candidate.on({name}).exact_match", f"candidate.exact_match.on({name})"):
        gated.gates(f"def test_far(candidate):\n    assert {gate} >= 0.5\n")
        text = run(pytester)
        assert "invalid" in text
        assert "1 passed" not in text
    gated.gates(f"def test_far(candidate):\n    assert candidate.on({name}).exact_match >= 0.5\n")
    assert "the suite's code names none" in run(pytester)


def test_a_failing_gate_says_where_dev_is_worse_far_from_train(gated: Any, pytester: pytest.Pytester) -> None:
    """The champion errs on the first 10 of dev's 24, which are the far ones."""
    gated.champion(wrong=20)
    gated.gates("def test_all(candidate):\n    assert candidate.exact_match >= 0.80\n")
    novelty(gated, 10)
    says = "exact_match on dev: 0.000 on examples unlike any in train (n = 10), 1.000 elsewhere (n = 14)"
    assert says in run(pytester)
    novelty(gated, 22)  # 12 of 22 against 2 of 2: not shown to be worse
    assert "on examples unlike any in train" not in run(pytester)
