"""The metrics as a suite reads them: one number an answer, missing stays missing, any accepted output is right."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.scorers import TIMED, Context, Tariff, scorer_versions, scorers_for, whole_for
from goldgate.scorers.confusion import confusion_of
from goldgate.scorers.score import value_of
from goldgate.subjects import Answer
from goldgate.task.examples import Example
from goldgate.task.form import text_form
from goldgate.task.project import Project
from goldgate.task.task import Style, Task

SCHEMA = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"], "additionalProperties": False}
MakeTask = Callable[..., tuple[Project, Task]]


def answer(text: str | None, finish: str = "stop", tokens: tuple[int, int] = (10, 5)) -> Answer:
    return Answer("e", text, finish, *tokens, 0.0, None, "me", "f", "d")  # type: ignore[arg-type]


def score(task: Task, metric: str, example: Example, text: str | None, **more: Any) -> float | None:
    """One metric of one answer."""
    (given,) = scorers_for(task)[metric].score(Context(task, Path("nowhere")), [example], [answer(text, **more)])
    return value_of(given)


@pytest.fixture
def json_task(make_task: MakeTask) -> Task:
    return make_task({"kind": "json", "prices": {"per_million_input": 2.0, "per_million_output": 6.0}}, SCHEMA)[1]


@pytest.fixture
def label_task(make_task: MakeTask) -> Task:
    return make_task({"kind": "label", "labels": ["card lost", "refund"]})[1]


@pytest.fixture
def text_task(make_task: MakeTask) -> Task:
    return replace(make_task({"kind": "text"})[1], style=Style(forbidden=("!",), sign_off="Bye"))


def test_each_kind_of_task_has_the_metrics_that_make_sense(json_task: Task, label_task: Task, text_task: Task) -> None:
    common = {"exact_match", "stop_rate", "empty_rate", "refusal_rate", "tokens_in", "tokens_out"}
    fields = {f"field_{what}" for what in ("accuracy", "precision", "recall", "f1")}
    texts = {"style_ok", "style_score", "numbers_kept", "similarity", "edit_similarity", "rouge_l"}
    assert set(scorers_for(json_task)) == common | {"json_valid", "schema_valid", "cost_per_1k"} | fields
    assert set(scorers_for(label_task)) == common | {"label_valid"}
    assert set(scorers_for(text_task)) == common | texts
    assert {"style_ok", "style_score"} & set(scorers_for(replace(text_task, style=None))) == set()


def test_every_metric_of_a_task_has_a_version(json_task: Task) -> None:
    assert set(scorer_versions(json_task)) == {*scorers_for(json_task), *TIMED}
    assert all(version >= 1 for version in scorer_versions(json_task).values())


def test_every_metric_says_its_range_and_its_direction(json_task: Task, label_task: Task, text_task: Task) -> None:
    for task in (json_task, label_task, text_task):
        told = {s.name: (inspect.getdoc(s.score), s.better) for s in scorers_for(task).values()}
        told |= {w.name: (inspect.getdoc(w.measure), "high") for w in whole_for(task).values()}
        for name, (doc, better) in told.items():
            said = " ".join((doc or "").split())
            assert "Range: " in said, name
            assert ("higher is better" if better == "high" else "lower is better") in said, name


def test_a_missing_answer_has_no_value_in_any_metric(json_task: Task, label_task: Task, text_task: Task) -> None:
    for task, output in ((json_task, {"n": 1}), (label_task, "refund"), (text_task, "Bye")):
        for name in scorers_for(task):
            if name != "similarity":
                assert score(task, name, Example("e", "in", output), None, finish="error") is None


@pytest.mark.parametrize(
    ("text", "valid", "by_schema", "fields", "exact"),
    [
        ('{"n": 1}', 1, 1, 1, 1),
        ('{"n": 1.0}', 1, 1, 1, 1),
        ('```json\n{"n": 1}\n```', 1, 1, 1, 1),
        ('{"n": 2}', 1, 1, 0, 0),
        ('{"n": "1"}', 1, 0, 0, 0),
        ('{"n": 1, "m": 2}', 1, 0, 0.5, 0),
        ("{}", 1, 0, 0, 0),
        ("null", 1, 0, 0, 0),
        ("[1]", 1, 0, 0, 0),
        ("{n: 1}", 0, 0, 0, 0),
        ("", 0, 0, 0, 0),
        ('{"n": 1} .', 0, 0, 0, 0),
        ('{"n": NaN}', 0, 0, 0, 0),
        ('{"n": true}', 1, 0, 0, 0),
    ],
)
def test_a_json_answer_is_valid_by_schema_right_in_fields_exact(
    json_task: Task, text: str, valid: float, by_schema: float, fields: float, exact: float
) -> None:
    example = Example("e", "in", {"n": 1})
    got = [score(json_task, m, example, text) for m in ("json_valid", "schema_valid", "field_accuracy", "exact_match")]
    assert got == [valid, by_schema, fields, exact]


@pytest.mark.parametrize("text", ['{"n": 1}', '{"n": 30}'])
def test_any_accepted_json_is_exactly_right(json_task: Task, text: str) -> None:
    example = Example("e", "in", {"n": 1}, accept=({"n": 30},))
    assert score(json_task, "exact_match", example, text) == score(json_task, "field_accuracy", example, text) == 1.0


@pytest.mark.parametrize(
    ("text", "valid", "exact"),
    [
        ("refund", 1, 1),
        (" refund\n", 1, 1),
        ("Refund", 0, 0),
        ("refund.", 0, 0),
        ("card lost", 1, 0),
        ("card  lost", 1, 0),
        ("card\u00a0lost\r\n", 1, 0),
        ("re fund", 0, 0),
        ("", 0, 0),
        ("refund card lost", 0, 0),
    ],
)
def test_a_label_is_valid_and_right_to_the_letter(label_task: Task, text: str, valid: float, exact: float) -> None:
    example = Example("e", "in", "refund")
    assert score(label_task, "label_valid", example, text) == valid
    assert score(label_task, "exact_match", example, text) == exact


@pytest.mark.parametrize(
    ("text", "ok", "share"),
    [("Done.\nBye", 1, 1), ("Done!\nBye", 0, 0.5), ("Done.", 0, 0.5), ("Done!", 0, 0), ("", 0, 0), ("Bye", 0, 0)],
)
def test_style_is_all_rules_or_a_share_of_them(text_task: Task, text: str, ok: float, share: float) -> None:
    example = Example("e", "in", "x")
    assert score(text_task, "style_ok", example, text) == ok
    assert score(text_task, "style_score", example, text) == share


def test_numbers_of_any_accepted_text_are_enough(text_task: Task) -> None:
    example = Example("e", "in", "At 12:00.", accept=("At 7:30.",))
    assert score(text_task, "numbers_kept", example, "Come at 7:30") == 1.0
    assert score(text_task, "numbers_kept", example, "Come at 8:00") == 0.0


@given(st.lists(st.sampled_from(("a", "b", "42")), min_size=1, max_size=6), st.sampled_from([" ", "\n", "\t ", "  "]))
def test_runs_of_blanks_do_not_count_in_text(words: list[str], blank: str) -> None:
    from goldgate.scorers.text import exact_text

    example = Example("e", "in", " ".join(words))
    assert exact_text(None, example, f"{blank}{blank.join(words)}{blank}") == 1.0  # type: ignore[arg-type]
    assert exact_text(None, example, "".join(words) + "x") == 0.0  # type: ignore[arg-type]


@pytest.mark.parametrize(("finish", "value"), [("stop", 1.0), ("length", 0.0)])
def test_an_answer_that_was_cut_off_did_not_stop(json_task: Task, finish: str, value: float) -> None:
    assert score(json_task, "stop_rate", Example("e", "in", {"n": 1}), "{}", finish=finish) == value


@pytest.mark.parametrize("metric", ["exact_match", "json_valid", "schema_valid", "field_accuracy"])
def test_an_answer_that_was_cut_off_is_worth_nothing_even_where_what_is_there_is_right(
    json_task: Task, metric: str
) -> None:
    example = Example("e", "in", {"n": 1})
    assert score(json_task, metric, example, '{"n": 1}') == 1.0
    assert score(json_task, metric, example, '{"n": 1}', finish="length") == 0.0


@given(st.integers(0, 4000), st.integers(0, 4000), st.integers(0, 500))
def test_a_longer_answer_never_costs_less(tokens_in: int, tokens_out: int, more: int) -> None:
    tariff = Tariff(0.15, 0.6, "a test")
    cost = tariff.uncached(tokens_in, tokens_out)
    assert cost >= 0.0
    assert tariff.uncached(tokens_in + more, tokens_out) >= cost
    assert tariff.uncached(tokens_in, tokens_out + more) >= cost
    assert tariff.uncached(2 * tokens_in, 2 * tokens_out) == pytest.approx(2 * cost)


def test_a_thousand_answers_cost_a_thousand_times_the_tokens_price(json_task: Task) -> None:
    value = score(json_task, "cost_per_1k", Example("e", "in", {"n": 1}), "{}", tokens=(1000, 500))
    assert value == pytest.approx((1000 * 2.0 + 500 * 6.0) * 1000 / 1_000_000)


def test_costs_and_tokens_are_better_low_and_lie_within_their_bounds(json_task: Task) -> None:
    limits = json_task.decoding
    example = Example("e", "in", {"n": 1})
    for name in ("tokens_in", "tokens_out", "cost_per_1k"):
        scorer = scorers_for(json_task)[name]
        low, high = scorer.bounds(Context(json_task, Path("nowhere")))
        assert scorer.better == "low"
        assert (low, score(json_task, name, example, "{}", tokens=(0, 0))) == (0.0, 0.0)
        most = score(json_task, name, example, "{}", tokens=(limits.max_prompt_tokens, limits.max_new_tokens))
        assert most == pytest.approx(high), "the bounds are what the decoding limits allow, and no more"


def test_scores_come_in_the_order_of_the_answers(json_task: Task) -> None:
    texts: Sequence[str | None] = ['{"n": 1}', None, '{"n": 2}', "no"]
    examples = [Example(f"e{i}", "in", {"n": 1}) for i in range(4)]
    scorer = scorers_for(json_task)["exact_match"]
    values = scorer.score(Context(json_task, Path("nowhere")), examples, [answer(t) for t in texts])
    assert [value_of(given) for given in values] == [1.0, None, 0.0, 0.0]


def test_answers_and_examples_must_belong_together(json_task: Task) -> None:
    scorer = scorers_for(json_task)["exact_match"]
    with pytest.raises(ValueError):
        scorer.score(Context(json_task, Path("nowhere")), [Example("e", "in", {"n": 1})], [])


OTHER_FORMS = [
    ("caf\u00e9", "cafe\u0301"),
    ("cafe\u0301", "caf\u00e9"),
    ("billing ", "billing "),
    ("billing ", "billing"),
    ("\u00a0bill ing", "bill  ing\r\n"),
    ("\u1112\u1161\u11ab", "\ud55c"),
]


@pytest.mark.parametrize(("label", "said"), OTHER_FORMS)
def test_one_rule_for_labels_holds_in_every_metric(make_task: MakeTask, label: str, said: str) -> None:
    _, task = make_task({"kind": "label", "labels": [label, "other"]})
    asked = [Example("e0", "in", label), Example("e1", "in", text_form(label)), Example("e2", "in", "other")]
    answers = [replace(answer(text), id=e.id) for e, text in zip(asked, (said, said, "other"), strict=True)]
    for metric in ("exact_match", "label_valid"):
        assert [value_of(g) for g in scorers_for(task)[metric].score(Context(task, Path()), asked, answers)] == [
            1,
            1,
            1,
        ]
    assert whole_for(task)["macro_f1"].measure(task, asked, answers, name="m").value == 1.0
    found = confusion_of(task, asked, answers)
    assert found.labels == (label, "other")
    assert found.counts == ((2, 0, 0), (0, 1, 0))


def test_a_text_is_the_same_text_however_its_letters_are_composed(text_task: Task) -> None:
    example = Example("e", "in", "Un caf\u00e9, s'il vous pla\u00eet")
    for metric in ("exact_match", "edit_similarity", "rouge_l"):
        assert score(text_task, metric, example, "Un cafe\u0301, s'il  vous plai\u0302t") == 1.0
