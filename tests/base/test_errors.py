"""How the error for users is displayed, and how similar names are suggested."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError, near_names

names = st.text(st.sampled_from("abcde_"), min_size=3, max_size=10)
# difflib finds the longest common part first; among repeated letters that can be the wrong one.
different_letters = st.lists(st.sampled_from("abcdefghij_"), min_size=3, max_size=10, unique=True).map("".join)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("it broke",), "it broke"),
        (("it broke", "f.jsonl, line 3"), "f.jsonl, line 3: it broke"),
        (("it broke", "", "mend it"), "it broke\n  mend it"),
        (("it broke", "f", "mend it"), "f: it broke\n  mend it"),
    ],
)
def test_it_reads_as_place_fault_and_what_to_do(parts: tuple[str, ...], text: str) -> None:
    assert str(UserError(*parts)) == text


@given(st.text(), st.text(), st.text())
def test_it_comes_whole_out_of_another_process(what: str, where: str, hint: str) -> None:
    error = UserError(what, where, hint)
    back = pickle.loads(pickle.dumps(error))
    assert (back.what, back.where, back.hint, str(back)) == (what, where, hint, str(error))


@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_a_known_name_is_the_first_suggestion(known: list[str]) -> None:
    assert near_names(known[0], known).startswith(f'did you mean "{known[0]}"')


@given(different_letters, st.integers(0, 9))
def test_a_name_with_one_letter_lost_is_found(meant: str, at: int) -> None:
    lost = meant[: at % len(meant)] + meant[at % len(meant) + 1 :]
    assert near_names(lost, [meant]) == f'did you mean "{meant}"?'


@given(st.text(max_size=12), st.lists(names, max_size=6))
def test_it_names_only_what_is_known(name: str, known: list[str]) -> None:
    hint = near_names(name, known)
    found = re.findall('"([^"]+)"', hint) if hint.startswith("did") else hint.removeprefix("known: ").split(", ")
    assert set(found) <= set(known) | {"none"}
    assert len(found) <= max(3, len(known))


@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_where_nothing_is_near_all_are_listed_in_order(known: list[str]) -> None:
    assert near_names("ZZZZZZ", known) == "known: " + ", ".join(sorted(known))


def test_where_nothing_is_known_it_says_so() -> None:
    assert near_names("x", []) == "known: none"
