"""What is in a model folder: its digest, and the faults that would make a library fail, or load another model."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json, write_json
from goldgate.base.fingerprint import digest, files_digest

MODEL_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "config.*.json",
    "generation_config.json",
    "tokenizer*.json",
    "*.model",
    "*.tiktoken",
    "tekken.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.jinja",
    "chat_template.json",
    "additional_chat_templates/*.jinja",
)
"""All files that decide how a model answers, whichever of them its kind of tokenizer reads."""
_VOCABULARY = ("tokenizer.json", "tokenizer.*.json", "*.model", "*.tiktoken", "tekken.json", "vocab.*")
_ADAPTER = "adapter_config.json"
_POINTER = b"version https://git-lfs.github.com/"
_LARGEST_HEADER = 100_000_000
"""Bytes: the longest header that the safetensors library reads."""
SETTLED = 2_000_000_000
"""Nanoseconds. A file that was written later than this before it was hashed could be written again within the same
tick of its file system's clock (two seconds at most), so its digest is not kept.
"""


def folder_digest(cache: Path, folder: Path) -> str:
    """Returns the digest of a model folder's content, after checking that it is a whole model.

    Args:
        cache: The cache folder, which keeps the digest.
        folder: The model's folder.

    Returns:
        Digest of the names and contents of all MODEL_FILES.

    Raises:
        UserError: A file is missing, cannot be read, or is not what its name says; or an adapter lies in the folder.
    """
    _check_alone(folder)
    files = model_files(folder)
    return hashed_once(cache, folder, files, lambda: check_folder(folder, files))


def hashed_once(cache: Path, folder: Path, files: Sequence[Path], check: Callable[[], None] = lambda: None) -> str:
    """Returns the digest of files of a folder, and reads them only if they may have changed since the last time.

    Hashing is spared while every file has the inode, size and time of its last change that it had when it was hashed.
    The time of modification does not count: anyone can set it.

    Args:
        cache: The cache folder, which keeps the digest.
        folder: The folder.
        files: The files, all inside the folder.
        check: Called before the files are hashed. What it raises is passed on.

    Returns:
        Digest (64 hex digits) of their names and contents.

    Raises:
        UserError: A file cannot be read.
    """
    names = [path.relative_to(folder).as_posix() for path in files]
    note = cache / "digests" / f"{digest([str(folder.resolve()), names])}.json"
    try:
        now = time.time_ns()
        facts = [(name, path.stat()) for name, path in zip(names, files, strict=True)]
        stamp = [[name, fact.st_size, fact.st_ino, fact.st_ctime_ns] for name, fact in facts]
        if (known := _noted(note, stamp)) is not None:
            return known
        check()
        found = files_digest(files, folder)
    except OSError as error:
        raise UserError(
            f"a file of the model cannot be read ({error.strerror})",
            str(error.filename or folder),
            "make the file readable, or download the model again",
        ) from error
    if all(fact.st_ctime_ns + SETTLED < now for _, fact in facts):
        write_json(note, {"folder": str(folder), "stamp": stamp, "digest": found})
    return found


def model_files(folder: Path) -> list[Path]:
    """Lists the files of a folder that decide how its model answers, sorted."""
    return sorted({p for pattern in MODEL_FILES for p in folder.glob(pattern) if p.is_file()})


def is_whole(folder: Path) -> bool:
    """Returns whether all of a model's weights are in its folder: one file, or every part that its index lists."""
    return not _absent(folder) if _indices(folder) else any(folder.glob("*.safetensors"))


def check_folder(folder: Path, files: Sequence[Path]) -> None:
    """Checks that a folder is a whole model.

    Args:
        folder: The folder.
        files: Its model_files.

    Raises:
        UserError: It is not. The first faulty file is named.
    """
    for path in files:
        _check_file(path)
    names = {p.name for p in files}
    if "config.json" not in names or not any(n.endswith((".safetensors", ".safetensors.index.json")) for n in names):
        raise UserError(
            "not a model folder: it needs config.json and *.safetensors",
            str(folder),
            "save the model with save_pretrained; weights in other formats are not read",
        )
    if lost := _absent(folder):
        raise UserError(
            f"{len(lost)} of the files that hold the weights are missing, first {lost[0]}",
            str(folder),
            "the download was not finished: download the model again",
        )
    if not any(next(folder.glob(pattern), None) for pattern in _VOCABULARY):
        raise UserError(
            "the model folder has no tokenizer: tokenizer.json, tokenizer.model and the like are all missing",
            str(folder),
            "download the model again, or save its tokenizer there with save_pretrained",
        )


def _check_alone(folder: Path) -> None:
    """Checks that no adapter lies in the folder: transformers would add it to the model without a word."""
    if (folder / _ADAPTER).exists():
        raise UserError(
            "an adapter lies in the base model's folder, and would become part of the base model unasked",
            str(folder / _ADAPTER),
            "move adapter_config.json and adapter_model.safetensors to a folder of their own; an adapter is named as"
            " adapter:FOLDER, and its base model in task.yaml",
        )


def _check_file(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise UserError(
                "not the file itself but a git-lfs pointer to it",
                str(path),
                "run `git lfs pull` in the model's repository, or download the model again",
            )
    if path.suffix == ".safetensors":
        _check_safetensors(path)
    elif path.suffix == ".json":
        check_object(read_json(path), str(path), "download the model again, or save it again with save_pretrained")


def _check_safetensors(path: Path) -> None:
    """Checks that a file has the length that its header promises."""
    hint = "download the file again, or save the model again with save_pretrained"
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > _LARGEST_HEADER:
            raise UserError("not a safetensors file", str(path), hint)
        raw = file.read(length)
    whole = 8 + length + (_end_of_data(raw, path, hint) if len(raw) == length else 1)
    if size != whole:
        short = size < whole
        raise UserError(
            f"the safetensors file is {'cut off' if short else 'longer than its header says'} ({size:,} bytes)",
            str(path),
            f"the download was not finished: {hint}" if short else hint,
        )


def _end_of_data(raw: bytes, path: Path, hint: str) -> int:
    """Returns how many bytes of tensors a safetensors header describes."""
    try:
        header = json.loads(raw)
        return max(
            (int(entry["data_offsets"][1]) for name, entry in header.items() if name != "__metadata__"), default=0
        )
    except (ValueError, RecursionError, AttributeError, KeyError, IndexError, TypeError) as error:
        raise UserError("not a safetensors file: its header is not valid JSON", str(path), hint) from error


def _indices(folder: Path) -> list[Path]:
    """The lists of a model's parts. One whole file is read rather than parts, so its list does not count."""
    return [] if (folder / "model.safetensors").is_file() else sorted(folder.glob("*.safetensors.index.json"))


def _absent(folder: Path) -> list[str]:
    """Names of the parts that an index lists and that are not in the folder."""
    parts: set[str] = set()
    for path in _indices(folder):
        hint = "download the model again"
        index = check_object(read_json(path), str(path), hint, weight_map=dict)
        parts |= {str(part) for part in index["weight_map"].values()}
    return sorted(part for part in parts if not (folder / part).is_file())


def _noted(note: Path, stamp: list[list[Any]]) -> str | None:
    """Returns the digest that was kept, if the files are still the ones that were hashed."""
    if not note.is_file():
        return None
    known = read_json(note)
    same = isinstance(known, dict) and known.get("stamp") == stamp and isinstance(known.get("digest"), str)
    return str(known["digest"]) if same else None
