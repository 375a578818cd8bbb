"""Adding rows to splits that exist: nothing moves, golden gets nothing, and every new row is accounted for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from goldgate.data.account import Account
from goldgate.data.extend import extend_splits
from goldgate.data.leaks import check_leaks
from goldgate.data.row import Place, Row
from goldgate.data.split import Made
from goldgate.task.examples import Example, Split
from goldgate.task.task import Kind

from .test_split import homes, make, rows, word


def extend(before: dict[str, Split], new: Sequence[Row], kind: Kind = "label") -> tuple[Made, Account]:
    account = Account()
    account.read["new"] = len(new)
    known = {
        name: [
            Row(e.input, e.output, Place(f"{name}.jsonl", n), e.accept, e.tags, e.group) for n, e in enumerate(split, 1)
        ]
        for name, split in before.items()
    }
    made = extend_splits(before, known, new, 0, account, kind=kind)
    assert account.open == 0
    check_leaks(made.splits)
    return made, account


def test_a_tenth_more_rows_move_no_old_row() -> None:
    before, _ = make(rows(400, 4))
    export = [*rows(400, 4), *rows(40, 4, start=700)]  # the whole export again, with what is new
    random.Random(0).shuffle(export)
    after, account = extend(before.splits, export)
    old, new = homes(before), homes(after)
    assert {text: new[text] for text in old} == old
    assert account.merges() == {"same input and output as an example": 400}
    assert len(new) == 440
    assert after.splits["golden"] == before.splits["golden"]
    for name in ("train", "dev"):
        assert after.splits[name].examples[: len(before.splits[name])] == before.splits[name].examples
    assert 0 < len(after.splits["dev"]) - len(before.splits["dev"]) < 20


def test_a_new_row_near_golden_goes_and_golden_stays() -> None:
    before, _ = make([replace(row, input=f"{row.text} wants {i}") for i, row in enumerate(rows(300, 3))])
    golden = before.splits["golden"].examples
    new = [Row(e.text.upper() + "!", e.output, Place("n", i)) for i, e in enumerate(golden[:5])]
    new += [Row(f"{e.text.rsplit(maxsplit=1)[0]} 999", e.output, Place("n", i + 5)) for i, e in enumerate(golden[5:9])]
    after, account = extend(before.splits, new)
    assert account.reasons() == {"nearly in golden": 9}
    assert after.splits["golden"] == before.splits["golden"]


def test_a_new_row_goes_where_its_near_duplicate_is() -> None:
    text = {name: " ".join(word(1000 * k + i) for i in range(8)) for k, name in enumerate(("train", "dev"))}
    made, _ = make(rows(300, 3))
    before = {
        name: Split(name, (*split, Example(f"own-{name}", text[name], "label 0")) if name in text else split.examples)
        for name, split in made.splits.items()
    }
    new = [Row(f"{text[name]} {word(7)}", "label 0", Place("n", i)) for i, name in enumerate(text)]
    after, _ = extend(before, new)
    assert [homes(after)[row.text] for row in new] == ["train", "dev"]


def test_a_new_row_that_would_tie_dev_to_train_is_set_aside() -> None:
    words = [word(i) for i in range(12)]
    made, _ = make(rows(300, 3, start=100))
    own = {"train": " ".join(words[:10]), "dev": " ".join(words[2:])}
    before = {
        name: Split(name, (*split, Example(f"own-{name}", own[name], "label 0")) if name in own else split.examples)
        for name, split in made.splits.items()
    }
    _, account = extend(before, [Row(" ".join(words[1:11]), "label 0", Place("n", 1))])
    assert account.reasons() == {"nearly in dev and in train": 1}


def test_a_new_row_that_contradicts_an_example_is_for_review() -> None:
    before, _ = make(rows(300, 3))
    old = before.splits["train"].examples[0]
    wrong = Row(old.text, "label 7", Place("n", 1))
    after, account = extend(before.splits, [wrong])
    assert account.reasons() == {"contradiction": 1}
    assert "at train.jsonl, line 1" in account.aside[0].detail
    assert [row.output for row in after.contradictions[0]] == [old.output, "label 7"]
    assert extend(before.splits, [wrong], "text")[1].reasons() == {"another right answer to the input of an example": 1}
