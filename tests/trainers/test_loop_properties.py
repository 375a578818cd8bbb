"""The loop in any world: within its budget, one look at least, no look without cause, and the same after a kill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.files import whole_folder, write_json
from goldgate_trainers.loop.attempt import DevResult, first_step
from goldgate_trainers.loop.budget import Budget
from goldgate_trainers.loop.until import LOOK_AT, Outcome, estimate, per_epoch, train_until
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_limit import TimeLimit

RECIPE = Recipe(learning_rate=1e-3, batch=8, epochs=3)


@dataclass
class World:
    """What would happen, by the number of the attempt; on a clock that only training and judging move."""

    folder: Path
    chances: Sequence[float]
    passing: frozenset[int] = frozenset()
    epoch: float = 60.0
    judging: float = 30.0
    dies_in: int = 0
    now: float = 0.0
    trained: list[int] = field(default_factory=list)
    judged: list[int] = field(default_factory=list)
    looked: list[int] = field(default_factory=list)

    def train(self, recipe: Recipe, out: Path, continue_from: Path | None, limit: TimeLimit) -> TrainingResult:
        k, seconds = int(out.name), self.epoch * recipe.epochs
        key = f"{recipe.digest} {continue_from}"
        record = out / "attempt.json"
        if record.is_file() and json.loads(record.read_text()) == key:
            return TrainingResult(out / "adapter", key, seconds, 1, 1.0, [{"loss": 1.0}], reused=True)
        self.trained.append(k)
        with whole_folder(out) as part:
            self.now += seconds
            if k == self.dies_in:
                raise KeyboardInterrupt
            (part / "adapter").mkdir()
            write_json(part / "attempt.json", key)
        return TrainingResult(out / "adapter", key, seconds, 1, 1.0, [{"loss": 1.0}])

    def judge(self, adapter: Path, k: int) -> DevResult:
        self.judged.append(k)
        self.now += self.judging
        chance = self.chances[(k - 1) % len(self.chances)]
        return DevResult(chance, {"exact_match": chance}, [], "exact_match")

    def look(self, adapter: Path) -> bool:
        self.looked.append(int(adapter.parent.name))
        return self.looked[-1] in self.passing

    def run(self, attempts: int = 6, minutes: float = 600.0) -> Outcome:
        budget = Budget(attempts, minutes)
        return train_until(
            first_step(RECIPE), self.train, self.judge, self.look, self.folder, budget, clock=lambda: self.now
        )


chances = st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.49, 0.5, 0.8, 1.0]), min_size=1, max_size=6)
passing = st.frozensets(st.integers(1, 6))


@given(chances, passing, st.integers(1, 5))
@settings(deadline=None, max_examples=40)
def test_looks_are_spent_only_on_likely_attempts_or_once_at_the_end(
    tmp_path_factory: pytest.TempPathFactory, chances: list[float], passing: frozenset[int], attempts: int
) -> None:
    world = World(tmp_path_factory.mktemp("run"), chances, passing)
    outcome = world.run(attempts)
    likely = [a.k for a in outcome.attempts if a.dev.chance >= LOOK_AT]
    assert len(outcome.attempts) <= attempts
    assert outcome.looks == len(world.looked) >= 1
    assert world.looked == (likely or [outcome.best.k])
    assert outcome.passed == bool(set(world.looked) & passing)
    if outcome.passed:
        assert world.looked[-1] in passing, "it stops at the pass"
        assert outcome.best.k == world.looked[-1]
        assert outcome.attempts[-1].k == outcome.best.k or not likely


@given(chances, st.integers(1, 5))
@settings(deadline=None, max_examples=30)
def test_what_does_not_pass_returns_the_best_of_dev(
    tmp_path_factory: pytest.TempPathFactory, chances: list[float], attempts: int
) -> None:
    outcome = World(tmp_path_factory.mktemp("run"), chances).run(attempts)
    assert not outcome.passed
    assert outcome.best.dev.chance == max(a.dev.chance for a in outcome.attempts)
    assert [a.k for a in outcome.attempts] == list(range(1, len(outcome.attempts) + 1))
    assert outcome.reason


@given(chances, st.floats(1.0, 40.0), st.floats(1.0, 300.0), st.floats(0.0, 200.0))
@settings(deadline=None, max_examples=40)
def test_only_the_first_attempt_may_overrun_the_time(
    tmp_path_factory: pytest.TempPathFactory, chances: list[float], minutes: float, epoch: float, judging: float
) -> None:
    world = World(tmp_path_factory.mktemp("run"), chances, epoch=epoch, judging=judging)
    outcome = world.run(minutes=minutes)
    assert len(outcome.attempts) == 1 or world.now <= 60 * minutes * (1 + 1e-9)
    assert all(a.recipe.epochs >= 1 for a in outcome.attempts)


@given(chances, st.floats(8.0, 40.0))
@settings(deadline=None, max_examples=25)
def test_a_shortened_attempt_says_so(
    tmp_path_factory: pytest.TempPathFactory, chances: list[float], minutes: float
) -> None:
    outcome = World(tmp_path_factory.mktemp("run"), chances).run(minutes=minutes)
    for attempt in outcome.attempts:
        short = "which is all that fits into the budget" in attempt.reason
        assert (f"{attempt.recipe.epochs} of " in attempt.reason) == short


@given(chances, passing, st.integers(1, 5))
@settings(deadline=None, max_examples=30)
def test_a_run_that_is_started_again_does_no_work_and_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, chances: list[float], passing: frozenset[int], attempts: int
) -> None:
    folder = tmp_path_factory.mktemp("run")
    first = World(folder, chances, passing).run(attempts)
    again = World(folder, [0.7], frozenset())
    outcome = again.run(attempts)
    assert again.trained == again.judged == again.looked == []
    assert (outcome.passed, outcome.looks, outcome.best.k) == (first.passed, first.looks, first.best.k)
    assert [a.dev for a in outcome.attempts] == [a.dev for a in first.attempts]


@given(chances, passing, st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_a_kill_anywhere_changes_nothing_but_the_time(
    tmp_path_factory: pytest.TempPathFactory, chances: list[float], passing: frozenset[int], dies_in: int
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    killed = World(folder, chances, passing, dies_in=dies_in)
    try:
        killed.run(4)
    except KeyboardInterrupt:
        assert killed.trained[-1] == dies_in
    mended = World(folder, chances, passing)
    outcome = mended.run(4)
    whole = World(tmp_path_factory.mktemp("whole"), chances, passing).run(4)
    assert [a.reason for a in outcome.attempts] == [a.reason for a in whole.attempts]
    assert (outcome.passed, outcome.best.k, outcome.looks) == (whole.passed, whole.best.k, whole.looks)
    looked = killed.looked + mended.looked
    assert len(looked) == len(set(looked)), "no adapter is looked at twice"


@pytest.mark.parametrize("chance", [0.0, LOOK_AT - 1e-9])
def test_below_even_odds_nothing_looks_before_the_end(tmp_path: Path, chance: float) -> None:
    world = World(tmp_path, [chance])
    outcome = world.run(3)
    assert len(world.looked) == 1
    assert len(outcome.attempts) == 3


def test_an_attempt_is_expected_to_take_what_the_last_one_took(tmp_path: Path) -> None:
    done = list(World(tmp_path, [0.1], epoch=50.0, judging=20.0).run(1).attempts)
    assert per_epoch(RECIPE, done) == pytest.approx(50.0)
    assert estimate(RECIPE, done) == pytest.approx(3 * 50.0 + 20.0)


def test_the_loop_hands_golden_nothing_but_the_adapter(tmp_path: Path) -> None:
    """One bit comes back; what it is given is a folder, and dev's numbers stay here."""
    seen: list[object] = []
    world = World(tmp_path, [0.9])
    budget = Budget(1, 600.0)
    train_until(
        first_step(RECIPE),
        world.train,
        world.judge,
        lambda *given: bool(seen.append(given)),
        tmp_path,
        budget,
        clock=lambda: world.now,
    )
    assert seen == [(tmp_path / "attempts" / "1" / "adapter",)]


@given(chances, passing, st.integers(0, 3))
@settings(deadline=None, max_examples=30)
def test_no_more_looks_than_the_budget_has(
    tmp_path_factory: pytest.TempPathFactory, chances: list[float], passing: frozenset[int], looks: int
) -> None:
    world = World(tmp_path_factory.mktemp("run"), chances, passing)
    outcome = train_until(
        first_step(RECIPE),
        world.train,
        world.judge,
        world.look,
        world.folder,
        Budget(6, 600.0, looks),
        clock=lambda: world.now,
    )
    assert outcome.looks == len(world.looked) <= looks
    assert outcome.passed == bool(set(world.looked) & passing)
