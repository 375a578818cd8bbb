"""A trainer of your own, with peft and a plain loop. In task.yaml:

    train:
      trainer: command
      command: [python, "{project}/examples/peft_trainer.py", "{train}", "{recipe}", "{model}", "{out}", "{start}"]

The rows are tokens already: the prompt is exactly what inference will render, and only the answer has labels.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM


def main(train: str, recipe_file: str, model_folder: str, out: str, start: str) -> None:
    recipe = json.loads(Path(recipe_file).read_text("utf-8"))
    torch.manual_seed(recipe["seed"])
    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    if start:
        model = PeftModel.from_pretrained(base, start, is_trainable=True)
    else:
        model = get_peft_model(
            base,
            LoraConfig(
                task_type="CAUSAL_LM",
                r=recipe["rank"],
                lora_alpha=recipe["alpha"],
                lora_dropout=recipe["dropout"],
                target_modules="all-linear",
            ),
        )
    rows = [json.loads(line) for line in Path(train).read_text("utf-8").splitlines()]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=recipe["learning_rate"])
    model.train()
    for epoch in range(recipe["epochs"]):
        random.Random(f"{recipe['seed']} {epoch}").shuffle(rows)
        for at in range(0, len(rows), recipe["batch"]):
            batch = rows[at : at + recipe["batch"]]
            losses = [
                model(input_ids=torch.tensor([row["input_ids"]]), labels=torch.tensor([row["labels"]])).loss
                for row in batch
            ]
            loss = torch.stack(losses).mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            print(f"epoch {epoch} loss {loss.item():.4f}", flush=True)
    model.save_pretrained(out)


if __name__ == "__main__":
    main(*sys.argv[1:6])
