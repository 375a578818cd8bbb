"""Training: recipes, the LoRA trainer with its checks, and the loop that trains until the suite passes on dev.

PYTEST_DONT_REWRITE: its asserts are no tests, and pytest would warn that it came too late to rewrite them.
"""

from __future__ import annotations

from trainers.attempts import TrainingResult
from trainers.batches import strategy_for
from trainers.best_epoch import Watch
from trainers.budget import Budget
from trainers.command import train_by_command
from trainers.diagnosis import diagnose
from trainers.ending import CurvePoint, Ending, explain
from trainers.facts import TrainFacts
from trainers.ladder import Attempt, DevResult, Step, best_attempt, first_step
from trainers.loop import Outcome, train_until
from trainers.lora import conditions, train_adapter
from trainers.plans import Ladder, Plan, Seeds
from trainers.precision import settled
from trainers.preflight import marked
from trainers.progress import Progress
from trainers.recipe import Recipe, default_recipe, demo_recipe, from_dict, parse_settings, with_settings
from trainers.tracking import Tracking, check_trackers

__all__ = [
    "Attempt", "Budget", "CurvePoint", "DevResult", "Ending", "Ladder", "Outcome", "Plan", "Progress", "Recipe",
    "Seeds", "Step", "Tracking", "TrainFacts", "TrainingResult", "Watch", "best_attempt", "check_trackers",
    "conditions", "default_recipe", "demo_recipe", "diagnose", "explain", "first_step", "from_dict", "marked",
    "parse_settings", "settled", "strategy_for", "train_adapter", "train_by_command", "train_until", "with_settings",
]
