"""The watchdog: it ends what has exploded, and lets alone what is only noisy."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate_trainers.lora.watchdog import Diverged, Watchdog


def end(losses: Sequence[float], steps: int | None = None) -> int | None:
    """The step at which the watchdog ends it; None where it does not."""
    dog = Watchdog(steps or len(losses))
    for step, loss in enumerate(losses, 1):
        try:
            dog.see(loss)
        except Diverged:
            return step
    return None


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_ends_it_at_once(loss: float) -> None:
    assert end([2.0, loss, 1.0]) == 2


def test_a_gradient_that_is_no_number_ends_it_too() -> None:
    with pytest.raises(Diverged, match="the gradient is not a number any more at step 1 of 9"):
        Watchdog(9).see(1.0, math.nan)


def test_a_loss_that_falls_and_then_explodes_is_ended_early() -> None:
    ended = end([2.0] * 40 + [8.0] * 60)
    assert ended is not None
    assert 40 < ended < 50


def test_a_loss_that_explodes_while_the_rate_rises_is_ended_too() -> None:
    assert end([2.0, 2.1, 2.2] + [9.0] * 97) == 12


def test_the_message_says_from_what_to_what_and_where() -> None:
    dog = Watchdog(40)
    for loss in [1.0] * 20 + [4.0] * 2:
        dog.see(loss)
    with pytest.raises(Diverged, match=r"the loss rose from 1 to 2\.1 at step 23 of 40"):
        dog.see(4.0)


def test_one_odd_batch_ends_nothing() -> None:
    assert end([0.01] * 50 + [2.5] + [0.01] * 49) is None


def test_losses_near_zero_may_multiply() -> None:
    assert end([0.01] * 50 + [0.3] * 50) is None


def test_a_first_batch_that_is_easy_by_chance_ends_nothing() -> None:
    assert end([0.1, 1.5, 0.8] + [1.5] * 97) is None


def test_a_training_shorter_than_the_window_ends_only_where_there_is_no_number() -> None:
    assert end([1.0, 50.0, 90.0, 80.0, 90.0]) is None


@given(st.integers(0, 2**32), st.floats(0.01, 4.0), st.integers(8, 300))
def test_noise_around_a_falling_loss_ends_nothing(seed: int, start: float, steps: int) -> None:
    draw = random.Random(seed)
    losses = [start * (1 - 0.8 * i / steps) * draw.uniform(0.6, 1.4) for i in range(steps)]
    assert end(losses) is None
