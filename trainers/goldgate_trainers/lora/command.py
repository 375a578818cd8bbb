"""Any program as the trainer: it gets the train split and the recipe as files, and hands back an adapter folder.

It is started without a shell, in a folder of its own, and never told where golden lies. What it hands back is checked
as our own adapters are.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_object, read_json, whole_folder, write_json, write_whole
from goldgate.engine.loading import forget_models
from goldgate.engine.token_rows import IGNORED, Row
from goldgate.models.embedded import ModelRef
from goldgate.models.loading import load_base
from goldgate.models.lora import check_kind, read_tensors, with_adapter
from goldgate.models.quiet import quiet
from goldgate.models.template import template_digest
from goldgate.task.examples import Split, render_output
from goldgate.task.task import Task
from goldgate_trainers.lora.answer_loss import answer_loss
from goldgate_trainers.lora.attempt_folder import (
    TrainingFailed,
    TrainingResult,
    read_attempt,
    read_back,
    tidy_config,
    write_attempt,
)
from goldgate_trainers.lora.batches import collate, strategy_for
from goldgate_trainers.lora.checked_rows import checked_rows
from goldgate_trainers.lora.conditions import adapter_note, training_key
from goldgate_trainers.lora.oversampling import repeats
from goldgate_trainers.lora.preflight import check_adapter, sample
from goldgate_trainers.lora.recipe import Recipe

LOSS_ROWS = 64
"""Train examples, the first by id, whose loss is measured before and after: a program's own log has no fixed form."""
_WEIGHTS, _CONFIG = "adapter_model.safetensors", "adapter_config.json"
_UNSAFE = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"}
_OUTPUT = ("stdout.txt", "stderr.txt")
_LAST_WORDS = 300  # characters of the program's last line that a message repeats


def train_by_command(
    model: ModelRef,
    task: Task,
    train: Split,
    recipe: Recipe,
    out: Path,
    continue_from: Path | None = None,
    *,
    seconds: float,
) -> TrainingResult:
    """Runs recipe.command to train an adapter into an attempt folder, or finds it complete there.

    The command's arguments may contain these placeholders: {train}, a JSONL file of token rows with their labels and
    chat messages; {recipe}, a JSON file; {model}, the base model's folder; {out}, the adapter folder to write; {start},
    the adapter folder to train further, or nothing; {project}, the project's folder. Its output is kept.

    Args:
        model: The base model.
        task: The task to learn.
        train: The split to learn from.
        recipe: The recipe, which names the command.
        out: The attempt folder.
        continue_from: Folder of an adapter to train further.
        seconds: Time after which the program is ended.

    Raises:
        UserError: The program cannot be started, or its adapter is damaged, made for another model, or has no
            effect.
        TrainingFailed: The program fails or takes too long.
    """
    if train.name == "golden":
        raise UserError("the trainer does not read golden", "train", "give it the train split")
    key = training_key(model, task, train, recipe, continue_from)
    if done := read_attempt(out, key):
        return done
    forget_models()
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(f"{out.name}.command.*"):
        shutil.rmtree(left, ignore_errors=True)
    # A name of its own: a program that outlived a killed run must not write into the next one's folder.
    work = Path(tempfile.mkdtemp(dir=out.parent, prefix=f"{out.name}.command."))
    with quiet():
        tokenizer, base = load_base(model.path, task.chat_template)
        rows, notes = checked_rows(tokenizer, base, task, train, recipe)
        del base  # the program needs the memory
        arguments = _arguments(recipe.command, _hand_over(work, model, task, train, rows, recipe, continue_from))
        took = _run(arguments, work, seconds)
        with whole_folder(out) as part:
            _take(work / "adapter", part / "adapter", model)
            tidy_config(part / "adapter", model.alias)
            note = adapter_note(model, task, train, recipe, template_digest(tokenizer, task.template), continue_from)
            write_json(part / "adapter" / "goldgate.json", {**note, "recipe": recipe.to_dict()})
            before, after = _checked(load_base(model.path)[1], part / "adapter", rows, work)
            log = [_log_row(0, before, recipe, 0.0), _log_row(recipe.steps(len(rows)), after, recipe, took)]
            for name in _OUTPUT:
                shutil.copyfile(work / name, part / name)
            tokens = sum(len(r.tokens) for r in rows) * recipe.epochs
            told = (*notes, "trained by a program; steps and tokens are those that the recipe asks for")
            write_attempt(part, key, recipe, log, tokens, told, sample(tokenizer, min(rows, key=_length)))
    shutil.rmtree(work, ignore_errors=True)
    return read_back(out, key)


def _hand_over(
    work: Path, model: ModelRef, task: Task, train: Split, rows: Sequence[Row], recipe: Recipe, start: Path | None
) -> dict[str, str]:
    """Writes what the program gets; returns what stands for each placeholder."""
    strategy, kept = strategy_for(task, recipe.prompt), {row.id for row in rows}
    once = sorted((e for e in train.examples if e.id in kept), key=lambda e: e.id)
    examples = {e.id: e for e in (*once, *repeats(once, recipe))}
    lines = [
        json.dumps(
            {
                "id": row.id,
                "messages": [
                    *strategy.messages(examples[row.id]),
                    {"role": "assistant", "content": render_output(examples[row.id].output)},
                ],
                "input_ids": row.tokens,
                "labels": row.labels,
            },
            ensure_ascii=False,
        )
        for row in rows
    ]
    write_whole(work / "train.jsonl", "\n".join(lines) + "\n")
    asked = {k: v for k, v in recipe.to_dict().items() if k not in ("trainer", "command")}
    write_json(
        work / "recipe.json",
        {
            **asked,
            "task": task.name,
            "model": str(model.path.resolve()),
            "template": dict(task.template),
            "start": None if start is None else str(start.resolve()),
        },
    )
    return {
        "train": str(work / "train.jsonl"),
        "recipe": str(work / "recipe.json"),
        "model": str(model.path.resolve()),
        "out": str(work / "adapter"),
        "start": "" if start is None else str(start.resolve()),
        "project": str(task.folder.resolve().parent.parent),
    }


def _arguments(command: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """The command with its placeholders filled in. Raises UserError for an unknown one."""

    def fill(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise UserError(f"no placeholder {found[0]}", 'recipe, field "command"', near_names(found[1], known))
        return known[found[1]]

    return [re.sub(r"\{(\w+)\}", fill, argument) for argument in command]


def _run(arguments: Sequence[str], work: Path, seconds: float) -> float:
    """Runs the program to its end; returns the seconds that it took. Raises UserError."""
    begun = time.monotonic()
    with (work / _OUTPUT[0]).open("wb") as said, (work / _OUTPUT[1]).open("wb") as wrong:
        try:
            program = subprocess.Popen(
                arguments, cwd=work, stdin=subprocess.DEVNULL, stdout=said, stderr=wrong, start_new_session=True
            )
        except (OSError, ValueError) as error:
            raise UserError(
                f"the program cannot be started: {error}",
                f"{arguments[0]!r:.80}",
                'give its path in the recipe\'s "command", for instance [python, "{project}/train.py"]',
            ) from error
        try:
            status = program.wait(timeout=max(seconds, 0.0))
        except subprocess.TimeoutExpired as error:
            raise TrainingFailed(
                f"the program was ended after {seconds / 60:.3g} min, all that the budget had left",
                str(work),
                f"give it more --minutes; {_last_words(work)}",
            ) from error
        finally:
            if program.poll() is None:
                _end(program)
    if status != 0:
        raise TrainingFailed(f"the program failed (exit status {status})", str(work), _last_words(work))
    return time.monotonic() - begun


def _end(program: subprocess.Popen[bytes]) -> None:
    """Ends the program and what it has started."""
    if hasattr(os, "killpg"):
        os.killpg(program.pid, signal.SIGKILL)
    else:
        program.kill()
    program.wait()


def _last_words(work: Path) -> str:
    """Where its output lies, and the last line that it wrote to stderr."""
    lines = (work / _OUTPUT[1]).read_text("utf-8", errors="replace").strip().splitlines()
    last = "".join(c if c.isprintable() else " " for c in lines[-1])[:_LAST_WORDS] if lines else "nothing on stderr"
    return f"its output is kept in {work.name}/stdout.txt and stderr.txt; it said last: {last}"


def _take(found: Path, into: Path, model: ModelRef) -> None:
    """Copies weights and configuration of a LoRA, nothing else. Raises UserError for what is none, or may hold code."""
    hint = 'the program has to write adapter_model.safetensors and adapter_config.json into "{out}"'
    if not found.is_dir() or found.is_symlink():
        raise UserError("the program wrote no adapter folder", str(found), hint)
    if unsafe := sorted(p.name for p in found.rglob("*") if p.suffix in _UNSAFE):
        raise UserError(f"{unsafe[0]} may hold code: only safetensors are taken", str(found), hint)
    for name in (_WEIGHTS, _CONFIG):
        if not (found / name).is_file() or (found / name).is_symlink():
            raise UserError(f"{name} is missing, or a link", str(found), hint)
    config = check_object(read_json(found / _CONFIG), str(found / _CONFIG), hint, peft_type=str)
    check_kind(found)
    made_for = config.get("base_model_name_or_path")
    if made_for not in (None, model.alias) and Path(str(made_for)).resolve() != model.path.resolve():
        raise UserError(
            f"the adapter says that it was made for another base model, {made_for!r:.80}",
            str(found / _CONFIG),
            'load the base model from "{model}"',
        )
    into.mkdir()
    for name in (_WEIGHTS, _CONFIG):
        shutil.copyfile(found / name, into / name)


def _checked(base: Any, adapter: Path, rows: Sequence[Row], work: Path) -> tuple[float, float]:
    """Loss on train without and with the adapter, which is checked as one of ours. Raises UserError."""
    try:
        read_tensors(adapter)
        tuned = with_adapter(base, adapter)
    except UserError as error:
        raise UserError(error.what, str(work / "adapter"), 'train it on the model in "{model}"') from error
    with tuned.disable_adapter():
        before = _loss(tuned, rows)
    after = _loss(tuned, rows)
    check_adapter(tuned, adapter, min(rows, key=_length), str(work / "adapter"))
    return before, after


def _loss(model: Any, rows: Sequence[Row]) -> float:
    """Mean negative log-likelihood (nats) of the answers' tokens, over the first LOSS_ROWS rows."""
    import torch

    total, count = 0.0, 0
    model.eval()
    for row in rows[:LOSS_ROWS]:
        batch = collate([row], 0)
        labels = batch["labels"].to(model.device)
        with torch.no_grad():
            total += float(answer_loss(model.get_base_model(), batch["input_ids"].to(model.device), labels, 1))
        count += int((labels != IGNORED).sum())
    return total / count


def _log_row(step: int, loss: float, recipe: Recipe, seconds: float) -> dict[str, float]:
    return {
        "step": step,
        "epoch": float(recipe.epochs if step else 0),
        "loss": loss,
        "learning_rate": recipe.learning_rate,
        "tokens": 0.0,
        "seconds": seconds,
    }


def _length(row: Row) -> int:
    return len(row.tokens)
