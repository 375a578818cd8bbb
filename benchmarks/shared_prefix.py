"""Few-shot prompts: Goldgate's engine, which computes the shared prefix once, against transformers' plain generate.

    python benchmarks/shared_prefix.py [--task invoices] [--rows 32] [--shots 12 4]

Both answer the same prompts greedily, in batches sorted by length, on the same weights in 32 bit. Prints seconds, the
ratio, and the answers that part, with the distance of the two best logits where they do: greedy decoding may part only
where two tokens are as good as equal.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from goldgate.engine.generate import Request, generate
from goldgate.engine.loading import forget_models, load_model
from goldgate.models.embedded import ensure_model
from goldgate.models.quiet import quiet
from goldgate.models.template import prompt_tokens
from goldgate.prompts import FewShot
from goldgate.task.examples import load_split
from goldgate.task.project import cache_folder, find_project
from goldgate.task.task import load_task

PLAIN_ROWS = 16
"""Rows in a batch of plain generate: at 2,000 tokens a row, more would hold over 1.5 GB of keys and values."""
CLOSE = 1e-3


def main() -> None:
    """Prints one line for each number of shots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="invoices")
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--shots", type=int, nargs="+", default=[12, 4])
    parser.add_argument("--new", type=int, help="at most so many tokens an answer (default: the task's)")
    options = parser.parse_args()
    cache = cache_folder(os.environ)
    project = find_project(Path.cwd(), cache)
    task = load_task(project, options.task)
    new = options.new or task.decoding.max_new_tokens
    train, dev = load_split(project, task.name, "train"), load_split(project, task.name, "dev")
    ref = ensure_model(cache, task.model)
    print("shots  rows  prompt tokens  plain s  shared s  ratio  same answers  parted within 1e-3")
    for count in options.shots:
        strategy = FewShot(task, train, count)
        loaded = load_model(ref.path, ref.digest)
        asked = [strategy.messages(e) for e in dev.examples[: options.rows]]
        prompts = prompt_tokens(loaded.tokenizer, asked, task.template)
        started = time.perf_counter()
        ours: dict[int, tuple[int, ...]] = {}
        for batch in generate(loaded, [Request(p) for p in prompts], new):
            ours |= {i: made.tokens for i, made in batch}
        fast = time.perf_counter() - started
        stops = loaded.stops
        forget_models()
        plain_model = _plain_model(ref.path)
        started = time.perf_counter()
        plain = _plain(plain_model, prompts, new, stops)
        slow = time.perf_counter() - started
        parted = [i for i in range(len(prompts)) if plain[i] != ours[i]]
        gaps = [_gap(plain_model, prompts[i], plain[i], ours[i]) for i in parted]
        tokens = sum(map(len, prompts)) / len(prompts)
        print(
            f"{count:5d}  {len(prompts):4d}  {tokens:13.0f}  {slow:7.1f}  {fast:8.1f}  {slow / fast:5.2f}"
            f"  {len(prompts) - len(parted):4d} of {len(prompts):3d}  {sum(g < CLOSE for g in gaps)} of {len(gaps)}"
            f"  {'gaps ' + ', '.join(f'{g:.1e}' for g in gaps) if gaps else ''}",
            flush=True,
        )
        del plain_model


def _plain_model(folder: Path) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    with quiet():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def _plain(model: Any, prompts: list[list[int]], new: int, stops: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    import torch

    order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
    answers: dict[int, tuple[int, ...]] = {}
    for start in range(0, len(order), PLAIN_ROWS):
        rows = order[start : start + PLAIN_ROWS]
        width = max(len(prompts[i]) for i in rows)
        ids = torch.tensor([[stops[0]] * (width - len(prompts[i])) + prompts[i] for i in rows])
        mask = torch.tensor([[0] * (width - len(prompts[i])) + [1] * len(prompts[i]) for i in rows])
        with torch.inference_mode():
            out = model.generate(
                ids,
                attention_mask=mask,
                max_new_tokens=new,
                do_sample=False,
                eos_token_id=list(stops),
                pad_token_id=stops[0],
            )
        for i, tokens in zip(rows, out[:, width:].tolist(), strict=True):
            end = next((k + 1 for k, token in enumerate(tokens) if token in stops), len(tokens))
            answers[i] = tuple(tokens[:end])
    return answers


def _gap(model: Any, prompt: list[int], one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Distance of the two best logits where two answers to the same prompt part."""
    import torch

    same = next(k for k, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    with torch.inference_mode():
        logits = model(torch.tensor([prompt + list(one[:same])]), logits_to_keep=1).logits[0, -1]
    best = logits.topk(2).values
    return float(best[0] - best[1])


if __name__ == "__main__":
    main()
