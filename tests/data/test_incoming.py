"""What init does with rows before they are split, through the door that people use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from goldgate.base.errors import UserError
from goldgate.data.rewrite import clean_splits, restore_splits
from goldgate.task.project import Project
from goldgate.task.task import load_task

WORDS = ("lamp", "bike", "jacket", "printer", "sofa", "camera", "phone", "kettle", "watch", "tent", "desk", "radio")
PLACES = ("cellar", "garden", "office", "kitchen", "attic", "garage", "hallway", "shed", "bathroom", "porch")
SECRET = "AKIA" + "IOSFODNN7EXAMPLE"


def rows(**changed: dict[str, Any]) -> list[dict[str, Any]]:
    """300 rows of two labels; the changed ones by number, as r12."""
    made: list[dict[str, Any]] = [
        {
            "text": f"the {WORDS[i % 12]} of {chr(97 + i % 26)}{chr(97 + i // 26)}ra in the {PLACES[i % 10]} {i:b}",
            "label": "ab"[i % 2],
            "when": f"2025-{1 + i // 28:02d}-{1 + i % 28:02d}",
        }
        for i in range(300)
    ]
    for name, values in changed.items():
        made[int(name[1:])] |= values
    return made


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Types `goldgate init pets` in an empty folder: exit status, stdout, stderr."""
    from goldgate.cli.main import run

    def typed(rows: list[dict[str, str]], *words: str, file: str = "rows.jsonl") -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GOLDGATE_CACHE", str(tmp_path / "cache"))
        (tmp_path / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
        command = ["goldgate", "init", "pets", "--from", file, "--input", "text", "--output", "label", *words]
        monkeypatch.setattr("sys.argv", command)
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return typed


def examples(folder: Path) -> list[dict[str, Any]]:
    lines = [(folder / "golden" / "pets" / f"{split}.jsonl").read_text() for split in ("train", "dev", "golden")]
    return [json.loads(line) for text in lines for line in text.splitlines()]


def test_a_secret_is_refused_by_line_and_nothing_of_it_is_printed_or_written(
    init: Callable[..., Any], tmp_path: Path
) -> None:
    status, out, err = init(rows(r7={"text": f"my key is {SECRET}, help"}))
    assert status == 2
    assert "rows.jsonl, line 8" in err
    assert "--redact" in err
    assert SECRET not in out + err
    assert not (tmp_path / "golden").exists()


@pytest.mark.parametrize(
    "odd", [{"text": f"my key is {SECRET[:6]}\u200b{SECRET[6:]}, help"}, {"label": {"key": SECRET}}]
)
def test_a_secret_that_is_hidden_or_set_aside_is_not_printed(init: Callable[..., Any], odd: dict[str, Any]) -> None:
    _, out, err = init(rows(r7=odd))
    assert SECRET not in out + err
    assert SECRET[6:] not in out + err


def test_redacted_rows_have_the_same_stand_in_everywhere_and_the_log_keeps_no_original(
    init: Callable[..., Any], tmp_path: Path
) -> None:
    mail = "ann.lee@shop.test"
    given = rows(r7={"text": f"key {SECRET} of {mail}"}, r40={"text": f"answer  {mail}\u200b, please, about the lamp"})
    status, out, err = init(given, "--redact")
    assert status == 0, err
    texts = [example["input"] for example in examples(tmp_path)]
    written = "".join(path.read_text() for path in (tmp_path / "golden" / "pets").glob("*.json*"))
    assert SECRET not in written + out
    assert mail not in written + out
    stand_ins = {word.strip(",") for text in texts for word in text.split() if "@" in word}
    assert len(stand_ins) == 1


def test_what_cleaning_changed_is_said_and_logged(init: Callable[..., Any], tmp_path: Path) -> None:
    status, out, err = init(rows(r3={"label": "b\u200b"}, r4={"text": "a cafe\u0301 lamp in the old attic, mended"}))
    assert status == 0, err
    assert {example["output"] for example in examples(tmp_path)} == {"a", "b"}
    log = (tmp_path / "golden" / "pets" / "changes.jsonl").read_text()
    assert "rows.jsonl, line 4" in log
    assert "rows.jsonl, line 5" in log
    assert "kept" in out


def test_golden_has_the_newest_rows_if_the_splits_go_by_time(init: Callable[..., Any], tmp_path: Path) -> None:
    status, _, err = init(rows(), "--time", "when", "--golden-share", "0.2")
    assert status == 0, err
    when = {
        split: [
            json.loads(line)["meta"]["time"]
            for line in (tmp_path / "golden" / "pets" / f"{split}.jsonl").read_text().splitlines()
        ]
        for split in ("train", "dev", "golden")
    }
    assert len(when["golden"]) == 60
    assert max(when["train"]) <= min(when["dev"])
    assert max(when["dev"]) <= min(when["golden"])


def test_cleaning_at_init_is_not_taken_back_in_the_splits(init: Callable[..., Any], tmp_path: Path) -> None:
    """A file may be called as a split is; its lines are others."""
    status, _, err = init(
        rows(r3={"label": "b\u200b"}, r4={"text": "a cafe\u0301 lamp in the attic"}), file="train.jsonl"
    )
    assert status == 0, err
    folder = tmp_path / "golden" / "pets"
    before = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    assert b"train.jsonl, line 4" in before["changes.jsonl"]
    project = Project(tmp_path, tmp_path / "cache")
    with pytest.raises(UserError, match="there is no clean-up to take back"):
        restore_splits(project, load_task(project, "pets"))
    assert {path.name: path.read_bytes() for path in folder.glob("*.jsonl")} == before


def test_rows_of_one_group_stay_in_one_split(init: Callable[..., Any], tmp_path: Path) -> None:
    given = [row | {"who": f"customer {i // 5}"} for i, row in enumerate(rows())]
    status, _, err = init(given, "--group", "who")
    assert status == 0, err
    homes: dict[str, set[str]] = {}
    for split in ("train", "dev", "golden"):
        for line in (tmp_path / "golden" / "pets" / f"{split}.jsonl").read_text().splitlines():
            homes.setdefault(json.loads(line)["group"], set()).add(split)
    assert len(homes) == 60
    assert all(len(splits) == 1 for splits in homes.values())


def test_merges_of_labels_that_look_alike_are_proposed_and_none_is_made(
    init: Callable[..., Any], tmp_path: Path
) -> None:
    given = [row | {"label": "refund" if row["label"] == "a" else "invoice"} for row in rows()]
    given[6]["label"] = "Refund"
    status, out, err = init(given)
    assert status == 0, err
    assert "golden/pets/labels.yaml" in out
    assert '# "Refund": "refund"' in (tmp_path / "golden" / "pets" / "labels.yaml").read_text()
    assert {example["output"] for example in examples(tmp_path)} == {"refund", "Refund", "invoice"}


def test_no_look_can_be_recorded_while_splits_are_replaced(
    init: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be recorded in the folder that is replaced, and be lost."""
    status, _, err = init(rows())
    assert status == 0, err
    project = Project(tmp_path, tmp_path / "cache")
    path = project.golden("pets") / "train.jsonl"
    path.write_text(path.read_text().replace(" of ", "\u00a0of "))
    held, copy = [], shutil.copytree

    def copied(*arguments: Any, **more: Any) -> Any:
        with pytest.raises(Timeout):
            FileLock(project.golden("pets") / "looks" / ".lock", timeout=0).acquire()
        held.append(True)
        return copy(*arguments, **more)

    monkeypatch.setattr(shutil, "copytree", copied)
    clean_splits(project, load_task(project, "pets"))
    assert held
