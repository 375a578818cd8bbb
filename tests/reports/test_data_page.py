"""The page on a task's data: it counts what the account counts, shows no golden text, and runs nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from goldgate.data.decide import Wishes
from goldgate.data.scaffold import Request
from goldgate.data.sources import Choices
from goldgate.data.split import Sizes
from goldgate.jobs.data import run_init, run_prepare
from goldgate.task.examples import read_split
from goldgate.task.project import Project

ATTACK = "<script>alert(1)</script> \u202e [x](javascript:1) | cell"
COLOURS, PLACES = ("red", "blue", "green", "old", "new", "big"), ("runs", "sleeps", "eats", "sings", "jumps", "swims")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """golden/pets of a project whose file has repeats, contradictions, personal data, and markup."""
    rows: list[dict[str, Any]] = [
        {"input": f"{colour} {animal} {verb} {i}x", "output": animal, "tags": ["wet"] if i == 1 else []}
        for colour in COLOURS
        for animal in ("cat", "dog", "bird")
        for verb in PLACES
        for i in range(2)
    ]
    rows += [rows[0], {"input": rows[1]["input"], "output": "dog"}, {"input": "x", "output": "N/A"}]
    rows += [{"input": f"{ATTACK} please tell ann.lee@shop.example.com about {n}", "output": "cat"} for n in ("a", "b")]
    path = tmp_path / "pets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    request = Request("pets", path, None, Choices(), Wishes(), None, Sizes(None, 40, 50), 0)
    run_init(tmp_path, tmp_path / "cache", request)
    return tmp_path / "golden" / "pets"


class Page(HTMLParser):
    """The tags that a page opens and has not closed, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in ("meta", "rect", "circle", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("meta", "rect", "circle", "path"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def page(folder: Path) -> Callable[[], Page]:
    return lambda: Page((folder / "data.html").read_text("utf-8"))


def test_the_page_counts_what_the_account_counts(folder: Path, page: Callable[[], Page]) -> None:
    rows = json.loads((folder / "card.json").read_text())["account"]["rows"]
    said = f"{rows['read']} rows read = {rows['kept']} kept + {rows['merged']} merged + {rows['set_aside']} set aside"
    assert said in page().words
    assert said in (folder / "data.md").read_text("utf-8")
    lines = (folder / "rejects.jsonl").read_text().splitlines()
    told = re.findall(r"(\d+) set aside\n", page().words)
    assert sum(map(int, told)) == len(lines) == rows["set_aside"]


def test_the_page_is_whole_and_runs_nothing(folder: Path, page: Callable[[], Page]) -> None:
    found = page()
    assert found.open == []
    assert "script" not in found.tags
    summary = (folder / "data.md").read_text("utf-8")
    assert "<script" not in summary
    assert "\u202e" not in found.words + summary


def test_no_golden_text_and_no_personal_data_is_shown(folder: Path, page: Callable[[], Page]) -> None:
    run_prepare(Project(folder.parents[1], folder.parents[1] / "cache"), "pets")
    words = page().words
    assert "e-mail address" in words
    assert "ann.lee@" not in words
    kept_elsewhere = " ".join(example.text for name in ("train", "dev") for example in read_split(folder, name))
    for example in read_split(folder, "golden"):
        assert example.text in kept_elsewhere or example.text not in words


def test_the_same_data_give_the_same_bytes_and_prepare_keeps_what_init_said(folder: Path) -> None:
    project = Project(folder.parents[1], folder.parents[1] / "cache")
    decided = [d["what"] for d in json.loads((folder / "card.json").read_text())["account"]["decisions"]]
    run_prepare(project, "pets")
    first = [(folder / name).read_bytes() for name in ("data.html", "data.md")]
    run_prepare(project, "pets")
    assert [(folder / name).read_bytes() for name in ("data.html", "data.md")] == first
    assert all(what in first[0].decode() for what in decided)


def test_what_wants_a_person_comes_first_with_its_command(page: Callable[[], Page]) -> None:
    words = page().words
    assert "things to look at first" in words
    assert words.index("personal data in 2 places") < words.index("rows contradict others") < words.index("Rows")
    assert "goldgate prepare pets --redact" in words
