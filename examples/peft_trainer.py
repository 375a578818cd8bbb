"""A trainer of one's own, by peft and a plain loop. In task.yaml:

    train:
      trainer: command
      command: [python, "{project}/examples/peft_trainer.py", "{train}", "{recipe}", "{model}", "{out}", "{start}"]

It learns the answer alone, in the chat template that inference will render.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer


def main(train: str, recipe_file: str, model_folder: str, out: str, start: str) -> None:
    recipe = json.loads(Path(recipe_file).read_text("utf-8"))
    torch.manual_seed(recipe["seed"])
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    base = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    if start:
        model = PeftModel.from_pretrained(base, start, is_trainable=True)
    else:
        model = get_peft_model(base, LoraConfig(
            task_type="CAUSAL_LM", r=recipe["rank"], lora_alpha=recipe["alpha"], lora_dropout=recipe["dropout"],
            target_modules="all-linear"))
    rows = [encode(tokenizer, json.loads(line)["messages"], recipe["template"])
            for line in Path(train).read_text("utf-8").splitlines()]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=recipe["learning_rate"])
    model.train()
    for epoch in range(recipe["epochs"]):
        random.Random(f"{recipe['seed']} {epoch}").shuffle(rows)
        for at in range(0, len(rows), recipe["batch"]):
            batch = rows[at : at + recipe["batch"]]
            loss = sum(model(input_ids=ids, labels=labels).loss for ids, labels in batch) / len(batch)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            print(f"epoch {epoch} loss {loss.item():.4f}", flush=True)
    model.save_pretrained(out)


def encode(tokenizer, messages: list[dict[str, str]], template: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids of a conversation, and its labels: the last turn alone is learned, with the token that ends it."""
    prompt = tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True, **template)
    read = tokenizer(prompt, add_special_tokens=False).input_ids
    learned = [*tokenizer(messages[-1]["content"], add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    return torch.tensor([read + learned]), torch.tensor([[-100] * len(read) + learned])


if __name__ == "__main__":
    main(*sys.argv[1:6])
