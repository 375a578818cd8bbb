"""The `goldgate` command as a person types it: exit status, one clear message, nothing half-written."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from goldgate.cli.main import run

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """typed("train", "x") → (exit status, stdout, stderr), in an empty folder with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOLDGATE_CACHE", str(tmp_path / "cache"))

    def type_(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["goldgate", *words])
        with pytest.raises(SystemExit) as left:
            run()
        out = capsys.readouterr()
        return int(left.value.code or 0), out.out, out.err

    return type_


ROWS = [
    {"q": f"{a} {b} {c}", "a": b}
    for a in ["red", "blue", "green", "old", "new", "big"]
    for b in ["cat", "dog", "bird", "fish", "cow"]
    for c in ["runs", "sleeps", "eats", "sings", "jumps", "swims", "hides"]
]


def _task(typed: Typed, name: str = "pets") -> None:
    Path("pets.jsonl").write_text("\n".join(json.dumps(r) for r in ROWS))
    status, _, err = typed("init", name, "--from", "pets.jsonl", "--input", "q", "--output", "a")
    assert status == 0, err


def test_init_makes_a_project_that_prepare_accepts(typed: Typed) -> None:
    _task(typed)
    status, out, _ = typed("prepare", "pets", "--json")
    assert status == 0
    assert set(json.loads(out)["splits"]) == {"train", "dev", "golden"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "nowhere"), "goldgate: "),
        (("init", "../x", "--from", "f", "--input", "q", "--output", "a"), "is not a valid name"),
        (("init", "x", "--from", "missing.csv", "--input", "q", "--output", "a"), "no such file"),
        (("report", "nothing"), "no project here"),
        (("demo", "nothing"), 'there is no demo of "nothing"'),
        (("fly",), "No such command"),
        (("train",), "takes either a task or a run to train again"),
    ],
)
def test_bad_input_is_one_message_and_status_2(typed: Typed, words: tuple[str, ...], message: str) -> None:
    status, out, err = typed(*words)
    assert status == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert not list(Path.cwd().iterdir())


def test_a_misspelled_task_column_or_setting_gets_the_nearest(typed: Typed) -> None:
    _task(typed)
    assert 'did you mean "pets"?' in typed("train", "pet")[2]
    assert "no column" in typed("init", "x", "--from", "pets.jsonl", "--input", "qq", "--output", "a")[2]
    assert not Path("suites/x").exists()


def test_data_that_breaks_its_contract_stops_before_any_model(typed: Typed) -> None:
    _task(typed)
    golden = Path("golden/pets")
    lines = (golden / "train.jsonl").read_text().splitlines()
    edited = json.loads(lines[0]) | {"output": "horse"}
    (golden / "train.jsonl").write_text("\n".join([json.dumps(edited), *lines[1:]]))
    status, _, err = typed("train", "pets")
    assert status == 2
    assert "was changed after its card was written" in err
    status, _, err = typed("prepare", "pets")
    assert status == 2
    assert '"horse" is not one of the 5 labels' in err
    (golden / "train.jsonl").write_text("")
    assert "no examples in the file" in typed("prepare", "pets")[2]
    assert not Path("runs").exists()


def test_a_golden_example_in_train_is_a_leak(typed: Typed) -> None:
    _task(typed)
    golden = Path("golden/pets")
    leaked = (golden / "golden.jsonl").read_text().splitlines()[0]
    with (golden / "train.jsonl").open("a") as file:
        file.write(leaked + "\n")
    status, _, err = typed("prepare", "pets")
    assert status == 2
    assert "is also in train" in err


def test_a_candidate_is_not_evaluated_on_golden(typed: Typed) -> None:
    _task(typed)
    status, _, err = typed("evaluate", "pets", "--subject", "adapter:x", "--split", "golden")
    assert status == 2
    assert "is a look, which evaluate does not take" in err


def test_no_champion_is_said_plainly(typed: Typed) -> None:
    _task(typed)
    status, out, _ = typed("champions", "--json")
    assert (status, json.loads(out)) == (0, {"pets": None})
    assert "nothing is promoted" in typed("evaluate", "pets", "--subject", "champion")[2]


def test_the_demo_does_not_write_into_a_folder_that_is_in_use(typed: Typed) -> None:
    Path("mine").mkdir()
    Path("mine/file").write_text("x")
    status, _, err = typed("demo", "--folder", "mine")
    assert status == 2
    assert "is not empty and is not a demo's project" in err
    assert [p.name for p in Path("mine").iterdir()] == ["file"]


def test_version(typed: Typed) -> None:
    assert typed("--version")[1].startswith("goldgate ")
