"""The ways of `goldgate train` to choose its attempts: up the ladder, one recipe with several seeds, or a search."""

from __future__ import annotations

from collections.abc import Sequence

from harness.baselines import deciding_metrics
from harness.cli.train import Mode, Training
from harness.errors import UserError
from trainers import Recipe, Search, Seeds, check_search, parse_settings


def mode_of(seeds: int | None, search: int | None, settings: Sequence[str]) -> Mode:
    """The mode that the options ask for. seeds: adapters of one recipe; search: recipes to try; settings: from --set,
    which a search leaves alone. Raises UserError for both at once, and for a search that cannot be made.
    """
    if seeds is not None and search is not None:
        raise UserError("a run compares seeds of one recipe, or recipes", "--seeds and --search",
                        "search first, then train the best recipe with --seeds")
    if seeds is not None:
        return Mode((f"seeds={seeds}",), lambda run, recipe: Seeds(recipe, seeds, deciding_metrics(run.work.task)))
    if search is None:
        return Mode()
    fixed = frozenset(parse_settings(settings))
    check_search(fixed)

    def plan(training: Training, recipe: Recipe) -> Search:
        return Search(recipe, search, fixed, training.run.folder)

    return Mode((f"search={search}",), plan)
