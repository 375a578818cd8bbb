"""How `goldgate train` chooses its attempts: up the ladder, several seeds of one recipe, or a search over recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from goldgate.base.errors import UserError
from goldgate.jobs.training import Mode, Training
from goldgate.scored.baselines import deciding_metrics
from goldgate_trainers import Recipe, Seeds, parse_settings
from goldgate_trainers.loop.search import Search, check_search


def check_one_way(options: Mapping[str, object]) -> None:
    """Checks that at most one of these options is given, because a run can only compare one thing.

    Args:
        options: Value by option; None for an option that is not given.

    Raises:
        UserError: More than one is given.
    """
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise UserError(
            "a run compares seeds, recipes or base models",
            " and ".join(given),
            "base models first, then --search with the chosen one, then --seeds with the best recipe",
        )


def mode_of(seeds: int | None, search: int | None, settings: Sequence[str]) -> Mode:
    """Returns the mode that the options ask for.

    Args:
        seeds: Number of adapters of one recipe; None without --seeds.
        search: Number of recipes to try; None without --search.
        settings: Recipe settings from --set, which a search keeps fixed.

    Returns:
        The mode.

    Raises:
        UserError: The settings leave nothing to search.
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
