"""Search over recipes with Optuna: rate, rank, epochs and layers, judged by what dev says of each trained adapter."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.fingerprint import digest
from goldgate_trainers.loop.attempt import Attempt, DevResult, Step, best_attempt
from goldgate_trainers.loop.policies import MAX_RANK, MAX_RATE
from goldgate_trainers.lora.recipe import TARGETS, Recipe

SEARCHED = ("learning_rate", "rank", "epochs", "targets")
STARTUP = 5
"""Recipes drawn at random, the default one among them, before the sampler goes by what it has seen."""
_TIE = 1 / 4_000  # less than one draw of the chance of passing, so that the metric decides between equal chances alone
STUDY = "study.journal"


def check_search(fixed: Iterable[str]) -> None:
    """Checks that a search is possible.

    Args:
        fixed: Names of settings that the search leaves alone.

    Raises:
        UserError: Optuna is not installed, or no searched setting is left.
    """
    require("optuna")
    if set(SEARCHED) <= set(fixed):
        raise UserError(
            f"nothing is left to search: {', '.join(SEARCHED)} are all given", "--set", "leave one of them out"
        )


@dataclass(frozen=True)
class Search:
    """Searches recipes around the default one, which comes first. All have the same seed, and none is cut short.

    A proposal depends only on the recipe's seed and the attempts so far, so a killed run resumes as if it had not been.

    Attributes:
        recipe: The default recipe.
        count: Number of recipes in all.
        fixed: Names of settings that are left alone.
        folder: Where the study is written, as a journal that Optuna's own tools can read.
    """

    recipe: Recipe
    count: int
    fixed: frozenset[str]
    folder: Path
    comparing: bool = True

    @property
    def ended(self) -> str:
        return f"all {self.count} recipes of the search are trained"

    @cached_property
    def space(self) -> dict[str, Any]:
        """Optuna's distributions by setting. They include the default recipe."""
        from optuna import distributions as d

        r = self.recipe
        ranks = sorted({8, 16, 32, MAX_RANK, r.rank})
        highest = max(r.learning_rate, min(4 * r.learning_rate, MAX_RATE))
        whole = {
            "learning_rate": d.FloatDistribution(r.learning_rate / 8, highest, log=True),
            "rank": d.CategoricalDistribution(ranks),
            "epochs": d.IntDistribution(1, 2 * r.epochs),
            "targets": d.CategoricalDistribution(TARGETS),
        }
        return {key: whole[key] for key in SEARCHED if key not in self.fixed}

    def next(self, done: Sequence[Attempt]) -> Step | None:
        """The recipe that the sampler proposes after these attempts. Writes the study."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)  # our own lines say what is tried
        self._write(done)
        if len(done) >= self.count:
            return None
        proposed = self._propose(done)
        recipe = replace(self.recipe, **proposed)
        if "rank" in proposed and "alpha" not in self.fixed:
            recipe = replace(recipe, alpha=max(1, round(recipe.rank * self.recipe.alpha / self.recipe.rank)))
        how = "drawn at random" if len(done) < STARTUP else "proposed from what dev said of the recipes so far"
        return Step(recipe, f"{_told(recipe, self.space)}: {how}")

    def record(self, done: Sequence[Attempt]) -> dict[str, Any]:
        """The best recipe next to the default one, with a note on how selection inflates dev's numbers."""
        best = best_attempt(done)
        words = (
            f"search: {len(done)} of {self.count} recipes tried; the best on dev is attempt {best.k},"
            f" {_told(best.recipe, self.space)}: {_standing(best.dev)}; the default recipe:"
            f" {_standing(done[0].dev)}. Dev chose among {len(done)}, so its numbers flatter the best"
        )
        return {
            "kind": "search",
            "asked": self.count,
            "tried": len(done),
            "searched": list(self.space),
            "study": STUDY,
            "words": words,
        }

    def _trials(self, done: Sequence[Attempt]) -> list[Any]:
        from optuna.trial import create_trial

        asked = [attempt.tried[-1] for attempt in done]  # before its setbacks: the rate that was proposed
        return [
            create_trial(
                params={key: getattr(recipe, key) for key in self.space},
                distributions=self.space,
                value=objective(attempt.dev),
                user_attrs={"attempt": attempt.k, **attempt.dev.scores},
            )
            for recipe, attempt in zip(asked, done, strict=True)
        ]

    def _propose(self, done: Sequence[Attempt]) -> dict[str, Any]:
        import optuna

        seed = int(digest([self.recipe.seed, len(done)])[:8], 16)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(self._trials(done))
        return dict(study.ask(self.space).params)

    def _write(self, done: Sequence[Attempt]) -> None:
        """The study as a journal that holds these attempts, whole or not at all."""
        import optuna
        from optuna.storages.journal import JournalFileBackend

        part = self.folder / f"{STUDY}.part"
        for left in self.folder.glob(f"{part.name}*"):  # Optuna's lock among them, which would be waited for
            left.unlink()
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(part)))
        study = optuna.create_study(storage=storage, study_name=self.folder.name, direction="maximize")
        study.add_trials(self._trials(done))
        os.replace(part, self.folder / STUDY)


def objective(dev: DevResult) -> float:
    """The value that the search maximises: the chance of passing; the deciding metric on dev breaks ties."""
    return dev.chance + _TIE * dev.scores[dev.metric]


def _standing(dev: DevResult) -> str:
    return f"chance of passing {dev.chance:.0%}, {dev.metric} {dev.scores[dev.metric]:.1%} on dev"


def _told(recipe: Recipe, settings: Iterable[str]) -> str:
    values = {key: getattr(recipe, key) for key in settings}
    return ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in values.items()
    )
