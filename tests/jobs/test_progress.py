"""What a job says while it works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from goldgate.base.errors import UserError
from goldgate.data.steps import counted
from goldgate.jobs import progress
from goldgate.jobs.progress import Advance, Progress, Silent, Timed, once_it_takes_long
from goldgate.jobs.workspace import counting

from .conftest import Heard


def test_steps_are_passed_on_and_kept_with_their_time() -> None:
    heard = Heard()
    timed = Timed(heard)
    with timed.step("train", "the model learns", 10) as advance:
        for done in (4, 10):
            advance(done, "loss 1.0")
    timed.say("done")
    assert heard.said == ["train  the model learns", "done"]
    assert heard.done == {"train": [4, 10]}
    (step,) = timed.steps
    assert (step["name"], step["seconds"] >= 0) == ("train", True)


def test_a_step_that_fails_is_no_step_done() -> None:
    timed = Timed(Silent())
    with pytest.raises(UserError), timed.step("train", "why"):
        raise UserError("no")
    assert timed.steps == []


def test_a_step_within_a_step_is_kept_before_it() -> None:
    timed = Timed(Silent())
    with timed.step("promote", "why"), timed.step("answers dev", "why"):
        pass
    assert [step["name"] for step in timed.steps] == ["answers dev", "promote"]


def test_counts_of_more_become_what_is_done_in_all() -> None:
    heard = Heard()
    with heard.step("answers dev", "", 9) as advance:
        count = counting(advance)
        for more in (4, 1, 4):
            count(more)
    assert heard.done == {"answers dev": [4, 5, 9]}


@pytest.mark.parametrize("progress", [Silent(), Timed(Silent())])
def test_silent_progress_says_nothing(progress: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    with progress.step("train", "the model learns", 10) as advance:
        advance(10, "loss 1.0")
        advance(10)
    progress.say("done")
    assert capsys.readouterr() == ("", "")


def test_a_short_step_of_a_preparation_is_not_shown_and_a_long_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    now = [0.0]

    class Shown(Silent):
        @contextmanager
        def step(self, name: str, why: str, total: int | None = None) -> Iterator[Advance]:
            told.append((name, total))
            yield lambda done, note="": told.append(done)

    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    step = once_it_takes_long(Shown())
    with step("short", "", 10) as advance:
        advance(5)
    assert told == []
    with step("long", "", 10) as advance:
        for done in (1, 2, 3):
            now[0] += 1.5
            advance(done)
    assert told == [("long", 10), 2, 3]


def test_items_are_counted_as_they_are_used() -> None:
    told: list[int] = []
    assert list(counted(range(2_500), told.append)) == list(range(2_500))
    assert told == [1_000, 2_000]
