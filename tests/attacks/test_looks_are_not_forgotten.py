"""Attacks by forgetting: looks on other branches, in other tasks, in retired ledgers and in lost files still count."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.jobs.run_suite import SuiteResult, run_suite
from goldgate.ledger import known_looks, looks_elsewhere, read_looks
from goldgate.task.examples import Split, card_of, load_split, read_card, read_split, write_card

ONE_GATE = "def test_it(candidate):\n    assert candidate.exact_match >= 0.95\n"


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project whose candidates p0.md, p1.md .. are prompts of their own, each right on 50 of 60."""
    monkeypatch.setenv("CI", "false")
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.gates(ONE_GATE)
    for k in range(6):
        (project.suite / f"p{k}.md").write_text(f"Prompt {k}")
    for k in range(6):
        project.cached(f"base+file:p{k}.md", "golden", wrong=10)
    return project


def look(made: Any, k: int, task: str = "colours") -> SuiteResult:
    """Tests the candidate number k on golden."""
    result = run_suite(made.project, task, f"base+file:p{k}.md", "golden", generate=False)
    assert result.look is not None, result.output
    return result


def number(made: Any, k: int, task: str = "colours") -> int:
    found = look(made, k, task).look
    assert found is not None
    return found.number


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True, env=kept)
    return done.stdout


@pytest.fixture
def branched(made: Any) -> Any:
    """The project as a repository, at its first commit."""
    root = made.project.root
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "start")
    return made


def on_branch(made: Any, k: int, name: str) -> int:
    """Tests a candidate on a branch of its own from main, and commits its look there."""
    root = made.project.root
    git(root, "checkout", "-q", "-b", name, "main")
    found = number(made, k)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", name)
    git(root, "checkout", "-q", "main")
    return found


def test_failed_candidates_on_branches_do_not_share_a_number(branched: Any) -> None:
    assert [on_branch(branched, k, f"b{k}") for k in range(4)] == [1, 2, 3, 4]
    assert not branched.looks.exists()
    assert number(branched, 4) == 5


def test_the_coming_look_is_known_before_looks_of_branches_are_copied(branched: Any) -> None:
    for k in range(3):
        on_branch(branched, k, f"b{k}")
    root, golden = branched.project.root, branched.splits["golden"]
    assert len(known_looks(root, branched.looks, golden)) == 3
    assert not list(branched.looks.glob("*.json"))  # nothing is written
    assert number(branched, 3) == 4
    assert len(known_looks(root, branched.looks, golden)) == 4


def test_a_look_on_a_branch_is_the_same_look_here(branched: Any) -> None:
    on_branch(branched, 0, "b0")
    again = look(branched, 0)
    assert again.look is not None
    assert (again.look.number, again.look.new) == (1, False)
    branched.cached("base+file:p0.md", "golden", wrong=0)
    assert not look(branched, 0).passed  # its outcome came along


def test_an_outcome_that_was_deleted_is_brought_back(branched: Any) -> None:
    root = branched.project.root
    number(branched, 0)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "look")
    for path in branched.looks.glob("*.outcome.json"):
        path.unlink()
    branched.cached("base+file:p0.md", "golden", wrong=0)
    assert not look(branched, 0).passed
    assert len(list(branched.looks.glob("*.outcome.json"))) == 1


@pytest.mark.parametrize("way", ["tag", "deleted branch", "stash", "reset", "work tree", "removed by a commit"])
def test_looks_that_git_still_knows_count(branched: Any, tmp_path: Path, way: str) -> None:
    root = branched.project.root
    if way == "work tree":
        git(root, "worktree", "add", "-q", str(tmp_path / "other"), "-b", "other")
        shutil.copytree(branched.suite, tmp_path / "other" / "suites" / "colours", dirs_exist_ok=True)
        number(branched, 0)
        shutil.move(branched.looks, tmp_path / "other" / "golden" / "colours" / "looks")
    elif way == "stash":
        number(branched, 0)
        git(root, "stash", "-q", "--include-untracked")
    elif way in ("reset", "removed by a commit"):
        number(branched, 0)
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "look")
        if way == "reset":
            git(root, "reset", "-q", "--hard", "HEAD~")
        else:
            git(root, "rm", "-q", "-r", "golden/colours/looks")
            git(root, "commit", "-q", "-m", "tidy")
            shutil.rmtree(branched.looks, ignore_errors=True)
    else:
        on_branch(branched, 0, "b0")
        if way == "tag":
            git(root, "tag", "v1", "b0")
        git(root, "branch", "-q", "-D", "b0")
    assert not list(branched.looks.glob("*.json"))
    assert number(branched, 1) == 2


def copied(made: Any, *, link: bool = False, change: Any = None) -> None:
    """Begins a second task on the golden of the first, with looks of its own."""
    project = made.project
    shutil.copytree(made.suite, project.suite("other"))
    yaml = project.suite("other") / "task.yaml"
    yaml.write_text(json.dumps({**json.loads(yaml.read_text()), "task": "other"}))
    project.golden("other").mkdir()
    for name in ("train", "dev", "golden"):
        source, target = (project.golden(task) / f"{name}.jsonl" for task in ("colours", "other"))
        if link:
            target.symlink_to(source)
        else:
            rows = [json.loads(line) for line in source.read_text().splitlines()]
            rows = change(rows) if change is not None and name == "golden" else rows
            target.write_text("".join(json.dumps(row) + "\n" for row in rows))
    splits = {name: read_split(project.golden("other"), name) for name in ("train", "dev", "golden")}
    write_card(project.golden("other"), card_of("other", splits, "by a test", "CC0-1.0", "made up"))


CHANGES = {
    "nothing": lambda rows: rows,
    "ids": lambda rows: [{**r, "id": f"x{r['id']}"} for r in rows],
    "tags": lambda rows: [{**r, "tags": ["dark"]} for r in rows],
    "order": lambda rows: rows[::-1],
    "case and blanks": lambda rows: [{**r, "input": f"  {r['input'].upper()} "} for r in rows],
    "some labels": lambda rows: [{**r, "output": "blue"} if i < 30 else r for i, r in enumerate(rows)],
    "a part": lambda rows: rows[:33],
}


def other_prints(made: Any) -> Any:
    """What is found for the second task's golden."""
    project = made.project
    split = load_split(project, "other", "golden")
    return looks_elsewhere(project.root, project.golden("other") / "looks", split)


@pytest.mark.parametrize("change", CHANGES)
def test_a_second_task_on_the_same_examples_shares_their_history(made: Any, change: str) -> None:
    number(made, 0)
    copied(made, change=CHANGES[change])
    assert len([name for name in other_prints(made).files if not name.endswith(".outcome.json")]) == 1


@pytest.mark.parametrize("link", [True, False])
def test_a_candidate_of_the_second_task_takes_the_next_number(made: Any, link: bool) -> None:
    number(made, 0)
    number(made, 1)
    copied(made, link=link)
    made.cached("base+file:p2.md", "golden", wrong=10)
    assert number(made, 2, "other") == 3
    assert [x.number for x in read_looks(made.project.golden("other") / "looks")] == [1, 2, 3]


def test_a_ledger_that_was_moved_to_retired_counts(made: Any) -> None:
    number(made, 0)
    retired = made.looks.parent / "retired" / "x"
    retired.mkdir(parents=True)
    made.looks.rename(retired / "looks")
    assert number(made, 1) == 2


def test_a_golden_of_its_own_shares_no_history(made: Any) -> None:
    number(made, 0)
    copied(made, change=lambda rows: [{**r, "input": f"{r['input']} of another kind"} for r in rows])
    assert other_prints(made).files == {}


def test_a_few_shared_examples_share_no_history(made: Any) -> None:
    number(made, 0)
    copied(made, change=lambda rows: [r if i < 5 else {**r, "input": f"new {r['input']}"} for i, r in enumerate(rows)])
    assert other_prints(made).files == {}


def test_what_cannot_be_searched_is_said(made: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "no git repository: looks on other branches are unknown" in look(made, 0).output
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed: looks on other branches are unknown" in look(made, 1).output


def test_a_shallow_clone_says_so(branched: Any, tmp_path: Path) -> None:
    root = branched.project.root
    git(root, "commit", "-q", "--allow-empty", "-m", "more")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root}", "clone")
    split = read_split(root / "golden" / "colours", "golden")
    found = looks_elsewhere(tmp_path / "clone", tmp_path / "clone" / "golden" / "colours" / "looks", split)
    assert found.note == "this is a shallow clone: looks in commits that it lacks are unknown"
    whole = looks_elsewhere(root, branched.looks, split)
    assert (whole.note, whole.files) == ("", {})


def test_a_broken_neighbour_is_said_and_does_not_stop_this_task(made: Any) -> None:
    number(made, 0)
    copied(made)
    (made.looks.parent / "golden.jsonl").write_text("{")
    assert "were not compared with this split" in other_prints(made).note
    assert read_card(made.project.golden("other")).task == "other"
    assert isinstance(load_split(made.project, "other", "golden"), Split)
