"""What ships: the base model with the adapter in its weights, in the folder layout of a model hub."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import whole_folder, write_json, write_whole
from goldgate.models.adapter import Adapter
from goldgate.models.embedded import ModelRef, public_name
from goldgate.models.exported import NOTE
from goldgate.models.gguf_file import Form, gguf_name, write_gguf
from goldgate.models.loading import load_base
from goldgate.models.lora import merge_adapter
from goldgate.models.quiet import quiet
from goldgate.models.template import stop_tokens
from goldgate.task.task import Task

_TAKEN_OVER = (
    "tokenizer*.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.jinja",
    "LICENSE*",
)
"""Files of the base model that stay as they are, to the byte: its chat template among them, where the task has none of
its own.
"""


def export_merged(
    model: ModelRef,
    adapter: Adapter,
    task: Task,
    card: str,
    out: Path,
    *,
    force: bool = False,
    gguf: Form | None = None,
) -> Path:
    """Exports a merged model atomically.

    The folder can be loaded by transformers. It holds 32-bit safetensors as they were gated, the configuration, the
    tokenizer with its chat template, the task's decoding as generation config, and `card` as README.md; and on request
    the same model as model-FORM.gguf.

    Raises:
        UserError: The folder holds anything but an earlier export, the adapter does not fit the base model, or the
            model cannot be written as GGUF.
    """
    check_target(out, force)
    with quiet(), whole_folder(out) as part:
        tokenizer, base = load_base(model.path, task.chat_template)
        stops = stop_tokens(tokenizer, base.generation_config)
        merged = merge_adapter(base, adapter.folder)
        merged.generation_config = _generation(task, stops, tokenizer)
        merged.config.name_or_path = public_name(model.alias)
        merged.save_pretrained(str(part))
        for pattern in _TAKEN_OVER:
            for path in model.path.glob(pattern):
                shutil.copyfile(path, part / path.name)
        if task.chat_template:
            write_whole(part / "chat_template.jinja", task.chat_template)
        if gguf is not None:
            write_gguf(part, part / gguf_name(gguf), gguf, stops)
        write_whole(part / "README.md", card)
        write_json(
            part / NOTE,
            {
                "merged": adapter.digest,
                "base": model.digest,
                "alias": public_name(model.alias),
                "task": task.name,
                "prompt": adapter.prompt,
                "template": dict(task.template),
            },
        )
    return out


def check_target(out: Path, force: bool) -> None:
    """Checks that an export may be written to this folder.

    Raises:
        UserError: It may not.
    """
    if out.is_file() or out.is_symlink():
        raise UserError("is no folder", str(out), "name a new folder with --to")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / NOTE).is_file():
        raise UserError("holds files that are no export of a model", str(out), "name a new folder with --to")
    if not force:
        raise UserError("holds an exported model already", str(out), "name a new folder, or replace it with --force")


def _generation(task: Task, stops: tuple[int, ...], tokenizer: Any) -> Any:
    """How the model was asked when it was gated, as transformers' defaults for this folder."""
    from transformers import GenerationConfig

    drawn = {"do_sample": True, "temperature": task.decoding.temperature, "top_k": 0, "top_p": 1.0}
    return GenerationConfig(
        max_new_tokens=task.decoding.max_new_tokens,
        eos_token_id=list(stops),
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **(drawn if task.decoding.temperature > 0 else {"do_sample": False}),
    )
