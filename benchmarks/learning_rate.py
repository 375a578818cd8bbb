"""Which learning rate and batch learn most from one pass over a few examples, and whether bf16 learns less: the loss of
held-out answers.

    python benchmarks/learning_rate.py --task invoices --rows 200 --rates 0.0003 0.001 0.002 --batches 4 8
    python benchmarks/learning_rate.py --rows 800 --rates 0.0011 --batches 4 --precisions float32 bf16 --seeds 0 1

All train from the same base and examples. What is printed is the mean negative log-likelihood of as many
answers of dev, in nats per token, which needs no generation and moves before exact match does.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from goldgate.engine.token_rows import Row, make_rows
from goldgate.models.embedded import ensure_model
from goldgate.models.loading import load_base
from goldgate.models.quiet import quiet
from goldgate.task.examples import Split, load_split
from goldgate.task.project import cache_folder, find_project
from goldgate.task.task import load_task
from goldgate_trainers import train_adapter
from goldgate_trainers.lora.answer_loss import answer_loss
from goldgate_trainers.lora.batches import strategy_for
from goldgate_trainers.lora.recipe import Recipe


def mean_loss(model: Any, rows: Sequence[Row]) -> float:
    """Mean negative log-likelihood of the answers' tokens, in nats per token."""
    import torch

    count = sum(len(row.tokens) - row.start for row in rows)
    with torch.no_grad():
        return sum(
            float(answer_loss(model, torch.tensor([row.tokens]), torch.tensor([row.labels]), count)) for row in rows
        )


def main() -> None:
    from peft import PeftModel

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="invoices")
    parser.add_argument("--rows", type=int, default=200, help="of train, and of dev")
    parser.add_argument("--rates", type=float, nargs="+", default=[3e-4, 1e-3, 2e-3])
    parser.add_argument("--batches", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--precisions", nargs="+", choices=("float32", "bf16"), default=["float32"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    cache = cache_folder(os.environ)
    project = find_project(Path.cwd(), cache)
    task = load_task(project, options.task)
    train, dev = load_split(project, task.name, "train"), load_split(project, task.name, "dev")
    few, held_out = Split("train", train.examples[: options.rows]), dev.examples[: options.rows]
    model = ensure_model(cache, task.model)
    print("batch   rate    precision  seed  steps  loss on dev  tokens/s")
    tried = product(options.batches, options.rates, options.seeds, options.precisions)
    with tempfile.TemporaryDirectory() as folder:
        for number, (batch, rate, seed, precision) in enumerate(tried):
            recipe = Recipe(
                learning_rate=rate, batch=batch, epochs=1, decay=0.5, micro_batch=batch, seed=seed, precision=precision
            )
            out = Path(folder) / str(number)
            result = train_adapter(model, task, few, recipe, out)
            with quiet():
                tokenizer, base = load_base(model.path)
                tuned = PeftModel.from_pretrained(base, result.adapter).eval()
            rows = make_rows(tokenizer, task, strategy_for(task, recipe.prompt), held_out)
            loss = mean_loss(tuned.get_base_model(), rows)
            print(
                f"{batch:5}  {rate:.1e}  {precision:9}  {seed:4}  {recipe.steps(len(few)):5}  {loss:11.4f}"
                f"  {result.tokens_per_second:8.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
