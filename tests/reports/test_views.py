"""What a run folder says: verdict in words, who is who, which examples turned, what was not recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from goldgate.base.errors import UserError
from goldgate.runs.golden import GoldenRecord
from goldgate_reports import RunView, load_run
from goldgate_reports.gates import Gate, Headline, golden_gates, headline, look_of
from goldgate_reports.records import read_records


def changed(source: Path, target: Path, file: str, change: Callable[[Any], Any]) -> Path:
    """A copy of a run folder with one JSON file changed."""
    shutil.copytree(source, target)
    value = json.loads((target / file).read_text("utf-8"))
    changed_value = change(value)
    (target / file).write_text(json.dumps(value if changed_value is None else changed_value), "utf-8")
    return target


def with_outcomes(source: Path, target: Path, *outcomes: str) -> tuple[Headline, tuple[Gate, ...]]:
    """The verdict and the gates of the passed run, its first gates given other outcomes."""

    def change(golden: dict[str, Any]) -> None:
        for row, outcome in zip(golden["verdicts"], outcomes, strict=False):
            row["verdict"]["outcome"] = outcome

    records = read_records(changed(source, target, "golden.json", change))
    gates = golden_gates(records)
    return headline(gates, look_of(records.golden or GoldenRecord()), (), "passed"), gates


def test_all_gates_pass_reads_ship(passed_view: RunView) -> None:
    assert passed_view.headline.tone == "ship"
    assert passed_view.headline.words == "Ship: all 11 gates pass"
    assert passed_view.headline.reasons == ()


@pytest.mark.parametrize(
    ("outcomes", "tone", "words"),
    [
        (("fail",), "stop", "Do not ship: 1 of 11 gates fails"),
        (("fail", "fail", "undecided"), "stop", "Do not ship: 2 of 11 gates fail, 1 is undecided"),
        (("invalid", "undecided", "undecided"), "stop", "Do not ship: 1 of 11 gates is invalid, 2 are undecided"),
        (("undecided",), "open", "Not shown yet: 1 of 11 gates is undecided"),
    ],
)
def test_the_verdict_in_words(
    passed_run: Path, tmp_path: Path, outcomes: tuple[str, ...], tone: str, words: str
) -> None:
    said, _ = with_outcomes(passed_run, tmp_path / "run", *outcomes)
    assert (said.tone, said.words) == (tone, words)
    assert len(said.reasons) == len(outcomes)


def test_no_gate_is_no_pass(passed_run: Path, tmp_path: Path) -> None:
    view = load_run(changed(passed_run, tmp_path / "run", "golden.json", lambda g: {**g, "verdicts": []}))
    assert view.headline.words == "Do not ship: no gate was recorded"


def test_an_opened_golden_ships_nothing(passed_run: Path, tmp_path: Path) -> None:
    view = load_run(changed(passed_run, tmp_path / "run", "golden.json", lambda g: {**g, "opened": True}))
    assert view.headline.tone == "open"
    assert view.headline.words.startswith("Opened: all 11 gates pass")
    assert {g.carries for g in view.gates} == {"opened: golden's examples were shown, so no error rate holds"}


def test_invalid_gates_show_no_numbers(passed_run: Path, tmp_path: Path) -> None:
    _, (gate, *_rest) = with_outcomes(passed_run, tmp_path / "run", "invalid")
    assert gate.chart is None
    assert gate.estimate.text == "not recorded"


def test_a_sealed_golden_is_reported_by_verdicts_alone(passed_run: Path, tmp_path: Path) -> None:
    def seal(golden: dict[str, Any]) -> None:
        for row in golden["verdicts"]:
            row["verdict"] |= {**dict.fromkeys(("estimate", "low", "high", "p")), "sealed": True}
        golden["measures"], golden["differences"] = [], []

    view = load_run(changed(passed_run, tmp_path / "run", "golden.json", seal))
    assert view.headline.words == "Ship: all 11 gates pass"
    assert {g.estimate.text for g in view.gates} == {"not recorded"}
    assert view.figures[0].note == "on dev, n = 60"


def test_gates_carry_their_look_level_and_reach(passed_view: RunView) -> None:
    accuracy = next(g for g in passed_view.gates if g.title == "Accuracy")
    assert (accuracy.reading, accuracy.tested) == ("shown", "look 2, level 0.0125")
    assert accuracy.dev.endswith("%")
    shown = [g for g in passed_view.gates if g.reading == "shown"]
    assert all(g.carries.startswith("passes up to look ") for g in shown)
    assert all(g.carries in g.message for g in shown)  # the gate's own words and the report agree
    assert "rests on 11 gates: 4 shown" in passed_view.headline.rests_on
    assert "6 plausible" in passed_view.headline.rests_on


def test_the_gain_is_golden_and_has_an_interval(passed_view: RunView) -> None:
    gain, cost, latency = passed_view.figures
    assert gain.name == "Gain in exact match over the best prompting"
    assert gain.value.startswith("+")
    assert gain.context.startswith("95% interval +")
    assert gain.note == "on golden, n = 200"
    assert cost.context.startswith("prompting: 0.16")
    assert (latency.value, latency.context) == ("0.74 s", "prompting: 1.6 s")


def test_a_better_linear_model_is_said_to_win(beaten_run: Path) -> None:
    view = load_run(beaten_run)
    assert view.linear.startswith("The linear model wins: ")
    assert "tuned minus linear −" in view.linear


def test_a_worse_linear_model_is_said_to_lose(beaten_run: Path, tmp_path: Path) -> None:
    def swap(golden: dict[str, Any]) -> None:
        for row in golden["differences"]:
            row["estimate"], row["low"], row["high"] = -row["estimate"], -row["high"], -row["low"]

    view = load_run(changed(beaten_run, tmp_path / "run", "golden.json", swap))
    assert view.linear.startswith("The tuned model beats the linear model: ")


def test_neither_is_said_to_win_where_the_interval_holds_zero(beaten_run: Path, tmp_path: Path) -> None:
    def widen(golden: dict[str, Any]) -> None:
        for row in golden["differences"]:
            row["low"], row["high"] = -0.1, 0.1

    view = load_run(changed(beaten_run, tmp_path / "run", "golden.json", widen))
    assert view.linear.startswith("Neither the tuned nor the linear model is shown to win: ")


def test_turned_examples_are_those_of_the_scores(passed_view: RunView, passed_run: Path) -> None:
    scores = pd.read_parquet(passed_run / "scores.parquet")
    exact = scores[scores.metric == "exact_match"].pivot(index="id", columns="subject", values="value")
    tuned, prompted = exact[next(c for c in exact if "attempts/2" in c)], exact["base+few_shot:4"]
    wrong, right, worst = passed_view.examples
    assert wrong.total == int(((tuned == 0) & (prompted == 1)).sum())
    assert right.total == int(((tuned == 1) & (prompted == 0)).sum())
    assert worst.total == int((tuned == 0).sum())
    assert len(right.shown) == 20
    assert {e.id for e in worst.shown} == set(tuned.index[tuned == 0])


def test_golden_turned_counts_stand_beside_their_metric(passed_view: RunView) -> None:
    turned = {row.metric: row.turned for row in passed_view.comparison.golden}
    assert turned["exact match"] == (169, 1, "below 0.0001")
    assert turned["json valid"] is None


def test_every_subject_is_compared_and_tuned_comes_first(passed_view: RunView) -> None:
    rows = passed_view.comparison.dev
    assert [r.name for r in rows[:2]] == ["tuned", "base+few_shot:4"]
    assert "attempt 1" in [r.name for r in rows]
    lead = passed_view.comparison.lead
    ahead = [row.cells[lead].ahead for row in rows if row.cells[lead] is not None]  # type: ignore[union-attr]
    assert ahead[0] is None
    assert all(a is not None and a.n == 60 for a in ahead[1:])


def test_lower_cost_reads_as_better(passed_view: RunView) -> None:
    cost = next(r for r in passed_view.comparison.golden if r.metric == "cost per 1k")
    assert cost.ahead.value is not None
    assert cost.ahead.value < 0
    assert cost.standing == "better"


def test_tags_come_from_golden_or_else_from_dev(passed_view: RunView, unlooked_view: RunView) -> None:
    assert passed_view.comparison.tags is not None
    assert passed_view.comparison.tags.split == "golden"
    table = unlooked_view.comparison.tags
    assert table is not None
    assert table.split == "dev"
    assert [r.tag for r in table.rows] == sorted(r.tag for r in passed_view.comparison.tags.rows)
    assert all(int(r.n) > 0 for r in table.rows)


def test_the_chance_stands_beside_what_happened(passed_view: RunView, unlooked_view: RunView) -> None:
    assert "as 0.81; the outcome was: Ship" in passed_view.training.chance
    assert "optimistic" in passed_view.training.chance
    assert "no look was taken" in unlooked_view.training.chance


def test_attempts_stand_side_by_side(passed_view: RunView) -> None:
    recipe = {name: (cells, differs) for name, cells, differs in passed_view.training.recipe.rows}
    assert recipe["learning rate"] == (("0.0005", "0.001"), True)
    assert recipe["rank"] == (("16", "16"), False)
    assert passed_view.training.loss is not None
    assert len(passed_view.training.loss.curves) == 2


def test_a_bare_record_is_not_recorded_rather_than_an_error(unlooked_run: Path, tmp_path: Path) -> None:
    run = changed(unlooked_run, tmp_path / "run", "run.json", lambda r: {"task": "invoices", "attempts": r["attempts"]})
    view = load_run(run)
    assert view.figures[2].value == "not recorded"
    assert ("splits", "not recorded") in view.facts[0].rows
    assert view.steps == ()


def test_a_run_without_attempts_has_nothing_tuned(unlooked_run: Path, tmp_path: Path) -> None:
    run = changed(unlooked_run, tmp_path / "run", "run.json", lambda r: {**r, "attempts": [], "best": None})
    view = load_run(run)
    assert view.sentence.startswith("What prompting alone achieves was not recorded")
    assert view.examples == ()
    assert view.training.attempts == ()


@pytest.mark.parametrize("file", ["run.json", "scores.parquet", "answers.parquet"])
def test_a_missing_file_is_named(unlooked_run: Path, tmp_path: Path, file: str) -> None:
    shutil.copytree(unlooked_run, tmp_path / "run")
    (tmp_path / "run" / file).unlink()
    with pytest.raises(UserError, match=file.replace(".", r"\.")):
        load_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("run.json", "{", r"run\.json, line 1"),
        ("run.json", "[]", r"run\.json"),
        ("run.json", '{"attempts": 3}', r'run\.json, field "attempts"'),
        ("run.json", '{"attempts": [{}]}', r'field "attempts\.k"'),
        ("golden.json", '{"verdicts": [{"item": "a"}]}', r"golden\.json"),
        ("golden.json", '{"verdicts": [{"item": "a", "verdict": {"outcome": "great"}}]}', r'golden\.json, gate "a"'),
        ("golden.json", '{"measures": {}, "verdicts": []}', r'golden\.json, field "measures"'),
        ("attempts/2/log.json", "{}", r"log\.json"),
    ],
)
def test_a_broken_file_is_named(unlooked_run: Path, tmp_path: Path, file: str, text: str, said: str) -> None:
    shutil.copytree(unlooked_run, tmp_path / "run")
    (tmp_path / "run" / file).write_text(text, "utf-8")
    with pytest.raises(UserError, match=said):
        load_run(tmp_path / "run")


def test_a_missing_column_is_named(unlooked_run: Path, tmp_path: Path) -> None:
    shutil.copytree(unlooked_run, tmp_path / "run")
    path = tmp_path / "run" / "scores.parquet"
    pd.read_parquet(path).drop(columns="lo").to_parquet(path)
    with pytest.raises(UserError, match=r'"lo" is missing'):
        load_run(tmp_path / "run")


def test_missing_answers_count_as_not_right(unlooked_run: Path, tmp_path: Path) -> None:
    shutil.copytree(unlooked_run, tmp_path / "run")
    scores = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    answers = pd.read_parquet(tmp_path / "run" / "answers.parquet")
    ours = scores.subject.str.contains("attempts/2") & (scores.id == "inv-d001")
    scores.loc[ours, "value"] = None
    scores.to_parquet(tmp_path / "run" / "scores.parquet")
    answers.loc[answers.subject.str.contains("attempts/2") & (answers.id == "inv-d001"), "text"] = None
    answers.to_parquet(tmp_path / "run" / "answers.parquet")
    worst = load_run(tmp_path / "run").examples[-1]
    assert worst.shown[0].id == "inv-d001"
    assert worst.shown[0].difference.given[0].note == "no answer"
