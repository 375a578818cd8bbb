"""Run folders: taken up again by what they depend on, cleared of torn files, closed to golden."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.runs.folder import Run, clear_parts, find_run, git_commit, one_training, open_run, versions, write_answers
from goldgate.runs.record import Opened
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project


def test_an_unfinished_run_of_the_same_key_is_taken_up_again(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path)
    first, again = open_run(project, "t", "key", "1")
    assert not again
    assert open_run(project, "t", "key", "2") == (first, True)
    assert open_run(project, "t", "other", "2")[0].id == "2"
    first.update(Opened(status="passed"))
    assert open_run(project, "t", "key", "3")[1] is False


def test_two_runs_of_one_second_have_two_names(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path)
    assert open_run(project, "t", "a", "1")[0].id != open_run(project, "t", "b", "1")[0].id


def test_a_run_is_found_by_id_or_folder_and_a_wrong_name_gets_the_nearest(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path)
    run, _ = open_run(project, "t", "key", "20260101-120000")
    assert find_run(project, run.id) == run
    assert find_run(project, str(run.folder)) == run
    with pytest.raises(UserError, match='did you mean "20260101-120000"'):
        find_run(project, "20260101-120001")


def test_torn_files_are_cleared_and_whole_ones_stay(tmp_path: Path) -> None:
    run, _ = open_run(Project(tmp_path, tmp_path), "t", "key", "1")
    (run.folder / "attempts" / ".1.abc.part" / "adapter").mkdir(parents=True)
    (run.folder / ".run.json.x.part").write_text("{")
    assert len(clear_parts(run.folder)) == 2
    assert [p.name for p in run.folder.rglob("*") if p.is_file()] == ["run.json"]


def test_golden_answers_do_not_belong_into_a_run_folder(tmp_path: Path) -> None:
    golden = Split("golden", (Example("a", "x", "y"),))
    with pytest.raises(UserError, match="answers on golden do not belong"):
        write_answers(Run(tmp_path), None, golden, {})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_the_commit_says_whether_tracked_files_changed(tmp_path: Path) -> None:
    assert git_commit(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    (tmp_path / "a").write_text("1")
    for command in (["init", "-q"], ["add", "a"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *command], check=True)
    clean = git_commit(tmp_path)
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "a").write_text("2")
    assert git_commit(tmp_path) == f"{clean}+changes"


def test_versions_name_what_a_score_depends_on() -> None:
    assert {"python", "torch", "transformers", "peft"} <= set(versions())


def test_a_task_is_trained_by_one_process_at_a_time_and_the_second_hears_by_whom(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "cache")
    with one_training(project, "t"):
        with pytest.raises(UserError) as second, one_training(project, "t"):
            pass
        with one_training(project, "another"):
            pass
    assert f"t is already being trained by process {os.getpid()} on {platform.node()} since 20" in str(second.value)
    with one_training(project, "t"):
        assert json.loads((project.runs("t") / ".training.json").read_text())["pid"] == os.getpid()
    assert not (project.runs("t") / ".training.json").exists()


def test_a_training_that_failed_frees_the_task(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "cache")
    with pytest.raises(ZeroDivisionError), one_training(project, "t"):
        raise ZeroDivisionError
    with one_training(project, "t"):
        pass


KILLED = """
import os, signal, sys
from pathlib import Path
from goldgate.task.project import Project
from goldgate.runs.folder import one_training
with one_training(Project(Path(sys.argv[1]), Path(sys.argv[1])), "t"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_training_that_was_killed_blocks_nobody(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    project = Project(tmp_path, tmp_path)
    assert (project.runs("t") / ".training.json").exists(), "it died within"
    with one_training(project, "t"):
        pass


def test_one_that_has_not_said_who_it_is_yet_is_another_process(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "cache")
    with one_training(project, "t"):
        (project.runs("t") / ".training.json").write_text("{")
        with pytest.raises(UserError, match="already being trained by another process"), one_training(project, "t"):
            pass
