"""The general questions and passages: which answers are right, and that changes to them are noticed."""

from __future__ import annotations

from collections import Counter

import pytest

from goldgate.base.fingerprint import digest
from goldgate.task.questions import PREFIX, VERSION, Question, asked, passages, questions

CONTENTS = {1: "3487e455c5adfc69234f1fcfaf137178dd31b449db9e029aa162d6041da479df"}
SEA = Question("q", "facts", "Which is a sea?", (("Black Sea",), ("Alps",), ("7",), ("A",)))
SEVEN = Question("q", "facts", "How many?", (("seven", "7"), ("six", "6")))
YES = Question("q", "instructions", "Yes or no?", (("yes",), ("no",)), exact=True)


def test_another_content_is_another_version() -> None:
    content = digest(
        [[q.id, q.question, q.options, q.exact] for q in questions().values()] + [[e.id, e.text] for e in passages()]
    )
    assert content == CONTENTS[VERSION], "raise VERSION, and write the new digest beside it"


def test_questions_are_many_closed_and_told_apart() -> None:
    rows = list(questions().values())
    assert len(rows) >= 100
    assert len({q.question for q in rows}) == len(rows)  # the cache finds an answer by its prompt
    assert set(Counter(q.tag for q in rows)) == {"arithmetic", "facts", "language", "reading", "instructions"}
    for q in rows:
        spelled = [s.casefold() for option in q.options for s in option]
        assert len(q.options) == 4, q.id
        assert len(set(spelled)) == len(spelled), q.id


def test_every_right_option_is_right_and_no_other_is() -> None:
    for q in questions().values():
        assert all(q.is_right(spelling) for spelling in q.options[0]), q.id
        assert not any(q.is_right(spelling) for option in q.options[1:] for spelling in option), q.id


def test_ids_are_no_examples_of_a_task() -> None:
    assert all(e.id.startswith(PREFIX) for split in (asked(), passages()) for e in split)
    assert len(passages()) >= 30


@pytest.mark.parametrize("text", ["Black Sea", "It is the black sea.", '"Black Sea"', "a: Black Sea!"])
def test_the_right_option_may_stand_in_a_sentence(text: str) -> None:
    assert SEA.is_right(text)


@pytest.mark.parametrize("text", ["", "Black", "Blackish Seas", "Black Sea or Alps", "A: Black Sea", "7 Black Sea"])
def test_part_of_it_or_another_beside_it_is_wrong(text: str) -> None:
    assert not SEA.is_right(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("7", True),
        ("Seven.", True),
        ("7.", True),
        ("7.5", False),
        ("17", False),
        ("1,7", False),
        ("7,000", False),
        ("seven, not six", False),
    ],
)
def test_numbers_count_as_a_whole(text: str, right: bool) -> None:
    assert SEVEN.is_right(text) is right


@pytest.mark.parametrize(
    ("text", "right"), [("Yes.", True), (" yes\n", True), ("Yes, it is", False), ("yes no", False)]
)
def test_an_instruction_is_followed_to_the_word(text: str, right: bool) -> None:
    assert YES.is_right(text) is right
