"""Folders that `goldgate export` writes: a complete model with an adapter merged in, identified by its content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json

NOTE = "goldgate.json"
_HINT = "give a folder that `goldgate export` wrote"


@dataclass(frozen=True)
class MergedModel:
    """An exported model.

    Attributes:
        folder: Where it is.
        prompt: The prompting strategy that it was trained with.
        adapter: Digest of the adapter that was merged into the base model.
        note: The whole of the folder's note.
    """

    folder: Path
    prompt: str
    adapter: str
    note: dict[str, Any]


def read_merged(folder: Path) -> MergedModel:
    """Reads the note of an exported folder.

    Raises:
        UserError: The folder or its note is missing or broken.
    """
    if not folder.is_dir():
        raise UserError("no such model folder", str(folder), _HINT)
    path = folder / NOTE
    if not path.is_file():
        raise UserError(
            f"{NOTE} is missing, so nothing says which prompt the model was trained with", str(folder), _HINT
        )
    note = check_object(read_json(path), str(path), "export the model again", prompt=str, merged=str)
    return MergedModel(folder, note["prompt"], note["merged"], note)
