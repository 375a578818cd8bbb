"""What a job says while it works."""

from __future__ import annotations

import pytest

from goldgate.base.errors import UserError
from goldgate.jobs.progress import Progress, Silent, Timed
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
