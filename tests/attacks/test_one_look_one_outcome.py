"""Attacks by other evidence at the same look: what was decided once is decided, whoever asks again and with what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goldgate.base.files import read_json, write_json
from goldgate.jobs.run_suite import run_suite
from goldgate.task.examples import card_of, read_split, write_card

pytest_plugins = ["pytester"]
CANDIDATE = "base+file:prompt.md"
READS = "import os\n\ndef test_it(candidate):\n    assert candidate.exact_match >= float(os.environ['LEAST'])\n"
AGAINST = "def test_gap(candidate, prompted):\n    assert candidate.exact_match - prompted.exact_match >= 0.10\n"
Run = Callable[..., Any]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """run("--candidate", "x", "--split", "golden") → how pytest ended on the project's suites, without a model."""

    def once(*arguments: str) -> Any:
        return pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)

    return once


@pytest.fixture
def tried(make: Any) -> Any:
    """A project without a champion; a candidate is right on 50 of 60, and its best prompting on 42."""
    project = make(baselines=["few_shot:2"])
    (project.suite / "prompt.md").write_text("Which colour?")
    project.cached(CANDIDATE, "golden", wrong=10)
    project.cached(CANDIDATE, "dev", wrong=4)
    weaker(project, 18)
    return project


def weaker(project: Any, wrong: int) -> None:
    """Caches the answers of the best prompting, as it is with the train split of now."""
    project.cached("base+few_shot:2", "golden", wrong=wrong)
    project.cached("base+few_shot:2", "dev", wrong=8)
    project.cached("base+few_shot:2+constrained", "dev", wrong=20)


def relabelled(project: Any) -> None:
    """Changes the train split, so that the few-shot prompt is another subject."""
    folder = project.project.golden("colours")
    path = folder / "train.jsonl"
    path.write_text(path.read_text().replace('"red"', '"green"'))
    splits = {name: read_split(folder, name) for name in ("train", "dev", "golden")}
    write_card(folder, card_of("colours", splits, "by a test", "CC0-1.0", "made up"))


GOLDEN = ("--candidate", CANDIDATE, "--split", "golden")


def test_a_weaker_reference_is_another_look(tried: Any, run: Run) -> None:
    tried.gates(AGAINST)
    assert run(*GOLDEN).ret == 1
    relabelled(tried)
    weaker(tried, 55)
    text = run(*GOLDEN).stdout.str()
    assert "look 2, level 0.0125 per side, recorded now" in text
    assert "this is another look than one before: look 1 compared it with another prompted" in text
    assert [look["number"] for look in tried.looks_taken()] == [1, 2]


def test_a_weaker_reference_is_not_recorded_in_ci(tried: Any, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    tried.gates(AGAINST)
    run(*GOLDEN)
    relabelled(tried)
    weaker(tried, 55)
    monkeypatch.setenv("CI", "1")
    result = run(*GOLDEN)
    assert result.ret == 1
    assert "is not recorded: look 1 compared it with another prompted" in result.stdout.str()


def test_other_answers_of_the_reference_are_invalid(tried: Any, run: Run) -> None:
    tried.gates(AGAINST)
    assert run(*GOLDEN).ret == 1
    weaker(tried, 55)
    result = run(*GOLDEN)
    assert result.ret == 1
    text = result.stdout.str()
    assert "differs from look 1, where it was decided from other answers of base+few_shot:2 on golden" in text
    assert len(tried.looks_taken()) == 1


@pytest.mark.parametrize("write", [True, False])
def test_other_answers_of_the_candidate_are_invalid(
    tried: Any, run: Run, monkeypatch: pytest.MonkeyPatch, write: bool
) -> None:
    tried.gates("def test_it(candidate):\n    assert candidate.exact_match >= 0.90\n")
    assert run(*GOLDEN).ret == 1
    tried.cached(CANDIDATE, "golden", wrong=0)
    if not write:
        monkeypatch.setenv("CI", "1")
    result = run(*GOLDEN)
    assert result.ret == 1
    assert "it was decided from other answers of base+file:prompt.md" in result.stdout.str()


@pytest.mark.parametrize(("first", "then"), [("0.99", "0.60"), ("0.60", "0.55")])
def test_a_threshold_from_the_environment_is_part_of_the_look(
    tried: Any, run: Run, monkeypatch: pytest.MonkeyPatch, first: str, then: str
) -> None:
    tried.gates(READS)
    monkeypatch.setenv("LEAST", first)
    run(*GOLDEN)
    monkeypatch.setenv("LEAST", then)
    result = run(*GOLDEN)
    assert result.ret == 1
    assert f"differs from look 1, where the gate was exact_match >= {float(first):.2f}" in result.stdout.str()


CHANGING = {
    "slice": "    part = candidate.on('dark' if os.environ['WAY'] == '1' else 'light')\n"
    "    assert part.exact_match.plausible >= 0.1\n",
    "filter": "    part = candidate.where(lambda e: os.environ['WAY'] == '1' or 'number 1' in e.text)\n"
    "    assert part.exact_match.plausible >= 0.1\n",
    "reading": "    m = candidate.exact_match\n    assert (m if os.environ['WAY'] == '1' else m.observed) >= 0.5\n",
    "metric": "    m = candidate.exact_match if os.environ['WAY'] == '1' else candidate.label_valid\n"
    "    assert m >= 0.5\n",
    "operator": "    m = candidate.exact_match\n    assert m >= 0.5 if os.environ['WAY'] == '1' else m <= 0.99\n",
}


@pytest.mark.parametrize("kind", CHANGING)
def test_whatever_is_read_from_outside_is_part_of_the_look(
    tried: Any, run: Run, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    tried.gates(f"import os\n\ndef test_it(candidate):\n{CHANGING[kind]}")
    monkeypatch.setenv("WAY", "1")
    assert run(*GOLDEN).ret == 0
    monkeypatch.setenv("WAY", "2")
    result = run(*GOLDEN)
    assert result.ret == 1
    assert "differs from look 1" in result.stdout.str()


@pytest.mark.parametrize(
    "gone",
    [
        "if WAY == '1':\n    def test_two(candidate):\n        assert candidate.exact_match >= 0.99\n",
        "@pytest.mark.parametrize('t', [0.5, 0.99] if WAY == '1' else [0.5])\n"
        "def test_two(candidate, t):\n    assert candidate.exact_match >= t\n",
        "def test_two(candidate):\n    m = candidate.exact_match\n    good = m >= 0.5\n"
        "    if WAY == '1':\n        good = (m >= 0.99) and good\n    assert good\n",
    ],
)
def test_a_gate_that_vanishes_leaves_the_suite_without_a_verdict(
    tried: Any, run: Run, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    first = "import os\nimport pytest\n\nWAY = os.environ['WAY']\n\n"
    tried.gates(f"{first}def test_one(candidate):\n    assert candidate.exact_match >= 0.5\n\n{gone}")
    monkeypatch.setenv("WAY", "1")
    assert run(*GOLDEN).ret == 1
    monkeypatch.setenv("WAY", "2")
    text = run(*GOLDEN).stdout.str()
    lacks = "look 1 has gates that this run lacks: test_gates.py::test_two"
    assert lacks in text or "test_two did not run" in text
    assert "suite colours passes" not in text


@pytest.mark.parametrize("part", [("-x",), ("-k", "test_accuracy"), ("suites/colours/test_a.py",)])
def test_a_part_of_the_suite_binds_what_it_decided(tried: Any, run: Run, pytester: pytest.Pytester, part: Any) -> None:
    tried.gates("def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.90\n", "test_a.py")
    tried.gates("def test_other(candidate):\n    assert candidate.exact_match >= 0.10\n", "test_gates.py")
    arguments = part if part[0].startswith("suites") else ("suites", *part)
    assert pytester.runpytest(*arguments, "-p", "no:cacheprovider", *GOLDEN).ret == 1
    (path,) = tried.looks.glob("*.outcome.json")
    assert (read_json(path)["pass"], read_json(path)["gates"][0]["outcome"]) == (None, "undecided")
    tried.cached(CANDIDATE, "golden", wrong=0)
    result = run(*GOLDEN)
    assert result.ret == 1
    assert "suite colours passes" not in result.stdout.str()
    assert read_json(path)["pass"] is None


def test_a_candidate_that_is_tested_again_is_the_same_look_with_the_same_verdicts(tried: Any, run: Run) -> None:
    tried.gates(AGAINST + "\n\ndef test_it(candidate):\n    assert candidate.exact_match >= 0.70\n")
    first, files = run(*GOLDEN), {p: p.read_bytes() for p in tried.looks.iterdir()}
    second = run(*GOLDEN)
    assert first.ret == second.ret
    assert {p: p.read_bytes() for p in tried.looks.iterdir()} == files
    assert "differs from look" not in second.stdout.str()


@pytest.mark.parametrize("outcome", ["pass", "undecided"])
def test_a_look_of_the_first_release_binds_by_the_words_of_its_gates(made: Any, run: Run, outcome: str) -> None:
    """Its look names no references and its outcome no tests; what agrees with it is recorded in full."""
    assert run().ret == 0
    (path,) = made.looks.glob("*.outcome.json")
    now = read_json(path)
    rows = [{"gate": g["gate"], "outcome": outcome if i == 0 else g["outcome"]} for i, g in enumerate(now["gates"])]
    first = {key: now[key] for key in ("look", "opened")}
    write_json(path, {**first, "pass": outcome == "pass", "gates": rows})
    result = run()
    assert result.ret == (outcome != "pass")
    if outcome == "pass":
        assert read_json(path)["gates"] == now["gates"]
        assert read_json(path)["answers"] == now["answers"]
    else:
        assert "the verdict was undecided (it would be pass now)" in result.stdout.str()


def test_an_invalid_gate_binds_nothing(make: Any) -> None:
    """The answers of the reference were missing; when they are there, the suite is decided at the same look."""
    tried = make(baselines=["few_shot:2"])
    (tried.suite / "prompt.md").write_text("Which colour?")
    tried.cached(CANDIDATE, "golden", wrong=2)
    tried.gates("def test_it(candidate):\n    assert candidate.exact_match >= 0.50\n\n" + AGAINST)

    def passes() -> bool:
        return run_suite(tried.project, "colours", CANDIDATE, "golden", generate=False).passed

    assert not passes()
    weaker(tried, 40)
    assert passes()
    assert len(tried.looks_taken()) == 1
