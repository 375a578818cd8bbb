"""How long training is expected to take: what the search of an optimised prompt gets, unless task.yaml says more."""

from __future__ import annotations

from goldgate.base.hardware import device
from goldgate.jobs.demo_estimate import ANSWERED, BF16, TRAINED, measure_speed
from goldgate.jobs.optimize import Allowance
from goldgate.jobs.workspace import Workspace
from goldgate.models.embedded import EMBEDDED, ensure_model, hidden_size
from goldgate.task.examples import render_output
from goldgate_trainers import Budget, Recipe, default_recipe, settled

ATTEMPTS, MINUTES = 3, 60.0
"""The budget of `goldgate train` where it is not the one that searches."""
MARGIN = 1.2
"""Training took up to a tenth longer than was estimated (docs/results.md); a search that gets more does no harm."""


def as_training(work: Workspace, recipe: Recipe, budget: Budget) -> Allowance:
    """Returns as much for a search as training is expected to get.

    All attempts count, although the first may pass: a search that gets less than training would be a weak opponent.

    Args:
        work: The task's workspace.
        recipe: The recipe of the first attempt.
        budget: The budget of the training.

    Returns:
        The time, at most the budget's.
    """
    most = budget.seconds / 60
    if work.task.model != EMBEDDED or device() != "cpu" or recipe.trainer == "command":
        # The cost of training was measured for the embedded model on a CPU; anything else gets all that training may.
        return Allowance(None, most, "the most that training may take")
    train, speed = work.learned, measure_speed()
    characters = sum(len(e.text) + len(render_output(e.output)) for e in train)
    training = TRAINED * characters * recipe.epochs * (BF16 if recipe.precision == "bf16" else 1)
    judging = ANSWERED["tuned"] * len(work.split("dev"))
    # The speed of this moment: answers are timed on the same machine, be it busy or not.
    one = MARGIN * (training + judging) / min(speed.idle, speed.now) / 60
    attempts = f"{budget.attempts} attempts of" if budget.attempts > 1 else ""
    words = f"as long as training is expected to take ({f'{attempts} about {one:.2g} min'.strip()}, at most {most:.3g})"
    return Allowance(None, min(most, one * budget.attempts), words)


def as_expected(work: Workspace) -> Allowance:
    """Returns as much for a search as `goldgate train` with its defaults would get.

    Args:
        work: The task's workspace.

    Returns:
        The time.
    """
    hidden = hidden_size(ensure_model(work.project.cache, work.task.model))
    recipe = settled(default_recipe(work.task, len(work.learned), hidden, {}, on=device()))
    return as_training(work, recipe, Budget(ATTEMPTS, MINUTES))
