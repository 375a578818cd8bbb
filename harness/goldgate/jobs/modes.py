"""The ways of `goldgate train` to choose its attempts: up the ladder, one recipe with several seeds, or a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from goldgate.base.errors import UserError
from goldgate.jobs.training import Mode, Training
from goldgate.scored.baselines import deciding_metrics
from goldgate_trainers import Recipe, Seeds, parse_settings
from goldgate_trainers.loop.search import Search, check_search


def check_one_way(options: Mapping[str, object]) -> None:
    """Raises UserError where more than one of these options is given: a run compares one thing."""
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise UserError(
            "a run compares seeds, recipes or base models",
            " and ".join(given),
            "base models first, then --search with the chosen one, then --seeds with the best recipe",
        )


def mode_of(seeds: int | None, search: int | None, settings: Sequence[str]) -> Mode:
    """The mode that the options ask for. seeds: adapters of one recipe; search: recipes to try; settings: from --set,
    which a search leaves alone. Raises UserError for a search that cannot be made.
    """
    if seeds is not None:
        return Mode((f"seeds={seeds}",), lambda run, recipe: Seeds(recipe, seeds, deciding_metrics(run.work.task)))
    if search is None:
        return Mode()
    fixed = frozenset(parse_settings(settings))
    check_search(fixed)

    def plan(training: Training, recipe: Recipe) -> Search:
        return Search(recipe, search, fixed, training.run.folder)

    return Mode((f"search={search}",), plan)
