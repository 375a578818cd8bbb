"""Checks before the first step and after the last, for faults that no loss curve shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import Row, answers_longer_than, prompts_longer_than
from goldgate.models.lora import changes_nothing, check_slots, read_tensors, with_adapter
from goldgate.models.template import TurnEnd, prompt_tokens, turn_end
from goldgate.models.thinking import after_thought, begins_inside
from goldgate.prompts import Strategy
from goldgate.task.examples import Example, render_output
from goldgate.task.task import Task
from goldgate_trainers.lora.answer_loss import answer_logits
from goldgate_trainers.lora.batches import collate
from goldgate_trainers.lora.default_recipe import check_amount

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
    """Checks that every row is what inference will use: its prompt to the token, its answer to the letter, one end.

    Args:
        rows: The rows.
        examples: Their examples, in the same order.
        tokenizer: The base model's tokenizer.
        task: The task.
        strategy: The prompting strategy.
        stops: Token ids at which generation ends.
        vocabulary: Size of the model's vocabulary.

    Raises:
        UserError: A row differs; it is named.
    """
    check_amount(len(rows))
    prompts = prompt_tokens(tokenizer, [strategy.messages(e) for e in examples], task.template)
    end = turn_end(tokenizer)
    for row, example, prompt in zip(rows, examples, prompts, strict=True):
        _check_row(row, tuple(prompt), end.tokens if len(end.tokens) > 1 or end.tokens[0] in stops else ())
        _check_answer(row, example, tokenizer, stops, vocabulary, end)


def _check_row(row: Row, prompt: tuple[int, ...], end: tuple[int, ...]) -> None:
    where = f"train.jsonl, id {row.id}"
    if row.tokens[: row.start] != prompt:
        raise UserError(
            "the prompt that would be trained is not the one that inference renders",
            where,
            "train and serve with the same template arguments and prompting strategy",
        )
    if not end or row.tokens[-len(end) :] != end:
        raise UserError(
            "the last token that is learned does not end an answer",
            where,
            "the model would never stop: take a base model whose template closes turns",
        )
    if row.start == len(row.tokens) - len(end):
        raise UserError(
            "the expected output has no tokens, so there is nothing to learn",
            where,
            "write an output, or remove the example",
        )


def _check_answer(
    row: Row, example: Example, tokenizer: Any, stops: Sequence[int], vocabulary: int, end: TurnEnd
) -> None:
    where, answer = f"train.jsonl, id {row.id}", row.tokens[row.start : -len(end.tokens)]
    stray = [tokenizer.decode([token]) for token in sorted(set(answer) & set(stops))]
    if stray or (len(end.tokens) > 1 and end.text in render_output(example.output)):
        raise UserError(
            f"the expected output holds what ends answers ({', '.join(stray) or end.text})",
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
    """Checks that no expected output ends within a thought, so that there is an answer to learn.

    Raises:
        UserError: One does; its example is named.
    """
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
    """Notes on training data that are worth knowing but no reason to refuse it, with the ids concerned.

    Args:
        rows: Rows that are learned from.
        long: Rows that were set aside.
        examples: The examples of `rows`.
        task: The task.
        strategy: The prompting strategy.
    """
    notes = []
    if long:
        notes.append(
            f"{len(long)} of {len(long) + len(rows)} examples are too long and set aside:"
            f" {', '.join(r.id for r in long)}"
        )
    limit = task.decoding.max_new_tokens
    if cut := answers_longer_than(rows, limit):
        notes.append(
            f"{len(cut)} expected outputs have more tokens than max_new_tokens ({limit}) and could not be"
            f" answered whole: {', '.join(r.id for r in cut)}"
        )
    limit = task.decoding.max_prompt_tokens
    if unasked := prompts_longer_than(rows, limit):
        notes.append(
            f"{len(unasked)} prompts have more tokens than max_prompt_tokens ({limit}) and would not be"
            f" answered: {', '.join(r.id for r in unasked)}"
        )
    return notes + [
        f"{a} and {b} ask the same and expect different outputs" for a, b in check_contradictions(examples, strategy)
    ]


def sample(tokenizer: Any, row: Row) -> dict[str, str]:
    """One row in words with special tokens: what is only read, and what is learned."""
    return {
        "id": row.id,
        "read": tokenizer.decode(row.tokens[: row.start]),
        "learned": tokenizer.decode(row.tokens[row.start :]),
    }


def check_contradictions(examples: Sequence[Example], strategy: Strategy) -> list[tuple[str, str]]:
    """Pairs of ids with the same prompt and different outputs, which cannot both be learned."""
    first: dict[str, Example] = {}
    pairs: list[tuple[str, str]] = []
    for example in examples:
        seen = first.setdefault(repr(strategy.messages(example)), example)
        if render_output(seen.output) != render_output(example.output):
            pairs.append((seen.id, example.id))
    return pairs


def check_start(model: Any, row: Row, fresh: bool) -> None:
    """Checks the model before the first step: our logits are its own, and a fresh LoRA does not change them.

    Args:
        model: A peft model.
        row: The row that is compared.
        fresh: Whether the LoRA layers are new rather than an adapter's.

    Raises:
        UserError: The logits differ, or are not finite.
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
    """A sample on one line: the end of what is read and, in brackets, the beginning of what is learned."""
    read, learned = sample["read"][-characters:], sample["learned"][:characters]
    return f"{sample['id']} as it is trained, what is learned in brackets: {f'{read}[[{learned}]]'!r}"


def probe(model: Any, row: Row) -> torch.Tensor:
    """(n, vocabulary) logits of a row's answer, without gradients, to compare two forms of a model."""
    import torch

    batch = collate([row], 0)
    with torch.no_grad(), mode(model, training=False):
        return answer_logits(
            model.get_base_model(), batch["input_ids"].to(model.device), batch["labels"].to(model.device)
        )


def check_adapter(model: Any, folder: Path, row: Row, where: str) -> None:
    """Checks a written adapter: finite, not zero, complete; read back, it answers as trained and not as the base does.

    Args:
        model: The trained peft model. Its LoRA layers are removed to load the folder.
        folder: The adapter folder.
        row: The row that is compared.
        where: Where the adapter comes from, for the message: the folder itself may be gone by then.

    Raises:
        UserError: A check fails.
    """
    import torch

    tensors = read_tensors(folder)
    if bad := sorted(name for name, t in tensors.items() if not bool(torch.isfinite(t).all())):
        raise UserError(
            f"{len(bad)} tensors of the adapter are not finite, first {bad[0]}", where, "halve the learning rate"
        )
    if changes_nothing(tensors):
        raise UserError(
            "training changed nothing: every lora_B is still zero", where, "raise the learning rate or the epochs"
        )
    check_slots(model, tensors, where, "train again")
    trained = probe(model, row)
    with model.disable_adapter():
        base = probe(model, row)
    again = probe(with_adapter(model.unload(), folder), row)
    if not torch.equal(trained, again):
        raise UserError(
            "the adapter read back from disk answers differently from the one in memory",
            where,
            "check the disk and train again",
        )
    if torch.equal(trained, base):
        raise UserError(
            f"the adapter does not change the model's logits (row {row.id})",
            where,
            "raise the learning rate or the epochs",
        )


@contextmanager
def mode(model: Any, *, training: bool) -> Iterator[None]:
    """Within the block, the model is in training mode (with dropout) or in evaluation mode."""
    was = model.training
    model.train(training)
    try:
        yield
    finally:
        model.train(was)
