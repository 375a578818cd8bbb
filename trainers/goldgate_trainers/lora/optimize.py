"""The optimizer steps, by transformers' Trainer: our loss, our order of rows, and a row of log after every step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from goldgate.base.hardware import device
from goldgate.engine.token_rows import Row
from goldgate_trainers.lora.batches import WIDTHS, ByLength, collate
from goldgate_trainers.lora.best_epoch import BestEpoch
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.dev_loss import mean_loss
from goldgate_trainers.lora.forward import Forward, forward_as_trained
from goldgate_trainers.lora.one_process import one_process
from goldgate_trainers.lora.packing import pack
from goldgate_trainers.lora.progress import Progress
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.resume import Resumable
from goldgate_trainers.lora.time_limit import FEWEST_STEPS, TimeLimit
from goldgate_trainers.lora.tracking import Tracking, tracked
from goldgate_trainers.lora.watchdog import Watchdog

_NO_LOSS = {"cross_entropy": False, "fused_linear_cross_entropy": False}  # of Liger's: the loss is ours


def optimize(
    model: Any,
    rows: Sequence[Row],
    recipe: Recipe,
    pad: int,
    work: Path,
    progress: Callable[[Progress], None],
    kept: Checkpoints,
    dev: Sequence[Row] = (),
    tracking: Tracking | None = None,
    score: Callable[[], float] | None = None,
    limit: TimeLimit | None = None,
) -> list[dict[str, float]]:
    """Trains the parameters of a peft model that require gradients.

    Args:
        model: The peft model.
        rows: What it is trained on.
        recipe: How they are trained.
        pad: The token that fills short rows.
        work: A folder for the Trainer, which writes nothing there.
        progress: Called after every step.
        kept: Checkpoints to resume from and to write.
        dev: Rows whose loss is logged at the end of every epoch as dev_loss. It changes nothing.
        tracking: Trackers that are told of every step.
        score: Scores the current model's answers to dev. It is called after every epoch, logged as dev_score, decides
            which epoch's weights the model has in the end, and ends training after `recipe.patience` epochs without a
            better one.
        limit: When training has to end: at the next step, and where the best epoch is kept, before an epoch that could
            not be finished. The log then has fewer rows than the recipe has steps.

    Returns:
        One log row for every optimizer step.

    Raises:
        Diverged: The loss explodes.
        UserError: A checkpoint cannot be written.
    """
    per_epoch = recipe.steps_an_epoch(len(rows))
    tokens = round(sum(len(r.tokens) for r in rows) * recipe.steps(len(rows)) / per_epoch)
    clock = _Clock(tokens, recipe.steps(len(rows)), progress, limit.clock if limit else time.perf_counter)
    if kept.saved is not None:
        clock.restore(kept.saved.note)
    best = None if score is None else BestEpoch(model, recipe.patience)
    order = ByLength([len(r.tokens) for r in rows], recipe.batch, recipe.seed)
    done = 0 if kept.saved is None else kept.saved.step
    with one_process(), forward_as_trained(model, recipe) as forward, tracked(tracking, done) as trackers:
        callbacks = [
            _callback(clock, forward, kept, order, per_epoch, best),
            _ending(recipe, clock, per_epoch, best, limit),
            *trackers,
        ]
        trainer = _trainer(model, rows, recipe, pad, work, callbacks)
        loss = partial(mean_loss, model, forward, dev, recipe.micro_batch, pad) if dev else None
        asked = {"dev_loss": loss, "dev_score": score}
        clock.after_epochs(per_epoch, {name: ask for name, ask in asked.items() if ask is not None})
        trainer.clock = clock
        trainer.order = order
        trainer.forward = forward
        trainer.kept = kept
        trainer.best = best
        trainer.train(resume_from_checkpoint=None if kept.saved is None else str(kept.saved.folder))
    if best is not None:
        best.take_back()
    return clock.log


def _trainer(model: Any, rows: Sequence[Row], recipe: Recipe, pad: int, work: Path, callbacks: Sequence[Any]) -> Any:
    """transformers' Trainer without its own words on the terminal."""
    from transformers import PrinterCallback, ProgressCallback

    trainer = _trainer_class()(
        model=model,
        args=_arguments(recipe, work, recipe.steps(len(rows))),
        train_dataset=list(rows),
        data_collator=pack if recipe.pack else partial(collate, pad=pad, multiple=WIDTHS),
        callbacks=list(callbacks),
    )
    trainer.recipe = recipe
    # Our loss divides by the labels of the whole step itself.
    trainer.model_accepts_loss_kwargs = True
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    return trainer


def _arguments(recipe: Recipe, work: Path, steps: int) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(work),
        seed=recipe.seed,
        num_train_epochs=recipe.epochs,
        max_steps=steps if recipe.max_steps else -1,
        per_device_train_batch_size=recipe.micro_batch,
        gradient_accumulation_steps=recipe.batch // recipe.micro_batch,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.clip,
        optim="adamw_torch",
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        **({"activation_checkpointing": True} if recipe.checkpoint_activations else {}),
        **({"use_liger_kernel": True, "liger_kernel_config": _NO_LOSS} if liger() else {}),
    )


def liger() -> bool:
    """Whether Liger's kernels compute norms, rotary embeddings and the MLP: on a CUDA GPU, if installed."""
    from transformers.utils import is_liger_kernel_available

    return device() == "cuda" and bool(is_liger_kernel_available())


class _Clock:
    """Counts what was trained and turns Trainer's logs into ours.

    tokens: in all epochs, padding not counted. now: tells the time, in seconds.
    """

    def __init__(self, tokens: int, steps: int, progress: Callable[[Progress], None], now: Callable[[], float]) -> None:
        self.log: list[dict[str, float]] = []
        self._tokens = tokens
        self._steps = steps
        self._progress = progress
        self._done = 0
        self._now = now
        self._started = now()
        self._watchdog = Watchdog(steps)
        self._per_epoch = steps
        self._measures: Mapping[str, Callable[[], float]] = {}

    def after_epochs(self, per_epoch: int, measures: Mapping[str, Callable[[], float]]) -> None:
        """Asks for these after the last step of every epoch, before a checkpoint of that step is written."""
        self._per_epoch, self._measures = per_epoch, measures

    def restore(self, note: dict[str, Any]) -> None:
        """Goes on from where a killed training was saved, with what noted() said then."""
        self.log, self._done = list(note["log"]), note["tokens"]
        for row in self.log:
            self._watchdog.see(row["loss"])

    def noted(self) -> dict[str, Any]:
        return {"log": self.log, "tokens": self._done}

    def start(self) -> None:
        self._started = self._now() - (self.log[-1]["seconds"] if self.log else 0.0)

    def count(self, tokens: int) -> None:
        self._done += tokens

    def epoch_seconds(self, per_epoch: int) -> float:
        """What the last epoch took, with what was asked of dev at its end."""
        before = self.log[-1 - per_epoch]["seconds"] if len(self.log) > per_epoch else 0.0
        return self.log[-1]["seconds"] - before

    def step(self, step: int, epoch: float, loss: float, gradient: float, rate: float) -> None:
        self._watchdog.see(loss, gradient)
        measured = {n: m() for n, m in self._measures.items()} if step % self._per_epoch == 0 else {}
        seconds = self._now() - self._started
        speed = self._done / max(seconds, 1e-9)
        left = max(0.0, (self._tokens - self._done) / speed)
        self.log.append(
            {
                "step": step,
                "epoch": round(epoch, 4),
                "loss": loss,
                "learning_rate": rate,
                "tokens_per_second": round(speed, 1),
                "seconds": round(seconds, 2),
                **{name: value for name, value in measured.items() if math.isfinite(value)},
            }
        )
        self._progress(Progress(step, self._steps, epoch, loss, rate, speed, seconds, left))


def _trainer_class() -> Any:
    from transformers import Trainer

    class AnswerTrainer(Resumable, Trainer):  # type: ignore[misc]
        clock: _Clock
        order: ByLength
        recipe: Recipe
        forward: Forward

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            self.clock.count(int(inputs["lengths"].sum()))
            return self.forward.loss(
                inputs["input_ids"], inputs["labels"], num_items_in_batch, inputs.get("position_ids")
            )

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return self.order

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            from torch.optim.lr_scheduler import LambdaLR

            self.lr_scheduler = LambdaLR(
                optimizer or self.optimizer, lambda step: self.recipe.rate_at(step, num_training_steps)
            )
            return self.lr_scheduler

        def noted(self) -> dict[str, Any]:
            return self.clock.noted()

    return AnswerTrainer


def _callback(
    clock: _Clock, forward: Forward, kept: Checkpoints, order: ByLength, per_epoch: int, best: BestEpoch | None
) -> Any:
    """per_epoch: optimizer steps of an epoch."""
    from transformers import TrainerCallback

    class Log(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            clock.start()

        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            # Of an epoch that is resumed in its middle, the sampler does not hear from the Trainer.
            order.set_epoch(state.global_step // per_epoch)

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            forward.refresh()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            control.should_save = state.global_step < state.max_steps and kept.due()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                clock.step(
                    state.global_step,
                    state.epoch,
                    float(logs["loss"]),
                    float(logs.get("grad_norm", 0.0)),
                    float(logs["learning_rate"]),
                )
                logs["tokens_per_second"] = clock.log[-1]["tokens_per_second"]  # trackers read the same logs next
                if best is not None and "dev_score" in clock.log[-1] and best.see(clock.log):
                    control.should_training_stop = True
                    control.should_save = False  # from here nothing is to go on

    return Log()


def _ending(recipe: Recipe, clock: _Clock, per_epoch: int, best: BestEpoch | None, limit: TimeLimit | None) -> Any:
    """Ends the training where its recipe says so, or where its time is used up. It hears of a log after `_callback`."""
    from transformers import TrainerCallback

    class Ending(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            late = limit is not None and limit.left <= 0 and state.global_step >= FEWEST_STEPS
            if late or 0 < recipe.stop_after <= state.global_step:
                self._end(control)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            # Of an epoch that is cut short, nothing is kept where the best epoch is.
            at_epoch = bool(logs) and "loss" in logs and state.global_step % per_epoch == 0
            if at_epoch and best is not None and limit is not None and limit.left < clock.epoch_seconds(per_epoch):
                self._end(control)

        def _end(self, control: Any) -> None:
            control.should_training_stop = True
            control.should_save = False  # from here nothing is to go on

    return Ending()
