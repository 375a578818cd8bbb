"""Lengths in the task's own template and tokenizer, by line, without any model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from goldgate.data.lengths import too_long
from goldgate.data.row import Place, Row
from goldgate.models.template import encode, prompt_tokens
from goldgate.prompts import Pruned
from goldgate.task.project import Project
from goldgate.task.task import Task

from ..conftest import FAMILIES, tiny_tokenizer


def test_each_part_is_measured_as_it_is_trained_and_asked(
    make_task: Callable[..., tuple[Project, Task]], tmp_path: Path
) -> None:
    _, task = make_task({"kind": "text", "decoding": {"max_new_tokens": 12, "max_prompt_tokens": 90}}, train=[])
    tokenizer = tiny_tokenizer(FAMILIES["chatml"])
    texts = [("short", "fine"), ("short", "q" * 12), ("short", "q" * 11), ("z" * 200, "fine")]
    rows = [Row(input_, output, Place("a.csv", n)) for n, (input_, output) in enumerate(texts, 2)]
    found = too_long(rows, tokenizer, task, Pruned(task), 100)
    asked = [{"role": "system", "content": task.name}, {"role": "user", "content": "z" * 200}]
    prompt = len(prompt_tokens(tokenizer, [asked], {})[0])
    answer = len(encode(tokenizer, ["fine"])[0]) + 1
    assert [str(one) for one in found] == [
        "a.csv, line 3: the output has 13 tokens, more than max_new_tokens (12)",
        f"a.csv, line 5: the prompt has {prompt} tokens, more than max_prompt_tokens (90)",
        f"a.csv, line 5: the example has {prompt + answer} tokens, more than max_length (100)",
    ]
    assert [one.part for one in too_long(rows, tokenizer, task, Pruned(task), None)] == ["output", "prompt"]
