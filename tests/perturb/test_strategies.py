"""Compositions as strategies: they keep the oracle, and shrink to the fewest edits."""

from __future__ import annotations

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from goldgate.perturb import MUST_NOT_CHANGE, edited, letter_case, typos
from goldgate.perturb.strategies import perturbed, subsets
from goldgate.task.examples import Example

EXAMPLE = Example("e", "please cancel my subscription and return the remaining balance quickly", "billing")
QUICK = settings(max_examples=200, database=None, derandomize=True, phases=(Phase.generate, Phase.shrink))


@given(perturbed(EXAMPLE))
def test_a_composition_keeps_the_expected_output(made: Example) -> None:
    assert (made.id, made.output) == ("e", "billing")


@given(st.data())
def test_subsets_are_of_the_edits_in_their_order(data: st.DataObject) -> None:
    edits = letter_case.edits(EXAMPLE)
    some = data.draw(subsets(edits))
    assert [e for e in edits if e in some] == list(some)


def test_a_composition_shrinks_to_the_edit_that_matters() -> None:
    smallest = find(perturbed(EXAMPLE, (letter_case, typos)), lambda e: "REMAINING" in e.text, settings=QUICK)
    assert smallest.text == EXAMPLE.text.replace("remaining", "REMAINING")


def test_all_edits_at_once_are_tried_too() -> None:
    edits = letter_case.edits(EXAMPLE)
    assert len(find(subsets(edits), lambda some: len(some) == len(edits), settings=QUICK)) == len(edits)


def test_nothing_chosen_is_the_example_itself() -> None:
    assert find(perturbed(EXAMPLE, MUST_NOT_CHANGE), lambda e: True, settings=QUICK) == edited(EXAMPLE, [])
