"""`prepare --refresh-golden`: which examples a new golden split may have, where the old one goes, and atomicity."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import goldgate
from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.data.check import check_leaks
from goldgate.data.refresh import Refreshed, refresh_golden
from goldgate.ledger import LookKey, check_named, is_opened, mark_opened, open_look, read_looks
from goldgate.task.examples import SPLITS, load_split, read_examples
from goldgate.task.project import Project
from goldgate.task.task import Task

MakeTask = Callable[..., tuple[Project, Task]]
LABEL = {"kind": "label", "labels": ["yes", "no"]}
NEW = 40


def word(i: int) -> str:
    return "abcdefgh"[i // 8] + "aeiouyäö"[i % 8]


def rows(name: str, count: int) -> list[tuple[str, str]]:
    return [(f"{name} {word(i)}", ("yes", "no")[i % 2]) for i in range(count)]


@pytest.fixture
def made(make_task: MakeTask) -> tuple[Project, Task]:
    """A task with two looks at golden, the second of which opened it."""
    project, task = make_task(LABEL, train=rows("train", 8), dev=rows("dev", 8), golden=rows("old", 32))
    for candidate in "ab":
        look = open_look(
            ledger(project),
            LookKey(load_split(project, "demo", "golden").fingerprint, candidate, "s"),
            candidate=candidate,
            date="2026-01-01",
            commit=None,
            error=0.05,
            write=True,
        )
    mark_opened(ledger(project), look)
    return project, task


def ledger(project: Project) -> Path:
    return project.golden("demo") / "looks"


def new_file(path: Path, inputs: list[tuple[str, str]], **keys: Any) -> Path:
    lines = [json.dumps({"id": f"n{i}", "input": text, "output": out, **keys}) for i, (text, out) in enumerate(inputs)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refresh(made: tuple[Project, Task], tmp_path: Path, inputs: list[tuple[str, str]], **keys: Any) -> Refreshed:
    return refresh_golden(*made, new_file(tmp_path / "new.jsonl", inputs, **keys), None)


def test_the_file_is_golden_and_the_old_split_is_devs(made: tuple[Project, Task], tmp_path: Path) -> None:
    project, _ = made
    before = {name: load_split(project, "demo", name) for name in SPLITS}
    result = refresh(made, tmp_path, rows("new", NEW), tags=["rare"], meta={"by": "hand"})
    after = {name: load_split(project, "demo", name) for name in SPLITS}
    assert [e.text for e in after["golden"]] == [text for text, _ in rows("new", NEW)]
    assert after["golden"].examples[0].tags == ("rare",)
    assert after["golden"].examples[0].meta == {"by": "hand"}
    assert after["train"].fingerprint == before["train"].fingerprint
    assert [e.digest for e in after["dev"]] == [e.digest for name in ("dev", "golden") for e in before[name]]
    check_leaks(after)
    assert (result.moved, result.looks, result.remarks) == (32, 2, ())
    assert result.card.splits["golden"]["fingerprint"] == after["golden"].fingerprint
    assert "golden replaced from new.jsonl" in result.card.prepared


def test_the_next_look_is_the_first_of_a_ledger_that_is_not_opened(made: tuple[Project, Task], tmp_path: Path) -> None:
    project, _ = made
    names = [look.name for look in read_looks(ledger(project))]
    golden = load_split(project, "demo", "golden")
    result = refresh(made, tmp_path, rows("new", NEW))
    assert (read_looks(ledger(project)), is_opened(ledger(project))) == ((), False)
    assert [look.name for look in read_looks(result.retired / "looks")] == names
    assert is_opened(result.retired / "looks")
    assert read_examples(result.retired / "golden.jsonl") == golden.examples
    check_named(ledger(project), names)  # retired looks may still be referred to
    look = open_look(
        ledger(project),
        LookKey("new", "c", "s"),
        candidate="c",
        date="d",
        commit=None,
        error=0.1,
        write=True,
        sealed=True,
    )
    assert (look.number, look.level) == (1, 0.05)  # error and sealed may be chosen again


def test_a_look_of_the_old_split_that_a_branch_brings_later_counts_as_one_more(
    made: tuple[Project, Task], tmp_path: Path
) -> None:
    project, _ = made
    branch = tmp_path / "branch" / "looks"
    shutil.copytree(ledger(project), branch)
    stray = open_look(branch, LookKey("old", "z", "s"), candidate="z", date="d", commit=None, error=0.05, write=True)
    refresh(made, tmp_path, rows("new", NEW))
    ledger(project).mkdir()
    shutil.copy(branch / f"{stray.name}.json", ledger(project))
    look = open_look(
        ledger(project), LookKey("new", "c", "s"), candidate="c", date="d", commit=None, error=0.05, write=True
    )
    assert look.number == 2


@pytest.mark.parametrize("where", ["train", "dev", "old"])
def test_what_a_candidate_was_trained_on_or_anybody_saw_is_left_out(
    made: tuple[Project, Task], tmp_path: Path, where: str
) -> None:
    project, _ = made
    known = [(f"{text.upper()} ", out) for text, out in rows(where, 3)]
    result = refresh(made, tmp_path, [*rows("new", NEW), *known])
    assert len(load_split(project, "demo", "golden")) == NEW
    assert result.remarks[0].startswith(
        "3 examples left out because they are in a split or were in an earlier golden split"
    )


def test_what_was_golden_two_refreshes_ago_is_left_out_though_it_is_in_no_split(
    made: tuple[Project, Task], tmp_path: Path
) -> None:
    project, task = made
    refresh(made, tmp_path, rows("new", NEW))
    path = project.golden("demo") / "dev.jsonl"
    kept = [line for line in path.read_text().splitlines() if '"input": "old' not in line]
    path.write_text("\n".join(kept) + "\n")
    from goldgate.data.check import rewrite_card

    rewrite_card(project, task)
    result = refresh(made, tmp_path, [*rows("newer", NEW), *rows("old", 5)])
    assert len(load_split(project, "demo", "golden")) == NEW
    assert len(list((project.golden("demo") / "retired").glob("*/golden.jsonl"))) == 2
    assert result.remarks[0].startswith("5 examples left out")


def test_the_old_golden_split_itself_makes_no_new_one(made: tuple[Project, Task], tmp_path: Path) -> None:
    project, _ = made
    before = state(project.golden("demo"))
    with pytest.raises(UserError, match="0 examples are left for golden"):
        refresh(made, tmp_path, rows("old", 32))
    assert state(project.golden("demo")) == before


def test_copies_are_left_out_unless_they_share_a_group(made: tuple[Project, Task], tmp_path: Path) -> None:
    result = refresh(made, tmp_path, [*rows("new", NEW), *rows("new", 2)])
    assert result.remarks == ("2 examples left out because they are duplicates of earlier ones",)
    project, _ = made
    assert len(load_split(project, "demo", "golden")) == NEW


def test_copies_of_one_group_stay(made: tuple[Project, Task], tmp_path: Path) -> None:
    project, _ = made
    refresh(made, tmp_path, [*rows("new", NEW), *rows("new", 2)], group="g")
    assert len(load_split(project, "demo", "golden")) == NEW + 2


def test_a_tag_that_is_gone_is_said(make_task: MakeTask, tmp_path: Path) -> None:
    """Gates on edge cases need golden's tags, so a lost tag is reported."""
    project, task = make_task(LABEL, train=rows("train", 8), dev=rows("dev", 8), golden=rows("old", 32))
    path = project.golden("demo") / "golden.jsonl"
    path.write_text(path.read_text().replace("}\n", ', "tags": ["rare"]}\n', 1))
    from goldgate.data.check import rewrite_card

    rewrite_card(project, task)
    result = refresh((project, task), tmp_path, rows("new", NEW))
    assert result.remarks == ("golden no longer has an example tagged rare: gates on it will fail",)
    assert result.looks == 0


def test_ids_that_meet_in_dev_are_told_apart(make_task: MakeTask, tmp_path: Path) -> None:
    project, task = make_task(LABEL, train=rows("train", 8), dev=rows("dev", 8), golden=rows("old", 32))
    for round_ in range(3):
        source = tmp_path / f"{round_}.csv"
        lines = [f"{text},{out}" for text, out in rows(f"round {'abc'[round_]}", NEW)]
        source.write_text("\n".join(["q,a", *lines]) + "\n", encoding="utf-8")
        refresh_golden(project, task, source, ("q", "a"))
    dev = load_split(project, "demo", "dev")
    assert len(dev) == len(dev.by_id) == 8 + 32 + 2 * NEW


@pytest.mark.parametrize(
    ("change", "message"),
    [({"output": "maybe"}, '"maybe" is not one of the 2 labels'), ({"output": 3}, "the output must be text")],
)
def test_outputs_are_checked_before_anything_is_written(
    made: tuple[Project, Task], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    project, _ = made
    before = state(project.golden("demo"))
    source = new_file(tmp_path / "new.jsonl", rows("new", NEW))
    source.write_text(source.read_text() + json.dumps({"id": "x", "input": "odd one", **change}) + "\n")
    with pytest.raises(UserError, match=message):
        refresh_golden(*made, source, None)
    assert state(project.golden("demo")) == before


def test_a_ledger_that_lacks_a_look_is_not_retired(made: tuple[Project, Task], tmp_path: Path) -> None:
    project, _ = made
    (ledger(project) / f"{read_looks(ledger(project))[0].name}.json").unlink()
    with pytest.raises(UserError, match="is referred to by another file but is not in the ledger"):
        refresh(made, tmp_path, rows("new", NEW))


def test_a_split_that_was_changed_by_hand_is_not_moved(made: tuple[Project, Task], tmp_path: Path) -> None:
    project, _ = made
    card = read_json(project.golden("demo") / "card.json")
    card["splits"]["golden"]["fingerprint"] = "0" * 64
    write_json(project.golden("demo") / "card.json", card)
    with pytest.raises(UserError, match="was changed after its card was written"):
        refresh(made, tmp_path, rows("new", NEW))


def state(folder: Path) -> dict[str, bytes]:
    """Every file of a task's data except the lock."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


_KILLED = """
import os, signal, sys
from pathlib import Path
from goldgate.data.refresh import refresh_golden
import goldgate.data.sources, filelock, shutil, ctypes
from goldgate.task.project import Project
from goldgate.task.task import load_task

project = Project(Path(sys.argv[1]), Path(sys.argv[1]) / "cache")
task, seen, last = load_task(project, "demo"), [], int(sys.argv[3])

def count(event, arguments):
    if event.split(".")[0] in ("open", "os", "shutil", "ctypes", "tempfile", "fcntl"):
        seen.append(event)
        if len(seen) == last:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
refresh_golden(project, task, Path(sys.argv[2]), None)
print(len(seen))
"""


def test_a_killed_process_leaves_the_old_state_or_the_new_one(made: tuple[Project, Task], tmp_path: Path) -> None:
    """The process is killed at every tenth system event and at each of the last ones, which include the swap itself."""
    project, _ = made
    source = new_file(tmp_path / "new.jsonl", rows("new", NEW))
    old = state(project.golden("demo"))

    def run(root: Path, last: int) -> subprocess.CompletedProcess[str]:
        shutil.copytree(project.root, root)
        return subprocess.run(
            [sys.executable, "-c", _KILLED, str(root), str(source), str(last)],
            text=True,
            cwd=Path(goldgate.__file__).parents[1],
            capture_output=True,
            timeout=300,
            check=False,
        )

    whole = run(tmp_path / "whole", 0)
    assert whole.returncode == 0, whole.stderr
    total, new = int(whole.stdout), state(tmp_path / "whole" / "golden" / "demo")
    assert new != old
    left = []
    for last in [*range(5, total - 25, max(1, total // 10)), *range(total - 25, total, 2)]:
        root = tmp_path / f"at{last}"
        assert run(root, last).returncode == -signal.SIGKILL
        left.append(state(root / "golden" / "demo"))
        assert left[-1] in (old, new), last
        shutil.rmtree(root)
    assert old in left
    assert new in left


def test_where_folders_cannot_be_swapped_the_result_is_the_same(
    made: tuple[Project, Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, task = made
    shutil.copytree(project.root, tmp_path / "other")
    refresh(made, tmp_path, rows("new", NEW))
    monkeypatch.setattr("goldgate.base.files._exchanged", lambda one, other: False)
    refresh((Project(tmp_path / "other", project.cache), task), tmp_path, rows("new", NEW))
    assert state(tmp_path / "other" / "golden" / "demo") == state(project.golden("demo"))
    assert [p.name for p in (tmp_path / "other" / "golden").iterdir()] == ["demo"]


def test_a_secret_is_refused_before_anything_is_written(made: tuple[Project, Task], tmp_path: Path) -> None:
    secret = "AKIA" + "IOSFODNN7EXAMPLE"
    before = {path: path.read_bytes() for path in made[0].golden("demo").rglob("*.json*")}
    with pytest.raises(UserError, match=r"new.jsonl, row 3: .*key") as caught:
        refresh(made, tmp_path, [*rows("new", 2), (f"the key {secret}", "yes"), *rows("more", NEW)])
    assert secret not in str(caught.value)
    assert {path: path.read_bytes() for path in made[0].golden("demo").rglob("*.json*")} == before
