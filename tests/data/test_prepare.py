"""`goldgate prepare`: which faults are errors, which are remarks, and what the card keeps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.check import check_leaks, check_task_data, rewrite_card
from goldgate.data.mask import masked
from goldgate.task.examples import Example, Split, load_split, read_card
from goldgate.task.project import Project
from goldgate.task.task import Task

MakeTask = Callable[..., tuple[Project, Task]]
ANIMALS = ("ape", "bat", "cat", "dog", "eel")
LABEL = {"kind": "label", "labels": list(ANIMALS)}
TRAIN, DEV, GOLDEN = ([(f"{who} {animal}", animal) for animal in ANIMALS] for who in ("a", "the", "this"))
inputs = st.lists(st.text(st.sampled_from("ab 12.\nÄ"), max_size=5), max_size=6)


@pytest.fixture
def made(make_task: MakeTask) -> tuple[Project, Task]:
    return make_task(LABEL, train=TRAIN, dev=DEV, golden=GOLDEN)


def add(project: Project, split: str, **row: Any) -> Path:
    """Adds a line to a split, as if by hand in an editor."""
    path = project.golden("demo") / f"{split}.jsonl"
    with path.open("a") as file:
        file.write(json.dumps({"id": "new", **row}) + "\n")
    return path


def test_a_split_that_was_added_to_is_accepted_by_prepare_alone(made: tuple[Project, Task]) -> None:
    project, task = made
    add(project, "dev", input="one more", output="cat")
    with pytest.raises(UserError, match="was changed after its card was written"):
        check_task_data(project, task)
    card = rewrite_card(project, task)
    assert card.splits["dev"]["count"] == 6
    assert check_task_data(project, task).splits["dev"].fingerprint == card.splits["dev"]["fingerprint"]


def test_the_card_keeps_what_it_says_of_licence_and_source(made: tuple[Project, Task]) -> None:
    project, task = made
    before = read_card(project.golden("demo"))
    add(project, "train", input="one more", output="cat", tags=["rare"])
    after = rewrite_card(project, task)
    assert (after.licence, after.source, after.prepared) == (before.licence, before.source, before.prepared)
    assert after.splits["train"]["tags"] == {"rare": 1}
    assert read_card(project.golden("demo")) == after


def test_splits_without_a_card_get_one_that_claims_nothing(made: tuple[Project, Task]) -> None:
    project, task = made
    (project.golden("demo") / "card.json").unlink()
    card = rewrite_card(project, task)
    assert (card.prepared, card.licence, card.source) == ("by hand", "not stated", "not stated")
    assert len(load_split(project, "demo", "golden")) == 5


def test_preparing_twice_changes_nothing(made: tuple[Project, Task]) -> None:
    project, task = made
    path = project.golden("demo") / "card.json"
    rewrite_card(project, task)
    before = path.read_bytes()
    rewrite_card(project, task)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"input": "x", "output": "cow"}, r'dev.jsonl, example new, field "output": "cow" is not one of the 5 labels'),
        ({"input": "x", "output": "Cat"}, '"Cat" is not one of the 5 labels'),
        ({"input": "x", "output": 3}, "the output must be text, not 3"),
        ({"input": "x", "output": {"a": 1}}, "the output must be text"),
        ({"input": "x", "output": "cat", "accept": ["dog", "cow"]}, '"cow" is not one of the 5 labels'),
        ({"input": "the CAT", "output": "cat", "id": "d2"}, "is already used on line"),
    ],
)
def test_what_makes_a_verdict_worthless_is_refused_and_the_card_stays(
    made: tuple[Project, Task], row: dict[str, Any], message: str
) -> None:
    project, task = made
    add(project, "dev", **row)
    card = (project.golden("demo") / "card.json").read_bytes()
    with pytest.raises(UserError, match=message) as caught:
        rewrite_card(project, task)
    assert caught.value.hint
    assert (project.golden("demo") / "card.json").read_bytes() == card


@pytest.mark.parametrize(("into", "text"), [("train", "THIS  Cat"), ("dev", "this cat"), ("golden", "a cat ")])
def test_an_input_in_two_splits_is_refused_in_either_direction(
    made: tuple[Project, Task], into: str, text: str
) -> None:
    project, task = made
    add(project, into, input=text, output="cat")
    with pytest.raises(UserError, match=r"is also in \w+"):
        rewrite_card(project, task)


def test_one_input_with_two_outputs_is_remarked(make_task: MakeTask) -> None:
    twice = [*TRAIN, ("A  ape", "bat"), ("a cat", "cat")]
    project, task = make_task(LABEL, train=twice, dev=DEV, golden=GOLDEN)
    assert check_task_data(project, task).remarks == ("train: 1 inputs occur with two different outputs",)


def test_a_tag_that_dev_lacks_is_remarked(make_task: MakeTask) -> None:
    project, task = make_task(LABEL, train=TRAIN, dev=DEV, golden=GOLDEN)
    add(project, "golden", input="x", output="cat", tags=["rare", "odd"])
    add(project, "train", input="y", output="cat", tags=["only_here"])
    rewrite_card(project, task)
    (remark,) = check_task_data(project, task).remarks
    assert remark.startswith("dev has no example tagged odd, rare:")


def test_clean_splits_have_no_remarks(made: tuple[Project, Task]) -> None:
    assert check_task_data(*made).remarks == ()


def test_free_text_may_say_anything_but_must_be_text(make_task: MakeTask) -> None:
    project, task = make_task({"kind": "text"}, train=TRAIN, dev=DEV, golden=GOLDEN)
    add(project, "dev", input="x", output="anything at all")
    rewrite_card(project, task)
    add(project, "dev", input="y", output=["no"], id="newer")
    with pytest.raises(UserError, match="the output must be text"):
        rewrite_card(project, task)


@given(inputs, inputs, inputs.map(lambda texts: list({masked(t): t for t in texts}.values())))
def test_a_leak_is_found_exactly_where_two_splits_share_a_form(
    train: list[str], dev: list[str], golden: list[str]
) -> None:
    def forms(texts: Iterable[str]) -> set[str]:
        return {masked(t) for t in texts}

    splits = {
        name: Split(name, tuple(Example(f"{name}{i}", t, "x") for i, t in enumerate(texts)))
        for name, texts in (("train", train), ("dev", dev), ("golden", golden))
    }
    shared = (forms(train) & forms(dev)) | (forms(train) & forms(golden)) | (forms(dev) & forms(golden))
    if not shared:
        check_leaks(splits)
        return
    with pytest.raises(UserError, match=r"is also in (train|dev) \(as "):
        check_leaks(splits)


@given(st.lists(st.sampled_from(["g", "h", None]), min_size=2, max_size=4))
def test_copies_in_golden_are_one_observation_only_where_a_group_says_so(groups: list[str | None]) -> None:
    copies = (Example(f"e{i}", f"Item{' ' * (i + 1)}7", "x", group=g) for i, g in enumerate(groups))
    golden = Split("golden", tuple(copies))
    if set(groups) in ({"g"}, {"h"}):
        check_leaks({"golden": golden})
        return
    with pytest.raises(UserError, match="give both the same group"):
        check_leaks({"golden": golden})
    check_leaks({"train": Split("train", golden.examples)})
    other = tuple(Example(f"e{i}", f"item {i}", "x") for i in range(3))
    check_leaks({"golden": Split("golden", other)})  # within golden, a different number makes a different question
