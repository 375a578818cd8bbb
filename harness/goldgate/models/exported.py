"""Folders that `goldgate export` writes: a whole model with an adapter merged into it, known by what lies in it."""

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
    """A model folder. prompt: the strategy it was trained with; adapter: digest of what was merged into the base."""

    folder: Path
    prompt: str
    adapter: str
    note: dict[str, Any]


def read_merged(folder: Path) -> MergedModel:
    """Reads the note of an exported folder; UserError naming what is missing or wrong."""
    if not folder.is_dir():
        raise UserError("no such model folder", str(folder), _HINT)
    path = folder / NOTE
    if not path.is_file():
        raise UserError(
            f"{NOTE} is missing, so it is not known how the model was trained to be asked", str(folder), _HINT
        )
    note = check_object(read_json(path), str(path), "export the model again", prompt=str, merged=str)
    return MergedModel(folder, note["prompt"], note["merged"], note)
