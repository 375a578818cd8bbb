"""The first screen: the gain, what an answer costs and takes, what the look was worth; each with what it lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldgate.measures import Measure
from goldgate_reports import RunView, build_report, load_run

from .small import PROMPTED, TUNED, golden_record, row, write_small

Scores = dict[str, dict[str, list[float | None]]]
MANY = 30
BETTER: Scores = {TUNED: {"exact_match": [1.0] * MANY}, PROMPTED: {"exact_match": [0.0] * MANY}}


def view(folder: Path, scores: Scores = BETTER, **more: Any) -> RunView:
    return load_run(write_small(folder / "run", scores, **more))


def difference(low: float, high: float, reference: str = PROMPTED) -> dict[str, Any]:
    return {
        "metric": "exact_match",
        "reference": reference,
        "estimate": (low + high) / 2,
        "low": low,
        "high": high,
        "n": 50,
    }


@pytest.mark.parametrize(
    ("low", "high", "note"),
    [
        (0.1, 0.3, "on golden, n = 50"),
        (-0.1, 0.3, "on golden, n = 50; the interval includes zero, so no gain is shown"),
        (-0.3, -0.1, "on golden, n = 50; worse than prompting alone"),
    ],
)
def test_a_gain_is_told_with_what_its_interval_says(tmp_path: Path, low: float, high: float, note: str) -> None:
    gain = view(tmp_path, golden=golden_record(differences=[difference(low, high)])).figures[0]
    assert gain.note == note
    assert gain.context.startswith("95% interval ")


def test_without_a_look_the_gain_is_devs_and_says_so(tmp_path: Path) -> None:
    made = view(tmp_path)
    assert (made.figures[0].value, made.figures[0].note) == ("+100.0 points", f"on dev, n = {MANY}")
    assert (
        f"On {MANY} dev examples, on which the attempt was chosen, the tuned model reaches 100.0% exact"
        in made.sentence
    )
    assert "Golden was not looked at" in made.look_words


def test_on_golden_the_sentence_speaks_of_golden(tmp_path: Path) -> None:
    measures = [
        {"subject": s, "metric": "exact_match", "tag": None, "estimate": e, "n": 50}
        for s, e in ((TUNED, 0.9), (PROMPTED, 0.6))
    ]
    made = view(tmp_path, golden=golden_record(differences=[difference(0.2, 0.4)], measures=measures))
    assert made.sentence == (
        "On 50 golden examples that training never saw, the tuned model reaches 90.0% exact match."
        f" The best prompting-only baseline ({PROMPTED}) reaches 60.0%."
    )


def test_a_model_that_is_worse_is_not_praised(tmp_path: Path) -> None:
    worse: Scores = {TUNED: BETTER[PROMPTED], PROMPTED: BETTER[TUNED]}
    gain = view(tmp_path, worse).figures[0]
    assert gain.value == "−100.0 points"
    assert "worse than prompting alone" in gain.note


def test_prices_go_before_tokens_and_say_how_many_times_as_much(tmp_path: Path) -> None:
    scores: Scores = {
        TUNED: {"exact_match": [1.0], "tokens_in": [100.0], "cost_per_1k": [0.02]},
        PROMPTED: {"exact_match": [0.0], "tokens_in": [900.0], "cost_per_1k": [0.16]},
    }
    cost = view(tmp_path, scores, bounds=(0.0, 1000.0)).figures[1]
    assert (cost.name, cost.value, cost.context) == ("Cost of 1,000 answers", "0.02", "prompting: 0.16 (8.0×)")


def test_without_prices_tokens_are_told(tmp_path: Path) -> None:
    scores: Scores = {
        TUNED: {"exact_match": [1.0], "tokens_in": [100.0]},
        PROMPTED: {"exact_match": [0.0], "tokens_in": [900.0]},
    }
    cost = view(tmp_path, scores, bounds=(0.0, 1000.0)).figures[1]
    assert (cost.name, cost.value, cost.note) == ("Input tokens per answer", "100", "task.yaml gives no prices, on dev")


def test_a_price_of_nothing_is_no_number_of_times(tmp_path: Path) -> None:
    scores: Scores = {
        TUNED: {"exact_match": [1.0], "cost_per_1k": [0.0]},
        PROMPTED: {"exact_match": [0.0], "cost_per_1k": [0.0]},
    }
    assert view(tmp_path, scores).figures[1].context == "prompting: 0"


def test_a_cost_without_the_baselines_says_so(tmp_path: Path) -> None:
    scores: Scores = {TUNED: {"exact_match": [1.0], "cost_per_1k": [0.5]}, PROMPTED: {"exact_match": [0.0]}}
    assert view(tmp_path, scores).figures[1].context == "the baseline's value was not recorded"


@pytest.mark.parametrize(
    ("latency", "value", "context", "note"),
    [
        (
            {TUNED: {"p50": 0.5, "p95": 1.5, "n": 20}, PROMPTED: {"p50": 2.0}},
            "0.5 s",
            "prompting: 2 s",
            "95th percentile 1.5 s, n = 20",
        ),
        ({TUNED: {"p50": 0.5}}, "0.5 s", "prompting: not recorded", ""),
        ({PROMPTED: {"p50": 2.0}}, "not recorded", "", ""),
        ({}, "not recorded", "", ""),
        (None, "not recorded", "", ""),
    ],
)
def test_latency_is_told_as_far_as_it_was_measured(
    tmp_path: Path, latency: Any, value: str, context: str, note: str
) -> None:
    figure = view(tmp_path, run={"latency": latency}).figures[2]
    assert (figure.value, figure.context, figure.note) == (value, context, note)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_the_error_of_a_promotion_is_the_same_at_every_look(tmp_path: Path, number: int) -> None:
    look = {"number": number, "level": 0.05 / 2**number, "spent": 0.05 - 0.05 / 2**number}
    words = view(tmp_path, golden=golden_record(row(Measure([1.0] * 50) >= 0.5), look=look)).look_words
    assert words.startswith(f"This was look {number} at this golden split (50 examples)")
    assert "wrong with a probability of at most 5%" in words
    assert (
        "This holds for this golden split and for the looks that this repository's ledger remembers, no others."
        in words
    )


def effect(**more: Any) -> dict[str, Any]:
    told = {"field": "layout", "clusters": 20, "largest": 12, "n": 240, "metric": "exact_match", "design": 3.2}
    return told | more


def test_passes_that_rest_on_clusters_are_on_the_first_screen(tmp_path: Path) -> None:
    gates = [f"m{i} >= 0.80" for i in range(5)]
    effects = [effect(lost=gates), effect(field="customer", design=None, metric="")]
    made = view(tmp_path, golden=golden_record(row(Measure([1.0] * 50) >= 0.5), effects=effects))
    assert made.population == (
        "5 gates pass only because examples that share a value of layout count one by one:"
        " m0 >= 0.80, m1 >= 0.80, m2 >= 0.80 and 2 more."
    )
    assert made.headline.tone == "ship", "the gates decide by declared groups"
    layout, customer = made.clusters
    assert (layout.design, layout.worth) == ("3.2 in exact match", "240 examples say as much as 75 independent ones")
    assert customer.design == "not known"
    assert "no verdict changes" in customer.said
    page = build_report(tmp_path / "run").read_text("utf-8")
    assert made.population.replace(">", "&gt;") in page
    assert 'id="independence"' in page


def test_declared_strata_are_what_the_verdict_is_about(tmp_path: Path) -> None:
    made = view(tmp_path, golden=golden_record(row(Measure([1.0] * 50) >= 0.5), effects=[effect(declared=True)]))
    assert made.population.startswith("The verdict is about new examples of the 20 values of layout in golden")
    assert made.clusters[0].said.startswith("declared as a stratum")


def test_without_effects_nothing_is_said_of_independence(tmp_path: Path) -> None:
    made = view(tmp_path, golden=golden_record(row(Measure([1.0] * 50) >= 0.5)))
    assert (made.population, made.clusters) == ("", ())
    assert 'id="independence"' not in build_report(tmp_path / "run").read_text("utf-8")


def test_an_opened_golden_carries_no_error_rate(tmp_path: Path) -> None:
    made = view(tmp_path, golden=golden_record(row(Measure([1.0] * 50) >= 0.5), opened=True))
    assert "has no error rate until golden is refreshed" in made.look_words
    assert "wrong with a probability" not in made.look_words
    assert made.headline.tone == "open"


@pytest.mark.parametrize("look", [None, {}, {"number": 1}, {"level": 0.025}])
def test_a_look_without_number_or_level_promises_nothing(tmp_path: Path, look: Any) -> None:
    made = view(tmp_path, golden=golden_record(look=look))
    assert made.look_words == "The look's number and level were not recorded."


@pytest.mark.parametrize(
    ("tuned", "linear", "said"),
    [
        (1.0, 0.0, "The tuned model beats the linear model: "),
        (0.0, 1.0, "The linear model wins: "),
        (1.0, 1.0, "Neither the tuned nor the linear model is shown to win: "),
    ],
)
def test_who_wins_against_a_linear_model_is_said_plainly(
    tmp_path: Path, tuned: float, linear: float, said: str
) -> None:
    scores: Scores = {TUNED: {"exact_match": [tuned] * MANY}, "linear": {"exact_match": [linear] * MANY}}
    assert view(tmp_path, scores, run={"linear": "linear"}).linear.startswith(said)


def test_where_no_linear_model_was_asked_nothing_is_said_of_one(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "run", BETTER)
    build_report(folder)
    assert load_run(folder).linear == ""
    assert "linear model" not in (folder / "summary.md").read_text("utf-8")


def test_a_run_is_dated_by_its_end_or_else_by_its_start(tmp_path: Path) -> None:
    run = {"started": "2026-11-23T23:59:00+00:00", "finished": "2026-11-24T00:10:00+00:00"}
    assert view(tmp_path / "a", run=run).date == "2026-11-24"
    assert view(tmp_path / "b", run={"started": run["started"]}).date == "2026-11-23"
    assert view(tmp_path / "c").date == ""


def test_a_run_without_a_name_is_called_by_its_folder(tmp_path: Path) -> None:
    made = view(tmp_path / "small", run={"id": None, "task": None})
    assert (made.task, made.run) == ("small", "run")
