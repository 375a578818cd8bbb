"""Checks before the first step and after the last, for faults that no loss curve shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldgate.base.errors import UserError
from goldgate.engine.loading import with_adapter
from goldgate.models.template import prompt_tokens, turn_end
from goldgate.models.thinking import after_thought, begins_inside
from goldgate.prompts import Strategy
from goldgate.task.examples import Example, render_output
from goldgate.task.task import Task
from goldgate_trainers.lora.answer_loss import answer_logits
from goldgate_trainers.lora.batches import Row, collate
from goldgate_trainers.lora.recipe import check_amount

if TYPE_CHECKING:
    import torch

TOLERANCE = 1e-3
"""Greatest difference of two logits that are the same but for the order of additions in 32-bit floats."""


def check_rows(
    rows: Sequence[Row],
    examples: Sequence[Example],
    tokenizer: Any,
    task: Task,
    strategy: Strategy,
    stops: Sequence[int],
    vocabulary: int,
) -> None:
    """Every row says what inference will say: its prompt to the token, its answer to the letter, its end once.

    stops: token ids at which generation ends; vocabulary: size of the model's. Raises UserError naming the row.
    """
    check_amount(len(rows))
    prompts = prompt_tokens(tokenizer, [strategy.messages(e) for e in examples], task.template)
    end = turn_end(tokenizer)
    for row, example, prompt in zip(rows, examples, prompts, strict=True):
        where = f"train.jsonl, id {row.id}"
        answer = row.tokens[row.start : -1]
        if row.tokens[: row.start] != tuple(prompt):
            raise UserError(
                "the prompt that would be trained is not the one that inference renders",
                where,
                "train and serve with the same template arguments and prompting strategy",
            )
        if row.tokens[-1] != end or end not in stops:
            raise UserError(
                "the last token that is learned does not end an answer",
                where,
                "the model would never stop: take a base model whose template closes turns",
            )
        if not answer:
            raise UserError(
                "the expected output has no tokens, so there is nothing to learn",
                where,
                "write an output, or remove the example",
            )
        if stray := set(answer) & set(stops):
            raise UserError(
                f"the expected output holds the token that ends answers ({tokenizer.decode(list(stray))})",
                where,
                "take it out of the output: the model would stop in the middle",
            )
        if (said := tokenizer.decode(answer, skip_special_tokens=True)) != render_output(example.output):
            raise UserError(
                f"the expected output does not survive the tokenizer: it reads back as {said[:60]!r}",
                where,
                "write it in characters that the model knows",
            )
        if max(row.tokens) >= vocabulary:
            raise UserError(
                f"token {max(row.tokens)} is beyond the model's vocabulary of {vocabulary}",
                where,
                "tokenizer and model do not belong together",
            )


def check_thoughts(examples: Sequence[Example], tokenizer: Any, task: Task) -> None:
    """What is learned holds an answer for the one who reads it: no expected output ends within a thought. UserError."""
    if task.thinking is None:
        return
    inside = begins_inside(tokenizer, task.template, task.thinking)
    for example in examples:
        if after_thought(render_output(example.output), task.thinking, inside) is None:
            began = "the prompt begins a thought" if inside else "the expected output begins a thought"
            raise UserError(
                f"{began} that the expected output does not end with {task.thinking.close}",
                f'train.jsonl, id {example.id}, field "output"',
                "tell the template not to think (`template: {enable_thinking: false}` for many), or write"
                " the whole thought into the output",
            )


def remarks(
    rows: Sequence[Row], long: Sequence[Row], examples: Sequence[Example], task: Task, strategy: Strategy
) -> list[str]:
    """What is to be known of the training data and is no reason to refuse it, each with the ids that it is about.

    rows, examples: what is learned from; long: what was set aside.
    """
    notes = []
    if long:
        notes.append(
            f"{len(long)} of {len(long) + len(rows)} examples are too long and set aside:"
            f" {', '.join(r.id for r in long)}"
        )
    limit = task.decoding.max_new_tokens
    if cut := [r for r in rows if len(r.tokens) - r.start > limit]:
        notes.append(
            f"{len(cut)} expected outputs have more tokens than max_new_tokens ({limit}) and could not be"
            f" answered whole: {', '.join(r.id for r in cut)}"
        )
    limit = task.decoding.max_prompt_tokens
    if unasked := [r for r in rows if r.start > limit]:
        notes.append(
            f"{len(unasked)} prompts have more tokens than max_prompt_tokens ({limit}) and would not be"
            f" answered: {', '.join(r.id for r in unasked)}"
        )
    return notes + [
        f"{a} and {b} ask the same and expect different outputs" for a, b in check_contradictions(examples, strategy)
    ]


def sample(tokenizer: Any, row: Row) -> dict[str, str]:
    """One row in words, special tokens shown: what is only read and what is learned."""
    return {
        "id": row.id,
        "read": tokenizer.decode(row.tokens[: row.start]),
        "learned": tokenizer.decode(row.tokens[row.start :]),
    }


def check_contradictions(examples: Sequence[Example], strategy: Strategy) -> list[tuple[str, str]]:
    """Pairs of ids with one prompt and different outputs: they cannot both be learned. Named, not refused."""
    first: dict[str, Example] = {}
    pairs: list[tuple[str, str]] = []
    for example in examples:
        seen = first.setdefault(repr(strategy.messages(example)), example)
        if render_output(seen.output) != render_output(example.output):
            pairs.append((seen.id, example.id))
    return pairs


def check_start(model: Any, row: Row, fresh: bool) -> None:
    """The model before the first step: our logits are its own, and a fresh LoRA changes nothing at all.

    model: a peft model; fresh: not continued from an adapter. Raises UserError.
    """
    import torch

    batch = collate([row], 0)
    ids, labels = batch["input_ids"].to(model.device), batch["labels"].to(model.device)
    with torch.no_grad(), mode(model, training=False):
        ours = answer_logits(model.get_base_model(), ids, labels)
        own = model(input_ids=ids).logits[0, row.start - 1 : -1]
        with model.disable_adapter():
            base = answer_logits(model.get_base_model(), ids, labels)
    if float((ours - own).abs().max()) > TOLERANCE:
        raise UserError(
            f"the logits that would be trained differ from the model's own by"
            f" {float((ours - own).abs().max()):.2g} (row {row.id})",
            "base model",
            "this architecture changes logits after its head; take another base model",
        )
    if fresh and not torch.equal(ours, base):
        raise UserError(
            f"a fresh LoRA already changes the model's logits (row {row.id})",
            "base model",
            "its linear layers do not take LoRA; take another base model",
        )
    if not bool(torch.isfinite(own).all()):
        raise UserError(f"the base model's logits are not finite (row {row.id})", "base model", "check its weights")


def marked(sample: Mapping[str, str], characters: int = 120) -> str:
    """A sample in one line, the end of what is read and in brackets what is learned, each of so many characters."""
    read, learned = sample["read"][-characters:], sample["learned"][:characters]
    return f"{sample['id']} as it is trained, what is learned in brackets: {f'{read}[[{learned}]]'!r}"


def probe(model: Any, row: Row) -> torch.Tensor:
    """(n, vocabulary) logits of a row's answer, without gradients: what two forms of a model are compared by."""
    import torch

    batch = collate([row], 0)
    with torch.no_grad(), mode(model, training=False):
        return answer_logits(
            model.get_base_model(), batch["input_ids"].to(model.device), batch["labels"].to(model.device)
        )


def check_adapter(model: Any, folder: Path, row: Row) -> None:
    """The adapter as written: finite, not zero, whole; read back, it says what was trained and not what the base says.

    model: the trained peft model, given up (its LoRA layers are taken out to load the folder afresh). Raises UserError.
    """
    import torch
    from safetensors.torch import load_file

    tensors = load_file(folder / "adapter_model.safetensors")
    if bad := sorted(name for name, t in tensors.items() if not bool(torch.isfinite(t).all())):
        raise UserError(
            f"{len(bad)} tensors of the adapter are not finite, first {bad[0]}", "training", "halve the learning rate"
        )
    if not any("lora_B" in name and bool(t.any()) for name, t in tensors.items()):
        raise UserError(
            "training changed nothing: every lora_B is still zero", "training", "raise the learning rate or the epochs"
        )
    slots = {name.replace(".default.", ".") for name, _ in model.named_parameters() if ".lora_" in name}
    if unmatched := sorted(set(tensors) ^ slots):
        raise UserError(
            f"{len(unmatched)} tensors of the adapter and the model do not match, first {unmatched[0]}",
            str(folder),
            "train again",
        )
    trained = probe(model, row)
    with model.disable_adapter():
        base = probe(model, row)
    again = probe(with_adapter(model.unload(), folder), row)
    if not torch.equal(trained, again):
        raise UserError(
            "the adapter read back from disk answers differently from the one in memory",
            str(folder),
            "check the disk and train again",
        )
    if torch.equal(trained, base):
        raise UserError(
            f"the adapter does not change the model's logits (row {row.id})",
            str(folder),
            "raise the learning rate or the epochs",
        )


@contextmanager
def mode(model: Any, *, training: bool) -> Iterator[None]:
    """Within the block the model trains, with dropout, or does not."""
    was = model.training
    model.train(training)
    try:
        yield
    finally:
        model.train(was)
