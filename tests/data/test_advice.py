"""Advice: the first finding that is shown decides, and nothing decides that its interval leaves open."""

from __future__ import annotations

import pytest

from goldgate.data.advice import Answer, Finding, Share, Way, advise

ORDER: tuple[Way, ...] = ("prompt", "retrieval", "collect", "linear", "keep_prompting")


def findings(**answers: Answer) -> list[Finding]:
    return [Finding(way, f"{way}?", answers.get(way, "no"), "") for way in ORDER]


@pytest.mark.parametrize("way", ORDER)
def test_what_is_shown_is_advised(way: Way) -> None:
    assert advise("t", [], findings(**{way: "yes"})).way == way


def test_fine_tuning_is_what_remains() -> None:
    assert advise("t", [], findings(keep_prompting="unknown")).way == "fine_tune"


def test_the_first_that_is_shown_decides() -> None:
    assert advise("t", [], findings(prompt="yes", linear="yes")).way == "prompt"


@pytest.mark.parametrize("way", ORDER)
def test_an_open_question_is_named_instead_of_decided(way: Way) -> None:
    told = advise("t", [], findings(**{way: "undecided"}))
    assert told.way is None
    assert f"{way}?" in told.words
    assert told.words.endswith("fine-tune")


def test_prompting_that_nobody_tried_leaves_the_advice_open() -> None:
    told = advise("t", [], findings(prompt="unknown", collect="yes"))
    assert told.way is None
    assert "collect more examples" in told.words


def test_a_linear_model_that_is_good_enough_wins_whatever_prompting_does() -> None:
    assert advise("t", [], findings(prompt="unknown", linear="yes")).way == "linear"


@pytest.mark.parametrize(
    ("low", "high", "answer"), [(0.8, 0.9, "yes"), (0.79, 0.9, "undecided"), (0.7, 0.8, "undecided"), (0.7, 0.79, "no")]
)
def test_a_share_reaches_a_limit_only_with_its_whole_interval(low: float, high: float, answer: Answer) -> None:
    assert Share((low + high) / 2, low, high, 100).reaches(0.8) == answer


def test_between_two_limits_nothing_is_decided() -> None:
    assert Share(0.3, 0.25, 0.35, 100).reaches(0.5, 0.2) == "undecided"
    assert Share(0.1, 0.05, 0.15, 100).reaches(0.5, 0.2) == "no"


def test_the_json_form_has_names_for_everything() -> None:
    told = advise("t", [("examples", "3")], findings(), ["a note"]).to_json()
    assert told["questions"] == [{"question": "examples", "answer": "3"}]
    assert told["findings"][0] == {"way": "prompt", "question": "prompt?", "answer": "no", "words": ""}
    assert (told["way"], told["notes"]) == ("fine_tune", ("a note",))
