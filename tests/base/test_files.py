"""Files are written atomically, and names are never paths."""

import errno
import os
from pathlib import Path

import pytest

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_name, read_json, whole_folder, write_json, write_whole
from goldgate.base.fingerprint import digest, files_digest


def test_a_failed_write_leaves_the_old_file_and_no_remains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.json"
    write_whole(target, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="no space left"):
        write_whole(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_failed_folder_leaves_the_old_folder_and_no_remains(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with whole_folder(target) as part:
        (part / "x").write_text("old")

    def killed() -> None:
        with whole_folder(target) as part:
            (part / "x").write_text("new")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        killed()
    assert (target / "x").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "run"
    for text in ("one", "two"):
        with whole_folder(target) as part:
            (part / text).write_text(text)
    assert [p.name for p in target.iterdir()] == ["two"]
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\\b", "-x", "a b", "x" * 65, "a\n"])
def test_a_path_is_no_name(name: str) -> None:
    with pytest.raises(UserError, match="is not a valid name"):
        check_name(name, "task")


def test_broken_json_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text('{"a": 1,\n "b": }')
    with pytest.raises(UserError, match=r"card.json, line 2: not valid JSON .* column 7"):
        read_json(path)


def test_json_with_nan_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert not list(tmp_path.iterdir())


def test_the_digest_does_not_depend_on_key_order_but_on_types() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert len({digest(1), digest("1"), digest(True), digest([1]), digest(None)}) == 5


def test_the_digest_of_files_follows_their_contents_not_their_folder(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_whole(tmp_path / folder / "w", b"weights")
    assert files_digest([tmp_path / "one" / "w"]) == files_digest([tmp_path / "two" / "w"])
    write_whole(tmp_path / "two" / "w", b"others!")
    assert files_digest([tmp_path / "one" / "w"]) != files_digest([tmp_path / "two" / "w"])


def test_a_misspelled_name_gets_the_nearest() -> None:
    assert near_names("invoises", ["invoices", "tickets"]) == 'did you mean "invoices"?'
    assert near_names("zzz", ["b", "a"]) == "known: a, b"
