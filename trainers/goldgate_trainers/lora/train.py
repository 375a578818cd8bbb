"""One training: a base model, a task's train split and a recipe become a LoRA adapter, whole or not at all."""

from __future__ import annotations

import gc
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import whole_folder, write_json
from goldgate.base.fingerprint import digest
from goldgate.base.hardware import device_name
from goldgate.data.check import check_outputs
from goldgate.engine.loading import forget_models, with_adapter
from goldgate.models.adapter import adapter_digest, check_base, check_template, read_adapter
from goldgate.models.embedded import ModelRef
from goldgate.models.quiet import quiet
from goldgate.models.template import stop_tokens, template_digest
from goldgate.task.examples import Example, Split
from goldgate.task.task import Task
from goldgate_trainers.lora.attempt_folder import (
    Log,
    TrainingFailed,
    TrainingResult,
    dev_scores,
    read_attempt,
    read_back,
    tidy_config,
    write_attempt,
)
from goldgate_trainers.lora.batches import Row, fitting, make_rows, strategy_for
from goldgate_trainers.lora.best_epoch import Watch, by_epoch
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.dev_loss import dev_rows
from goldgate_trainers.lora.memory import fewer_rows, free_memory, out_of_memory, shortage
from goldgate_trainers.lora.optimize import liger, optimize
from goldgate_trainers.lora.oversampling import learned_from, repeats
from goldgate_trainers.lora.packing import check_packing
from goldgate_trainers.lora.precision import lower_base, settled
from goldgate_trainers.lora.preflight import check_adapter, check_rows, check_start, check_thoughts, remarks, sample
from goldgate_trainers.lora.progress import Progress
from goldgate_trainers.lora.quantized import loading
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.tracking import Tracking
from goldgate_trainers.lora.try_batches import check_apart, try_batches
from goldgate_trainers.lora.watchdog import Diverged

TRAINER = 4
"""Raised when the same recipe and data would come to another adapter because of our code."""
MAX_SETBACKS = 2
"""Times that a training whose loss explodes begins again."""

__all__ = ["TrainingResult", "train_adapter"]


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
) -> TrainingResult:
    """Trains an adapter into the attempt folder `out` (out/adapter); one that is complete already is not made again.

    continue_from: an adapter folder to go on from, of the same base and rank; dev: the split whose loss the log tells
    after every epoch; tracking: who is told of the steps beside `progress`; neither decides anything about the adapter.
    watch: how an epoch's adapter does on dev, for a recipe with patience: the best epoch's adapter is what is left.
    A killed training leaves nothing at `out`; the next call goes on from its newest whole checkpoint. On a CPU the same
    arguments give the same bytes, killed or not. Where the loss explodes, it begins again at half the learning rate, at
    most MAX_SETBACKS times; where memory runs out, with fewer rows a forward pass.
    Raises UserError where preflight finds a fault, naming the example, and where no lower rate helps.
    """
    if "golden" in (train.name, dev.name if dev else ""):
        raise UserError("the trainer does not read golden", "train", "give it the train split, and dev to watch")
    recipe = settled(recipe)
    if recipe.patience and watch is None:
        raise UserError(
            f"the recipe has patience {recipe.patience}, and nothing says how an epoch does on dev",
            'recipe setting "patience"',
            "give train_adapter a watch, or set patience=0",
        )
    watch = watch if recipe.patience else None
    key = training_key(model, task, train, recipe, continue_from, watch.digest if watch else None)
    kept = Checkpoints(out, key)
    if done := read_attempt(out, key):
        kept.remove()
        return done
    earlier = kept.saved.note["log"][-1]["seconds"] if kept.saved else 0.0
    forget_models()  # what answered before would lie in memory beside what is trained
    with quiet(), _no_false_alarm():
        tokenizer, base = load_base(model, **loading(recipe))
        tokenizer.chat_template = task.chat_template or tokenizer.chat_template
        rows, notes = checked_rows(tokenizer, base, task, train, recipe)
        template = template_digest(tokenizer, task.template)
        tuned = _continued(base, model, continue_from, recipe, template) if continue_from else start_lora(base, recipe)
        shortest = min(rows, key=lambda r: len(r.tokens))
        check_start(tuned, shortest, fresh=continue_from is None)
        fits, tried = _checked_batches(tuned, rows, recipe, _pad(tokenizer), task)
        with whole_folder(out) as part:
            note = {
                "base": model.digest,
                "alias": model.alias,
                "task": task.name,
                "train": train.fingerprint,
                "prompt": recipe.prompt,
                "template": template,
                "continued": adapter_digest(continue_from) if continue_from else None,
            }
            score = partial(_scored, tuned, part / "epoch", note, watch) if watch else None
            steps = partial(
                optimize,
                tuned,
                rows,
                pad=_pad(tokenizer),
                work=part / "work",
                progress=progress,
                kept=kept,
                dev=dev_rows(tokenizer, task, dev, recipe) if dev else (),
                tracking=tracking,
                score=score,
            )
            ran, log = _to_the_end(tuned, fits, kept, steps)
            notes = (*notes, *tried, *shortage(recipe, ran), *_resumed(kept))
            if watch:
                notes = (*notes, by_epoch(watch.metric, log, recipe.epochs))
            shutil.rmtree(part / "work", ignore_errors=True)
            _write_adapter(tuned, part / "adapter", {**note, "recipe": ran.to_dict()})
            check_adapter(tuned, part / "adapter", shortest)
            tokens = sum(len(r.tokens) for r in rows) * (len(dev_scores(log)) or recipe.epochs)
            write_attempt(part, key, ran, log, tokens, notes, sample(tokenizer, shortest), tuple(kept.setbacks))
    kept.remove()
    del tuned, base, steps
    gc.collect()  # the Trainer refers to itself: without this the model would stay until some later collection
    return replace(read_back(out, key), earlier=earlier)


def _checked_batches(tuned: Any, rows: Sequence[Row], recipe: Recipe, pad: int, task: Task) -> tuple[Recipe, list[str]]:
    """Preflight of how rows lie together: the recipe that fits in memory, and notes. The base may be in bf16 after."""
    check_apart(tuned, rows, pad)
    if recipe.pack:
        check_packing(tuned, rows)
    lower_base(tuned, recipe)
    return try_batches(tuned, rows, recipe, pad, task.decoding.max_new_tokens)


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


def training_key(
    model: ModelRef, task: Task, train: Split, recipe: Recipe, continue_from: Path | None, watched: str | None = None
) -> str:
    """Digest of what decides an adapter, the machine aside: the conditions, the recipe, where it goes on from, and what
    decides the best epoch.
    """
    same = {name: value for name, value in conditions(model, task, train).items() if name != "machine"}
    return digest(
        {
            **same,
            "recipe": recipe.to_dict(),
            "continued": adapter_digest(continue_from) if continue_from else None,
            **({"watched": watched} if watched else {}),
        }
    )


def conditions(model: ModelRef, task: Task, train: Split) -> dict[str, Any]:
    """What an adapter depends on beside its recipe, as JSON, by name: on a CPU, the same give the same bytes."""
    import torch

    return {
        "trainer": TRAINER,
        "base model": model.digest,
        "train": train.fingerprint,
        "template": {**task.template, **task.chat},
        "instructions": digest([strategy_for(task, prompt).spec() for prompt in ("pruned", "zero_shot")]),
        "versions": {
            name: version(name)
            for name in (
                "torch",
                "transformers",
                "accelerate",
                "peft",
                "tokenizers",
                *(["liger-kernel"] if liger() else []),
            )
        },
        "machine": {
            "device": device_name() or "cpu",
            "instruction set": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
        },
    }


def _to_the_end(tuned: Any, recipe: Recipe, kept: Checkpoints, steps: Callable[[Recipe], Log]) -> tuple[Recipe, Log]:
    """The recipe that trained to the end, and its log: at a lower rate where the loss exploded, with fewer rows a
    pass where memory ran out. Either way the weights begin as they began: which checkpoint there is depends on the
    clock, and the adapter must not.
    """
    import torch

    start = {name: p.detach().clone() for name, p in tuned.named_parameters() if p.requires_grad}
    while True:
        calmer = replace(
            recipe,
            learning_rate=recipe.learning_rate / 2 ** len(kept.setbacks),
            micro_batch=kept.micro_batch or recipe.micro_batch,
        )
        try:
            return calmer, steps(calmer)
        except Diverged as error:
            if len(kept.setbacks) == MAX_SETBACKS:
                raise TrainingFailed(
                    f"{error}, at learning rate {calmer.learning_rate:.3g}; begun again {MAX_SETBACKS} times at half"
                    " the rate before",
                    "training",
                    f"look at the examples, or --set learning_rate={calmer.learning_rate / 4:.2g}",
                ) from error
            kept.begin_again(f"{error}: begun again at half the learning rate, {calmer.learning_rate / 2:.3g}")
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            kept.begin_smaller(fewer_rows(calmer).micro_batch)
        free_memory()
        with torch.no_grad():
            for name, parameter in tuned.named_parameters():
                if name in start:
                    parameter.copy_(start[name])


def _resumed(kept: Checkpoints) -> list[str]:
    """For the record: that the training was killed, and which checkpoints were of no use."""
    notes = [f"checkpoint {step} was torn or edited, and not used" for step in kept.torn]
    return [*notes, f"killed, and taken up after step {kept.saved.step}"] if kept.saved else notes


def load_base(model: ModelRef, **how: Any) -> tuple[Any, Any]:
    """Tokenizer and base model in 32-bit floats. The Trainer moves it to the GPU where there is one.

    how: arguments of from_pretrained besides.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model.path, trust_remote_code=False, local_files_only=True)
    base = AutoModelForCausalLM.from_pretrained(
        model.path,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        attn_implementation="sdpa",
        **how,
    )
    return tokenizer, base


def checked_rows(
    tokenizer: Any, base: Any, task: Task, train: Split, recipe: Recipe
) -> tuple[list[Row], tuple[str, ...]]:
    """Checked token rows in the order of ids (the order of lines decides nothing), and notes for the record."""
    examples = learned_from(train, recipe)
    check_outputs(task, train, "train.jsonl")
    strategy = strategy_for(task, recipe.prompt)
    whole = make_rows(tokenizer, task, strategy, examples)
    context = getattr(base.config, "max_position_embeddings", None) or recipe.max_length
    rows, long = fitting(whole, recipe, context)
    examples = _without(examples, long)
    check_thoughts(examples, tokenizer, task)
    again = repeats(examples, recipe)
    seconds = make_rows(tokenizer, task, strategy, again) if again else []
    more, longer = fitting(seconds, replace(recipe, too_long="set_aside"), context)
    again = _without(again, longer)
    stops = stop_tokens(tokenizer, base.generation_config)
    check_rows(
        [*rows, *more],
        [*examples, *again],
        tokenizer,
        task,
        strategy,
        stops,
        base.get_input_embeddings().num_embeddings,
    )
    notes = remarks(rows, long, examples, task, strategy)
    if longer:
        notes.append(f"{len(longer)} variations are too long and left out: {', '.join(r.id for r in longer)}")
    return [*rows, *more], tuple(notes)


def _without(examples: Sequence[Example], aside: Sequence[Row]) -> list[Example]:
    ids = {r.id for r in aside}
    return [e for e in examples if e.id not in ids]


def start_lora(base: Any, recipe: Recipe) -> Any:
    """LoRA on every linear layer but the head, or on those of attention. Its lora_A is drawn from the recipe's seed."""
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    set_seed(recipe.seed)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules="all-linear" if recipe.targets == "all-linear" else attention_layers(base),
        bias="none",
    )
    try:
        return get_peft_model(base, config)
    except ValueError as error:
        raise UserError(
            f"the base model has no layers that take LoRA ({str(error).splitlines()[0]:.120})",
            'task.yaml, field "model"',
            "take a base model with linear layers (Llama, Qwen, SmolLM, ...)",
        ) from error


def attention_layers(base: Any) -> list[str]:
    """Full names of the linear layers that lie in an attention block. Raises UserError where none is found."""
    import torch

    names = [
        name
        for name, module in base.named_modules()
        if isinstance(module, torch.nn.Linear) and any("attn" in p or "attention" in p for p in name.split("."))
    ]
    if not names:
        raise UserError(
            f"{type(base).__name__} has no linear layer that is known as attention's",
            'recipe setting "targets"',
            "leave targets at all-linear",
        )
    return names


def _continued(base: Any, model: ModelRef, folder: Path, recipe: Recipe, template: str) -> Any:
    adapter = read_adapter(folder)
    check_base(adapter, model.digest, model.alias)
    check_template(adapter, template)
    before = adapter.note.get("recipe", {})
    before = {"targets": "all-linear", **before}
    for key in ("rank", "alpha", "prompt", "targets"):
        if (was := before.get(key)) != (now := getattr(recipe, key)):
            raise UserError(
                f"the adapter to go on from has {key} {was}, the recipe says {now}",
                str(folder),
                f"set {key}={was}, or start afresh",
            )
    return with_adapter(base, folder, trainable=True)


@contextmanager
def _no_false_alarm() -> Iterator[None]:
    """peft asks transformers by a name that transformers has renamed; its warning is nothing that a user could mend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        yield


def _pad(tokenizer: Any) -> int:
    """Any token will do: nothing looks at padding, and its label is ignored."""
    return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0)
