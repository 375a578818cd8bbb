"""Attacks by a weak opponent: a prompt that is the best by the main metric makes a gap in another metric look large.

On the tiny project zero_shot is right more often than few_shot:2, but says things that are no label at all; few_shot:2
always names a label. Whoever gates on `label_valid` must beat few_shot:2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goldgate.answers.cache import answer_cache
from goldgate.base.files import read_json, write_json
from goldgate.subjects import Answer, parse_subject
from goldgate.task.examples import card_of, read_split, write_card

pytest_plugins = ["pytester"]
CANDIDATE = "base+file:prompt.md"
GOLDEN = ("--candidate", CANDIDATE, "--split", "golden")
Run = Callable[..., Any]
LABELS = ("red", "green", "blue")


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """run("--candidate", "x", "--split", "golden") → what pytest says of the project's suites, without a model."""

    def once(*arguments: str) -> str:
        return str(pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments).stdout)

    return once


def say(project: Any, name: str, right: float, invalid: float = 0.0, empty: float = 0.0) -> None:
    """Caches a subject's answers: the first share is right, the last ones are no label or empty, the rest wrong."""
    subject = parse_subject(name, project.task, project.project)
    for split in ("dev", "golden"):
        examples = project.splits[split].examples
        made, n = [], len(examples)
        for i, e in enumerate(examples):
            wrong = LABELS[(LABELS.index(e.output) + 1) % 3]
            last = n - i
            text = "" if last <= empty * n else "dunno" if last <= (empty + invalid) * n else wrong
            text = e.output if i < right * n else text
            made.append(
                Answer(e.id, text, "stop", 10, 2, 0.01, None, subject.identity, subject.fingerprint(e), e.digest)
            )
        answer_cache(project.project, split).put_many(made)


@pytest.fixture
def tried(make: Any) -> Any:
    """A candidate that beats zero_shot in everything, and few_shot:2 in nothing but the main metric."""
    project = make(baselines=["zero_shot", "few_shot:2"])
    (project.suite / "prompt.md").write_text("Which colour?")
    say(project, CANDIDATE, 0.9)
    for name in ("base+zero_shot", "base+zero_shot+constrained"):
        say(project, name, 0.5, invalid=0.3, empty=0.2)
    say(project, "base+few_shot:2", 0.25)
    return project


WEAK = {
    "metric": "assert candidate.label_valid - prompted.label_valid >= 0.20",
    "reading": "assert (candidate.label_valid - prompted.label_valid).observed >= 0.20",
    "two sides": "assert candidate.label_valid.observed >= prompted.label_valid + 0.20",
    "by name": "assert candidate.measure('label_valid') - getattr(prompted, 'label_valid') >= 0.20",
    "slice": "assert (candidate.on('dark').label_valid - prompted.on('dark').label_valid).observed >= 0.20",
    "slice of a measure": "assert (candidate.label_valid - prompted.label_valid).on('dark').observed >= 0.20",
    "where": "def most(e):\n        return 'thing' in e.text\n"
    "    assert candidate.where(most).label_valid - prompted.where(most).label_valid >= 0.20",
    "lower is better": "assert prompted.empty_rate - candidate.empty_rate >= 0.10",
    "own": "assert candidate.by(a_colour) - prompted.by(a_colour) >= 0.20",
    "own, lower is better": "assert candidate.by(odd) - prompted.by(odd) <= -0.20",
}
HEAD = (
    "from goldgate import scorer\n\n"
    "@scorer\ndef a_colour(example, text):\n    return text in ('red', 'green', 'blue')\n\n"
    "@scorer(better='low')\ndef odd(example, text):\n    return text not in ('red', 'green', 'blue')\n\n"
)


@pytest.mark.parametrize("split", ["golden", "dev"])
def test_a_gap_is_over_the_best_prompt_for_its_metric(tried: Any, run: Run, split: str) -> None:
    gates = (f"def test_{i}(candidate, prompted):\n    {gate}\n" for i, gate in enumerate(WEAK.values()))
    tried.gates(HEAD + "\n".join(gates))
    text = run("--candidate", CANDIDATE, "--split", split)
    assert f"suite colours does not pass: 0 of {len(WEAK)} gates pass" in text
    assert "prompted for label_valid: base+few_shot:2" in text
    for metric in ("label_valid", "empty_rate", "a_colour", "odd"):
        assert f"prompted = base+few_shot:2 for {metric}" in text


def test_what_is_no_quality_stays_with_the_prompt_that_would_be_served(tried: Any, run: Run) -> None:
    """Cost and the main metric name zero_shot, and so does everything that is asked of `prompted` as a whole."""
    tried.gates(
        "def test_gap(candidate, prompted):\n"
        "    assert candidate.exact_match - prompted.exact_match >= 0.20\n"
        "    assert candidate.tokens_in.observed <= 1.0 * prompted.tokens_in\n"
        "    assert len(prompted.split) == 60\n"
    )
    text = run(*GOLDEN)
    assert "suite colours passes: all 2 gates" in text
    assert "few_shot" not in text.replace("best on dev of base+zero_shot, base+few_shot:2", "").replace(
        "base+few_shot:2+constrained (only tried", ""
    )
    (look,) = tried.looks_taken()
    assert list(look["compared"]) == ["prompted"]


def weaker(project: Any) -> None:
    """Relabels train, so that few_shot:2 is another subject, which is no better than zero_shot."""
    folder = project.project.golden("colours")
    path = folder / "train.jsonl"
    path.write_text(path.read_text().replace('"red"', '"green"'))
    splits = {name: read_split(folder, name) for name in ("train", "dev", "golden")}
    write_card(folder, card_of("colours", splits, "by a test", "CC0-1.0", "made up"))
    say(project, "base+few_shot:2", 0.1, invalid=0.8)


def test_a_weaker_best_prompt_for_the_metric_is_another_look(tried: Any, run: Run) -> None:
    tried.gates(f"def test_gap(candidate, prompted):\n    {WEAK['metric']}\n")
    assert "look 1" in run(*GOLDEN)
    weaker(tried)
    text = run(*GOLDEN)
    assert "look 2, level 0.0125 per side, recorded now" in text
    assert "look 1 compared it with another prompted.label_valid" in text


def test_a_weaker_best_prompt_is_not_recorded_in_ci(tried: Any, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    tried.gates(f"def test_gap(candidate, prompted):\n    {WEAK['metric']}\n")
    run(*GOLDEN)
    weaker(tried)
    monkeypatch.setenv("CI", "1")
    assert "is not recorded: look 1 compared it with another prompted.label_valid" in run(*GOLDEN)


def test_a_weaker_best_prompt_for_an_own_metric_is_invalid(tried: Any, run: Run) -> None:
    """What an own scorer is cannot be known before its test runs, so its reference is found to differ only there."""
    tried.gates(f"{HEAD}def test_gap(candidate, prompted):\n    {WEAK['own']}\n")
    run(*GOLDEN)
    weaker(tried)
    text = run(*GOLDEN)
    assert "differs from look 1, where it was compared with another prompted.a_colour" in text
    assert "suite colours does not pass" in text


def test_two_scorers_of_one_name_do_not_share_an_opponent(tried: Any, run: Run) -> None:
    tried.gates(
        "from goldgate import scorer\n\n"
        "def made(right):\n"
        "    @scorer\n"
        "    def good(example, text):\n"
        "        return text == example.output if right else text in ('red', 'green', 'blue')\n"
        "    return good\n\n"
        "def test_gap(candidate, prompted):\n"
        "    one, two = made(True), made(False)\n"
        "    assert candidate.by(one) - prompted.by(one) >= 0.20\n"
        "    assert candidate.by(two) - prompted.by(two) >= 0.20\n"
    )
    assert "two scorers are called good, and another prompt is the best for each" in run(*GOLDEN)


def test_a_champion_that_names_a_weaker_prompt_for_a_metric_is_not_believed(tried: Any, run: Run) -> None:
    """The record says zero_shot, but a look at golden has compared with few_shot:2."""
    tried.gates(f"def test_gap(candidate, prompted):\n    {WEAK['metric']}\n")
    tried.champion(wrong=0)
    path = tried.suite / "champion.json"
    record = read_json(path)
    name, few = "base+zero_shot", "base+few_shot:2"
    known = {n: parse_subject(n, tried.task, tried.project).identity for n in (name, few)}
    told = {**record, "subjects": known}
    write_json(path, {**told, "prompted_for": {"label_valid": few}})
    text = run()
    assert "prompted for label_valid: base+few_shot:2" in text
    assert "suite colours does not pass" in text
    write_json(path, {**told, "prompted_for": {"label_valid": name}})
    text = run()
    assert "look 2, level 0.0125" in text
    assert "look 1 compared it with another prompted.label_valid" in text
