"""The best epoch's adapter is what is left, by what its answers to dev score; a training in vain ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.models.adapter import adapter_digest, read_adapter
from goldgate_trainers.lora.attempt_folder import TrainingResult, dev_scores, kept_epoch
from goldgate_trainers.lora.best_epoch import BestEpoch, Watch
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.progress import Progress
from goldgate_trainers.lora.train import train_adapter

from .conftest import QUICK, Lesson

WATCHED = replace(QUICK, epochs=5, patience=2)


class Scripted:
    """Scores epochs as a script says, and remembers whom it scored. draws: random numbers that answering takes."""

    def __init__(self, *scores: float, draws: int = 0) -> None:
        self.scores = scores
        self.seen: list[str] = []
        self._draws = draws

    def __call__(self, folder: Path) -> float:
        import torch

        torch.rand(self._draws)
        digest = read_adapter(folder).digest  # a whole adapter, as a subject reads it
        if digest not in self.seen:
            self.seen.append(digest)
        return self.scores[self.seen.index(digest)]


def train(
    lesson: Lesson,
    out: Path,
    script: Scripted,
    recipe: object = WATCHED,
    told: Callable[[Progress], None] = lambda _: None,
) -> TrainingResult:
    return train_adapter(
        lesson.model,
        lesson.task,
        lesson.train,
        recipe,
        out,
        told,  # type: ignore[arg-type]
        watch=Watch("exact_match", "v1", script),
    )


def test_the_best_epoch_is_kept_and_the_training_ends_when_patience_does(lesson: Lesson, tmp_path: Path) -> None:
    script = Scripted(0.2, 0.6, 0.5, 0.6, 0.9)
    result = train(lesson, tmp_path / "1", script)
    assert [row["dev_score"] for row in result.log if "dev_score" in row] == [0.2, 0.6, 0.5, 0.6]
    assert result.log[-1]["epoch"] == 4.0
    assert result.digest == adapter_digest(result.adapter) == script.seen[1]
    assert result.tokens == 4 * train(lesson, tmp_path / "2", Scripted(0.1), replace(WATCHED, epochs=1)).tokens
    assert result.notes[-1] == (
        "exact_match of the answers to dev by epoch: 0.200, 0.600, 0.500, 0.600; ended after"
        " epoch 4 of 5; the adapter is that of epoch 2"
    )


def test_while_it_gets_better_it_is_trained_as_without_being_watched(lesson: Lesson, tmp_path: Path) -> None:
    plain = train_adapter(lesson.model, lesson.task, lesson.train, replace(WATCHED, patience=0), tmp_path / "1")
    result = train(lesson, tmp_path / "2", Scripted(0.1, 0.2, 0.3, 0.4, 0.5))
    assert result.log[-1]["epoch"] == 5.0
    assert result.digest == plain.digest


def test_answering_draws_no_random_number_of_training(lesson: Lesson, tmp_path: Path) -> None:
    recipe = replace(WATCHED, dropout=0.3, epochs=3)
    found = [train(lesson, tmp_path / str(n), Scripted(0.1, 0.2, 0.3, draws=n), recipe).digest for n in (0, 7)]
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def whole(lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Digest of the adapter of a training that nobody killed."""
    return train(lesson, tmp_path_factory.mktemp("whole"), Scripted(0.2, 0.6, 0.5, 0.6)).digest


@pytest.mark.parametrize("step", [3, 5, 7, 8])
def test_killed_it_ends_with_the_same_epochs_adapter(
    lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: str, step: int
) -> None:
    """Epochs have two steps: in the second epoch, before and after the best one is known, and at the very end."""
    script = Scripted(0.2, 0.6, 0.5, 0.6)
    monkeypatch.setattr(Checkpoints, "due", lambda self: True)

    def stop(progress: Progress) -> None:
        if progress.step == step:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(lesson, tmp_path / "1", script, told=stop)
    result = train(lesson, tmp_path / "1", script)
    assert "resumed after step" in " ".join(result.notes)
    assert (result.digest, len(result.log)) == (whole, 8)


def test_another_way_to_score_is_another_attempt(lesson: Lesson, tmp_path: Path) -> None:
    recipe = replace(WATCHED, epochs=1)
    train(lesson, tmp_path / "1", Scripted(0.1), recipe)
    assert train(lesson, tmp_path / "1", Scripted(0.1), recipe).reused
    again = train_adapter(
        lesson.model, lesson.task, lesson.train, recipe, tmp_path / "1", watch=Watch("exact_match", "v2", Scripted(0.1))
    )
    assert not again.reused


def test_patience_without_anything_to_wait_for_is_refused(lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)patience 2, and nothing says .*set patience=0"):
        train_adapter(lesson.model, lesson.task, lesson.train, WATCHED, tmp_path / "1")


@pytest.mark.parametrize(
    ("losses", "kept", "stops"), [((0.9, 0.5, 0.4), 3, False), ((0.4, 0.5, 0.6), 1, True), ((0.5, 0.4, 0.4), 2, False)]
)
def test_between_epochs_that_answer_as_well_the_loss_decides(losses: tuple[float, ...], kept: int, stops: bool) -> None:
    """As long as no answer is right, as in a first epoch, the later one may be the better by far."""
    log = [{"loss": 1.0}, *({"dev_score": 0.0, "dev_loss": loss} for loss in losses)]
    assert kept_epoch(dev_scores(log)) == kept
    assert BestEpoch(Weights(), 2).see(log) is stops


def scores() -> st.SearchStrategy[list[float]]:
    return st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=12)


@given(scores(), st.integers(1, 4))
def test_it_stops_at_the_first_epoch_that_lies_so_far_after_the_best(found: list[float], patience: int) -> None:
    best = BestEpoch(Weights(), patience)
    log = [{"dev_score": score} for score in found]
    stops = [best.see(log[:n]) for n in range(1, len(log) + 1)]
    epochs = stops.index(True) + 1 if True in stops else len(found)
    since = [n - kept_epoch(dev_scores(log[:n])) for n in range(1, epochs + 1)]
    assert all(s < patience for s in since[:-1])
    assert epochs == len(found) or since[-1] == patience


class Weights:
    """A model without any."""

    def named_parameters(self) -> Iterator[tuple[str, object]]:
        return iter(())
