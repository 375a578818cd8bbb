"""The search over recipes: where it begins, what it may propose, and that a kill changes nothing of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.models.adapter import read_adapter
from goldgate_trainers.loop.attempt import Attempt, DevResult, first_step
from goldgate_trainers.loop.search import SEARCHED, STARTUP, STUDY, Search, check_search, objective
from goldgate_trainers.loop.until import Budget, Outcome, train_until
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_limit import TimeLimit
from goldgate_trainers.lora.train import train_adapter

from .conftest import QUICK, Lesson
from .test_until import RECIPE, World

METRIC = "exact_match"


def search(folder: Path, count: int = 9, recipe: Recipe = RECIPE, fixed: tuple[str, ...] = ()) -> Search:
    folder.mkdir(exist_ok=True)
    return Search(recipe, count, frozenset(fixed), folder)


@dataclass
class Field(World):
    """A world in which dev goes by the recipe: best at a rate of 2e-4, on attention alone."""

    recipes: dict[int, Recipe] = field(default_factory=dict)

    def train(self, recipe: Recipe, out: Path, continue_from: Path | None, limit: TimeLimit) -> TrainingResult:
        self.recipes[int(out.name)] = recipe
        return super().train(recipe, out, continue_from, limit)

    def judge(self, adapter: Path, k: int) -> DevResult:
        self.judged.append(k)
        recipe = self.recipes[k]
        value = 1 / (1 + abs(recipe.learning_rate - 2e-4) / 2e-4) - 0.2 * (recipe.targets == "all-linear")
        return DevResult(0.0, {METRIC: max(0.0, value)}, ["test_accuracy"], METRIC)


def run(world: World, plan: Search) -> Outcome:
    return train_until(
        first_step(plan.recipe),
        world.train,
        world.judge,
        world.look,
        world.folder,
        Budget(plan.count, 600),
        clock=lambda: world.now,
        plan=plan,
    )


def stored(folder: Path) -> list[Any]:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / STUDY)))
    return list(optuna.load_study(study_name=None, storage=storage).trials)


def test_the_default_recipe_is_the_first_and_the_others_lie_around_it(tmp_path: Path) -> None:
    plan = search(tmp_path, 12)
    outcome = run(Field(tmp_path, []), plan)
    assert outcome.attempts[0].recipe == RECIPE
    assert len({a.recipe for a in outcome.attempts}) == 12
    for a in outcome.attempts:
        assert RECIPE.learning_rate / 8 <= a.recipe.learning_rate <= 3e-3
        assert 1 <= a.recipe.epochs <= 2 * RECIPE.epochs
        assert a.recipe.alpha == 2 * a.recipe.rank
        kept = {key: getattr(RECIPE, key) for key in (*SEARCHED, "alpha")}
        assert replace(a.recipe, **kept) == RECIPE  # nothing else changes, the seed least of all
    assert outcome.reason.startswith("all 12 recipes of the search are trained")
    assert [a.reason.endswith("drawn at random") for a in outcome.attempts[1:]] == [True] * (STARTUP - 1) + [False] * 7


def test_it_finds_better_than_the_default(tmp_path: Path) -> None:
    outcome = run(Field(tmp_path, []), search(tmp_path, 16))
    assert outcome.best.recipe.targets == "attention"
    assert outcome.best.dev.scores[METRIC] > 2 * outcome.attempts[0].dev.scores[METRIC]


def test_only_the_best_of_all_looks(tmp_path: Path) -> None:
    world = World(tmp_path, [0.6, 0.7, 0.9, 0.8], golden={3})
    outcome = run(world, search(tmp_path, 4))
    assert (world.trained, world.looked) == ([1, 2, 3, 4], [3])
    assert outcome.passed


def test_the_seed_decides_what_is_proposed(tmp_path: Path) -> None:
    def rates(name: str, seed: int) -> list[float]:
        plan = search(tmp_path / name, 4, replace(RECIPE, seed=seed))
        return [a.recipe.learning_rate for a in run(Field(tmp_path / name, []), plan).attempts]

    assert rates("a", 0) == rates("b", 0) != rates("c", 1)


@pytest.mark.parametrize("killed", [1, 3, 7])
def test_a_killed_search_goes_on_as_if_it_had_not_been(tmp_path: Path, killed: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(Field(tmp_path, [], killed_in=lambda k: k == killed), search(tmp_path, 8))
    world = Field(tmp_path, [])
    outcome = run(world, search(tmp_path, 8))
    assert world.trained == world.judged == list(range(killed, 9))
    (tmp_path / "whole").mkdir()
    whole = run(Field(tmp_path / "whole", []), search(tmp_path / "whole", 8))
    assert [a.recipe for a in outcome.attempts] == [a.recipe for a in whole.attempts]
    assert len(stored(tmp_path)) == 8


def test_the_study_holds_every_recipe_with_what_dev_said(tmp_path: Path) -> None:
    outcome = run(Field(tmp_path, []), search(tmp_path, 3))
    trials = stored(tmp_path)
    assert [t.params["learning_rate"] for t in trials] == [a.recipe.learning_rate for a in outcome.attempts]
    assert [t.user_attrs[METRIC] for t in trials] == [a.dev.scores[METRIC] for a in outcome.attempts]
    assert {t.state.name for t in trials} == {"COMPLETE"}
    assert not list(tmp_path.glob("*.part"))


def test_a_torn_study_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / STUDY).write_bytes(b"torn")
    (tmp_path / f"{STUDY}.part").write_bytes(b"torn too")
    (tmp_path / f"{STUDY}.part.lock").symlink_to(tmp_path / f"{STUDY}.part")
    run(Field(tmp_path, []), search(tmp_path, 2))
    assert len(stored(tmp_path)) == 2


def test_what_set_fixes_is_not_searched(tmp_path: Path) -> None:
    plan = search(tmp_path, 6, replace(RECIPE, rank=4, alpha=4), fixed=("rank", "learning_rate"))
    outcome = run(Field(tmp_path, []), plan)
    assert {(a.recipe.rank, a.recipe.alpha, a.recipe.learning_rate) for a in outcome.attempts} == {(4, 4, 1e-3)}
    assert len({a.recipe.epochs for a in outcome.attempts}) > 1


def test_a_search_over_nothing_is_refused() -> None:
    check_search(SEARCHED[1:])
    with pytest.raises(UserError, match="nothing is left to search"):
        check_search(("seed", *SEARCHED))


def test_a_rate_that_exploded_is_learned_from_as_it_was_proposed(tmp_path: Path) -> None:
    low = replace(RECIPE, learning_rate=RECIPE.learning_rate / 16)  # two setbacks: below the range of the search
    done = [
        Attempt(
            1,
            replace(low, learning_rate=RECIPE.learning_rate / 4),
            "",
            tmp_path,
            [],
            DevResult(0.1, {METRIC: 0.5}, [], METRIC),
            1.0,
            1.0,
            setbacks=("a", "b"),
        )
    ]
    assert search(tmp_path).next(done) is not None
    assert stored(tmp_path)[0].params["learning_rate"] == RECIPE.learning_rate


dev_results = st.builds(
    lambda draws, value: DevResult(draws / 2000, {METRIC: value}, [], METRIC), st.integers(0, 2000), st.floats(0, 1)
)


@given(dev_results, dev_results)
def test_the_chance_goes_before_the_metric(one: DevResult, other: DevResult) -> None:
    if one.chance > other.chance:
        assert objective(one) > objective(other)
    if one.chance == other.chance and one.scores[METRIC] > other.scores[METRIC] + 1e-9:
        assert objective(one) > objective(other)


def test_the_record_names_the_best_beside_the_default(tmp_path: Path) -> None:
    plan = search(tmp_path, 8)
    outcome = run(Field(tmp_path, []), plan)
    words = plan.record(outcome.attempts)["words"]
    assert words.startswith(f"search: 8 of 8 recipes tried; the best on dev is attempt {outcome.best.k}, learning_rate")
    assert f"{outcome.best.dev.scores[METRIC]:.1%} on dev; the default recipe: chance of passing 0%" in words


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"needs optuna.*goldgate\[search\]"):
        check_search(())


def test_a_search_trains_real_adapters_and_none_twice(lesson: Lesson, tmp_path: Path) -> None:
    judged: list[str] = []
    reused: list[bool] = []

    def train(recipe: Recipe, out: Path, continue_from: Path | None, limit: Any) -> TrainingResult:
        result = train_adapter(lesson.model, lesson.task, lesson.train, recipe, out, continue_from=continue_from)
        reused.append(result.reused)
        return result

    def judge(adapter: Path, k: int) -> DevResult:
        judged.append(read_adapter(adapter).digest)
        return DevResult(0.0, {METRIC: 0.1 * k}, [], METRIC)

    def tried() -> Outcome:
        plan = search(tmp_path, 3, QUICK, fixed=("rank",))
        return train_until(first_step(QUICK), train, judge, lambda _: False, tmp_path, Budget(3, 600), plan=plan)

    first = tried()
    assert len(set(judged)) == 3
    again = tried()
    assert reused == [False] * 3 + [True] * 3
    assert len(judged) == 3
    assert [a.recipe for a in again.attempts] == [a.recipe for a in first.attempts]
