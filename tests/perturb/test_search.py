"""The search finds what breaks a subject, shrinks it to what matters, keeps to its budget, and stays off golden."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

from goldgate.base.errors import UserError
from goldgate.perturb.search import MOST, search, smallest_breaking
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task

MakeTask = Callable[..., tuple[Project, Task]]
SPLIT = Split(
    "dev",
    tuple(
        Example(f"d{i}", f"hello there, {what} number {i} is what I write to you about today", label)
        for i, (what, label) in enumerate([("my parcel", "delivery"), ("a refund", "billing")] * 6)
    ),
)


class Rule:
    """A subject: the label of a keyword, read with or without regard to case; counts what it is asked."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        self.read = read
        self.asked: list[int] = []

    def answer(self, examples: Sequence[Example]) -> Iterator[Answer]:
        self.asked.append(len(examples))
        for e in examples:
            text = self.read(e.text)
            yield Answer(e.id, text, "error" if text is None else "stop", 3, 1, 0.0, None, "rule", e.digest, e.digest)

    def __call__(self, split: Split, sample: int) -> Mapping[str, Answer]:
        return {a.id: a for a in self.answer(split.examples)}


def keyword(text: str) -> str:
    return "delivery" if "parcel" in text else "billing" if "refund" in text else "other"


@pytest.fixture
def task(make_task: MakeTask) -> Task:
    return make_task({"kind": "label", "labels": ["billing", "delivery", "other"]}, train=[("x", "other")])[1]


def scores(task: Task, rule: Rule, split: Split = SPLIT) -> ScoreTable:
    return ScoreTable(Context(task, Path("/none")), split, {a.id: a for a in rule.answer(split.examples)}, {}, rule)


def test_what_breaks_it_is_found_and_shrunk_to_the_word_that_matters(task: Task) -> None:
    found = search(scores(task, Rule(keyword)), "exact_match", 300)
    by_name = {c.form.perturbations: c for c in found.counterexamples}
    shouted = by_name[("letter_case",)]
    assert [edit.text for _, edit in shouted.form.edits] in (["PARCEL"], ["REFUND"])
    assert shouted.found_with > 5
    assert shouted.before.text == shouted.form.example.output
    assert shouted.after.text == "other" != shouted.form.made.output
    assert shouted.after.id == shouted.form.example.id
    assert found.right == 12
    made = [(c.form.example.id, c.form.made.text) for c in found.counterexamples]
    assert len(made) == len(set(made))
    assert found.tried["letter_case"][0] == found.tried["letter_case"][1] > 0
    assert found.tried["padding"][1] == 0


def test_what_only_breaks_together_is_found_at_once_and_shrunk_to_both(task: Task) -> None:
    rule = Rule(lambda text: "other" if "WRITE" in text and "Ignore" in text else keyword(text.lower()))
    crafted = Rule(lambda text: rule.read(text.translate(str.maketrans("асеіорѕху", "aceiopsxy"))))
    found = search(scores(task, crafted), "exact_match", 400)
    names = {c.form.perturbations for c in found.counterexamples}
    assert ("letter_case", "injection") in names
    both = next(c for c in found.counterexamples if len(c.form.perturbations) == 2)
    assert [edit.text.split()[0] for _, edit in both.form.edits] == ["WRITE", "Ignore"]


def test_a_subject_that_nothing_sways_has_no_counterexample(task: Task) -> None:
    steady = Rule(lambda text: "delivery" if "0" in text or "2" in text else "billing")
    found = search(scores(task, steady), "exact_match", 200)
    assert found.counterexamples == ()
    assert found.right > 0
    assert sum(lost for _, lost in found.tried.values()) == 0


@pytest.mark.parametrize("budget", [1, 7, 40, 200])
def test_the_budget_is_kept(task: Task, budget: int) -> None:
    rule = Rule(keyword)
    found = search(scores(task, rule), "exact_match", budget)
    assert found.asked <= budget
    # Beside the answers to dev itself, and one for each counterexample.
    assert sum(rule.asked) - len(SPLIT) - MOST <= budget


def test_forms_are_asked_in_batches(task: Task) -> None:
    rule = Rule(lambda text: keyword(text.lower()))
    search(scores(task, rule), "exact_match", 100)
    assert rule.asked[1] == 60


def test_only_what_was_right_is_searched(task: Task) -> None:
    found = search(scores(task, Rule(lambda text: "delivery" if "parcel" in text else "other")), "exact_match", 100)
    assert found.right == 6
    assert {c.form.example.output for c in found.counterexamples} == {"delivery"}
    assert search(scores(task, Rule(lambda text: "other")), "exact_match", 100).right == 0


def test_no_answer_is_no_counterexample(task: Task) -> None:
    silent = Rule(lambda text: keyword(text.lower()) if text in {e.text for e in SPLIT} else None)
    assert search(scores(task, silent), "exact_match", 100).counterexamples == ()


def test_the_same_search_finds_the_same(task: Task) -> None:
    first, second = (search(scores(task, Rule(keyword)), "exact_match", 120) for _ in range(2))
    assert first == second


def test_golden_is_refused(task: Task) -> None:
    with pytest.raises(UserError, match="golden cannot be searched"):
        search(scores(task, Rule(keyword), Split("golden", SPLIT.examples)), "exact_match", 10)


@pytest.mark.parametrize("seed", range(12))
def test_the_smallest_set_is_what_is_needed(seed: int) -> None:
    rng = Random(seed)  # hypothesis runs within: it may not drive the test as well
    count = rng.randint(1, 14)
    needed = set(rng.sample(range(count), min(count, rng.randint(1, 3))))
    asked = []

    def breaks(places: tuple[int, ...]) -> bool:
        asked.append(places)
        return needed <= set(places)

    assert set(smallest_breaking(count, breaks)) == needed
    assert len(asked) == len(set(asked))


def test_without_more_answers_the_smallest_that_is_known_stays() -> None:
    assert smallest_breaking(5, lambda places: None) == (0, 1, 2, 3, 4)


def test_one_example_is_not_shown_twice_in_one_form(task: Task) -> None:
    one = Split("dev", (Example("d", "where is my parcel, it was sent a week ago", "delivery"),))
    found = search(scores(task, Rule(keyword), one), "exact_match", 200)
    assert found.tried["letter_case"] == (1, 1)
    assert found.tried["all at once"] == (1, 1)
    shouted = [c for c in found.counterexamples if c.form.perturbations == ("letter_case",)]
    assert [c.form.edits[0][1].text for c in shouted] == ["PARCEL"]
