"""What a search found stands in the report of the run that it was written into, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.base.files import write_json
from goldgate_reports import build_report, load_run

from .small import PROMPTED, TUNED, Outline, write_small

ONE: dict[str, dict[str, list[float | None]]] = {TUNED: {"exact_match": [1.0]}, PROMPTED: {"exact_match": [0.0]}}
EVIL = '<script>alert(1)</script>\u202e{{ view.run }}" onload="'


def counterexample(**more: Any) -> dict[str, Any]:
    return {
        "id": "d7",
        "tags": ["dark"],
        "perturbations": ["letter_case"],
        "edits": 1,
        "found_with": 9,
        "input": "the total is 12 euros",
        "perturbed": "the TOTAL is 12 euros",
        "expected": {"total": 12},
        "before": '{"total": 12}',
        "after": '{"total": 21}',
        "finish": "stop",
        **more,
    }


def record(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "task": "small",
        "subject": TUNED,
        "identity": "a" * 64,
        "split": "dev",
        "metric": "exact_match",
        "budget": 90,
        "asked": 80,
        "right": 20,
        "tried": [
            {"perturbation": "letter_case", "forms": 20, "broke": 3},
            {"perturbation": "typos", "forms": 19, "broke": 0},
        ],
        "counterexamples": list(rows),
        **more,
    }


def run_with(folder: Path, *rows: dict[str, Any], **more: Any) -> Path:
    write_small(folder, ONE)
    write_json(folder / "counterexamples.json", record(*rows, **more))
    return folder


def test_a_run_without_a_search_has_no_such_section(tmp_path: Path) -> None:
    page = build_report(write_small(tmp_path / "run", ONE)).read_text("utf-8")
    assert "Counterexamples" not in page
    assert load_run(tmp_path / "run").search is None


def test_what_was_found_is_shown_with_what_was_edited_and_what_came_of_it(tmp_path: Path) -> None:
    page = build_report(run_with(tmp_path / "run", counterexample())).read_text("utf-8")
    said = Outline(page).text
    assert "20 dev examples right (exact match). It answers 3 of 39 variants of them wrong." in said
    assert "letter_case: 1 edit, reduced from 9" in said
    assert "<del>total</del><ins>TOTAL</ins>" in page
    assert "21 ✕ wrong" in said
    assert 'href="#search"' in page


def test_a_search_that_found_nothing_says_what_was_tried(tmp_path: Path) -> None:
    view = load_run(run_with(tmp_path / "run", tried=[{"perturbation": "typos", "forms": 19, "broke": 0}])).search
    assert view is not None
    assert view.tried == (("typos", 0, 19),)
    assert view.broken == ()


def test_a_long_input_is_shown_around_its_edits(tmp_path: Path) -> None:
    text = "word " * 200
    row = counterexample(input=f"{text}total{text}", perturbed=f"{text}TOTAL{text}")
    view = load_run(run_with(tmp_path / "run", row)).search
    assert view is not None
    shown = "".join(p.text for p in view.broken[0].input)
    assert len(shown) < 700
    assert " … " in shown


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    row = counterexample(
        id=EVIL, tags=[EVIL], perturbations=[EVIL], input=EVIL, perturbed=EVIL + EVIL, expected=EVIL, after=EVIL
    )
    page = build_report(run_with(tmp_path / "run", row, subject=EVIL, metric=EVIL)).read_text("utf-8")
    plain = build_report(run_with(tmp_path / "plain", counterexample(expected="x"))).read_text("utf-8")
    assert "script" not in {name for name, _ in Outline(page).shape}
    assert set(Outline(page).shape) <= set(Outline(plain).shape) | {("ins", ()), ("del", ())}
    assert "\u202e" not in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"right": "many"}, "right"),
        ({"tried": [{"perturbation": "typos"}]}, "tried"),
        ({"counterexamples": [{"id": "d7"}]}, "counterexamples"),
        ({"counterexamples": ["d7"]}, "counterexamples"),
        ({"subject": None}, "subject"),
    ],
)
def test_a_broken_file_is_named_with_its_field(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    folder = run_with(tmp_path / "run", **change)
    with pytest.raises(UserError, match=f'counterexamples.json, field "{field}"'):
        load_run(folder)
