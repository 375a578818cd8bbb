"""What was forgotten, as measures: accuracy, choice, and perplexity beside the base model's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.forgetting.general import General
from goldgate.forgetting.without_task import Way
from goldgate.measures import perplexity_ratio
from goldgate.subjects.subject import Answer
from goldgate.task.questions import asked, passages, questions


def answers(wrong: int = 0, lost: int = 0, logprob: float | None = -3.0) -> dict[Way, Mapping[str, Answer]]:
    """Answers of a model that errs on the first questions, and has none to the last; and how it reads."""

    def one(i: str, text: str | None, mean: float | None = None) -> Answer:
        return Answer(i, text, "stop" if text is not None else "error", 9, 50, 0.0, mean, "w", "f", i)

    rows = list(questions().values())
    said = {q.id: one(q.id, q.options[k < wrong][0]) for k, q in enumerate(rows)}
    said |= {q.id: one(q.id, None) for q in rows[len(rows) - lost :]}
    read = {e.id: one(e.id, None if logprob is None else "", logprob) for e in passages()}
    return {"said": said, "chosen": said, "read": read}


def general(after: dict[Way, Mapping[str, Answer]], before: dict[Way, Mapping[str, Answer]]) -> General:
    return General("general", after.__getitem__, General("general.before", before.__getitem__))


def test_a_model_that_kept_all_is_shown_to_have_forgotten_little() -> None:
    kept = general(answers(wrong=40), answers(wrong=40))
    for metric in ("accuracy", "choice"):
        gap = getattr(kept, metric) - getattr(kept.before, metric)
        assert gap.verdict(">=", -0.05).outcome == "pass"
        assert gap.name == f"general.{metric} - general.before.{metric}"
    assert kept.perplexity_ratio.value == pytest.approx(1.0)
    assert kept.perplexity_ratio.percentile(75).verdict("<=", 1.05).outcome == "pass"


def test_a_model_that_forgot_fails() -> None:
    lost = general(answers(wrong=90, logprob=-4.0), answers(wrong=40, logprob=-3.0))
    assert (lost.accuracy - lost.before.accuracy).verdict(">=", -0.10).outcome == "fail"
    assert lost.perplexity_ratio.value == pytest.approx(math.e)
    assert lost.perplexity_ratio.percentile(75).verdict("<=", 1.10).outcome == "fail"


def test_a_missing_answer_counts_against_the_tuned_model() -> None:
    n = len(asked())
    gap = general(answers(lost=n), answers()).accuracy - general(answers(), answers()).accuracy
    assert gap.missing == n
    assert gap.verdict(">=", -0.99).outcome != "pass"


def test_a_passage_that_could_not_be_read_is_no_pass() -> None:
    unread = general(answers(logprob=None), answers()).perplexity_ratio.percentile(75)
    assert unread.missing == unread.n
    assert unread.verdict("<=", 1e6).outcome == "undecided"


def test_models_with_another_tokenizer_have_no_ratio() -> None:
    """Short tokens are each easy to guess: the ratio would fall without the model being any better."""
    after = answers(logprob=-1.0)
    after["read"] = {i: replace(a, completion_tokens=3 * a.completion_tokens) for i, a in after["read"].items()}
    with pytest.raises(UserError, match="different tokens"):
        general(after, answers()).perplexity_ratio  # noqa: B018


def test_slices_by_kind_of_question() -> None:
    measure = general(answers(wrong=24), answers()).accuracy
    assert measure.on("arithmetic").value == 0.0
    assert measure.on("reading").value == 1.0


def test_before_the_base_model_there_is_nothing() -> None:
    with pytest.raises(UserError, match="has no `before`"):
        general(answers(), answers()).before.before  # noqa: B018


def test_a_misspelled_metric_is_told_its_name() -> None:
    with pytest.raises(UserError, match="accuracy"):
        general(answers(), answers()).acuracy  # noqa: B018


@given(st.lists(st.tuples(st.floats(-9, 0), st.floats(-9, 0), st.integers(1, 99)), min_size=1, max_size=20))
def test_the_ratio_is_that_of_the_two_perplexities(rows: list[tuple[float, float, int]]) -> None:
    tuned, before, tokens = map(list, zip(*rows, strict=True))
    measure = perplexity_ratio(tuned, before, tokens, [str(i) for i in range(len(rows))])
    total = sum(tokens)

    def perplexity(means: list[float]) -> float:
        return math.exp(-sum(m * n for m, n in zip(means, tokens, strict=True)) / total)

    assert measure.value == pytest.approx(perplexity(tuned) / perplexity(before))
    low, high = measure.interval()
    assert low - 1e-9 <= measure.value <= high + 1e-9


@pytest.mark.parametrize("broken", [math.nan, 0.5])
def test_what_is_no_log_probability_is_refused(broken: float) -> None:
    with pytest.raises(UserError, match="no valid log-probability"):
        perplexity_ratio([broken], [-1.0], [4], ["p"])
