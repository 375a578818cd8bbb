"""Digests depend only on content: equal values have equal digests, different values have different ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.fingerprint import digest, file_digest, files_digest, short

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(leaves, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4))


@given(values)
def test_a_value_keeps_its_digest_through_a_file(value: Any) -> None:
    found = digest(value)
    assert re.fullmatch("[0-9a-f]{64}", found)
    assert digest(json.loads(json.dumps(value))) == found
    assert digest(json.loads(json.dumps(value, ensure_ascii=False, indent=3))) == found


@given(st.dictionaries(st.text(), leaves, min_size=2, max_size=6), st.randoms())
def test_the_order_of_keys_does_not_count(value: dict[str, Any], order: Any) -> None:
    keys = list(value)
    order.shuffle(keys)
    assert digest({k: value[k] for k in keys}) == digest(value)


@given(st.lists(leaves, min_size=2, max_size=5))
def test_the_order_of_a_list_counts(value: list[Any]) -> None:
    turned = value[::-1]
    assert (digest(turned) == digest(value)) == (json.dumps(turned) == json.dumps(value))


@given(values, values)
def test_other_contents_have_another_digest(one: Any, other: Any) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) == same


@pytest.mark.parametrize(
    "pair",
    [
        (1, "1"),
        (1, 1.0),
        (True, 1),
        (None, "null"),
        ([], {}),
        (["ab"], ["a", "b"]),
        ("", None),
        ({"a": None}, {}),
        ("é", "e\u0301"),
    ],
)
def test_what_only_looks_alike_is_told_apart(pair: tuple[Any, Any]) -> None:
    assert digest(pair[0]) != digest(pair[1])


def test_half_a_surrogate_pair_has_a_digest() -> None:
    assert digest(json.loads('"\\ud83d"')) != digest(json.loads('"\\ud83e"'))


@pytest.mark.parametrize("value", [Path("x"), {1, 2}, b"x", object(), {"a": Path("x")}, 1j])
def test_what_is_not_json_is_never_digested_by_its_looks(value: Any) -> None:
    with pytest.raises(TypeError):
        digest(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1, float("-inf")]])
def test_a_number_that_json_lacks_has_no_digest(value: Any) -> None:
    with pytest.raises(ValueError):
        digest(value)


@given(st.binary(max_size=200))
def test_a_file_is_known_by_its_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("files")
    (folder / "one").write_bytes(content)
    (folder / "two").write_bytes(content)
    assert file_digest(folder / "one") == file_digest(folder / "two")
    (folder / "two").write_bytes(content + b"\0")
    assert file_digest(folder / "one") != file_digest(folder / "two")


def test_an_empty_file_has_the_well_known_digest(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert file_digest(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_files_together_are_known_by_names_and_contents_in_any_order(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("1")
    b.write_text("2")
    found = files_digest([a, b])
    assert files_digest([b, a]) == found
    assert files_digest([a]) != found
    a.write_text("2")
    b.write_text("1")
    assert files_digest([a, b]) != found


def test_people_see_the_beginning() -> None:
    assert short(digest(1)) == digest(1)[:12]
