"""Bad input at the command's door: status 2, nothing on stdout, one message with file, line, field and what to do."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from goldgate.models import embedded

Typed = Callable[..., tuple[int, str, str]]
INIT = ("--input", "q", "--output", "a")


def refused(typed: Typed, *words: str) -> str:
    """The one message of a command that must end with status 2."""
    status, out, err = typed(*words)
    assert (status, out) == (2, "")
    assert err.count("goldgate: ") == 1
    assert "Traceback" not in err
    message = err[err.index("goldgate: ") :]
    assert "\n  " in message, "no word of what to do"
    return message


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


# Tasks and their names


def test_an_unknown_tracker_gets_the_nearest_name(typed: Typed, counts: Any) -> None:
    message = refused(typed, "train", "counts", "--track", "tensorbord")
    assert 'no tracker "tensorbord"' in message
    assert "tensorboard" in message
    assert not (counts.project.root / "runs").exists()


def test_an_unknown_task_gets_the_nearest_name(typed: Typed, counts: Any) -> None:
    for words in (("prepare", "count"), ("train", "count"), ("evaluate", "count", "--subject", "base+zero_shot")):
        message = refused(typed, *words)
        assert 'no task "count" here\n  did you mean "counts"?' in message
        assert str(counts.project.root / "suites") in message
    assert counts.left() == set()


@pytest.mark.parametrize("name", ["../counts", "/etc", "a/b", ".", "..", "suites/counts", "", "a b"])
def test_a_task_name_that_is_a_path_is_refused_by_every_command(typed: Typed, counts: Any, name: str) -> None:
    Path("rows.jsonl").write_text('{"q": "x", "a": "y"}')
    for words in (
        ("prepare", name),
        ("train", name),
        ("demo", name),
        ("evaluate", name, "--subject", "base+zero_shot"),
        ("init", name, "--from", "rows.jsonl", *INIT),
    ):
        assert "is not a valid name\n  use letters, digits, - and _" in refused(typed, *words)
    assert counts.left() == {"rows.jsonl"}


def test_a_folder_without_a_project_says_how_to_start_one(typed: Typed) -> None:
    for words in (("prepare", "x"), ("train", "x"), ("champions",), ("promote", "r")):
        message = refused(typed, *words)
        assert "goldgate demo" in message
        assert "goldgate init TASK --from FILE" in message


# Data files


@pytest.mark.parametrize("split", ["train", "dev", "golden"])
def test_a_missing_split_is_named(typed: Typed, counts: Any, split: str) -> None:
    path = counts.golden / f"{split}.jsonl"
    path.unlink()
    card = (counts.golden / "card.json").read_bytes()
    for words in (("prepare", "counts"), ("train", "counts")):
        message = refused(typed, *words)
        assert f"{path}: the {split} split is missing" in message
        assert "goldgate init counts --from FILE" in message
    assert (counts.golden / "card.json").read_bytes() == card
    assert counts.left() == set()


@pytest.mark.parametrize("change", [{"splits": []}, {"splits": {"dev": 1}}, {"licence": None}, {"note": "x"}])
def test_a_card_that_is_no_card_is_written_again_by_prepare(typed: Typed, counts: Any, change: dict[str, Any]) -> None:
    path = counts.golden / "card.json"
    card = json.loads(path.read_text())
    path.write_text(json.dumps({**card, **change}))
    message = refused(typed, "evaluate", "counts", "--subject", "base+few_shot:2")
    assert f"{path}" in message
    assert "write it again with `goldgate prepare counts`" in message
    assert typed("prepare", "counts")[0] == 0
    assert json.loads(path.read_text()) == {**card, **({"licence": "not stated"} if "licence" in change else {})}


@pytest.mark.parametrize("content", ["", "\n\n", "   \n"])
def test_an_empty_split_is_named(typed: Typed, counts: Any, content: str) -> None:
    (counts.golden / "dev.jsonl").write_text(content)
    for words in (("prepare", "counts"), ("train", "counts"), ("evaluate", "counts", "--subject", "base+zero_shot")):
        assert f"{counts.golden / 'dev.jsonl'}: no examples in the file" in refused(typed, *words)
    assert counts.left() == set()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "x", "input"', "line 25: not valid JSON (Expecting ':' delimiter at column 20)"),
        ("id,input,output", "line 25: not valid JSON (Expecting value at column 1)"),
        ('["x"]', "line 25: a line must be an object, not list"),
        ('{"id": "x", "input": "y"}', 'line 25, field "output": "output" is missing'),
        ('{"id": "x", "input": "y", "outptu": 1}', 'line 25, field "outptu": unknown key "outptu"\n  did you mean'),
        (
            '{"id": "d000", "input": "y", "output": {"n": 1}}',
            'line 25, field "id": the id "d000" is already used on line 1',
        ),
        ("[" * 200_000, "line 25: nested too deeply"),
        ('{"id": "x", "input": "y", "output": ' + "[" * 60 + "]" * 60 + "}", "line 25: nested more than 50 levels"),
        ('{"id": "x", "input": "y", "output": {"n": 1e999}}', "line 25: Infinity is not JSON"),
        ('{"id": "x", "input": "\\ud800", "output": {"n": 1}}', "line 25: half a character"),
    ],
)
def test_a_broken_line_of_a_split_is_named(typed: Typed, counts: Any, line: str, message: str) -> None:
    with (counts.golden / "dev.jsonl").open("a") as file:
        file.write(line + "\n")
    for words in (("prepare", "counts"), ("train", "counts"), ("evaluate", "counts", "--subject", "base+zero_shot")):
        assert f"dev.jsonl, {message}" in refused(typed, *words)
    assert counts.left() == set()


@pytest.mark.parametrize("output", [{"n": "one"}, {}, {"n": 1, "m": 2}, [1], "text", None])
def test_an_output_that_breaks_the_schema_is_named(typed: Typed, counts: Any, output: object) -> None:
    with (counts.golden / "golden.jsonl").open("a") as file:
        file.write(json.dumps({"id": "odd", "input": "a thing of its own", "output": output}) + "\n")
    card = (counts.golden / "card.json").read_bytes()
    message = refused(typed, "prepare", "counts")
    assert "the output does not match the schema" in message
    assert 'golden.jsonl, example odd, field "output"' in message
    assert "fix the output or the schema" in message
    assert (counts.golden / "card.json").read_bytes() == card


def test_an_accepted_output_must_meet_the_schema_too(typed: Typed, counts: Any) -> None:
    row = {"id": "odd", "input": "a thing of its own", "output": {"n": 1}, "accept": [{"n": 2}, {"n": "two"}]}
    with (counts.golden / "dev.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    assert "does not match the schema at n: 'two' is not of type 'number'" in refused(typed, "prepare", "counts")


def test_a_leak_names_both_examples(typed: Typed, counts: Any) -> None:
    leaked = json.loads(lines_of(counts.golden / "golden.jsonl")[4])
    with (counts.golden / "train.jsonl").open("a") as file:
        file.write(json.dumps({**leaked, "id": "copy", "input": leaked["input"].upper() + " "}) + "\n")
    message = refused(typed, "prepare", "counts")
    assert "is also in train (as copy," in message
    assert "remove one of the two" in message


# Files given to init


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "none.csv: no such file\n  check the path"),
        ("void.csv", "", "void.csv: the file has no rows"),
        ("head.csv", "q,a\n", "head.csv: the file has no rows"),
        ("void.jsonl", "", "void.jsonl: the file has no rows"),
        ("rows.csv", "qq,a\n1,2\n", 'rows.csv: no column "q"\n  did you mean "qq"?'),
        ("rows.csv", "q,label\n1,2\n", 'rows.csv: no column "a"\n  known: label, q'),
        ("rows.jsonl", '{"q": "x", "a": "y"}\nnot json', "1 set aside: not valid JSON: rows.jsonl, line 2"),
        ("rows.jsonl", '{"q": "x", "a": "y"}\n{"q": "x"}', '1 set aside: no "a" in the row: rows.jsonl, line 2'),
        ("rows.json", '{"q": "x", "a": "y"}', "only 1 example is left for train"),
        ("rows.json", '"x"', "rows.json: must be a list of objects; it is text"),
        ("rows.json", '[{"q": "x", "a": "y"},\n]', "rows.json, line 2: not valid JSON"),
        ("rows.ods", "x", 'rows.ods: cannot read ".ods" files\n  known: .arrow, .csv'),
        ("rows.tsv", "q\ta\nx\t\n", "no row can be used; the first: rows.tsv, line 2: an empty output"),
        ("rows.csv", "q,a\nred, big,x\nold, wet,y\n", "line 2: another number of cells than the header (3, not 2)"),
        ("rows.jsonl", "[" * 200_000, "rows.jsonl, line 1: nested too deeply"),
        ("rows.xlsx", "PK", "rows.xlsx: cannot be read as xlsx"),
    ],
)
def test_a_source_that_is_no_good_is_named_and_makes_no_task(
    typed: Typed, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        Path(name).write_text(content)
    status, out, err = typed("init", "mine", "--from", name, *INIT)
    assert (status, out) == (2, "")
    assert err.count("goldgate: ") == 1
    assert "Traceback" not in err
    assert message in err
    assert {p.name for p in Path.cwd().iterdir()} - {"cache"} == ({name} if content is not None else set())


def test_a_golden_file_that_is_no_good_is_named_too(typed: Typed) -> None:
    Path("rows.jsonl").write_text(
        "\n".join(json.dumps({"q": f"word {chr(97 + i % 26)}{i}", "a": "y"}) for i in range(9))
    )
    assert "nowhere.jsonl: no such file" in refused(
        typed, "init", "mine", "--from", "rows.jsonl", "--golden", "nowhere.jsonl", *INIT
    )
    assert [p.name for p in Path.cwd().iterdir()] == ["rows.jsonl"]


# task.yaml


def test_an_unknown_key_in_task_yaml_is_named_with_its_line(typed: Typed, counts: Any) -> None:
    counts.settings(instuctions="x")
    line = next(n for n, text in enumerate(lines_of(counts.suite / "task.yaml"), 1) if "instuctions" in text)
    for words in (("prepare", "counts"), ("train", "counts"), ("evaluate", "counts", "--subject", "base+zero_shot")):
        assert (
            f'{counts.suite / "task.yaml"}, line {line}, field "instuctions": unknown key "instuctions"\n'
            '  did you mean "instructions"?'
        ) in refused(typed, *words)
    assert counts.left() == set()


def test_a_task_yaml_that_is_no_yaml_names_the_line(typed: Typed, counts: Any) -> None:
    (counts.suite / "task.yaml").write_text("task: counts\nkind: json\nlabels: [a,\n")
    assert "task.yaml, line 4: not valid YAML" in refused(typed, "prepare", "counts")


# Models, adapters and the disk


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("no-one/no-such-model", "not on this machine"),
        ("smollm2-13m", 'did you mean "smollm2-135m"?'),
        ("./nowhere", "neither an alias nor a folder"),
    ],
)
def test_a_base_model_that_cannot_be_found_offline(
    typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch, model: str, says: str
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    counts.settings(model=model)
    for words in (("train", "counts"), ("evaluate", "counts", "--subject", "base+zero_shot")):
        message = refused(typed, *words)
        assert 'task.yaml, field "model": ' in message
        assert model in message
        assert says in message
    assert counts.left() == set()


def test_no_room_for_the_base_model(typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000_000))
    message = refused(typed, "train", "counts")
    assert f"{counts.project.cache / 'models'}: not enough disk space for the model smollm2-135m" in message
    assert "free some space, or set GOLDGATE_CACHE" in message
    assert counts.left() == set()
    assert not [p for p in counts.project.cache.rglob("*") if p.is_file()]


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


def test_no_room_for_a_card_leaves_the_old_one(typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = counts.golden / "card.json"
    before = path.read_bytes()
    full_disk(monkeypatch)
    assert f"{path}: no space left on the disk" in refused(typed, "prepare", "counts")
    assert path.read_bytes() == before
    assert counts.left() == set()


def test_no_room_for_a_new_task_leaves_no_file_of_it(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    pets = [
        {"q": f"{a} {b} {c}", "a": b}
        for a in ("red", "old", "new", "big", "shy", "sad", "wet")
        for b in ("cat", "dog", "cow", "hen", "pig", "fox")
        for c in ("runs", "sleeps", "eats", "sings", "hides")
    ]
    Path("pets.jsonl").write_text("\n".join(map(json.dumps, pets)))
    with monkeypatch.context() as patched:
        full_disk(patched)
        assert "no space left on the disk" in refused(typed, "init", "pets", "--from", "pets.jsonl", *INIT)
    assert [p.name for p in Path.cwd().rglob("*") if p.is_file() and "cache" not in p.parts] == ["pets.jsonl"]
    assert typed("init", "pets", "--from", "pets.jsonl", *INIT)[0] == 0


@pytest.mark.parametrize("writes", [4, 7, 8, 10, 13])
def test_a_disk_that_fills_up_on_the_way_leaves_nothing_in_the_way(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    pets = [{"q": f"{a} {b}", "a": {"n": a}} for a in "abcdefghijklmnopqrst" for b in "opqrstuvwxyz"]
    Path("pets.jsonl").write_text("\n".join(map(json.dumps, pets)))
    left = iter(range(writes))

    def fills_up(_: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fills_up)
        assert "no space left on the disk" in refused(typed, "init", "pets", "--from", "pets.jsonl", *INIT)
    assert [p.name for p in Path.cwd().rglob("*") if p.is_file() and "cache" not in p.parts] == ["pets.jsonl"]
    assert typed("init", "pets", "--from", "pets.jsonl", *INIT)[0] == 0


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_cache_that_is_a_file_is_said_by_every_command(
    typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    Path("file").write_text("x")
    monkeypatch.setenv("GOLDGATE_CACHE", str(Path(place).absolute()))
    for words in (("evaluate", "counts", "--subject", "base+zero_shot"), ("doctor",), ("train", "counts")):
        message = refused(typed, *words)
        assert f"{Path('file').absolute()} is a file" in message
        assert "set GOLDGATE_CACHE to a folder" in message
    assert counts.left() == {"file"}


def test_an_adapter_made_for_another_base_model(typed: Typed, counts: Any) -> None:
    name = counts.adapter("mine", base="b" * 64, alias="qwen3-8b")
    message = refused(typed, "evaluate", "counts", "--subject", name)
    assert "goldgate: mine: the adapter was made for another base model (qwen3-8b, bbbbbbbbbbbb)" in message
    assert "not for the task's (smollm2-135m, " in message
    assert "name that model in task.yaml" in message


@pytest.mark.parametrize("lost", ["adapter_model.safetensors", "adapter_config.json", "goldgate.json"])
def test_an_adapter_folder_that_lacks_a_file(typed: Typed, counts: Any, lost: str) -> None:
    name = counts.adapter("mine")
    (counts.project.root / "mine" / lost).unlink()
    assert f"mine: {lost} is missing" in refused(typed, "evaluate", "counts", "--subject", name)


@pytest.mark.parametrize("content", ["[]", "null", "{"])
@pytest.mark.parametrize("broken", ["adapter_config.json", "goldgate.json"])
def test_an_adapter_file_that_is_no_object(typed: Typed, counts: Any, broken: str, content: str) -> None:
    name = counts.adapter("mine")
    (counts.project.root / "mine" / broken).write_text(content)
    assert broken in refused(typed, "evaluate", "counts", "--subject", name)


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        ("base+zero_shoot", "zero_shot"),
        ("few_shot:4", 'did you mean "base+few_shot:4"'),
        ("", 'no subject ""'),
        ("base", 'no subject "base"'),
        ("base+few_shot:99", "needs 99 train examples, but there are only 12"),
        ("adapter:nowhere", "no such adapter folder"),
        ("adapter:", "need the name of a folder"),
        ("adapter:+constrained", "need the name of a folder"),
        ("linear", "needs closed labels"),
    ],
)
def test_a_subject_that_does_not_exist(typed: Typed, counts: Any, subject: str, says: str) -> None:
    assert says in refused(typed, "evaluate", "counts", "--subject", subject)
    assert counts.left() == set()


def test_a_split_that_does_not_exist(typed: Typed, counts: Any) -> None:
    message = refused(typed, "evaluate", "counts", "--subject", "base+zero_shot", "--split", "test")
    assert 'no split "test"' in message
    assert "dev, golden, train" in message
