"""Training speed: Goldgate's trainer against transformers.Trainer and trl.SFTTrainer, in one run, taking turns.

    python benchmarks/train_speed.py [--task invoices | --data train.jsonl] [--rows 96] [--rounds 3]

All train the same fresh LoRA on the same base model, examples, rank and batch, one epoch a round, on the loss of the
answer alone, in 32-bit floats and, where this machine gains by it, in bf16. The two others keep their defaults for all
else: random order and logits of every position (transformers), TRL's own head. Each round of each runs in a process of
its own. Seconds are those of training alone, loading left out. Printed are, as medians of the rounds:

- tokens/s: those of the examples; padding counts for nobody. CPU: the same per second of CPU, all threads added up,
  which other work on the machine disturbs less. ratio: to TRL in the same precision.
- GB: the highest peak of memory, of the process or, where there is one, of the GPU.
- MFU: model FLOPs a second as a share of the rate at which this machine multiplies matrices in that precision, measured
  in the same process just before. Counted is what no trainer could leave out: 4 for every weight of the layers and
  token (forward, and back to the activations: the weights are frozen), 4 for every weight of the head and answer
  token, 6 for every weight of the LoRA and token. Attention is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from goldgate.base.hardware import bf16_pays, device, matmul_gflops
from goldgate.engine.token_rows import IGNORED, Row, make_rows
from goldgate.models.embedded import ensure_model
from goldgate.models.loading import load_base
from goldgate.models.quiet import quiet
from goldgate.task.examples import load_split, read_examples
from goldgate.task.project import cache_folder, find_project
from goldgate.task.task import load_task
from goldgate_trainers.lora.base_model import start_lora
from goldgate_trainers.lora.batches import strategy_for
from goldgate_trainers.lora.checkpoints import Checkpoints
from goldgate_trainers.lora.default_recipe import default_recipe
from goldgate_trainers.lora.optimize import optimize
from goldgate_trainers.lora.precision import lower_base
from goldgate_trainers.lora.recipe import Recipe

HIDDEN = 576
TRAINERS = ("goldgate", "transformers", "trl")
PRECISIONS = ("float32", "bf16")


def main() -> None:
    """Prints the table."""
    options = _options()
    if options.only:
        print(json.dumps(_measure(*options.only, options)))
        return
    precisions = options.precisions or (PRECISIONS if bf16_pays() else PRECISIONS[:1])
    if options.profile:
        _profile(options)
        return
    runs = [(trainer, precision) for precision in precisions for trainer in options.trainers]
    rounds = []
    for number in range(options.rounds):
        turn = number % len(runs)
        rounds.append({run: _alone(run, options) for run in (*runs[turn:], *runs[:turn])})
    first = rounds[0][runs[0]]
    print(
        f"{options.rows} examples of {options.data or options.task}, {first['tokens']} tokens, batch {options.batch},"
        f" on {device()}, {options.rounds} rounds"
    )
    print(f"{'':22} tokens/s   ratio       CPU   ratio      GB    MFU   rounds (tokens/s)")
    for run in runs:
        print(_line(run, rounds))


def _line(run: tuple[str, str], rounds: Sequence[dict[Any, dict[str, float]]]) -> str:
    def median(of: tuple[str, str], key: str) -> float:
        return statistics.median(r[of][key] for r in rounds)

    other = ("trl", run[1])
    ratios = [
        f"{median(run, key) / median(other, key):7.2f}" if other in rounds[0] else " " * 7
        for key in ("speed", "cpu_speed")
    ]
    each = "  ".join(f"{r[run]['speed']:.0f}" for r in rounds)
    return (
        f"{' '.join(run):22} {median(run, 'speed'):8.1f} {ratios[0]} {median(run, 'cpu_speed'):9.1f} {ratios[1]}"
        f" {max(r[run]['peak_gb'] for r in rounds):7.2f} {median(run, 'mfu'):6.0%}   {each}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="invoices")
    parser.add_argument("--data", type=Path, help="a JSONL file of examples in place of the task's train split")
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--micro-batch", type=int, help="rows a forward pass of Goldgate's alone; the default recipe's")
    parser.add_argument("--trainers", nargs="+", choices=TRAINERS, default=TRAINERS)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, help="default: both where bf16 gains")
    parser.add_argument("--profile", action="store_true", help="where Goldgate's own seconds go, instead")
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def _alone(run: tuple[str, str], options: argparse.Namespace) -> dict[str, float]:
    """One round of one trainer in its own process, so that neither warms or fills the other's memory."""
    command = [
        sys.executable,
        __file__,
        "--only",
        *run,
        "--task",
        options.task,
        "--rows",
        str(options.rows),
        "--batch",
        str(options.batch),
        *(["--micro-batch", str(options.micro_batch)] if options.micro_batch else []),
        *(["--data", str(options.data)] if options.data else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(run)} failed:\n{done.stderr[-3000:]}")
    measured: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"  {' '.join(run)}: {measured['speed']:.1f} tokens/s", file=sys.stderr, flush=True)
    return measured


def _measure(name: str, precision: Any, options: argparse.Namespace) -> dict[str, float]:
    cache = cache_folder(os.environ)
    project = find_project(Path.cwd(), cache)
    task = load_task(project, options.task)
    examples = read_examples(options.data) if options.data else load_split(project, task.name, "train").examples
    ref = ensure_model(cache, task.model)
    micro = {"micro_batch": options.micro_batch} if options.micro_batch and name == "goldgate" else {}
    recipe = replace(
        default_recipe(task, len(examples), HIDDEN, {"batch": options.batch, **micro}, on=device()),
        epochs=1,
        precision=precision,
    )
    limit = matmul_gflops(precision, device())
    with quiet():
        tokenizer, base = load_base(ref.path)
        rows = make_rows(tokenizer, task, strategy_for(task, recipe.prompt), examples[: options.rows])
        flops = _flops(base, rows, recipe)
        seconds, cpu = {"goldgate": _goldgate, "transformers": _transformers, "trl": _trl}[name](
            tokenizer, base, rows, recipe
        )
    tokens = sum(len(r.tokens) for r in rows)
    return {
        "speed": tokens / seconds,
        "cpu_speed": tokens / cpu,
        "tokens": tokens,
        "peak_gb": _peak_gb(),
        "mfu": flops / seconds / 1e9 / limit,
    }


def _flops(base: Any, rows: Sequence[Row], recipe: Recipe) -> float:
    """Model FLOPs of one epoch, as the head of this file counts them."""
    from torch.nn import Linear

    head = base.get_output_embeddings()
    layers = [m for m in base.modules() if isinstance(m, Linear) and m is not head]
    weights = sum(m.weight.numel() for m in layers)
    thin = sum(recipe.rank * (m.in_features + m.out_features) for m in layers)
    tokens, answers = sum(len(r.tokens) for r in rows), sum(len(r.tokens) - r.start for r in rows)
    return float((4 * weights + 6 * thin) * tokens + 4 * head.weight.numel() * answers)


_KINDS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm", "aten::_scaled_mm", "aten::mkldnn"),
    "attention": ("aten::_scaled_dot", "aten::_flash_attention"),
}


def _profile(options: argparse.Namespace) -> None:
    """Prints the share of the seconds that each kind of operation takes, by torch's profiler, for each precision."""
    from torch.profiler import ProfilerActivity, profile

    for precision in options.precisions or ["float32", *(["bf16"] if bf16_pays() else [])]:
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            measured = _measure("goldgate", precision, options)
        seconds: dict[str, float] = {}
        events = [e for e in profiled.key_averages() if e.key.startswith("aten::") or "Backward" in e.key]
        for event in events:
            kind = next((k for k, names in _KINDS.items() if event.key.startswith(names)), event.key)
            seconds[kind] = seconds.get(kind, 0.0) + event.self_cpu_time_total / 1e6
        total = sum(seconds.values())
        print(f"{precision}: MFU {measured['mfu']:.0%} while profiled, loading and rows included in the shares")
        for kind, spent in sorted(seconds.items(), key=lambda pair: -pair[1])[:8]:
            print(f"  {kind:<44} {spent:6.1f} s {spent / total:5.0%}")


def _peak_gb() -> float:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _goldgate(tokenizer: Any, base: Any, rows: Sequence[Row], recipe: Recipe) -> tuple[float, float]:
    model = start_lora(base, recipe)
    lower_base(model, recipe)
    with tempfile.TemporaryDirectory() as work:
        return _timed(
            lambda: optimize(
                model,
                rows,
                recipe,
                tokenizer.pad_token_id,
                Path(work),
                lambda _: None,
                Checkpoints(Path(work) / "1", ""),
            )
        )


def _transformers(tokenizer: Any, base: Any, rows: Sequence[Row], recipe: Recipe) -> tuple[float, float]:
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    data = [{"input_ids": list(r.tokens), "labels": [IGNORED] * r.start + list(r.tokens[r.start :])} for r in rows]
    with tempfile.TemporaryDirectory() as work:
        trainer = Trainer(
            model=start_lora(base, recipe),
            train_dataset=data,
            args=TrainingArguments(**_shared(work, recipe)),
            data_collator=DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=IGNORED),
        )
        return _timed(trainer.train)


def _trl(tokenizer: Any, base: Any, rows: Sequence[Row], recipe: Recipe) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as work:
        return _timed(trl_trainer(tokenizer, base, rows, recipe, work).train)


def trl_trainer(tokenizer: Any, base: Any, rows: Sequence[Row], recipe: Recipe, work: str) -> Any:
    """TRL's trainer with its defaults but for what all share. Raises SystemExit where its tokens would be others.

    Its own precision is bf16, which it refuses on a CPU without use_cpu.
    """
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    texts = [
        {"prompt": tokenizer.decode(r.tokens[: r.start]), "completion": tokenizer.decode(r.tokens[r.start : -1])}
        for r in rows
    ]
    trainer = SFTTrainer(
        model=base,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list(texts),
        args=SFTConfig(**_shared(work, recipe)),
        peft_config=LoraConfig(
            task_type="CAUSAL_LM",
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
            target_modules="all-linear",
        ),
    )
    if [tuple(ids) for ids in trainer.train_dataset["input_ids"]] != [r.tokens for r in rows]:
        raise SystemExit("the trainers would not see the same tokens")
    return trainer


def _shared(work: str, recipe: Recipe) -> dict[str, Any]:
    """What all train with: rate, batch, seed, precision; and no saving."""
    bf16 = recipe.precision == "bf16"
    return {
        "output_dir": work,
        "num_train_epochs": recipe.epochs,
        "learning_rate": recipe.learning_rate,
        "seed": recipe.seed,
        "per_device_train_batch_size": recipe.batch,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "bf16": bf16,
        "use_cpu": bf16 and device() == "cpu",
    }


def _timed(train: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of all threads."""
    started, cpu = time.perf_counter(), time.process_time()
    train()
    return time.perf_counter() - started, time.process_time() - cpu


if __name__ == "__main__":
    main()
