"""Edit similarity and ROUGE-L against the libraries that define them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.scorers.overlap import edit_similarity, rouge_l
from goldgate.task.examples import Example

TASK: Any = None
words = st.lists(st.sampled_from(("the", "cat", "sat", "On", "mat", "7", "it's", "well-known", "...")), max_size=9)


@pytest.fixture(scope="module")
def rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"])


@given(reference=words, answer=words, accepted=words)
def test_rouge_l_is_rouge_scores_on_ascii_text(
    rouge: Any, reference: list[str], answer: list[str], accepted: list[str]
) -> None:
    texts = [" ".join(reference), " ".join(accepted)]
    value = rouge_l(TASK, Example("e", "x", texts[0], accept=(texts[1],)), " ".join(answer))
    assert value == pytest.approx(max(rouge.score(t, " ".join(answer))["rougeL"].fmeasure for t in texts))


@pytest.mark.parametrize(
    ("reference", "answer", "value"),
    [("Größe XL", "größe xl", 1.0), ("Добрый день", "добрый вечер", 0.5), ("!!!", "!!!", 0.0), ("a b", "", 0.0)],
)
def test_rouge_l_knows_words_of_every_alphabet(reference: str, answer: str, value: float) -> None:
    assert rouge_l(TASK, Example("e", "x", reference), answer) == value


def _distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, above = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@given(st.text("abé", max_size=8), st.text("abé", max_size=8))
def test_edit_similarity_is_one_minus_the_share_of_edits(reference: str, answer: str) -> None:
    longer = max(len(reference), len(answer))
    expected = 1.0 - _distance(reference, answer) / longer if longer else 1.0
    assert edit_similarity(TASK, Example("e", "x", reference), answer) == pytest.approx(expected)


def test_blanks_do_not_count_and_the_best_accepted_text_does() -> None:
    example = Example("e", "x", "far from it", accept=("near  it",))
    assert edit_similarity(TASK, example, " near\nit ") == 1.0
    assert edit_similarity(TASK, example, "") == 0.0
