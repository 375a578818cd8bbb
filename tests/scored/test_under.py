"""Under perturbations and asked again: the right examples, the right expected outputs, and nothing lost on the way."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import collect
from goldgate.base.errors import UserError
from goldgate.perturb import (
    MUST_CHANGE,
    MUST_NOT_CHANGE,
    Edit,
    Perturbation,
    changed_amount,
    changed_name,
    letter_case,
    reordered_lines,
    typos,
)
from goldgate.scored.consistency import agree, format_of
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer, parse_subject
from goldgate.task.examples import Example, Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import Task

MakeTask = Callable[..., tuple[Project, Task]]
LABELS = ["billing", "delivery", "other"]
SPLIT = Split(
    "dev",
    (
        Example("a", "my parcel never arrived", "delivery", tags=("short",)),
        Example("b", "refund my money please", "billing", group="g"),
        Example("c", "42", "other", tags=("short",)),
        Example("d", "where is the parcel that I ordered", "delivery"),
    ),
)


def keyword(text: str) -> str:
    """A rule that small letters decide."""
    return "delivery" if "parcel" in text else "billing" if "refund" in text else "other"


def reply(example: Example, text: str | None, finish: str = "stop") -> Answer:
    return Answer(
        example.id,
        text,
        finish if text is not None else "error",
        5,
        1,
        0.0,
        None,
        "me",  # type: ignore[arg-type]
        example.digest,
        example.digest,
    )


class Asked:
    """Answers by a rule, and what it was asked."""

    def __init__(self, rule: Callable[[str, int], str | None]) -> None:
        self.rule = rule
        self.calls: list[tuple[Split, int]] = []

    def __call__(self, split: Split, sample: int) -> Mapping[str, Answer]:
        self.calls.append((split, sample))
        return {e.id: reply(e, self.rule(e.text, sample)) for e in split}


def scored(task: Task, split: Split, ask: Asked | None) -> Scored:
    rule = ask.rule if ask else (lambda text, sample: keyword(text))
    answers = {e.id: reply(e, rule(e.text, 0)) for e in split}
    return Scored("candidate", ScoreTable(Context(task, Path("/none")), split, answers, {}, ask))


@pytest.fixture
def label_task(make_task: MakeTask) -> Task:
    return make_task({"kind": "label", "labels": LABELS}, train=[("x", "other")])[1]


@pytest.fixture
def warm_task(make_task: MakeTask) -> Task:
    settings = {"kind": "label", "labels": LABELS, "decoding": {"temperature": 0.7}}
    return make_task(settings, train=[("x", "other")])[1]


def test_under_asks_the_perturbed_inputs_and_leaves_out_where_it_does_not_apply(label_task: Task) -> None:
    asked = Asked(lambda text, sample: keyword(text))
    candidate = scored(label_task, SPLIT, asked)
    shouted = candidate.under(letter_case)
    assert [e.text for e in asked.calls[0][0]] == [e.text.upper() for e in SPLIT if e.id != "c"]
    assert shouted.split.name == "dev"
    assert shouted.exact_match.value == 0.0
    assert (shouted.exact_match.n, shouted.unperturbed.exact_match.n) == (3, 3)
    assert shouted.exact_match.name == "exact_match[under letter_case]"
    lost = shouted.exact_match - shouted.unperturbed.exact_match
    assert (lost.value, lost.n) == (-1.0, 3)


def test_the_perturbed_minus_all_is_refused_where_some_are_left_out(label_task: Task) -> None:
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    with pytest.raises(UserError, match="different examples"):
        _ = candidate.under(letter_case).exact_match - candidate.exact_match


def test_under_of_a_slice_keeps_to_it(label_task: Task) -> None:
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    sliced = candidate.on("short").under(letter_case)
    assert sliced.exact_match.n == 1
    assert sliced.exact_match.name == "exact_match[short, under letter_case]"
    assert candidate.under(letter_case).on("short").exact_match.n == 1


def test_answers_are_asked_for_once(label_task: Task) -> None:
    asked = Asked(lambda text, sample: keyword(text))
    candidate = scored(label_task, SPLIT, asked)
    for _ in range(2):
        _ = candidate.under(letter_case).exact_match
        _ = candidate.under(letter_case).stop_rate
    assert len(asked.calls) == 1


def test_a_missing_answer_stays_missing(label_task: Task) -> None:
    asked = Asked(lambda text, sample: None if text.isupper() and "REFUND" in text else keyword(text.lower()))
    shouted = scored(label_task, SPLIT, asked).under(letter_case)
    assert (shouted.exact_match.n, shouted.exact_match.missing) == (3, 1)
    assert (shouted.exact_match - shouted.unperturbed.exact_match).missing == 1
    across = scored(label_task, SPLIT, asked).across([letter_case])
    assert [m.missing for m in (across.agreement, across.unanimous, across.formats)] == [1, 1, 1]


def test_what_the_answers_chose_is_not_gated_under_a_perturbation_either(label_task: Task) -> None:
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    right = candidate.where(lambda e, a: a.text == e.output)
    for measure in (right.under(letter_case).exact_match, right.across([letter_case]).agreement):
        with pytest.raises(UserError, match="never gated"):
            _ = measure >= 0.5


def test_without_a_model_only_what_is_there_can_be_had(label_task: Task) -> None:
    with pytest.raises(UserError, match="only recorded answers"):
        scored(label_task, SPLIT, None).under(letter_case)


def test_a_perturbation_that_applies_nowhere_is_an_error(label_task: Task) -> None:
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    with pytest.raises(UserError, match="reordered_lines applies to no example"):
        candidate.under(reordered_lines)
    with pytest.raises(UserError, match="no example of dev is in the slice"):
        candidate.across([reordered_lines])


def test_must_change_is_scored_by_what_is_expected_then(make_task: MakeTask) -> None:
    schema = {"type": "object", "properties": {"total": {"type": "number"}, "who": {"enum": ["Kent", None]}}}
    _, task = make_task({"kind": "json"}, schema, train=[("x", {"total": 1})])
    split = Split("dev", (Example("a", "pay 685 to Kent", {"total": 685, "who": "Kent"}),))
    asked = Asked(lambda text, sample: f'{{"total": {text.split()[1]}, "who": "Kent"}}')
    changed = scored(task, split, asked).under(changed_amount)
    assert changed.exact_match.value == 1.0
    assert changed.split.examples[0].output["total"] != 685
    with pytest.raises(UserError, match="changed_name applies to no example"):
        scored(task, split, asked).under(changed_name)  # the schema knows no other name


def test_a_perturbation_that_breaks_its_oracle_is_refused(label_task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    home = label_task.folder / "gates_of_demo.py"
    home.write_text(
        "from goldgate.perturb import Edit\n\n"
        "def plan(example, rng):\n    return [Edit(0, 1, 'x', (example.output, 'other'))]\n"
    )
    monkeypatch.syspath_prepend(home.parent)
    wrong = Perturbation("wrong", "must_not_change", importlib.import_module("gates_of_demo").plan)
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    with pytest.raises(UserError, match="wrong must not change a's id or expected output"):
        candidate.under(wrong)


class Renamed:
    """Says what letter_case says, under other ids."""

    name, plan = "renamed", letter_case.plan

    def __init__(self, oracle: Literal["must_not_change", "must_change"]) -> None:
        self.oracle = oracle

    def apply(self, example: Example) -> Example:
        return replace(example, id=f"{example.id}-2", input=example.text.upper())


@pytest.mark.parametrize("oracle", ["must_not_change", "must_change"])
def test_a_perturbed_example_keeps_its_id_so_that_it_pairs_with_what_it_was(
    label_task: Task, oracle: Literal["must_not_change", "must_change"]
) -> None:
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    with pytest.raises(UserError, match="renamed must not change a's id or expected output"):
        candidate.under(Renamed(oracle))


def test_a_perturbation_whose_code_the_suite_does_not_count_is_refused(label_task: Task) -> None:
    mine = Perturbation("mine", "must_not_change", lambda e, rng: [Edit(0, 0, "so ")])
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    for ask in (lambda: candidate.under(mine), lambda: candidate.across([mine])):
        with pytest.raises(UserError, match="the code of mine is outside of its suite"):
            ask()


def test_across_counts_pairs_that_agree(label_task: Task) -> None:
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    across = candidate.across([letter_case, typos])
    assert across.agreement.n == 3
    assert across.agreement.value == pytest.approx(1 / 3)  # of three answers one pair agrees: it and its typos
    assert across.unanimous.value == 0.0
    assert across.agreement.name == "agreement[perturbed]"
    assert across.formats.bounds == (1.0, 3.0)
    assert across.formats.value == 1.0
    assert across.formats.evidence.better == "low"


def test_across_takes_no_perturbation_that_changes_the_answer(label_task: Task) -> None:
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    with pytest.raises(UserError, match="changed_amount changes the right answer"):
        candidate.across((*MUST_NOT_CHANGE, *MUST_CHANGE))


def test_repeated_draws_samples_of_the_same_inputs(warm_task: Task) -> None:
    asked = Asked(lambda text, sample: keyword(text) if sample < 2 else "Other.")
    again = scored(warm_task, SPLIT, asked).repeated(4)
    assert [sample for _, sample in asked.calls] == [1, 2, 3]
    assert again.agreement.n == 4
    assert again.agreement.value == pytest.approx(2 / 6)
    assert again.formats.value == 2.0
    assert again.agreement.name == "agreement[4 times]"


def test_repeated_at_temperature_0_says_that_there_is_one_answer(label_task: Task) -> None:
    candidate = scored(label_task, SPLIT, Asked(lambda text, sample: keyword(text)))
    with pytest.raises(UserError, match=r"decodes at temperature 0, where 3 samples are the same answer[\s\S]*across"):
        candidate.repeated(3)


@pytest.mark.parametrize("k", [1, 0, 101, True, 2.5, "3"])
def test_repeated_needs_a_count(warm_task: Task, k: object) -> None:
    with pytest.raises(UserError, match="cannot be repeated"):
        scored(warm_task, SPLIT, Asked(lambda text, sample: keyword(text))).repeated(k)  # type: ignore[arg-type]


def test_json_answers_agree_by_the_rules_for_fields(make_task: MakeTask) -> None:
    fields = {"total": {"compare": "number", "tolerance": 0.5}}
    _, task = make_task({"kind": "json", "fields": fields}, {"type": "object"}, train=[("x", {"total": 1})])
    example = Example("a", "x", {"total": 1})

    def pair(one: str, other: str, finish: str = "stop") -> bool:
        return agree(task, reply(example, one), reply(example, other, finish))

    assert pair('{"total": 1}', '```json\n{"total": 1.2}\n```')
    assert not pair('{"total": 1}', '{"total": 2}')
    assert not pair('{"total": 1}', '{"total": 1, "more": 2}')
    assert not pair('{"total": 1}', "total: 1")
    assert pair("no  idea", "no idea")
    assert not pair("no idea", "no idea", "length")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": "x"}', '{"a": 2.5, "b": "other"}', True),
        ('{"a": 1}', '{"a": "1"}', False),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', False),
        ('{"a": [1, 2]}', '{"a": [3]}', True),
        ('{"a": 1}', '```\n{"a": 1}\n```', False),
        ("Delivery", "Billing", True),
        ("Delivery", "delivery", False),
        ("Delivery", "Delivery.", False),
        ("- one\n- two", "- three\n- four\n- five", True),
        ("- one", "1. one", False),
        ("A line.\nAnother.", "One line.", True),
        ("", "text", False),
    ],
)
def test_formats_are_told_apart_by_form_alone(one: str, other: str, same: bool) -> None:
    assert (format_of(one) == format_of(other)) is same


def test_a_model_asked_again_and_in_other_forms(make_task: MakeTask, tiny_llama: Path) -> None:
    project, task = make_task(
        {"kind": "text", "model": str(tiny_llama), "decoding": {"max_new_tokens": 6, "temperature": 1.0}},
        train=[("x", "y")],
        dev=[(f"the invoice number {w} is late", "late") for w in ("one", "two", "three")],
    )
    subject, dev = parse_subject("base+zero_shot", task, project), load_split(project, "demo", "dev")
    origins: list[str] = []

    def ask(split: Split, sample: int) -> Mapping[str, Answer]:
        who = subject.sampled(sample) if sample else subject
        answers = collect(who, split.examples, cache=answer_cache(project, "dev")).answers
        origins.extend(a.origin for a in answers.values())
        return answers

    def measured() -> tuple[float, float, float]:
        candidate = Scored("candidate", ScoreTable(Context(task, project.cache), dev, ask(dev, 0), ask=ask))
        again = candidate.repeated(3)
        return again.agreement.value, again.formats.value, candidate.across([letter_case, typos]).agreement.value

    first = measured()
    assert first[0] < 1.0, "a random model at temperature 1 seldom says the same"
    assert 1.0 <= first[1] <= 3.0
    assert set(origins) == {"model"}
    origins.clear()
    assert measured() == first
    assert set(origins) == {"cache"}
