"""What a subject's tokens cost: who is asked first, and what two prices do to a paired difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.ledger import suite_digest
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context, Tariff, scorer_versions, scorers_for, tariff_of
from goldgate.subjects import Answer
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Prices, Task

TODAY = date(2026, 11, 25)
OPENAI = "openai:gpt-4o-mini@https://api.openai.com/v1"
ALL = {"per_million_input": 1.0, "per_million_output": 2.0}
Priced = Callable[..., Task]


@pytest.fixture
def priced(make_task: Callable[..., tuple[Project, Task]]) -> Priced:
    """priced(openai={..}) is a task with one price for all, and one for each subject that is given."""

    def make(subjects: dict[str, Any] | None = None) -> Task:
        prices = {**ALL, **({} if subjects is None else {"subjects": subjects})}
        return make_task({"kind": "text", "prices": prices})[1]

    return make


def of(task: Task, name: str, recorded: Tariff | None = None) -> tuple[float, float]:
    tariff = tariff_of(task, name, TODAY, recorded)
    assert tariff is not None
    return tariff.per_million_input, tariff.per_million_output


def test_one_price_for_all_is_what_it_was(priced: Priced) -> None:
    """Its dump is part of suite digests that are committed."""
    prices = priced().prices
    assert prices is not None
    assert prices.model_dump() == prices.model_dump(mode="json") == ALL
    for name in ("base+zero_shot", "adapter:a", "linear", "openai:m@http://localhost:1/v1+zero_shot"):
        assert of(priced(), name) == (1.0, 2.0)


def test_another_price_of_a_subject_is_another_suite(priced: Priced) -> None:
    digests = [
        suite_digest(task, scorer_versions(task))
        for task in (priced(), priced({"base+zero_shot": {"per_million_input": 3}}))
    ]
    assert digests[0] != digests[1]


def test_what_the_machine_costs_changes_no_suite(make_task: Callable[..., tuple[Project, Task]]) -> None:
    made: list[str] = []
    for prices in (None, ALL):
        for hour in ({}, {"machine_hour": 1.5}):
            whole = {**(prices or {}), **hour}
            task = make_task({"kind": "text", **({"prices": whole} if whole else {})})[1]
            made.append(suite_digest(task, scorer_versions(task)))
    assert made[0] == made[1] != made[2] == made[3]


def test_a_price_of_the_machine_alone_makes_no_answer_free(make_task: Callable[..., tuple[Project, Task]]) -> None:
    task = make_task({"kind": "text", "prices": {"machine_hour": 1.5}})[1]
    assert "cost_per_1k" not in scorers_for(task)


def test_task_yaml_is_asked_first_for_the_subject_then_for_its_endpoint(priced: Priced) -> None:
    dear, free = {"per_million_input": 9.0, "per_million_output": 9.5}, {"per_million_input": 0}
    task = priced({OPENAI: dear, f"{OPENAI}+nearest:4": free, "adapter:a": free})
    assert of(task, f"{OPENAI}+zero_shot+constrained") == (9.0, 9.5)
    assert of(task, f"{OPENAI}+nearest:4") == (0.0, 0.0)
    assert of(task, "adapter:a") == (0.0, 0.0)
    assert of(task, "base+zero_shot") == (1.0, 2.0)
    assert of(task, f"{OPENAI}+zero_shot", Tariff(5.0, 5.0, "then")) == (9.0, 9.5)


def test_a_known_vendors_price_says_source_and_date(priced: Priced) -> None:
    tariff = tariff_of(priced(), f"{OPENAI}+zero_shot", TODAY)
    assert tariff is not None
    assert 0 < tariff.per_million_input < tariff.per_million_output
    assert tariff.listed
    assert "genai-prices" in str(tariff)
    assert "US dollars, as of 2026-11-25" in str(tariff)


def test_what_was_found_at_promotion_outlives_the_list(priced: Priced) -> None:
    assert of(priced(), f"{OPENAI}+zero_shot", Tariff(0.5, 0.7, "then")) == (0.5, 0.7)


@pytest.mark.parametrize(
    "name",
    [
        "openai:gpt-4o-mini@http://localhost:1/v1+zero_shot",
        "openai:gpt-4o-mini@https://x.example/v1+zero_shot",
        "openai:no-such@https://api.openai.com/v1+zero_shot",
    ],
)
def test_an_unknown_endpoint_costs_what_task_yaml_gives_for_all(priced: Priced, name: str) -> None:
    tariff = tariff_of(priced(), name, TODAY)
    assert tariff is not None
    assert (tariff.per_million_input, tariff.own) == (1.0, False)


def test_a_price_of_what_is_no_subject_is_an_error(priced: Priced) -> None:
    with pytest.raises(UserError, match=r'"bse.zero_shot" is not the name of a subject') as caught:
        of(priced({"bse+zero_shot": {}}), "base+zero_shot")
    assert "base+zero_shot" in caught.value.hint


@pytest.mark.parametrize(
    "row",
    [
        [],
        {},
        {"per_million_input": "1", "per_million_output": 1.0, "source": "x"},
        {"per_million_input": -1.0, "per_million_output": 1.0, "source": "x"},
        {"per_million_input": float("nan"), "per_million_output": 1.0, "source": "x"},
        {"per_million_input": 1.0, "per_million_output": float("inf"), "source": "x"},
    ],
)
def test_a_record_that_is_no_tariff_is_an_error(row: Any) -> None:
    with pytest.raises(UserError):
        Tariff.read(row, "champion.json")


def test_costs_at_two_prices_are_compared_in_the_range_of_both(priced: Priced) -> None:
    task = replace(priced(), decoding=priced().decoding.model_copy(update={"max_prompt_tokens": 100}))
    split = Split("dev", tuple(Example(f"e{i}", f"text {i}", "yes") for i in range(50)))
    answers = {e.id: Answer(e.id, "yes", "stop", 100, 12, 0.0, None, "i", "f", e.digest) for e in split}

    def cost(tariff: Tariff | None) -> Any:
        return Scored("candidate", ScoreTable(Context(task, Path("/none"), tariff=tariff), split, answers)).cost_per_1k

    cheap, dear = cost(None), cost(Tariff(10.0, 20.0, "dear"))
    assert (cheap.value, dear.value) == pytest.approx((0.124, 1.24))
    assert (cheap.bounds[1], dear.bounds[1]) == pytest.approx((0.124, 1.24))
    gap = 0.5 * dear - cheap
    assert gap.bounds == pytest.approx((-0.124, 0.62))
    assert gap.value == pytest.approx(0.496)
    assert cheap <= 0.5 * dear
    assert not dear <= 0.5 * cheap


def test_no_prices_no_tariff(make_task: Callable[..., tuple[Project, Task]]) -> None:
    assert tariff_of(make_task({"kind": "text"})[1], "base+zero_shot", TODAY) is None


def test_importing_prices_loads_no_price_list() -> None:
    import subprocess
    import sys

    code = "import goldgate.scorers, sys; print([m for m in sys.modules if m.startswith('genai_prices')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
    assert Prices().model_dump() == {"per_million_input": 0.0, "per_million_output": 0.0}
