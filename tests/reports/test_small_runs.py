"""Runs at the edge: no examples, one example, nothing recorded, numbers that are no numbers, values at their ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldgate.measures import Measure
from goldgate_reports import build_report, load_run

from .small import PROMPTED, TUNED, Outline, golden_record, row, write_small

ONE: dict[str, dict[str, list[float | None]]] = {TUNED: {"exact_match": [1.0]}, PROMPTED: {"exact_match": [0.0]}}


def page(folder: Path) -> str:
    return Outline(build_report(folder).read_text("utf-8")).text


def test_a_run_without_any_answer_is_a_page_that_says_so(tmp_path: Path) -> None:
    said = page(write_small(tmp_path / "run", {}))
    assert "No dev answers of the tuned model were recorded" in said
    assert "No example has a tag." in said
    assert "No gate was recorded on dev." in said
    assert "The training log was not recorded." in said
    assert "nan" not in said.lower()


def test_a_run_without_attempts_is_a_page_that_says_so(tmp_path: Path) -> None:
    said = page(write_small(tmp_path / "run", {}, run={"attempts": [], "best": None}))
    assert "No attempts were recorded." in said
    assert "What prompting alone achieves was not recorded" in said


def test_one_example_has_an_interval_over_nearly_all_values(tmp_path: Path) -> None:
    view = load_run(write_small(tmp_path / "run", ONE))
    tuned, prompted = view.comparison.dev
    assert tuned.cells[0] is not None
    assert prompted.cells[0] is not None
    assert tuned.cells[0].estimate.interval == "2.5% to 100.0%"
    assert prompted.cells[0].estimate.interval == "0.0% to 97.5%"
    assert prompted.cells[0].standing == "not shown apart", "one example shows nothing"


@pytest.mark.parametrize(
    ("tuned", "prompted", "right", "wrong", "bad"),
    [
        (1.0, 0.0, 1, 0, 0),
        (0.0, 1.0, 0, 1, 1),
        (1.0, 1.0, 0, 0, 0),
        (0.0, 0.0, 0, 0, 1),
        (None, 1.0, 0, 1, 1),
        (1.0, None, 1, 0, 0),
        (None, None, 0, 0, 1),
        (0.5, 0.0, 0, 0, 1),
    ],
)
def test_one_example_stands_in_the_groups_that_it_belongs_to(
    tmp_path: Path, tuned: float | None, prompted: float | None, right: int, wrong: int, bad: int
) -> None:
    scores = {TUNED: {"exact_match": [tuned]}, PROMPTED: {"exact_match": [prompted]}}
    turned_wrong, turned_right, worst = load_run(write_small(tmp_path / "run", scores)).examples
    assert (turned_right.total, turned_wrong.total, worst.total) == (right, wrong, bad)


def test_where_every_answer_is_missing_the_estimate_is_the_worst_value(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "run", {TUNED: {"exact_match": [None] * 4}}, texts={TUNED: [None] * 4})
    view = load_run(folder)
    cell = view.comparison.dev[0].cells[0]
    assert cell is not None
    assert (cell.estimate.text, cell.estimate.interval, cell.estimate.missing) == ("0.0%", "0.0% to 100.0%", 4)
    assert {g.note for e in view.examples[-1].shown for g in e.difference.given} == {"no answer"}
    assert "no answer" in page(folder)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_metric_at_its_end_is_drawn_on_the_axis(tmp_path: Path, value: float) -> None:
    scores = {TUNED: {"exact_match": [value] * 30}, PROMPTED: {"exact_match": [1.0 - value] * 30}}
    for line in load_run(write_small(tmp_path / "run", scores)).comparison.dev:
        assert line.chart is not None
        assert line.chart.edge <= line.chart.low <= line.chart.at <= line.chart.high
        assert line.chart.high <= line.chart.width - line.chart.edge


@pytest.mark.parametrize("top", [1e-9, 1.0, 1e12])
def test_a_metric_of_any_size_is_written_without_an_exponent(tmp_path: Path, top: float) -> None:
    scores = {TUNED: {"tokens_in": [0.0, top / 3, top]}, PROMPTED: {"tokens_in": [top, top, top]}}
    folder = write_small(tmp_path / "run", scores, bounds=(0.0, top))
    said = page(folder)
    assert "e-" not in said.replace("baseline-", "").split("On dev: every metric")[1].split("Metrics by tag")[0]
    assert "inf" not in load_run(folder).figures[1].value


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf"), None])
def test_numbers_that_are_none_are_not_recorded(tmp_path: Path, broken: float | None) -> None:
    verdict = row(Measure([1.0] * 40) >= 0.8)
    for key in ("estimate", "low", "high", "p"):
        verdict["verdict"][key] = broken
    golden = golden_record(
        verdict,
        differences=[
            {
                "metric": "exact_match",
                "reference": PROMPTED,
                "estimate": broken,
                "low": broken,
                "high": broken,
                "n": broken,
            }
        ],
        measures=[{"subject": TUNED, "metric": "exact_match", "tag": None, "estimate": broken}],
    )
    folder = write_small(tmp_path / "run", ONE, golden=golden, run={"seconds": 3.0})
    view = load_run(folder)
    assert view.headline.words == "Ship: the one gate passes", "the verdict is the recorded one, numbers or none"
    assert (view.gates[0].estimate.text, view.gates[0].chart, view.gates[0].p) == ("not recorded", None, "not recorded")
    said = page(folder)
    assert "nan" not in said.lower()
    assert "No numbers were recorded for this gate." in said


def test_losses_that_are_no_numbers_are_left_out_of_the_curve(tmp_path: Path) -> None:
    log: list[dict[str, Any]] = [
        {"step": 1, "loss": 2.0},
        {"step": 2, "loss": float("nan")},
        {"step": 3, "loss": None},
        {"step": 4, "loss": 0.5},
    ]
    training = load_run(write_small(tmp_path / "run", ONE, log=log)).training
    assert training.loss is not None
    assert len(training.loss.curves[0].points.split()) == 2
    assert training.loss_words == "Attempt 1: loss 2 at step 1, 0.5 at step 4, lowest 0.5."


@pytest.mark.parametrize("log", [[], [{"step": 1, "loss": 2.0}], [{"step": 1}], [{}]])
def test_a_log_of_fewer_than_two_losses_is_no_curve(tmp_path: Path, log: list[dict[str, Any]]) -> None:
    folder = write_small(tmp_path / "run", ONE, log=log)
    assert load_run(folder).training.loss is None
    assert "The training log was not recorded." in page(folder)


def test_a_subject_that_lacks_the_leading_metric_is_listed_all_the_same(tmp_path: Path) -> None:
    scores: dict[str, dict[str, list[float | None]]] = {**ONE, "base+other": {"stop_rate": [1.0]}}
    folder = write_small(tmp_path / "run", scores)
    line = next(r for r in load_run(folder).comparison.dev if r.full == "base+other")
    assert line.cells == (None,)
    assert line.chart is None
    assert "not scored in this metric" in page(folder)


def test_only_the_tuned_model_on_dev_is_a_page_without_a_gain(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "run", {TUNED: {"exact_match": [1.0, 0.0]}}, run={"prompted": None})
    view = load_run(folder)
    assert [g.name for g in view.examples] == ["Worst answers"]
    assert view.figures[0].value == "not recorded"
    assert len(view.comparison.dev) == 1
    assert "not recorded" in page(folder)


def test_examples_with_and_without_tags_are_counted_once_a_tag(tmp_path: Path) -> None:
    scores = {TUNED: {"exact_match": [1.0, 0.0, 1.0]}, PROMPTED: {"exact_match": [0.0, 0.0, 0.0]}}
    folder = write_small(tmp_path / "run", scores, tags=[["a", "b"], ["a"], []])
    table = load_run(folder).comparison.tags
    assert table is not None
    assert [(r.tag, r.n, r.cells[0][0].text if r.cells[0][0] else "") for r in table.rows] == [
        ("a", "2", "50.0%"),
        ("b", "1", "100.0%"),
    ]


def test_a_gate_with_a_missing_answer_says_how_many(tmp_path: Path) -> None:
    verdict = Measure([1.0] * 49 + [None]) >= 0.8
    folder = write_small(tmp_path / "run", ONE, golden=golden_record(row(verdict)))
    assert load_run(folder).gates[0].estimate.missing == 1
    assert "50 (1 missing)" in page(folder)


def test_writing_a_report_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "run", ONE, golden=golden_record(row(Measure([1.0] * 40) >= 0.8)), tags=[["a"]])
    first = build_report(folder).read_bytes(), (folder / "summary.md").read_bytes()
    assert (build_report(folder).read_bytes(), (folder / "summary.md").read_bytes()) == first


def test_a_report_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "run", ONE, golden=golden_record(row(Measure([1.0] * 40) >= 0.8)), log=[])
    before = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    build_report(folder)
    after = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert {name: after[name] for name in before} == before
    assert {str(name) for name in set(after) - set(before)} == {"report.html", "summary.md"}
