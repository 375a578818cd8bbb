"""Train until the suite passes: attempts from the ladder of recipes, judged on dev, within a budget.

Knows no model, no pytest and no golden split. Of a look at golden it learns one bit, through a callable.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Protocol

from goldgate.base.files import read_json, write_json
from goldgate_trainers.loop.attempt import Attempt, DevResult, Step, best_attempt
from goldgate_trainers.loop.budget import Budget
from goldgate_trainers.loop.ladder import Ladder
from goldgate_trainers.loop.plan import Plan
from goldgate_trainers.lora.attempt_folder import TrainingFailed, TrainingResult
from goldgate_trainers.lora.memory import shortage
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_limit import TimeLimit

LOOK_AT = 0.5
"""The chance of passing from which a candidate may look at golden: below it, the look is more likely wasted."""


_UNTIL_IT_PASSES = Ladder()


class Train(Protocol):
    """Trains one recipe into an attempt folder within a time limit, or finds it complete there."""

    def __call__(self, recipe: Recipe, out: Path, continue_from: Path | None, limit: TimeLimit) -> TrainingResult: ...


Judge = Callable[[Path, int], DevResult]
"""Scores an adapter on dev, given its folder and the attempt's number."""
Look = Callable[[Path], bool]
"""Spends a look at golden on an adapter: did the whole suite pass? Nothing else comes back."""
Chance = Callable[[Attempt, Sequence[Attempt]], float]
"""The chance of passing of the attempt that dev chooses among all attempts, itself included."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        attempts: All attempts, in order.
        best: The best attempt, or the one that passed.
        passed: Whether a look at golden passed with `best`.
        looks: Number of looks that were spent.
        reason: Why the run ended, in words.
        chance: The chance that `best` passes golden, with a view to dev having chosen it.
    """

    attempts: tuple[Attempt, ...]
    best: Attempt
    passed: bool
    looks: int
    reason: str
    chance: float


def train_until(
    first: Step,
    train: Train,
    judge: Judge,
    look: Look,
    folder: Path,
    budget: Budget,
    clock: Callable[[], float] = time.monotonic,
    told: Callable[[Step, int], None] = lambda step, k: None,
    plan: Plan = _UNTIL_IT_PASSES,
    judging: float = 0.0,
    chance: Chance = lambda best, done: best.dev.chance,
) -> Outcome:
    """Makes attempts until one passes golden, the plan has no further step, or the budget would be overrun.

    A candidate that is likely enough to pass looks at golden at once; the run ends where no look is left for it. When
    no candidate was likely enough, the best one gets a look at the end.

    Args:
        first: The first attempt. It always runs; where the time does not suffice for its recipe, `train` stops it.
        train: Trains an attempt within its time.
        judge: Scores an attempt on dev.
        look: Spends a look at golden.
        folder: Holds attempts/<k>/; what is complete there from a killed run is reused.
        budget: Attempts, time and looks that may be spent.
        clock: Tells the time, in seconds.
        told: Called before each attempt with its step and number.
        plan: Chooses the steps after the first.
        judging: Seconds that judging the first attempt is expected to take; training leaves them to it.
        chance: Corrects an attempt's chance of passing for having been chosen among those made so far.

    Returns:
        How the run ended. An attempt that cannot be trained ends it with the attempts before.

    Raises:
        UserError: As train and judge do; TrainingFailed where the first attempt cannot be trained.
    """
    started = clock()
    done: list[Attempt] = []
    step: Step | None = first
    looks, earlier = 0, 0.0
    reason = ""
    while step is not None:
        told(step, len(done) + 1)
        try:
            limit = TimeLimit(started + budget.seconds - earlier, _reserved(judging, done), clock)
            attempt = _attempt(step, len(done) + 1, done, train, judge, folder, limit)
        except TrainingFailed as error:
            if not done:
                raise
            reason = f"attempt {len(done) + 1} could not be trained: {error.what}{_stopped(done)}"
            break
        earlier += attempt.earlier
        done.append(attempt)
        if not plan.comparing and (likely := chance(attempt, done)) >= LOOK_AT:
            if looks == budget.most_looks:
                reason = f"attempt {attempt.k} is likely to pass, and {_used_up(budget)}{_stopped(done)}"
                break
            looks += 1
            if _look(look, attempt, folder):
                reason = f"the suite passes on golden{_stopped(done)}"
                return Outcome(tuple(done), attempt, True, looks, reason, likely)
        step, reason = _next(done, plan, budget, earlier + clock() - started)
        reason += _stopped(done)
    return _at_the_end(done, chance, looks, reason, look, folder, budget)


def _reserved(judging: float, done: Sequence[Attempt]) -> float:
    """Seconds left to judging: what was expected, or what it took last where that is more."""
    return max(judging, done[-1].judged) if done else judging


def _at_the_end(
    done: Sequence[Attempt], chance: Chance, looks: int, reason: str, look: Look, folder: Path, budget: Budget
) -> Outcome:
    """The best attempt takes the one look, if none was taken yet and there is one."""
    best = best_attempt(done)
    likely = chance(best, done)
    if looks == 0 and budget.most_looks > 0:
        looks = 1
        if _look(look, best, folder):
            same = "" if likely >= LOOK_AT else " all the same"
            reason += f"; the best attempt passes on golden{same}"
            return Outcome(tuple(done), best, True, looks, reason, likely)
        reason += f"; the one look, taken at the end, had a chance of {likely:.0%} and spent its level"
    return Outcome(tuple(done), best, False, looks, reason, likely)


def _stopped(done: Sequence[Attempt]) -> str:
    """Which attempts the time did not suffice for, to be added to a reason."""
    return "".join(f"; attempt {a.k} was {a.time_up.words}" for a in done if a.time_up is not None)


def _used_up(budget: Budget) -> str:
    if budget.most_looks == 0:
        return "this run may not look at golden"
    return f"the budget of {_count(budget.most_looks, 'look')} at golden is used up"


def _next(done: list[Attempt], plan: Plan, budget: Budget, spent: float) -> tuple[Step | None, str]:
    """The next step, shortened to fit the time left, or None and why there is none."""
    step = plan.next(done)
    if step is None:
        return None, plan.ended
    if len(done) >= budget.attempts:
        return None, f"the budget of {_count(budget.attempts, 'attempt')} is used up"
    left = budget.seconds - spent
    needed = estimate(step.recipe, done)
    if needed <= left:
        return step, ""
    affordable = math.floor((left - done[-1].judged) / per_epoch(step.recipe, done))
    if affordable < 1 or plan.comparing:
        return None, (
            f"the {budget.scarce} is used up: the next attempt ({step.reason}) would take"
            f" {needed / 60:.0f} min, {max(0.0, left) / 60:.0f} of {budget.seconds / 60:g} min are left"
        )
    return step.shortened(affordable), ""


def estimate(recipe: Recipe, done: list[Attempt]) -> float:
    """Expected seconds of an attempt with this recipe, judging included, based on the last attempt."""
    return per_epoch(recipe, done) * recipe.epochs + done[-1].judged


def per_epoch(recipe: Recipe, done: list[Attempt]) -> float:
    """Expected seconds of an epoch: as in the last attempt, which had the same data. Rank and batch change little."""
    last = done[-1]
    return max(1e-9, last.trained / last.passes)


def _attempt(
    step: Step, k: int, done: list[Attempt], train: Train, judge: Judge, folder: Path, limit: TimeLimit
) -> Attempt:
    clock = limit.clock
    out = folder / "attempts" / str(k)
    from_adapter = None if step.continue_from is None else done[step.continue_from - 1].adapter
    begun = clock()
    result = train(step.recipe, out, from_adapter, limit)
    trained = result.seconds if result.reused else clock() - begun + result.earlier
    record = _known_dev(out, result)
    if record is None:
        begun = clock()
        dev = judge(result.adapter, k)
        record = {
            "adapter": result.digest,
            **asdict(dev),
            "trained": trained,
            "judged": clock() - begun,
            "reason": step.reason,
            "continue_from": step.continue_from,
        }
        write_json(out / "dev.json", record)
        earlier = trained if result.reused else result.earlier
    else:
        earlier = record["trained"] + record["judged"]
    dev = DevResult(**{f.name: record[f.name] for f in fields(DevResult)})
    recipe = replace(
        step.recipe,
        learning_rate=step.recipe.learning_rate / 2 ** len(result.setbacks),
        micro_batch=result.micro_batch or step.recipe.micro_batch,
    )
    if result.time_up is not None:
        recipe = replace(recipe, epochs=max(1, math.ceil(result.log[-1]["epoch"])))
    late = [] if result.time_up is None else [result.time_up.words]
    reason = "; ".join([step.reason, *result.setbacks, *shortage(step.recipe, recipe), *late])
    return Attempt(
        k,
        recipe,
        reason,
        result.adapter,
        result.log,
        dev,
        record["trained"],
        record["judged"],
        step.continue_from,
        earlier,
        result.setbacks,
        result.time_up,
    )


def _known_dev(out: Path, result: TrainingResult) -> dict[str, Any] | None:
    """What dev said of this very adapter before the run was killed."""
    path = out / "dev.json"
    if not path.is_file() or (record := read_json(path))["adapter"] != result.digest:
        return None
    return dict(record) if {f.name for f in fields(DevResult)} <= set(record) else None


def _look(look: Look, attempt: Attempt, folder: Path) -> bool:
    """The one bit, kept beside the attempt so that a run that is taken up again does not look again."""
    path = folder / "attempts" / str(attempt.k) / "look.json"
    digest = read_json(path.parent / "dev.json")["adapter"]
    if path.is_file() and (known := read_json(path))["adapter"] == digest:
        return bool(known["passed"])
    passed = look(attempt.adapter)
    write_json(path, {"adapter": digest, "passed": passed})
    return passed


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
