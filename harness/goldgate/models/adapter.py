"""Adapter folders: which files they must contain, how they are identified, and which base model they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json
from goldgate.base.fingerprint import digest, file_digest, short

_WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter on disk.

    Attributes:
        folder: Where it is.
        digest: Digest of its weights and configuration.
        base: Content digest of the base model that it was made for.
        prompt: The prompting strategy that it was trained with.
        note: The whole of goldgate.json.
    """

    folder: Path
    digest: str
    base: str
    prompt: str
    note: dict[str, Any]


def read_adapter(folder: Path) -> Adapter:
    """Reads an adapter folder without loading the adapter.

    Args:
        folder: The folder that training wrote.

    Returns:
        The adapter.

    Raises:
        UserError: The folder or one of its files is missing or broken. It names the file.
    """
    hint = "give the folder that training wrote: runs/<task>/<run>/attempts/<k>/adapter"
    if not folder.is_dir():
        raise UserError("no such adapter folder", str(folder), hint)
    for name in (_WEIGHTS, "adapter_config.json", "goldgate.json"):
        if not (folder / name).is_file():
            raise UserError(f"{name} is missing", str(folder), hint)
    path = folder / "goldgate.json"
    note = check_object(read_json(path), str(path), "train the adapter again", base=str, prompt=str)
    return Adapter(folder, adapter_digest(folder), note["base"], note["prompt"], note)


def adapter_digest(folder: Path) -> str:
    """Returns the content digest of an adapter: its tensors, and its configuration without the path of the base
    model.
    """
    path = folder / "adapter_config.json"
    config = check_object(read_json(path), str(path), "train the adapter again")
    kept = {key: value for key, value in config.items() if key != "base_model_name_or_path"}
    return digest({"weights": file_digest(folder / _WEIGHTS), "config": kept})


def check_base(adapter: Adapter, base: str, name: str) -> None:
    """Checks that an adapter belongs to a base model.

    Args:
        adapter: The adapter.
        base: Content digest of the base model.
        name: The base model's name, for the message.

    Raises:
        UserError: The adapter was made for another base model.
    """
    if adapter.base != base:
        made = adapter.note.get("alias", "unknown")
        raise UserError(
            f"the adapter was made for another base model ({made}, {short(adapter.base)}), not for the task's"
            f" ({name}, {short(base)})",
            str(adapter.folder),
            "name that model in task.yaml, or train an adapter for this one",
        )


def check_template(adapter: Adapter, template: str) -> None:
    """Checks that an adapter was trained with a chat template.

    Args:
        adapter: The adapter.
        template: Digest of the chat template.

    Raises:
        UserError: The adapter was trained with another template, or with other arguments.
    """
    if adapter.note.get("template") != template:
        raise UserError(
            "the adapter was trained with another chat template, or other template arguments, than it would be asked"
            " with",
            str(adapter.folder),
            'set "template" in task.yaml back to what it was when the adapter was trained, or train the adapter again',
        )
