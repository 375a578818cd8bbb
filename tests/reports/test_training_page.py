"""The training part of a report: attempts side by side, time, loss in words, and what the run depended on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate_reports.gates import Headline
from goldgate_reports.records import Records
from goldgate_reports.training import Sheet, facts_of, steps_of, training_of

from .small import attempt_of, golden_of, run_of

SHIP = Headline("ship", "Ship: all 3 gates pass", "", ())


def records(
    attempts: Sequence[Mapping[str, Any]] = (),
    logs: Sequence[Sequence[Mapping[str, Any]]] = (),
    golden: Mapping[str, Any] | None = None,
    **run: Any,
) -> Records:
    made = tuple(
        attempt_of({"k": k, **record}, logs[k - 1] if k <= len(logs) else ()) for k, record in enumerate(attempts, 1)
    )
    return Records(run_of(run), golden_of(golden), {}, {}, {}, made)


def cells(sheet: Sheet, name: str) -> tuple[str, ...]:
    return next(found for row, found, _ in sheet.rows if row == name)


def fact(data: Records, name: str) -> str:
    return next(value for facts in facts_of(data) for key, value in facts.rows if key == name)


def test_an_attempt_that_records_nothing_is_shown_as_not_recorded() -> None:
    training = training_of(records([{}]), SHIP)
    for name in ("why", "time", "steps", "tokens per second", "gates missed on dev", "chance of passing golden"):
        assert cells(training.summary, name) == ("not recorded",)
    assert training.recipe.rows == ()
    assert training.loss is None
    assert training.chance == ""


def test_every_row_has_a_cell_for_every_attempt() -> None:
    attempts = [{"recipe": {"rank": 8}, "dev": {"exact_match": 0.5}}, {}, {"recipe": {"alpha": 16}, "dev": {"f1": 0.1}}]
    training = training_of(records(attempts), SHIP)
    for sheet in (training.summary, training.recipe):
        assert {len(found) for _, found, _ in sheet.rows} == {3}
    assert cells(training.summary, "dev: exact match") == ("50.0%", "not recorded", "not recorded")
    assert cells(training.recipe, "rank") == ("8", "not recorded", "not recorded")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0005, "0.0005"),
        (1e-5, "1e-05"),
        (16, "16"),
        (True, "yes"),
        (False, "no"),
        (None, "none"),
        ("pruned", "pruned"),
        (["a", 1, None], "a, 1, none"),
        ([], ""),
    ],
)
def test_settings_of_a_recipe_are_written_as_people_do(value: Any, text: str) -> None:
    training = training_of(records([{"recipe": {"some_key": value}}]), SHIP)
    assert cells(training.recipe, "some key") == (text,)


def test_settings_within_settings_are_named_by_their_path() -> None:
    training = training_of(records([{"recipe": {"lora": {"rank": 8, "on": {"mlp": True}}}}]), SHIP)
    assert cells(training.recipe, "lora.rank") == ("8",)
    assert cells(training.recipe, "lora.on.mlp") == ("yes",)


def test_settings_that_changed_between_attempts_are_marked() -> None:
    training = training_of(records([{"recipe": {"a": 1, "b": 2}}, {"recipe": {"a": 1, "b": 3}}]), SHIP)
    assert {name: differs for name, _, differs in training.recipe.rows} == {"a": False, "b": True}


@pytest.mark.parametrize(
    ("failing", "text"), [([], "none"), (["a >= 0.9"], "a >= 0.9"), (["a", "b"], "a; b"), (None, "not recorded")]
)
def test_gates_missed_on_dev_are_named(failing: list[str] | None, text: str) -> None:
    assert cells(training_of(records([{"failing": failing}]), SHIP).summary, "gates missed on dev") == (text,)


@given(st.lists(st.floats(1e-3, 50.0), min_size=2, max_size=30))
def test_the_words_under_the_curve_name_first_last_and_lowest(losses: list[float]) -> None:
    log = [{"step": i, "loss": loss} for i, loss in enumerate(losses, 1)]
    words = training_of(records([{}], [log]), SHIP).loss_words
    numbers = [float(n.rstrip(".,").replace(",", "")) for n in words.split() if n[0].isdigit() and not n.endswith(":")]
    first, one, last, many, least = numbers
    assert (one, many) == (1, len(losses))
    assert least == pytest.approx(min(losses), rel=0.006)
    assert first == pytest.approx(losses[0], rel=0.006)
    assert last == pytest.approx(losses[-1], rel=0.006)
    assert least <= min(first, last)


def test_speed_is_the_mean_and_steps_are_the_last_rows() -> None:
    log = [{"step": 1, "tokens_per_second": 100.0}, {"step": 2, "tokens_per_second": 200.0}, {"step": 3}]
    training = training_of(records([{}], [log]), SHIP)
    assert cells(training.summary, "tokens per second") == ("150",)
    assert cells(training.summary, "steps") == ("3",)


def test_the_chosen_attempt_is_the_strong_curve() -> None:
    log = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}]
    training = training_of(records([{}, {}], [log, log], best=1), SHIP)
    assert training.loss is not None
    assert {c.name: c.main for c in training.loss.curves} == {"attempt 1": True, "attempt 2": False}
    assert training.best == 1


@pytest.mark.parametrize("golden", [None, {"verdicts": []}])
def test_the_chance_of_the_run_goes_before_the_attempts(golden: dict[str, Any] | None) -> None:
    said = training_of(records([{"chance": 0.2}], golden=golden, chance=0.7), SHIP).chance
    assert "estimated from dev as 0.70" in said
    assert ("no look was taken" in said) == (golden is None)
    assert ("the outcome was: Ship" in said) == (golden is not None)


def test_the_chance_of_the_best_attempt_is_told_where_the_run_has_none() -> None:
    assert "estimated from dev as 0.20" in training_of(records([{"chance": 0.2}]), SHIP).chance


@given(st.lists(st.one_of(st.none(), st.floats(0.0, 1e5)), max_size=8))
def test_the_shares_of_time_add_up_to_one(seconds: list[float | None]) -> None:
    steps = steps_of(run_of({"steps": [{"name": f"s{i}", "seconds": s} for i, s in enumerate(seconds)]}))
    assert [s.name for s in steps] == [f"s{i}" for i in range(len(seconds))]
    total = sum(s or 0.0 for s in seconds)
    assert sum(s.share for s in steps) == pytest.approx(1.0 if total else 0.0)
    assert all(0.0 <= s.share <= 1.0 for s in steps)


@pytest.mark.parametrize("steps", [None, []])
def test_without_steps_there_is_no_time_to_show(steps: Any) -> None:
    assert steps_of(run_of({"steps": steps})) == ()


def test_a_run_that_depends_on_nothing_known_says_so_everywhere() -> None:
    data = records()
    for facts in facts_of(data):
        assert {value for _, value in facts.rows} == {"not recorded"}


def test_splits_are_counted_and_fingerprinted() -> None:
    data = records(
        data={"train": {"count": 1200, "fingerprint": "ab"}, "dev": {"count": 1, "fingerprint": "cd"}},
        golden={"split": {"count": 50, "fingerprint": "ef"}},
    )
    assert fact(data, "train") == "1,200 examples, fingerprint ab"
    assert fact(data, "dev") == "1 example, fingerprint cd"
    assert fact(data, "golden") == "50 examples, fingerprint ef"


def test_why_a_run_ended_goes_before_its_status() -> None:
    assert fact(records(status="failed", reason="the time is used up"), "ended because") == "the time is used up"
    assert fact(records(status="failed"), "ended because") == "failed"


def test_machine_and_budget_are_listed_in_words() -> None:
    data = records(machine={"cores": 2, "memory_gb": 15.6}, budget={"minutes": 20})
    assert fact(data, "machine") == "cores 2, memory gb 15.6"
    trained = records(conditions={"machine": {"device": "cpu", "threads": 2}})
    assert fact(trained, "trained on") == "device cpu, threads 2"
    assert fact(data, "budget") == "minutes 20"


def test_a_seed_of_zero_is_a_seed() -> None:
    assert fact(records(seed=0), "seed") == "0"


@pytest.mark.parametrize(
    ("run", "field"),
    [
        ({"machine": 3}, "machine"),
        ({"budget": "20"}, "budget"),
        ({"versions": []}, "versions"),
        ({"data": 1}, "data"),
        ({"model": "smollm2"}, "model"),
        ({"conditions": 3}, "conditions"),
        ({"prices": [1]}, "prices"),
        ({"seconds": "long"}, "seconds"),
    ],
)
def test_a_fact_of_another_type_names_its_field(run: dict[str, Any], field: str) -> None:
    with pytest.raises(UserError, match=f'field "{field}"'):
        facts_of(records(**run))
