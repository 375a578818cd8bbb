"""`goldgate prepare --from`: new rows go to train and dev, no example moves, and every row is accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .test_incoming import PLACES, WORDS, init, rows

__all__ = ["init"]

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def made(init: Callable[..., Any], tmp_path: Path) -> Path:
    """A task of 300 rows; its folder."""
    status, _, err = init(rows())
    assert status == 0, err
    return tmp_path / "golden" / "pets"


@pytest.fixture
def add(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Types `goldgate prepare pets --from new.csv`: exit status, stdout, stderr."""
    from goldgate.cli.main import run

    def typed(given: list[tuple[str, str]], *words: str) -> tuple[int, str, str]:
        Path("new.csv").write_text("text;label\n" + "".join(f"{text};{label}\n" for text, label in given))
        columns = ["--input", "text", "--output", "label"]
        monkeypatch.setattr("sys.argv", ["goldgate", "prepare", "pets", "--from", "new.csv", *columns, *words])
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return typed


def lines(folder: Path, split: str) -> list[str]:
    return (folder / f"{split}.jsonl").read_text().splitlines()


def fresh(count: int) -> list[tuple[str, str]]:
    return [
        (f"why is my {WORDS[i % 12]} {chr(97 + i)}{chr(107 + i)}{chr(100 + i)} here, {PLACES[i % 10]}?", "ab"[i % 2])
        for i in range(count)
    ]


def test_new_rows_are_appended_and_no_example_moves(add: Typed, made: Path) -> None:
    before = {split: lines(made, split) for split in ("train", "dev", "golden")}
    status, out, err = add(fresh(12))
    assert status == 0, err
    after = {split: lines(made, split) for split in before}
    assert after["golden"] == before["golden"]
    for split in ("train", "dev"):
        assert after[split][: len(before[split])] == before[split]
    added = [json.loads(line) for split in ("train", "dev") for line in after[split][len(before[split]) :]]
    assert {example["input"] for example in added} == {text for text, _ in fresh(12)}
    assert "rows: 12 read = 12 kept + 0 merged + 0 set aside" in out
    card = json.loads((made / "card.json").read_text())
    assert card["account"]["added"][0]["source"] == "new.csv"
    assert card["splits"]["train"]["count"] == len(after["train"])


def test_each_row_that_is_not_added_has_its_reason(add: Typed, made: Path) -> None:
    golden = json.loads(lines(made, "golden")[0])
    train = json.loads(lines(made, "train")[0])
    given = [
        *fresh(4),
        (golden["input"], golden["output"]),
        (train["input"], train["output"]),
        ("what is a label of its own good for?", "c"),
        ("the output of this row is missing", ""),
    ]
    status, out, err = add(given)
    assert status == 0, err
    assert "rows: 8 read = 4 kept + 2 merged + 2 set aside" in out
    assert "an output that is none of the labels: new.csv, line 8" in out
    assert "an empty output: new.csv, line 9" in out
    rejects = [json.loads(line) for line in lines(made, "rejects")]
    assert [row["line"] for row in rejects] == [8, 9]


def test_what_is_near_golden_does_not_reach_train(add: Typed, made: Path) -> None:
    golden = json.loads(lines(made, "golden")[0])
    status, out, err = add([*fresh(4), (golden["input"] + " !", golden["output"])])
    assert status == 0, err
    assert "nearly in golden: new.csv, line 6" in out or "in golden: new.csv, line 6" in out


def test_a_file_with_nothing_new_is_refused_with_its_account(add: Typed, made: Path) -> None:
    before = (made / "train.jsonl").read_bytes()
    train = json.loads(lines(made, "train")[0])
    status, _, err = add([(train["input"], train["output"])])
    assert status == 2
    assert "rows: 1 read = 0 kept + 1 merged" in err
    assert "no row is new" in err
    assert (made / "train.jsonl").read_bytes() == before


def test_secrets_are_refused(add: Typed, made: Path) -> None:
    secret = "AKIA" + "IOSFODNN7EXAMPLE"
    status, out, err = add([*fresh(4), (f"the key is {secret} for now", "a")])
    assert status == 2
    assert "new.csv, line 6" in err
    assert secret not in out + err


def test_merges_in_labels_yaml_are_followed(add: Typed, made: Path) -> None:
    (made / "labels.yaml").write_text("merge:\n  B-label: b\nmissing: [nothing]\n")
    given = [*fresh(3), ("which label does the last row of this have?", "B-label"), ("and this one?", "nothing")]
    status, out, err = add(given)
    assert status == 0, err
    assert "rows: 5 read = 4 kept + 0 merged + 1 set aside" in out
    assert "no label: new.csv, line 6" in out


@pytest.mark.parametrize("words", [("--clean",), ("--redact",), ("--refresh-golden", "--map", "tags=x")])
def test_options_that_do_not_go_with_it_are_refused(add: Typed, words: tuple[str, ...]) -> None:
    assert add(fresh(2), *words)[0] == 2
