"""What a run may spend: time or money, whichever ends first, and how many looks."""

from __future__ import annotations

import pytest

from goldgate.base.errors import UserError
from goldgate_trainers.loop.budget import Budget


def test_money_ends_a_run_before_its_time_where_it_pays_for_less() -> None:
    budget = Budget(3, minutes=60, money=1.0).at_price(2.0)
    assert (budget.seconds, budget.scarce) == (1800, "money")
    assert Budget(3, minutes=10, money=1.0).at_price(2.0).scarce == "time"
    assert Budget(3, minutes=10).seconds == 600


def test_money_without_a_price_is_refused_with_the_key_to_write() -> None:
    with pytest.raises(UserError, match="machine_hour"):
        Budget(3, 60, money=1.0).at_price(None)
    assert Budget(3, 60).at_price(None) == Budget(3, 60)


@pytest.mark.parametrize(
    "spent",
    [
        {"minutes": 0.0},
        {"minutes": 1.0, "money": 0.0},
        {"minutes": float("nan")},
        {"minutes": 1.0, "money": float("nan")},
    ],
)
def test_a_budget_of_nothing_is_refused(spent: dict[str, float]) -> None:
    with pytest.raises(UserError, match="give it more than 0"):
        Budget(1, **spent)  # type: ignore[arg-type]


def test_one_look_an_attempt_unless_it_is_told_otherwise() -> None:
    assert [Budget(4, 60, looks).most_looks for looks in (None, 0, 2)] == [4, 0, 2]


def test_what_a_time_costs_is_known_only_where_the_machine_has_a_price() -> None:
    assert Budget(1, 60).cost(3600) is None
    assert Budget(1, 60).at_price(1.5).cost(1800) == 0.75
