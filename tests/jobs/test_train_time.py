"""`goldgate train --minutes`: what an attempt hears of its time, and what the run says when it did not suffice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.jobs import training
from goldgate_trainers import TimeLimit, TrainingResult
from goldgate_trainers.lora.time_up import TimeUp

from .school import School, record

Typed = Callable[..., tuple[int, str, str]]
UP = TimeUp(16, 16, 40, {"epochs": 2})


@pytest.fixture
def late(school: Callable[..., School], monkeypatch: pytest.MonkeyPatch) -> list[TimeLimit]:
    """The limits of the attempts, of which the first is stopped by its own."""
    made, limits = school((20, 50), (20, 50)), []

    def train(*arguments: Any) -> TrainingResult:
        *_, limit, say = arguments
        limits.append(limit)
        say("this attempt takes about 25 min")
        return replace(made(*arguments), time_up=UP if len(limits) == 1 else None)

    monkeypatch.setattr(training, "train_adapter", train)
    return limits


def test_an_attempt_hears_what_is_left_with_time_reserved_to_judge_it(
    typed: Typed, counts: Any, late: list[TimeLimit]
) -> None:
    _, _, err = typed("train", "counts", "--attempts", "1", "--looks", "0", "--minutes", "5")
    (limit,) = late
    assert limit.judging == pytest.approx(24 * 0.01), "what the best prompt's answers to dev took"
    assert 0 < limit.left <= 300 - limit.judging
    assert "  this attempt takes about 25 min" in err


def test_the_run_says_that_the_time_was_used_up(typed: Typed, counts: Any, late: list[TimeLimit]) -> None:
    _, out, _ = typed("train", "counts", "--attempts", "1", "--looks", "0", "--minutes", "5", "--json")
    words = "stopped after 16 of 40 steps because the time was used up"
    assert json.loads(out)["reason"].endswith(f"attempt 1 was {words}")
    run = record(counts)
    assert run["reason"] == json.loads(out)["reason"]
    (attempt,) = run["attempts"]
    assert attempt["time_up"] == {"steps": 16, "planned": 16, "asked": 40, "settings": {"epochs": 2}}
    assert attempt["reason"].endswith(words)
    assert words in Path(json.loads(out)["report"]).read_text()
