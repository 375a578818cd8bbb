"""Deciding on the kind and the form of outputs: one odd row never turns the task, and nothing is decided unsaid."""

from __future__ import annotations

from typing import Any

import pytest

from goldgate.data.account import Account
from goldgate.data.decide import Decided, Wishes, decide, labels_of, schema_of
from goldgate.data.infer import infer_schema
from goldgate.data.row import Place, Row


def decided(outputs: list[Any], wishes: Wishes | None = None) -> tuple[Decided, Account]:
    account = Account()
    rows = [Row(f"x{i}", output, Place("f", i + 1)) for i, output in enumerate(outputs)]
    result = decide(rows, None, wishes or Wishes(), account)
    assert len(result.rows) + len(account.aside) == len(rows)
    return result, account


LABELS = ["yes", "no"] * 50


@pytest.mark.parametrize("odd", [3, 2.5, True])
def test_one_number_among_labels_is_set_aside_and_the_task_stays(odd: Any) -> None:
    result, account = decided([*LABELS, odd])
    assert result.kind == "label"
    assert account.reasons() == {"an output that is no text, where others are labels": 1}
    assert account.aside[0].place.number == 101


def test_a_number_that_is_a_label_as_text_too_is_that_label() -> None:
    result, account = decided([*["1", "2", "3"] * 30, 3])
    assert result.kind == "label"
    assert result.rows[-1].output == "3"
    assert "outputs: 1 that are a number, true or false are read as text" in "\n".join(map(str, account.decisions))


def test_one_object_among_labels_and_one_text_among_objects_are_set_aside() -> None:
    assert decided([*LABELS, {"a": 1}])[1].reasons() == {"an output that is JSON, where others are text": 1}
    result, account = decided([*[{"a": i} for i in range(50)], "none"])
    assert result.kind == "json"
    assert account.reasons() == {"an output that is text, where others are JSON": 1}


def test_json_in_cells_is_json() -> None:
    result, account = decided(['{"a": 1}', ' {"a": 2}'] * 20)
    assert (result.kind, result.rows[0].output, result.rows[1].output) == ("json", {"a": 1}, {"a": 2})
    assert "40 that are JSON in text are read as JSON" in "\n".join(map(str, account.decisions))
    assert decided(['{"a": 1}', '{"a": 2}'] * 20, Wishes("text"))[0].rows[0].output == '{"a": 1}'
    assert decided(["{name}, hello", "{name}, good day"] * 20)[0].kind == "label"


def test_seventy_labels_in_three_hundred_rows_are_labels_and_the_counts_are_said() -> None:
    result, account = decided([f"intent {i % 70}" for i in range(300)])
    assert result.kind == "label"
    (kind,) = [d for d in account.decisions if d.what == "kind"]
    assert "70 different outputs in 300 rows" in kind.reason
    assert kind.option == "--kind"


def test_labels_of_few_rows_and_of_none_are_told() -> None:
    account = Account()
    assert labels_of([*LABELS, "maybe"], Wishes(), account) == ("maybe", "no", "yes")
    assert account.remarks == ['1 labels have fewer than 3 rows, so they cannot be in every split: "maybe" (1)']
    account = Account()
    assert labels_of(LABELS, Wishes(labels=("yes", "no", "other")), account) == ("yes", "no", "other")
    assert account.remarks == ["labels without a row: other"]


def test_a_closed_set_is_said_and_an_optional_or_noisy_one_stays_open() -> None:
    sizes = ["S", "M", "L"]
    outputs = [
        {"size": sizes[i % 3], "state": sizes[i % 3], "colour": "red", **({"extra": sizes[i % 3]} if i % 2 else {})}
        for i in range(300)
    ]
    outputs[7]["state"] = "m"
    outputs[8]["colour"] = "Red"
    found = infer_schema(outputs)
    fields = found.schema["properties"]
    assert fields["size"] == {"type": "string", "enum": ["L", "M", "S"]}
    assert [fields[name] for name in ("state", "colour", "extra")] == [{"type": "string"}] * 3
    assert found.closed == ("size (3 values)",)
    said = " ".join(found.open)
    assert 'state has 4 values, but "m" occurs only 1 times' in said
    assert "extra has 3 values, but is not always there" in said
    account = Account()
    schema_of(outputs, Wishes(), account)
    assert "closed: size (3 values)" in str(account.decisions[0])


def test_a_key_that_is_rarely_missing_and_a_type_that_is_rarely_other_are_told() -> None:
    outputs: list[dict[str, Any]] = [{"total": i, "name": f"n{i}"} for i in range(100)]
    outputs[3]["total"] = "three"
    del outputs[5]["name"]
    said = " ".join(infer_schema(outputs).open)
    assert "total is number in 99, string in 1" in said
    assert "name is missing in 1 of 100, so it is not required" in said
