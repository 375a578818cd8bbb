"""The loop: when it looks, when it stops, what it returns, and how it goes on after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from goldgate.base.files import whole_folder, write_json
from goldgate_trainers.loop.attempt import DevResult, Step, first_step
from goldgate_trainers.loop.budget import Budget
from goldgate_trainers.loop.until import Chance, Outcome, train_until
from goldgate_trainers.lora.attempt_folder import TrainingFailed, TrainingResult
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_limit import TimeLimit

RECIPE = Recipe(learning_rate=1e-3, batch=8, epochs=4)
WIDE = Budget(attempts=4, minutes=600)


@dataclass
class World:
    """What training, dev and golden would do. chances: of the attempts, by number; golden: numbers of those that pass.

    An epoch takes 60 s, judging 30 s, on a clock that nothing else moves. An attempt's folder is taken up by recipe.
    """

    folder: Path
    chances: list[float]
    golden: set[int] = field(default_factory=set)
    killed_in: Callable[[int], bool] = lambda k: False
    fails_in: set[int] = field(default_factory=set)
    now: float = 0.0
    trained: list[int] = field(default_factory=list)
    judged: list[int] = field(default_factory=list)
    looked: list[int] = field(default_factory=list)

    def train(self, recipe: Recipe, out: Path, continue_from: Path | None, limit: TimeLimit) -> TrainingResult:
        k = int(out.name)
        key = f"{recipe.digest} {continue_from}"
        path = out / "attempt.json"
        if path.is_file() and json.loads(path.read_text()) == key:
            return TrainingResult(out / "adapter", key, 60.0 * recipe.epochs, 1, 1.0, [{"loss": 1.0}], reused=True)
        if k in self.fails_in:
            raise TrainingFailed("the loss exploded")
        self.trained.append(k)
        with whole_folder(out) as part:
            self.now += 60 * recipe.epochs
            if self.killed_in(k):
                raise KeyboardInterrupt
            (part / "adapter").mkdir()
            write_json(part / "attempt.json", key)
        return TrainingResult(out / "adapter", key, 60.0 * recipe.epochs, 1, 1.0, [{"loss": 1.0}])

    def judge(self, adapter: Path, k: int) -> DevResult:
        assert adapter == self.folder / "attempts" / str(k) / "adapter"
        self.judged.append(k)
        self.now += 30
        chance = self.chances[k - 1]
        return DevResult(chance, {"exact_match": chance}, [] if chance > 0.5 else ["test_accuracy"], "exact_match")

    def look(self, adapter: Path) -> bool:
        self.looked.append(int(adapter.parent.name))
        return self.looked[-1] in self.golden

    def run(
        self,
        budget: Budget = WIDE,
        told: Callable[[Step, int], None] = lambda step, k: None,
        chance: Chance = lambda best, done: best.dev.chance,
    ) -> Outcome:
        return train_until(
            first_step(RECIPE),
            self.train,
            self.judge,
            self.look,
            self.folder,
            budget,
            clock=lambda: self.now,
            told=told,
            chance=chance,
        )


def test_a_likely_attempt_looks_at_once_and_a_pass_ends_it(tmp_path: Path) -> None:
    world = World(tmp_path, [0.2, 0.7], golden={2})
    outcome = world.run()
    assert outcome.passed
    assert outcome.best.k == 2
    assert outcome.looks == 1
    assert world.looked == [2]
    assert world.trained == [1, 2]


def test_an_attempt_that_cannot_be_trained_ends_the_run_with_those_before_it(tmp_path: Path) -> None:
    world = World(tmp_path, [0.3, 0.2, 0.9], golden={1}, fails_in={3})
    outcome = world.run()
    assert (outcome.best.k, outcome.passed, world.looked) == (1, True, [1])
    assert "attempt 3 could not be trained: the loss exploded" in outcome.reason


def test_where_the_first_one_cannot_there_is_nothing_to_end_with(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="the loss exploded"):
        World(tmp_path, [0.3], fails_in={1}).run()


def test_half_a_chance_is_enough_to_look(tmp_path: Path) -> None:
    assert World(tmp_path / "a", [0.5], {1}).run(Budget(1, 600)).looks == 1
    world = World(tmp_path / "b", [0.49, 0.6], {2})
    world.run()
    assert world.looked == [2]


def test_what_dev_has_chosen_by_luck_does_not_look(tmp_path: Path) -> None:
    """The second of two attempts is likely to pass on its own, and not as the better one of two."""
    world = World(tmp_path, [0.4, 0.6])
    outcome = world.run(Budget(2, 6_000, 1), chance=lambda best, done: best.dev.chance / len(done))
    assert world.looked == [2]
    assert outcome.chance == 0.3
    assert "the one look, taken at the end, had a chance of 30%" in outcome.reason


def test_a_look_that_fails_spends_a_look_and_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path, [0.6, 0.8], golden={2})
    outcome = world.run()
    assert outcome.passed
    assert outcome.looks == 2
    assert world.looked == [1, 2]


def test_the_best_attempt_gets_the_only_look_when_none_was_likely(tmp_path: Path) -> None:
    world = World(tmp_path, [0.1, 0.3, 0.2, 0.2], golden={2})
    outcome = world.run()
    assert world.looked == [2]
    assert outcome.best.k == 2
    assert outcome.passed
    assert "budget of 4 attempts is used up" in outcome.reason
    assert "passes on golden all the same" in outcome.reason


def test_no_further_look_at_the_end_when_one_was_spent(tmp_path: Path) -> None:
    world = World(tmp_path, [0.6, 0.2, 0.2, 0.2])
    outcome = world.run()
    assert world.looked == [1]
    assert not outcome.passed
    assert outcome.looks == 1


def test_the_best_is_returned_and_not_the_last(tmp_path: Path) -> None:
    outcome = World(tmp_path, [0.1, 0.4, 0.3, 0.0]).run()
    assert outcome.best.k == 2
    assert len(outcome.attempts) == 4


def test_the_number_of_attempts_is_kept(tmp_path: Path) -> None:
    world = World(tmp_path, [0.1, 0.2])
    reason = world.run(Budget(2, 600)).reason
    assert "budget of 2 attempts" in reason
    assert "the one look, taken at the end, had a chance of 20% and spent its level" in reason
    assert world.trained == [1, 2]


def test_an_attempt_that_cannot_end_in_time_is_not_begun(tmp_path: Path) -> None:
    world = World(tmp_path, [0.1])
    outcome = world.run(Budget(4, minutes=5.8))
    assert world.trained == [1]
    assert world.now <= 5.8 * 60
    assert "the time is used up" in outcome.reason
    assert "would take 4 min, 1 of 5.8 min are left" in outcome.reason


def test_an_attempt_is_shortened_to_the_time_left(tmp_path: Path) -> None:
    world = World(tmp_path, [0.1, 0.2])
    outcome = world.run(Budget(2, minutes=7.6))
    assert outcome.attempts[1].recipe.epochs == 2
    assert "2 of 4 epochs, which is all that fits into the budget" in outcome.attempts[1].reason
    assert world.now <= 7.6 * 60


def test_each_attempt_is_announced_with_its_reason(tmp_path: Path) -> None:
    heard: list[tuple[int, str]] = []
    World(tmp_path, [0.1, 0.2]).run(Budget(2, 600), lambda step, k: heard.append((k, step.reason)))
    assert [k for k, _ in heard] == [1, 2]
    assert heard[0][1] == "the default recipe for this much data"
    assert "more epochs from attempt 1" in heard[1][1]


@pytest.mark.parametrize("killed", [1, 2, 3])
def test_a_killed_run_goes_on_with_what_is_complete(tmp_path: Path, killed: int) -> None:
    chances = [0.1, 0.2, 0.7]
    with pytest.raises(KeyboardInterrupt):
        World(tmp_path, chances, killed_in=lambda k: k == killed).run()
    world = World(tmp_path, chances, golden={3})
    outcome = world.run()
    assert world.trained == world.judged == list(range(killed, 4))
    whole = World(tmp_path.with_name("whole"), chances, golden={3}).run()
    assert [a.reason for a in outcome.attempts] == [a.reason for a in whole.attempts]
    assert [a.dev for a in outcome.attempts] == [a.dev for a in whole.attempts]


def test_time_spent_before_a_kill_counts(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        World(tmp_path, [0.1, 0.1], killed_in=lambda k: k == 2).run()
    world = World(tmp_path, [0.1, 0.1])
    assert "the time is used up" in world.run(Budget(4, minutes=5.8)).reason
    assert world.trained == []


def test_a_complete_run_looks_no_second_time(tmp_path: Path) -> None:
    first = World(tmp_path, [0.6, 0.7], golden={2}).run()
    again = World(tmp_path, [0.6, 0.7], golden=set())
    outcome = again.run()
    assert again.trained == again.judged == again.looked == []
    assert outcome.passed
    assert outcome.looks == first.looks == 2


def test_an_adapter_made_again_is_judged_again(tmp_path: Path) -> None:
    World(tmp_path, [0.1]).run(Budget(1, 600))
    dev = tmp_path / "attempts" / "1" / "dev.json"
    dev.write_text(dev.read_text().replace(RECIPE.digest, "0" * 64))
    world = World(tmp_path, [0.1])
    world.run(Budget(1, 600))
    assert world.judged == [1]
    assert world.trained == []


def test_of_a_look_one_bit_is_kept(tmp_path: Path) -> None:
    World(tmp_path, [0.6], golden={1}).run()
    assert set(json.loads((tmp_path / "attempts" / "1" / "look.json").read_text())) == {"adapter", "passed"}


def test_a_likely_attempt_without_a_look_left_ends_the_run(tmp_path: Path) -> None:
    world = World(tmp_path, [0.6, 0.9, 0.9])
    outcome = world.run(Budget(4, 600, looks=1))
    assert (world.looked, world.trained, outcome.looks) == ([1], [1, 2], 1)
    assert outcome.reason == "attempt 2 is likely to pass, and the budget of 1 look at golden is used up"


def test_without_a_look_golden_is_not_touched(tmp_path: Path) -> None:
    for name, chances in (("likely", [0.9]), ("unlikely", [0.1])):
        world = World(tmp_path / name, chances, golden={1})
        outcome = world.run(Budget(1, 600, looks=0))
        assert (world.looked, outcome.looks, outcome.passed) == ([], 0, False)


def test_money_ends_a_run_as_time_does(tmp_path: Path) -> None:
    world = World(tmp_path, [0.1])
    outcome = world.run(Budget(4, 600, money=0.5).at_price(6.0))
    assert world.trained == [1]
    assert "the money is used up" in outcome.reason
    assert "of 5 min are left" in outcome.reason
