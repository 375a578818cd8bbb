"""The overview: four columns whoever was compared, costs with and without a cache, and what was left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldgate.runs.caching import CachingFacts
from goldgate_reports import build_report
from goldgate_reports.beside import Beside
from goldgate_reports.caching import cost_ratio
from goldgate_reports.views import load_run

from .small import PROMPTED, TUNED, golden_record, write_small

LARGE = "openai:large@https://x.example/v1+zero_shot"
OTHER = "openai:other@https://x.example/v1+zero_shot"
MANY = 40
GOOD, BAD, FAIR = ([1.0] * k + [0.0] * (MANY - k) for k in (38, 10, 30))
Run = dict[str, Any]


def facts(prompt: float, shared: float | None, uncached: float, cached: float | None, priced: bool = False) -> Run:
    return {"prompt": prompt, "shared": shared, "least": 64, "uncached": uncached, "cached": cached, "priced": priced}


COSTS = {TUNED: facts(58, 10, 0.023, 0.023), PROMPTED: facts(888, 839, 0.107, 0.031)}


def overview(folder: Path, scores: dict[str, Any], run: Run, golden: Any = None) -> Any:
    values = {subject: {"exact_match": column} for subject, column in scores.items()}
    return load_run(write_small(folder, values, run=run, golden=golden)).overview


def column(found: Any, heading: str) -> Beside:
    return next(c for c in found.columns if c.heading == heading)


def test_there_are_always_four_columns_and_who_was_not_compared_is_said(tmp_path: Path) -> None:
    found = overview(tmp_path, {TUNED: GOOD, PROMPTED: BAD}, {"baselines": [PROMPTED], "caching": COSTS})
    assert [c.heading for c in found.columns] == ["tuned, small", "best prompt, small", "prompted, large", "linear"]
    tuned, small, large, linear = found.columns
    assert tuned.cells[0] == ("95.0%", "(83.1% to 99.4%)")
    assert [cell[0] for cell in small.cells] == ["25.0%", "0.107", "0.031", "not recorded"]
    assert small.cells[2][1] == "839 of 888 tokens shared"
    assert (large.cells, linear.cells) == ((), ())
    assert "not compared; name one in task.yaml" in large.absent
    assert "openai:MODEL@URL" in large.absent
    assert "only for closed labels" in linear.absent


def test_the_best_of_several_large_models_is_beside_the_best_small_prompt(tmp_path: Path) -> None:
    """`prompted` is then the large model, and the small one's best prompt is still there."""
    run: Run = {
        "baselines": [PROMPTED, "base+few_shot:4", OTHER, LARGE],
        "prompted": LARGE,
        "incumbent": OTHER,
        "linear": "linear",
        "latency": {LARGE: {"p50": 0.5, "p95": 0.9, "n": 12}},
    }
    scores = {TUNED: GOOD, PROMPTED: BAD, "base+few_shot:4": FAIR, OTHER: BAD, LARGE: FAIR, "linear": BAD}
    found = overview(tmp_path, scores, run)
    assert column(found, "best prompt, small").name == "base+few_shot:4"
    large = column(found, "prompted, large")
    assert (large.name, large.cells[-1]) == (LARGE, ("0.5 s", "95%: 0.9 s"))
    assert column(found, "linear").cells[0][0] == "25.0%"


def test_an_incumbent_on_another_model_is_the_large_one(tmp_path: Path) -> None:
    found = overview(tmp_path, {TUNED: GOOD, PROMPTED: BAD, LARGE: FAIR}, {"incumbent": LARGE})
    assert column(found, "prompted, large").name == LARGE
    assert column(found, "best prompt, small").name == PROMPTED


def test_an_incumbent_on_the_tasks_own_model_is_no_large_one(tmp_path: Path) -> None:
    run: Run = {"baselines": [PROMPTED], "incumbent": "base+few_shot:4"}
    found = overview(tmp_path, {TUNED: GOOD, PROMPTED: BAD, "base+few_shot:4": FAIR}, run)
    assert column(found, "prompted, large").cells == ()


@pytest.mark.parametrize(("measured", "split"), [((TUNED, PROMPTED), "golden"), ((TUNED,), "dev")])
def test_all_columns_are_of_one_split(tmp_path: Path, measured: tuple[str, ...], split: str) -> None:
    rows = [
        {"subject": s, "metric": "exact_match", "tag": None, "estimate": 0.5, "low": 0.4, "high": 0.6, "n": 200}
        for s in measured
    ]
    golden = golden_record(measures=rows) | {"subject": TUNED}
    found = overview(tmp_path, {TUNED: GOOD, PROMPTED: BAD}, {"baselines": [PROMPTED]}, golden)
    assert found.rows[0] == ("exact match", f"on {split}, 95% interval")
    wanted = ("50.0%", "50.0%") if split == "golden" else ("95.0%", "25.0%")
    assert tuple(c.cells[0][0] for c in found.columns[:2]) == wanted


def test_a_run_of_an_earlier_version_says_what_it_did_not_record(tmp_path: Path) -> None:
    found = overview(tmp_path, {TUNED: GOOD, PROMPTED: BAD}, {"prices": {"per_million_input": 1.0}})
    assert [name for name, _ in found.rows[1:]] == ["cost of 1,000", "latency"], "no price with a cache was recorded"
    assert found.note == ""


def test_a_subject_without_a_price_for_its_cache_is_shown_as_gates_count_it(tmp_path: Path) -> None:
    costs = {TUNED: facts(58, 10, 0.023, 0.023, True), PROMPTED: facts(888, 839, 0.107, 0.031)}
    found = overview(tmp_path, {TUNED: GOOD, PROMPTED: BAD}, {"baselines": [PROMPTED], "caching": costs})
    assert found.rows[2] == ("cost of 1,000", "on dev, with prompt caching")
    assert column(found, "best prompt, small").cells[2] == ("0.107", "caching not priced")
    assert "0.21 with prompt caching, 0.21 without" in found.note


def test_a_cost_that_is_unknown_with_a_cache_is_not_that_without(tmp_path: Path) -> None:
    costs = {TUNED: facts(58, 10, 0.023, 0.023, True), PROMPTED: facts(888, None, 0.107, None, True)}
    found = overview(tmp_path, {TUNED: GOOD, PROMPTED: BAD}, {"baselines": [PROMPTED], "caching": costs})
    assert column(found, "best prompt, small").cells[2] == ("unknown", "what is shared is not known")


def test_both_costs_are_on_the_page_and_in_the_summary(tmp_path: Path) -> None:
    values = {s: {"exact_match": c, "cost_per_1k": [0.1] * MANY} for s, c in ((TUNED, GOOD), (PROMPTED, BAD))}
    folder = write_small(tmp_path, values, run={"baselines": [PROMPTED], "caching": COSTS})
    build_report(folder)
    html, summary = ((folder / name).read_text("utf-8") for name in ("report.html", "summary.md"))
    for text in (html, summary):
        assert (
            "0.21; 0.74 if the shared 839 of 888 tokens were billed at a tenth (prompt caching is not priced)" in text
        )
        assert "with prompt caching, supposed at a tenth" in text
        assert "not compared" in text
        assert "at the token prices in task.yaml, without prompt caching, on dev" in text


RATIOS = [
    (None, facts(888, 839, 1.0, 0.3), ""),
    (facts(58, 10, 0.0, 0.0), facts(0, 0, 0.0, 0.0), ""),
    (facts(58, 10, 0.2, 0.2), facts(888, None, 1.0, None), "0.20; prompt caching is not priced, and how much of the"),
    (facts(58, 10, 0.2, 0.2), facts(888, 12, 1.0, 1.0), "0.20, with prompt caching too: the best prompting shares 12"),
    (facts(8, None, 0.2, 0.2), facts(9, None, 1.0, 1.0), "0.20, with prompt caching too: the prompts are too short"),
    (facts(58, 10, 0.2, 0.2), facts(888, 839, 1.0, 0.27), "0.20; 0.74 if the shared 839 of 888 tokens"),
    (facts(58, 10, 0.2, 0.2, True), facts(888, 839, 1.0, 0.25, True), "0.80 with prompt caching (839 of 888 prompt"),
    (facts(58, 10, 0.2, 0.2, True), facts(888, 839, 1.0, 0.25), "0.20 with prompt caching, 0.20 without"),
    (facts(58, 10, 0.2, None, True), facts(888, 839, 1.0, 0.25, True), "0.20 without prompt caching; unknown with it"),
]


@pytest.mark.parametrize(("mine", "theirs", "says"), RATIOS)
def test_the_ratio_of_costs_is_said_with_and_without_a_cache(mine: Any, theirs: Any, says: str) -> None:
    said = cost_ratio(*(None if f is None else CachingFacts(**f) for f in (mine, theirs)))
    assert says in said
    assert bool(said) == bool(says)
