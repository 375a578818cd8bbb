"""One training: a base model, a task's train split and a recipe become a LoRA adapter, whole or not at all."""

from __future__ import annotations

import gc
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import whole_folder, write_json
from goldgate.engine.loading import forget_models
from goldgate.engine.token_rows import Row
from goldgate.models.embedded import ModelRef
from goldgate.models.loading import load_base
from goldgate.models.quiet import quiet
from goldgate.models.template import template_digest
from goldgate.task.examples import Split
from goldgate.task.task import Task
from goldgate_trainers.lora.attempt_folder import (
    Log,
    TrainingResult,
    dev_scores,
    read_attempt,
    read_back,
    tidy_config,
    write_attempt,
)
from goldgate_trainers.lora.base_model import continue_lora, pad_token, start_lora
from goldgate_trainers.lora.best_epoch import Watch, by_epoch
from goldgate_trainers.lora.checked_rows import checked_rows
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.conditions import adapter_note, training_key
from goldgate_trainers.lora.dev_loss import dev_rows
from goldgate_trainers.lora.memory import shortage
from goldgate_trainers.lora.optimize import optimize
from goldgate_trainers.lora.packing import check_packing
from goldgate_trainers.lora.precision import lower_base, settled
from goldgate_trainers.lora.preflight import check_adapter, check_start, sample
from goldgate_trainers.lora.progress import Progress
from goldgate_trainers.lora.quantized import loading
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.setbacks import to_the_end
from goldgate_trainers.lora.speed import measure_cost
from goldgate_trainers.lora.time_limit import TimeLimit, changed, ended, forecast, shortened
from goldgate_trainers.lora.tracking import Tracking
from goldgate_trainers.lora.try_batches import check_apart, try_batches

__all__ = ["TrainingResult", "train_adapter"]


@dataclass(frozen=True)
class _Ready:
    """What preflight has passed. recipe: as it fits in memory; notes: for the record; template: its digest; pad: the
    token that fills short rows.
    """

    tokenizer: Any
    tuned: Any
    rows: Sequence[Row]
    recipe: Recipe
    notes: tuple[str, ...]
    template: str
    pad: int

    @property
    def shortest(self) -> Row:
        return min(self.rows, key=lambda r: len(r.tokens))


def train_adapter(
    model: ModelRef,
    task: Task,
    train: Split,
    recipe: Recipe,
    out: Path,
    progress: Callable[[Progress], None] = lambda _: None,
    continue_from: Path | None = None,
    dev: Split | None = None,
    tracking: Tracking | None = None,
    watch: Watch | None = None,
    limit: TimeLimit | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> TrainingResult:
    """Trains an adapter into an attempt folder, or finds it complete there.

    A killed training leaves nothing at `out`; the next call resumes from its newest whole checkpoint. On a CPU the same
    arguments give the same bytes, killed or not, unless the time is used up before the planned end.

    Args:
        model: The base model.
        task: The task to learn.
        train: The split to learn from.
        recipe: How to train.
        out: The attempt folder; the adapter is written to out/adapter.
        progress: Called after every optimizer step.
        continue_from: Folder of an adapter to train further, of the same base model and rank.
        dev: The split whose loss is logged after every epoch. It does not affect the adapter.
        tracking: Trackers that are told of every step. They do not affect the adapter.
        watch: Scores an epoch's adapter on dev. Required with patience: the best epoch's adapter is kept.
        limit: The attempt's time. What does not fit is planned shorter; at least FEWEST_STEPS are made.
        say: Called before the first step with what the attempt will take.

    Raises:
        UserError: Preflight finds a fault, which is named with its example.
        TrainingFailed: The loss still explodes at a quarter of the rate, or not even one row fits in memory.
    """
    recipe = settled(recipe)
    _check_asked(train, dev, recipe, watch)
    watch = watch if recipe.patience else None
    key = training_key(model, task, train, recipe, continue_from, watch.digest if watch else None)
    kept = Checkpoints(out, key)
    if done := read_attempt(out, key):
        kept.remove()
        return done
    earlier = kept.saved.note["log"][-1]["seconds"] if kept.saved else 0.0
    limit = limit.earlier(earlier) if limit else None
    forget_models()  # what answered before would lie in memory beside what is trained
    with quiet(), _no_false_alarm():
        ready = _prepared(model, task, train, recipe, continue_from)
        watched = dev_rows(ready.tokenizer, task, dev, recipe) if dev else []
        planned = _in_time(ready, kept, watched, limit, say)
        with whole_folder(out) as part:
            note = adapter_note(model, task, train, recipe, ready.template, continue_from)
            steps = partial(
                optimize,
                ready.tuned,
                ready.rows,
                pad=ready.pad,
                work=part / "work",
                progress=progress,
                kept=kept,
                dev=watched if planned.epochs > 1 else (),
                tracking=tracking,
                score=partial(_scored, ready.tuned, part / "epoch", note, watch) if watch else None,
                limit=limit,
            )
            ran, log = to_the_end(ready.tuned, planned, kept, steps)
            _complete(part, key, ready, recipe, ran, log, kept, note, watch)
    kept.remove()
    del ready, steps
    gc.collect()  # the Trainer refers to itself: without this the model would stay until some later collection
    return replace(read_back(out, key), earlier=earlier)


def _check_asked(train: Split, dev: Split | None, recipe: Recipe, watch: Watch | None) -> None:
    """No golden, and a watch for a recipe with patience. Raises UserError."""
    if "golden" in (train.name, dev.name if dev else ""):
        raise UserError("the trainer does not read golden", "train", "give it the train split, and dev to watch")
    if recipe.patience and watch is None:
        raise UserError(
            f"the recipe has patience {recipe.patience}, and nothing says how an epoch does on dev",
            'recipe setting "patience"',
            "give train_adapter a watch, or set patience=0",
        )


def _prepared(model: ModelRef, task: Task, train: Split, recipe: Recipe, continue_from: Path | None) -> _Ready:
    """Preflight: the rows and the model that are trained. The base may be in bf16 after. Raises UserError."""
    tokenizer, base = load_base(model.path, task.chat_template, **loading(recipe))
    rows, notes = checked_rows(tokenizer, base, task, train, recipe)
    template, pad = template_digest(tokenizer, task.template), pad_token(tokenizer)
    tuned = continue_lora(base, model, continue_from, recipe, template) if continue_from else start_lora(base, recipe)
    check_start(tuned, min(rows, key=lambda r: len(r.tokens)), fresh=continue_from is None)
    check_apart(tuned, rows, pad)
    if recipe.pack:
        check_packing(tuned, rows)
    lower_base(tuned, recipe)
    fits, tried = try_batches(tuned, rows, recipe, pad, task.decoding.max_new_tokens)
    return _Ready(tokenizer, tuned, rows, fits, (*notes, *tried), template, pad)


def _in_time(
    ready: _Ready, kept: Checkpoints, dev: Sequence[Row], limit: TimeLimit | None, say: Callable[[str], None]
) -> Recipe:
    """The recipe as far as it fits into the time, which is asked once: a killed training keeps its answer."""
    recipe = ready.recipe
    if kept.horizon is None and limit is not None:
        scoring = limit.judging if recipe.patience else 0.0
        cost = measure_cost(ready.tuned, ready.rows, recipe, ready.pad, limit.clock, dev, scoring)
        planned = shortened(recipe, len(ready.rows), cost, limit.left)
        say(forecast(recipe, planned, len(ready.rows), cost, limit))
        kept.plan(changed(recipe, planned))
    return replace(recipe, **(kept.horizon or {}))


def _complete(
    part: Path,
    key: str,
    ready: _Ready,
    asked: Recipe,
    ran: Recipe,
    log: Log,
    kept: Checkpoints,
    note: Mapping[str, Any],
    watch: Watch | None,
) -> None:
    """Writes and checks the adapter, and the record of how it was trained."""
    ran, time_up = ended(asked, ran, len(ready.rows), log)
    notes = [*ready.notes, *shortage(asked, ran), *_resumed(kept)]
    if time_up:
        notes.append(time_up.words)
    if watch and dev_scores(log):
        notes.append(by_epoch(watch.metric, log, ran.epochs))
    shutil.rmtree(part / "work", ignore_errors=True)
    _write_adapter(ready.tuned, part / "adapter", {**note, "recipe": ran.to_dict()})
    check_adapter(ready.tuned, part / "adapter", ready.shortest, "training")
    steps_an_epoch = asked.steps_an_epoch(len(ready.rows))
    tokens = round(sum(len(r.tokens) for r in ready.rows) * len(log) / steps_an_epoch)
    row = sample(ready.tokenizer, ready.shortest)
    write_attempt(part, key, ran, log, tokens, tuple(notes), row, tuple(kept.setbacks), time_up)


def _write_adapter(tuned: Any, folder: Path, note: Mapping[str, Any]) -> None:
    """Writes the adapter's weights and configuration, and the note that tells what it belongs to."""
    tuned.save_pretrained(str(folder), save_embedding_layers=False)
    tidy_config(folder, note["alias"])
    (folder / "README.md").unlink(missing_ok=True)
    write_json(folder / "goldgate.json", dict(note))


def _scored(tuned: Any, folder: Path, note: Mapping[str, Any], watch: Watch) -> float:
    """What the adapter as it is now scores on dev, by a model of its own, as it will be asked. No random number is
    drawn from those of training.
    """
    import torch

    with torch.random.fork_rng():
        _write_adapter(tuned, folder, note)
        score = watch.score(folder)
        forget_models()
    shutil.rmtree(folder)
    return score


def _resumed(kept: Checkpoints) -> list[str]:
    """For the record: that the training was killed, and which checkpoints were of no use."""
    notes = [f"checkpoint {step} was damaged or edited, and was not used" for step in kept.torn]
    return [*notes, f"interrupted, and resumed after step {kept.saved.step}"] if kept.saved else notes


@contextmanager
def _no_false_alarm() -> Iterator[None]:
    """peft asks transformers by a name that transformers has renamed; its warning is nothing that a user could mend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        yield
