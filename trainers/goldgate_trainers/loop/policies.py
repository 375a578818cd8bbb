"""What to try next, and why: policies over the attempts so far, asked in order. Each changes one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from goldgate_trainers.loop.attempt import Attempt, Step, best_attempt
from goldgate_trainers.loop.diagnosis import diagnose
from goldgate_trainers.loop.facts import UNKNOWN, TrainFacts
from goldgate_trainers.lora.attempt_folder import dev_scores
from goldgate_trainers.lora.recipe import Recipe

MAX_RATE = 3e-3
"""Above, LoRA diverged in most published sweeps."""
MAX_RANK = 64
DROPOUT = 0.1


class Policy(Protocol):
    """One kind of change to the recipe."""

    def step(self, done: Sequence[Attempt], facts: TrainFacts) -> Step | None: ...


class FewerEpochs:
    """Against overfitting: trains from the base again, only up to the best epoch.

    The best epoch is the one with the lowest dev loss or, where dev was answered after every epoch, the one whose
    answers scored best. The learning rate now falls to 0 at its end.
    """

    def step(self, done: Sequence[Attempt], facts: TrainFacts) -> Step | None:
        last = done[-1]
        seen = diagnose(last)
        if seen.turned_after is None or last.continue_from is not None:
            return None
        epoch, why = seen.turned_after, "from there on it memorises the training data"
        if dev_scores(last.log):
            epoch, why = last.kept, "that epoch answered dev best"
        if epoch >= last.recipe.epochs:
            return None
        told = f"{seen.fit}: {_epochs(epoch)} instead of {last.recipe.epochs}, because {why}"
        return Step(replace(last.recipe, epochs=epoch), told, shorter=True)


class MoreDropout:
    """Against overfitting that fewer epochs did not cure: trains from the base with dropout."""

    def step(self, done: Sequence[Attempt], facts: TrainFacts) -> Step | None:
        turned = [a for a in done if diagnose(a).turned_after is not None or diagnose(a).by_heart]
        origin = _origin(done)
        if not turned or origin.recipe.dropout >= DROPOUT:
            return None
        told = (
            f"in attempt {turned[-1].k} {diagnose(turned[-1]).fit}: dropout {DROPOUT:g} instead of"
            f" {origin.recipe.dropout:g}, which makes memorising harder"
        )
        return Step(replace(origin.recipe, dropout=DROPOUT, epochs=_epochs_in_all(done)), told)


class MoreEpochs:
    """Against underfitting: trains the best adapter further, the first time and for as long as dev improves."""

    def step(self, done: Sequence[Attempt], facts: TrainFacts) -> Step | None:
        last = done[-1]
        seen = diagnose(last)
        if seen.turned_after is not None or last.epochs < last.recipe.epochs:
            return None
        rising = bool(dev_scores(last.log)) and last.kept == last.epochs
        if seen.by_heart and not rising:  # what is known by heart is learned no better by another reading
            return None
        before = done[last.continue_from - 1] if last.continue_from is not None else done[-2] if len(done) > 1 else None
        if before is not None and not _better(last, before):
            return None
        why = f"{seen.fit}, and more training has not been tried yet"
        if last.continue_from is not None:
            why = f"dev improved with more training, and {seen.fit}"
        if seen.by_heart:
            why = f"{seen.fit}, but answers to dev improved up to the last epoch"
        recipe = replace(last.recipe, seed=(last.recipe.seed + 1) % 2**32)
        more = "one more epoch" if recipe.epochs == 1 else f"{recipe.epochs} more epochs"
        return Step(recipe, f"{why}: {more} from attempt {last.k}", last.k)


class FocusTag:
    """For one tag that does clearly worse: its training examples are seen twice an epoch, from the base."""

    def step(self, done: Sequence[Attempt], facts: TrainFacts) -> Step | None:
        best, origin = best_attempt(done), _origin(done)
        seen = diagnose(best)
        if origin.recipe.focus:
            return None
        # What most examples carry is no kind of its own: seen twice, it would double the training and change nothing.
        tag = next((t for t in seen.weak if 0 < 2 * facts.tags.get(t, 0) <= facts.count), None)
        if tag is None:
            return None
        told = (
            f"{tag} is at {seen.weak[tag]:.3f} on dev, all examples at {seen.score:.3f}: its {facts.tags[tag]}"
            " training examples are seen twice an epoch to give them more weight"
        )
        return Step(replace(origin.recipe, focus=tag, epochs=_epochs_in_all(done)), told)


class BolderRate:
    """Doubles the learning rate, from the base, when more epochs no longer help."""

    def step(self, done: Sequence[Attempt], facts: TrainFacts) -> Step | None:
        origin = _origin(done)
        rate = 2 * origin.recipe.learning_rate
        if rate > MAX_RATE or diagnose(best_attempt(done)).by_heart:
            return None
        told = (
            f"more training no longer helps at {origin.recipe.learning_rate:g}, and"
            f" {diagnose(best_attempt(done)).fit}: the learning rate is raised to {rate:g}"
        )
        return Step(replace(origin.recipe, learning_rate=rate, epochs=_epochs_in_all(done)), told)


class MoreRank:
    """Doubles the rank, from the base, at the learning rate that did best."""

    def step(self, done: Sequence[Attempt], facts: TrainFacts) -> Step | None:
        origin = _origin(done)
        rank = 2 * origin.recipe.rank
        if rank > MAX_RANK or diagnose(best_attempt(done)).by_heart:
            return None
        told = (
            f"neither more epochs nor a higher learning rate helps, and {diagnose(best_attempt(done)).fit}: rank {rank}"
            f" instead of {origin.recipe.rank} gives the adapter more capacity"
        )
        return Step(replace(origin.recipe, rank=rank, alpha=2 * rank, epochs=_epochs_in_all(done)), told)


class VaryTag:
    """For a tag that stays weak although its examples are seen twice: the second time they are perturbed."""

    def step(self, done: Sequence[Attempt], facts: TrainFacts) -> Step | None:
        focused = [a for a in done if a.recipe.focus and a.continue_from is None]
        if not focused or not facts.variations:
            return None
        last = focused[-1]
        tag, weak = last.recipe.focus, diagnose(last).weak
        if tag not in weak:
            return None
        told = (
            f"{tag} is still at {weak[tag]:.3f} in attempt {last.k} although its examples are seen twice: the"
            " second copy is perturbed by"
            f" {', '.join(facts.variations)}, which the suite says must not change an answer"
        )
        return Step(replace(last.recipe, variations=",".join(facts.variations)), told)


POLICIES: tuple[Policy, ...] = (
    FewerEpochs(),
    MoreEpochs(),
    MoreDropout(),
    FocusTag(),
    BolderRate(),
    MoreRank(),
    VaryTag(),
)


def next_step(done: Sequence[Attempt], facts: TrainFacts = UNKNOWN) -> Step | None:
    """The first policy's step that was not tried yet; None when none is left."""
    for policy in POLICIES:
        step = policy.step(done, facts)
        if step is not None and not _taken(step, done):
            return step
    return None


def _origin(done: Sequence[Attempt]) -> Attempt:
    """The attempt from the base model from which the best one came."""
    attempt = best_attempt(done)
    while attempt.continue_from is not None:
        attempt = done[attempt.continue_from - 1]
    return attempt


def _epochs_in_all(done: Sequence[Attempt]) -> int:
    """Epochs that the best attempt's adapter has seen, those that it went on from included."""
    attempt = best_attempt(done)
    epochs = attempt.kept
    while attempt.continue_from is not None:
        attempt = done[attempt.continue_from - 1]
        epochs += attempt.kept
    return epochs


def _better(one: Attempt, other: Attempt) -> bool:
    return one.dev.standing > other.dev.standing


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def _taken(step: Step, done: Sequence[Attempt]) -> bool:
    """Whether an attempt had this start and recipe already, be it in vain; the seed and the epochs, which a budget may
    have shortened, aside. Where fewer epochs are the change, it is taken by one that had no more of them.
    """

    def shape(recipe: Recipe) -> Recipe:
        return replace(recipe, seed=0, epochs=1)

    return any(
        shape(step.recipe) == shape(recipe)
        and a.continue_from == step.continue_from
        and not (step.shorter and recipe.epochs > step.recipe.epochs)
        for a in done
        for recipe in a.tried
    )
