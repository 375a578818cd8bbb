"""Which labels are taken for which: scikit-learn's matrix, and a column for answers that are no label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from goldgate.base.errors import UserError
from goldgate.scorers.confusion import Confusion, confusion_of
from goldgate.subjects import Answer
from goldgate.task.examples import Example

LABELS = ("a", "b", "c")
NO_LABEL = "x"


class Asked:
    kind, labels, name = "label", LABELS, "t"


TASK: Any = Asked()


def confusion(rows: list[tuple[str, str | None]], accept: tuple[str, ...] = (), finish: str = "stop") -> Confusion:
    examples = [Example(str(i), "in", expected, accept=accept) for i, (expected, _) in enumerate(rows)]
    answers = [
        Answer(e.id, given, finish, 1, 1, 0.0, None, "me", "f", "d")  # type: ignore[arg-type]
        for e, (_, given) in zip(examples, rows, strict=True)
    ]
    return confusion_of(TASK, examples, answers)


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, NO_LABEL))), min_size=1, max_size=20))
def test_counts_are_scikit_learns(rows: list[tuple[str, str | None]]) -> None:
    expected, given_ = zip(*rows, strict=True)
    reference = confusion_matrix(expected, given_, labels=[*LABELS, NO_LABEL])
    assert [list(row) for row in confusion(rows).counts] == reference[:3].tolist()


def test_missing_and_cut_answers_are_never_right() -> None:
    assert confusion([("a", None), ("a", "a\n")]).missing == 1
    assert confusion([("a", "a")], finish="length").counts[0] == (0, 0, 0, 1)


def test_an_accepted_label_is_no_confusion() -> None:
    assert confusion([("a", "b")], accept=("b",)).counts[0] == (1, 0, 0, 0)


def test_the_most_frequent_confusions_come_first_in_print() -> None:
    found = confusion([("a", "b"), ("b", "nope"), ("b", "?"), ("c", "c"), ("c", None)])
    assert found.top(1) == ["b → no label 2"]
    assert str(found) == "1 of 4 right, 1 missing\n  b → no label 2\n  a → b 1"


def test_other_kinds_have_none(make_task: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match=r"task demo has no labels to confuse\n  confusion\(\) is for kind label"):
        confusion_of(make_task({"kind": "text"})[1], [], [])
