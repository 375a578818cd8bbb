"""Training: recipes, the LoRA trainer with its checks, and the loop that trains until the suite passes on dev.

PYTEST_DONT_REWRITE: its asserts are no tests, and pytest would warn that it came too late to rewrite them.
"""

from __future__ import annotations

from goldgate_trainers.loop.attempt import Attempt, DevResult, Step, best_attempt, first_step
from goldgate_trainers.loop.budget import Budget
from goldgate_trainers.loop.diagnosis import diagnose
from goldgate_trainers.loop.ending import CurvePoint, Ending, explain
from goldgate_trainers.loop.facts import TrainFacts
from goldgate_trainers.loop.ladder import Ladder
from goldgate_trainers.loop.plan import Plan
from goldgate_trainers.loop.seeds import Seeds
from goldgate_trainers.loop.until import Outcome, train_until
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.batches import strategy_for
from goldgate_trainers.lora.best_epoch import Watch
from goldgate_trainers.lora.command import train_by_command
from goldgate_trainers.lora.conditions import conditions
from goldgate_trainers.lora.default_recipe import default_recipe, demo_epochs, demo_recipe
from goldgate_trainers.lora.precision import settled
from goldgate_trainers.lora.preflight import marked
from goldgate_trainers.lora.progress import Progress
from goldgate_trainers.lora.recipe import Recipe, from_dict, parse_settings, with_settings
from goldgate_trainers.lora.time_limit import TimeLimit
from goldgate_trainers.lora.tracking import Tracking, check_trackers
from goldgate_trainers.lora.train import train_adapter

__all__ = [
    "Attempt",
    "Budget",
    "CurvePoint",
    "DevResult",
    "Ending",
    "Ladder",
    "Outcome",
    "Plan",
    "Progress",
    "Recipe",
    "Seeds",
    "Step",
    "TimeLimit",
    "Tracking",
    "TrainFacts",
    "TrainingResult",
    "Watch",
    "best_attempt",
    "check_trackers",
    "conditions",
    "default_recipe",
    "demo_epochs",
    "demo_recipe",
    "diagnose",
    "explain",
    "first_step",
    "from_dict",
    "marked",
    "parse_settings",
    "settled",
    "strategy_for",
    "train_adapter",
    "train_by_command",
    "train_until",
    "with_settings",
]
