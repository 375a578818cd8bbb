"""`goldgate prepare --augment`: perturbed copies of train, for training alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.data.augment import FILE, Augmentation, read_copies, write_copies
from goldgate.jobs.workspace import Workspace
from goldgate.task.examples import load_split, read_split
from goldgate.task.project import Project

from .test_add import made
from .test_incoming import init

__all__ = ["init", "made"]

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def prepare(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Types `goldgate prepare pets ..`: exit status, stdout, stderr."""
    from goldgate.cli.main import run

    def typed(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["goldgate", "prepare", "pets", *words])
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return typed


def copies_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FILE).read_text().splitlines()]


def test_copies_are_marked_and_nothing_but_training_sees_them(prepare: Typed, made: Path, tmp_path: Path) -> None:
    before = {split: (made / f"{split}.jsonl").read_bytes() for split in ("train", "dev", "golden")}
    status, out, err = prepare("--augment", "letter_case,typos", "--augment-share", "0.3")
    assert status == 0, err
    assert f"golden/pets/{FILE}: " in out
    assert {split: (made / f"{split}.jsonl").read_bytes() for split in before} == before
    train, found = read_split(made, "train").by_id, copies_in(made)
    assert {copy["meta"]["by"] for copy in found} == {"letter_case", "typos"}
    for copy in found:
        original = train[copy["meta"]["made_from"]]
        assert copy["id"] == f"{original.id}~{copy['meta']['by']}"
        assert copy["output"] == original.output
        assert copy["input"] != original.input
    work = Workspace(Project(tmp_path, tmp_path / "cache"), load(tmp_path))
    assert len(work.split("train")) == len(train)
    assert len(work.learned) == len(train) + len(found)
    assert work.learned.fingerprint != work.split("train").fingerprint


def load(root: Path) -> Any:
    from goldgate.task.task import load_task

    return load_task(Project(root, root / "cache"), "pets")


def test_the_same_content_gives_the_same_copies_and_new_rows_change_no_other(prepare: Typed, made: Path) -> None:
    assert prepare("--augment", "typos")[0] == 0
    first = (made / FILE).read_bytes()
    assert prepare()[0] == 0
    assert (made / FILE).read_bytes() == first
    Path("new.csv").write_text("text;label\nwhere can the quiet gecko sleep at night?;a\nmay a parrot eat ginger?;b\n")
    status, out, err = prepare("--from", "new.csv", "--input", "text", "--output", "label", "--train-only")
    assert status == 0, err
    assert set(first.splitlines()) <= set((made / FILE).read_bytes().splitlines())
    assert f"golden/pets/{FILE}" in out


def test_none_takes_the_copies_away(prepare: Typed, made: Path) -> None:
    assert prepare("--augment", "typos")[0] == 0
    status, out, _ = prepare("--augment", "none")
    assert status == 0
    assert "removed, train is learned as it is" in out
    assert not (made / FILE).exists()


def test_a_copy_whose_example_has_changed_is_not_trained_on(prepare: Typed, made: Path, tmp_path: Path) -> None:
    assert prepare("--augment", "typos")[0] == 0
    copies = copies_in(made)
    copies[0]["output"] = "b" if copies[0]["output"] == "a" else "a"
    (made / FILE).write_text("\n".join(map(json.dumps, copies)))
    with pytest.raises(Exception, match=r"1 of .* copies are not what is made of train now") as refused:
        read_copies(Project(tmp_path, tmp_path / "cache"), "pets")
    assert "goldgate prepare pets" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"meta": {}}, '"made_from" is missing'),
        ({"meta": {"made_from": "x", "by": "mine", "share": 0.2, "seed": 0, "version": 1}}, "not a copy that this"),
        ({"meta": {"made_from": "x", "by": "typos", "share": "all", "seed": 0, "version": 1}}, "cannot be 'all'"),
    ],
)
def test_a_row_of_somebodys_own_is_no_copy(prepare: Typed, made: Path, change: dict[str, Any], words: str) -> None:
    assert prepare("--augment", "typos")[0] == 0
    (made / FILE).write_text(json.dumps({**copies_in(made)[0], **change}))
    status, _, err = prepare()
    assert status == 2
    assert words in err
    assert "rows of your own go to train" in err


def test_a_copy_near_golden_or_dev_is_left_out(make_task: Callable[..., Any]) -> None:
    text = "please send the yellow kettle to the old harbour office"
    typo = "please send the yellow ketle to the old harbour office"
    project, task = make_task(
        {"kind": "text"},
        train=[(text, "yes"), ("where do the tall ships leave tomorrow evening", "no")],
        dev=[(typo, "yes")],
        golden=[("who painted the northern wall of the town museum", "no")],
    )
    splits = {name: load_split(project, task.name, name) for name in ("train", "dev", "golden")}
    made = write_copies(task, splits, Augmentation(("letter_case",), 1.0))
    assert made.near == 1
    assert [copy["meta"]["made_from"] for copy in copies_in(task.data)] == [splits["train"].examples[1].id]


def test_an_amount_changes_in_input_and_output(make_task: Callable[..., Any]) -> None:
    schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    project, task = make_task(
        {"kind": "json"},
        schema,
        train=[("Pay 348.20 for the lamp by Friday.", {"total": 348.2})],
        dev=[("A chair came with the van today.", {"total": 1})],
        golden=[("Nobody was at home when it rang.", {"total": 2})],
    )
    splits = {name: load_split(project, task.name, name) for name in ("train", "dev", "golden")}
    write_copies(task, splits, Augmentation(("changed_amount",), 1.0))
    (copy,) = read_copies(project, task.name)
    assert str(copy.output["total"]).rstrip("0") in copy.text
    assert copy.output != splits["train"].examples[0].output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--augment", "typo"), 'no perturbation "typo"'),
        (("--augment", "typos,typos"), "typos is named twice"),
        (("--augment", "typos", "--augment-share", "0"), "above 0 and at most 1"),
        (("--augment", "typos", "--augment-share", "nan"), "above 0 and at most 1"),
        (("--augment-share", "0.5"), "--augment-share goes with --augment"),
        (("--augment", ""), 'no perturbation ""'),
        (("--augment", "changed_amount"), "no example of train can be copied by changed_amount"),
        (("--augment", "typos", "--refresh-golden", "--from", "x.csv"), "does not go with --refresh-golden"),
    ],
)
def test_what_is_asked_wrongly(prepare: Typed, made: Path, words: tuple[str, ...], told: str) -> None:
    status, _, err = prepare(*words)
    assert status == 2
    assert told in err
    assert not (made / FILE).exists()
