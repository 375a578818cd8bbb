"""Other people's text, wherever a run folder can hold it: it changes what the page says, never what the page is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.measures import Measure, invalid
from goldgate_reports import build_report

from .small import PROMPTED, TUNED, Outline, golden_record, row, write_small

PIECES = (
    "<script>",
    "</script>",
    "</style>",
    "</title>",
    "<!--",
    "-->",
    "<img src=x onerror=alert(1)>",
    '" onload="',
    "'",
    "&lt;b&gt;",
    "&",
    "{{ view.run }}",
    "{% raw %}",
    "{#",
    "javascript:",
    "](http://a.b)",
    "|",
    "`",
    "**",
    "#",
    "\\",
    "\u202e",
    "\u2066",
    "\u200b",
    "\x00",
    "\x1b[2J",
    "\r",
    "\u2028",
    "\ud800",
    "é",
    "日本",
    "🙂",
    " ",
    "word",
)
EVIL = "".join(PIECES)
hostile = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def written(folder: Path, text: str) -> tuple[str, str]:
    """(report.html, summary.md) of a run that holds the text in every place that is not a number."""
    named = f"n{text}"
    tuned, prompted = f"{TUNED}{named}", f"{PROMPTED}{named}"
    verdicts = [
        Measure([1.0] * 50, name=f"exact_match{named}") >= 0.9,
        invalid(f"gate{named}", f"why{named}", f"hint{named}"),
    ]
    rows: list[dict[str, Any]] = [row(v, f"suites/x/test_gates.py::test_{named}[{named}]") for v in verdicts]
    attempt = {
        "k": 1,
        "subject": tuned,
        "reason": named,
        "failing": [named],
        "recipe": {named: named, "list": [named]},
        "dev": {"exact_match": 0.5},
    }
    run = {
        "task": named,
        "id": named,
        "prompted": prompted,
        "attempts": [attempt],
        "git": named,
        "status": "passed",
        "started": named,
        "versions": {named: named},
        "machine": {named: named},
        "model": {"alias": named},
        "data": {named: {"count": 2, "fingerprint": named}},
        "steps": [{"name": named, "seconds": 1.0}],
    }
    golden = golden_record(
        *rows,
        subject=tuned,
        prompted=prompted,
        measures=[{"subject": tuned, "metric": "exact_match", "tag": named, "estimate": 0.5, "low": 0.1, "high": 0.9}],
        differences=[{"metric": "exact_match", "reference": prompted, "estimate": 0.5, "low": 0.1, "high": 0.9}],
        look={"number": 1, "level": 0.025, "name": named, "spent": 0.025},
        split={"count": 50, "fingerprint": named},
    )
    # One answer is no JSON at all; the other has a field that nobody asked for, under a hostile name.
    good = {"a": "right", named: named}
    write_small(
        folder,
        {tuned: {"exact_match": [0.0, 0.0]}, prompted: {"exact_match": [1.0, 0.0]}},
        texts={tuned: [named, json.dumps(good)], prompted: ['{"a": 1}', "null"]},
        inputs=[named, named],
        expected=[{"a": named}, {"a": "right"}],
        tags=[[named], [named]],
        ids=["e0" + text, "e1"],
        run=run,
        golden=golden,
        log=[{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}],
        gates=rows,
    )
    page = build_report(folder).read_bytes().decode("utf-8")
    return page, (folder / "summary.md").read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return written(tmp_path_factory.mktemp("runs") / "harmless", "word")


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    # A lone surrogate is possible in answers (JSON escapes), but no Parquet file holds one.
    return written(tmp_path_factory.mktemp("runs") / "evil", EVIL.replace("\ud800", ""))


def test_hostile_text_everywhere_leaves_the_page_as_it_is(harmless: tuple[str, str], evil: tuple[str, str]) -> None:
    assert Outline(evil[0]).shape == Outline(harmless[0]).shape


def test_hostile_text_is_still_there_to_be_read(evil: tuple[str, str]) -> None:
    outline = Outline(evil[0])
    said = outline.text + " ".join(outline.values)
    for piece in ("<script>", "</style>", "-->", "{{ view.run }}", "{% raw %}", "onerror=alert(1)", "⟨U+202E⟩"):
        assert piece in said


def test_no_hidden_character_reaches_either_file(evil: tuple[str, str]) -> None:
    for text in evil:
        assert not HIDDEN.search(text)


def test_hostile_text_adds_no_line_and_no_tag_to_the_summary(harmless: tuple[str, str], evil: tuple[str, str]) -> None:
    assert evil[1].count("\n") == harmless[1].count("\n")
    assert "<" not in evil[1]


def test_no_attribute_can_run_or_load_anything(evil: tuple[str, str]) -> None:
    for tag, names in Outline(evil[0]).shape:
        assert tag not in ("script", "img", "link", "iframe", "object", "form", "!--")
        assert not [n for n in names if n.startswith("on") or n in ("src", "srcset", "action", "style")]


@given(hostile)
@settings(deadline=None, max_examples=15)
def test_any_mixture_of_hostile_pieces_leaves_the_page_as_it_is(
    harmless: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    page, summary = written(tmp_path_factory.mktemp("mixed") / "run", text.replace("\ud800", ""))
    assert Outline(page).shape == Outline(harmless[0]).shape
    assert summary.count("\n") == harmless[1].count("\n")
    assert not HIDDEN.search(page)
    assert "<" not in summary


def test_a_lone_surrogate_in_an_answers_json_is_written_out(tmp_path: Path) -> None:
    write_small(
        tmp_path / "run", {TUNED: {"exact_match": [0.0]}}, texts={TUNED: ['{"a": "\\ud800"}']}, expected=[{"a": "x"}]
    )
    assert "⟨U+D800⟩" in Outline(build_report(tmp_path / "run").read_text("utf-8")).text


@pytest.mark.parametrize("many", [1_199, 1_200, 1_201, 100_000])
def test_a_long_hostile_answer_is_cut_before_it_is_escaped(tmp_path: Path, many: int) -> None:
    write_small(tmp_path / "run", {TUNED: {"exact_match": [0.0]}}, texts={TUNED: ["<" * many]}, expected=[{"a": 1}])
    page = build_report(tmp_path / "run").read_text("utf-8")
    text = Outline(page).text
    assert "<<<" in text
    assert len(page) < 200_000
    assert ("more characters" in text) == (many > 1_200)
    assert text.count("<") <= 1_200
