"""Training speed: Goldgate's trainer against trl.SFTTrainer with its defaults, in one run, taking turns.

    python benchmarks/train_speed.py [--task invoices | --data train.jsonl] [--rows 96] [--rounds 3]

Both train the same fresh LoRA on the same base model, examples, rank and batch, one epoch a round, on the loss of the
answer alone. Tokens are those of the examples: padding counts for nobody. Seconds are those of training
alone, loading left out. Prints tokens per second of every round, the medians and their ratio, the same per second of
CPU (which other work on the machine disturbs less), and the peak memory of each, in a process of its own.
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
from functools import partial
from pathlib import Path
from typing import Any

from harness.examples import load_split, read_examples
from harness.project import cache_folder, find_project
from harness.subjects.embedded import ensure_model
from harness.subjects.loading import quiet
from harness.task import load_task
from trainers.batches import Row, make_rows, strategy_for
from trainers.checkpoints import Checkpoints
from trainers.lora import load_base, start_lora
from trainers.optimize import optimize
from trainers.recipe import Recipe, default_recipe

HIDDEN = 576


def main() -> None:
    """Prints the table."""
    options = _options()
    if options.only:
        print(json.dumps(_measure(options.only, options)))
        return
    rounds = []
    for number in range(options.rounds):
        order = ("goldgate", "trl") if number % 2 == 0 else ("trl", "goldgate")
        rounds.append({name: _alone(name, options) for name in order})
    print(f"{options.rows} examples of {options.task}, {rounds[0]['goldgate']['tokens']} tokens, batch {options.batch}")
    print("round   goldgate        trl   ratio   tokens a second")
    for number, row in enumerate(rounds, 1):
        ours, theirs = row["goldgate"]["speed"], row["trl"]["speed"]
        print(f"{number:5}   {ours:8.1f}   {theirs:8.1f}   {ours / theirs:5.2f}")
    ours, theirs = (statistics.median(r[name]["speed"] for r in rounds) for name in ("goldgate", "trl"))
    print(f"median  {ours:8.1f}   {theirs:8.1f}   {ours / theirs:5.2f}")
    ours, theirs = (statistics.median(r[name]["tokens"] / r[name]["cpu"] for r in rounds)
                    for name in ("goldgate", "trl"))
    print(f"cpu     {ours:8.1f}   {theirs:8.1f}   {ours / theirs:5.2f}   tokens a second of CPU, all threads added up")
    memory = [max(r[name]["peak_gb"] for r in rounds) for name in ("goldgate", "trl")]
    print(f"memory  {memory[0]:8.2f}   {memory[1]:8.2f}           GB at the peak")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="invoices")
    parser.add_argument("--data", type=Path, help="a JSONL file of examples in place of the task's train split")
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--bf16", action="store_true",
                        help="TRL in bf16 autocast, which is its default on a GPU; ours stays in 32-bit floats")
    parser.add_argument("--only", choices=("goldgate", "trl"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _alone(name: str, options: argparse.Namespace) -> dict[str, float]:
    """One round of one trainer in its own process, so that neither warms or fills the other's memory."""
    command = [sys.executable, __file__, "--only", name, "--task", options.task, "--rows", str(options.rows),
               "--batch", str(options.batch), *(["--bf16"] if options.bf16 else []),
               *(["--data", str(options.data)] if options.data else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    measured: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"  {name}: {measured['speed']:.1f} tokens/s", file=sys.stderr, flush=True)
    return measured


def _measure(name: str, options: argparse.Namespace) -> dict[str, float]:
    cache = cache_folder(os.environ)
    project = find_project(Path.cwd(), cache)
    task = load_task(project, options.task)
    examples = read_examples(options.data) if options.data else load_split(project, task.name, "train").examples
    ref = ensure_model(cache, task.model)
    recipe = replace(default_recipe(task, len(examples), HIDDEN, {"batch": options.batch}), epochs=1)
    with quiet():
        tokenizer, base = load_base(ref)
        strategy = strategy_for(task, recipe.prompt)
        rows = make_rows(tokenizer, task, strategy, examples[: options.rows])
        run = _goldgate if name == "goldgate" else partial(_trl, bf16=options.bf16)
        seconds, cpu = run(tokenizer, base, rows, recipe)
    tokens = sum(len(r.tokens) for r in rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"speed": tokens / seconds, "seconds": seconds, "tokens": tokens, "peak_gb": peak, "cpu": cpu}


def _goldgate(tokenizer: Any, base: Any, rows: Sequence[Row], recipe: Recipe) -> tuple[float, float]:
    model = start_lora(base, recipe)
    with tempfile.TemporaryDirectory() as work:
        return _timed(lambda: optimize(model, rows, recipe, tokenizer.pad_token_id, Path(work), lambda _: None,
                                       Checkpoints(Path(work) / "1", "")))


def _trl(tokenizer: Any, base: Any, rows: Sequence[Row], recipe: Recipe, bf16: bool) -> tuple[float, float]:
    """TRL's defaults but for what both share: LoRA, learning rate, batch, seed; and no saving. bf16: as it has it.

    TRL's bf16 default refuses to start on a CPU unless use_cpu says so.
    """
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    texts = [{"prompt": tokenizer.decode(r.tokens[: r.start]), "completion": tokenizer.decode(r.tokens[r.start : -1])}
             for r in rows]
    with tempfile.TemporaryDirectory() as work:
        trainer = SFTTrainer(
            model=base, processing_class=tokenizer, train_dataset=Dataset.from_list(texts),
            args=SFTConfig(output_dir=work, num_train_epochs=1, learning_rate=recipe.learning_rate, seed=recipe.seed,
                           per_device_train_batch_size=recipe.batch, save_strategy="no", report_to="none",
                           disable_tqdm=True, bf16=bf16,
                           use_cpu=bf16 and not torch.cuda.is_available()),
            peft_config=LoraConfig(task_type="CAUSAL_LM", r=recipe.rank, lora_alpha=recipe.alpha,
                                   lora_dropout=recipe.dropout, target_modules="all-linear"))
        lengths = [len(ids) for ids in trainer.train_dataset["input_ids"]]
        if lengths != [len(r.tokens) for r in rows]:
            raise SystemExit("the two trainers would not see the same tokens")
        return _timed(trainer.train)


def _timed(train: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of all threads."""
    started, cpu = time.perf_counter(), time.process_time()
    train()
    return time.perf_counter() - started, time.process_time() - cpu


if __name__ == "__main__":
    main()
