"""novelty.json is rejected if it is incomplete or was computed for other splits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.data.nearness import write_novelty
from goldgate.task.examples import Example, Split, card_of, load_split, read_card, write_card
from goldgate.task.project import Project
from goldgate.task.strata import STRATA, read_novelty
from goldgate.task.task import Task

Made = tuple[Project, Task]
LABEL = {"kind": "label", "labels": ["a", "b"]}
TRAIN = [("where is my card now please", "a"), ("the refund never came back", "b")]
ASKED = [("where is my card now please sir", "a"), ("where is my old card", "a"), ("sing a song", "b")]


@pytest.fixture
def folder(make_task: Callable[..., Made]) -> Path:
    """golden/demo with a novelty.json that has an example of each stratum in dev and golden."""
    project, task = make_task(LABEL, train=TRAIN, dev=ASKED, golden=ASKED)
    write_novelty(project, "demo", {n: load_split(project, "demo", n) for n in ("train", "dev", "golden")})
    return task.data


def change(folder: Path, edit: Callable[[Any], object]) -> None:
    record = read_json(folder / "novelty.json")
    edit(record)
    write_json(folder / "novelty.json", record)


def test_every_example_of_dev_and_golden_has_a_stratum(folder: Path) -> None:
    novelty = read_novelty(folder)
    assert novelty.strata["golden"] == dict(zip(("g0", "g1", "g2"), reversed(STRATA), strict=True))
    assert set(novelty.strata["dev"]) == {"d0", "d1", "d2"}


def test_what_was_never_computed_is_told_with_the_command(folder: Path) -> None:
    (folder / "novelty.json").unlink()
    with pytest.raises(UserError, match="never computed\n  write it with `goldgate prepare demo`"):
        read_novelty(folder)


@pytest.mark.parametrize("name", ["train", "dev", "golden"])
def test_another_split_makes_it_stale(folder: Path, name: str) -> None:
    card = read_card(folder)
    other = {n: Split(n, (Example("x", n, "a"),)) for n in card.splits}
    rows = {**card.splits, name: card_of("demo", other, "", "", "").splits[name]}
    write_card(folder, type(card)("demo", rows, "", "", ""))
    with pytest.raises(UserError, match=f"out of date: the {name} split has changed"):
        read_novelty(folder)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda r: r.pop("golden"), '"golden" is missing'),
        (lambda r: r["splits"].pop("train"), '"train" is missing'),
        (lambda r: r["golden"].update(g0=3), "must be an object, not 3"),
        (lambda r: r["golden"]["g0"].pop("stratum"), '"stratum" is missing'),
        (lambda r: r["dev"]["d1"].update(stratum="Far"), 'no stratum "novelty:Far"'),
    ],
)
def test_a_broken_file_is_named_with_its_field(folder: Path, edit: Callable[[Any], object], message: str) -> None:
    change(folder, edit)
    with pytest.raises(UserError, match=message) as caught:
        read_novelty(folder)
    assert "novelty.json" in caught.value.where


def test_it_speaks_of_dev_and_golden_as_they_are(folder: Path) -> None:
    novelty = read_novelty(folder)
    for split in (Split("train", ()), Split("golden", (Example("g0", "another text", "a"),))):
        with pytest.raises(UserError, match="it was computed only for the unchanged dev and golden"):
            novelty.of(split)


@pytest.mark.parametrize("edit", [lambda r: r["golden"].pop("g1"), lambda r: r["golden"].update(g9=r["golden"]["g0"])])
def test_a_row_that_was_taken_or_added_by_hand_is_seen(folder: Path, edit: Callable[[Any], object]) -> None:
    change(folder, edit)
    split = Split("golden", tuple(Example(f"g{i}", text, label) for i, (text, label) in enumerate(ASKED)))
    with pytest.raises(UserError, match="was edited"):
        read_novelty(folder).of(split)


def test_the_digest_is_of_goldens_strata_alone(folder: Path) -> None:
    before = read_novelty(folder).digest
    change(folder, lambda r: (r["golden"]["g0"].update(cosine=0.1), r["dev"]["d0"].update(stratum="far")))
    assert read_novelty(folder).digest == before
    change(folder, lambda r: r["golden"]["g0"].update(stratum="far"))
    assert read_novelty(folder).digest != before
