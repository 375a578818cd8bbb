"""A model folder is known by its content, and a fault in it is told by the file before a library reads it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.models import content
from goldgate.models.content import folder_digest, is_whole

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 269060552\n"


@pytest.fixture
def model(tiny_llama: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_llama, tmp_path / "model"))


def flip(path: Path) -> None:
    """Changes one byte at the end, where the weights are."""
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


def flip_apart(path: Path) -> None:
    """The same in a new file that takes the place of the old one."""
    new = path.with_suffix(".new")
    shutil.copyfile(path, new)
    flip(new)
    new.replace(path)


def flip_in_place(path: Path) -> None:
    """The same through a map of the file, which is never closed nor cut."""
    import mmap

    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[-1] ^= 1
        mapped.flush()


@pytest.mark.parametrize("change", [flip, flip_apart, flip_in_place])
def test_other_weights_of_the_same_size_and_time_are_another_model(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(content, "SETTLED", -(10**18))  # as if the files had long been there: the digest is kept
    weights = model / "model.safetensors"
    before, times = folder_digest(tmp_path / "cache", model), weights.stat()
    change(weights)
    os.utime(weights, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert weights.stat().st_size == times.st_size
    assert weights.stat().st_mtime_ns == times.st_mtime_ns
    assert folder_digest(tmp_path / "cache", model) != before


def test_a_digest_is_not_kept_of_files_that_were_just_written(model: Path, tmp_path: Path) -> None:
    """Within the same tick of the clock they could be written again."""
    folder_digest(tmp_path / "cache", model)
    assert not (tmp_path / "cache" / "digests").exists()


def test_all_files_that_a_tokenizer_may_read_count(model: Path, tmp_path: Path) -> None:
    found = {folder_digest(tmp_path / "cache", model)}
    for name in ("spiece.model", "tekken.json", "qwen.tiktoken", "additional_chat_templates/tools.jinja"):
        (model / name).parent.mkdir(exist_ok=True)
        (model / name).write_text("{}")
        found.add(folder_digest(tmp_path / "cache", model))
    assert len(found) == 5
    (model / "README.md").write_text("what the model is for")
    assert folder_digest(tmp_path / "cache", model) in found


def test_an_adapter_in_the_folder_is_refused_even_where_the_digest_is_known(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "SETTLED", -(10**18))
    folder_digest(tmp_path / "cache", model)
    (model / "adapter_config.json").write_text("{}")
    with pytest.raises(
        UserError, match=r"(?s)adapter_config\.json: an adapter lies in the base model's folder.*adapter:"
    ):
        folder_digest(tmp_path / "cache", model)


def cut(path: Path, to: int) -> None:
    path.write_bytes(path.read_bytes()[:to])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def as_parts(model: Path) -> None:
    """The weights in two parts, of which the second is not there."""
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (model / "model.safetensors").rename(model / names["a"])
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (
            lambda m: (m / "model.safetensors").write_text(POINTER),
            r"model\.safetensors: not the file itself but a git-lfs",
        ),
        (lambda m: (m / "tokenizer.json").write_text(POINTER), r"(?s)tokenizer\.json: not the file.*git lfs pull"),
        (lambda m: (m / "config.json").write_text(POINTER), r"config\.json: not the file itself but a git-lfs"),
        (lambda m: cut(m / "model.safetensors", 4_000), r"model\.safetensors: the safetensors file is cut off"),
        (lambda m: cut(m / "model.safetensors", 100), r"model\.safetensors: the safetensors file is cut off"),
        (lambda m: cut(m / "model.safetensors", 0), "not a safetensors file"),
        (lambda m: (m / "model.safetensors").write_text("<!DOCTYPE html><p>Sign in"), "not a safetensors file"),
        (lambda m: (m / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0[]"), "its header is not valid JSON"),
        (lambda m: lengthen(m / "model.safetensors"), "longer than its header says"),
        (lambda m: (m / "config.json").write_text('{"model_type": '), r"config\.json, line 1: not valid JSON"),
        (lambda m: (m / "config.json").write_text("[]"), r"config\.json: must be an object"),
        (lambda m: cut(m / "tokenizer.json", 500), r"tokenizer\.json, line \d+: not valid JSON"),
        (lambda m: (m / "tokenizer_config.json").write_bytes(b"\xff\xfe{"), r"tokenizer_config\.json: not UTF-8"),
        (lambda m: (m / "config.json").unlink(), "not a model folder: it needs config.json"),
        (lambda m: (m / "tokenizer.json").unlink(), "the model folder has no tokenizer"),
        (as_parts, r"1 of the files that hold the weights are missing, first model-00002-of-00002\.safetensors"),
    ],
)
def test_a_fault_is_told_by_its_file(model: Path, tmp_path: Path, damage: Callable[[Path], Any], says: str) -> None:
    damage(model)
    with pytest.raises(UserError, match=says) as caught:
        folder_digest(tmp_path / "cache", model)
    assert caught.value.hint
    assert str(model) in str(caught.value)


def test_parts_are_whole_when_all_that_the_index_lists_are_there(model: Path) -> None:
    assert is_whole(model)
    as_parts(model)
    assert not is_whole(model)
    shutil.copyfile(model / "model-00001-of-00002.safetensors", model / "model-00002-of-00002.safetensors")
    assert is_whole(model)


def test_a_file_that_cannot_be_read_is_told(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(files: Any, folder: Path) -> str:
        raise PermissionError(13, "Permission denied", str(folder / "model.safetensors"))

    monkeypatch.setattr(content, "files_digest", refuse)
    with pytest.raises(
        UserError, match=r"model\.safetensors: a file of the model cannot be read \(Permission denied\)"
    ):
        folder_digest(tmp_path / "cache", model)


@pytest.mark.parametrize("note", ["{}", "[]", '{"stamp": 1, "digest": 2}'])
def test_a_note_that_says_nothing_is_not_believed(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: str
) -> None:
    monkeypatch.setattr(content, "SETTLED", -(10**18))
    found = folder_digest(tmp_path / "cache", model)
    (kept,) = (tmp_path / "cache" / "digests").iterdir()
    kept.write_text(note)
    assert folder_digest(tmp_path / "cache", model) == found
