"""Finding the project, keeping names inside it, and choosing the cache."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.task.project import DEMO_MARK, Project, cache_folder, find_project, suite_files


def add_task(root: Path, name: str) -> None:
    folder = root / "suites" / name
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(f"task: {name}\n")


def test_tasks_are_the_folders_with_a_task_yaml_by_name(tmp_path: Path) -> None:
    for name in ("b", "a"):
        add_task(tmp_path, name)
    (tmp_path / "suites" / "draft").mkdir()
    (tmp_path / "suites" / "task.yaml").write_text("")
    assert Project(tmp_path, tmp_path).tasks() == ("a", "b")


def test_a_project_without_tasks_has_none_and_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path)
    assert project.tasks() == ()
    with pytest.raises(UserError, match='no task "a" here\n  known: none'):
        project.check_task("a")


def test_a_folder_is_not_a_task_before_it_has_a_task_yaml(tmp_path: Path) -> None:
    add_task(tmp_path, "a")
    (tmp_path / "suites" / "draft").mkdir()
    with pytest.raises(UserError, match='no task "draft" here') as caught:
        Project(tmp_path, tmp_path).check_task("draft")
    assert caught.value.where == str(tmp_path / "suites")
    assert Project(tmp_path, tmp_path).check_task("a") == "a"


def test_the_inner_of_two_projects_is_found(tmp_path: Path) -> None:
    add_task(tmp_path, "outer")
    add_task(tmp_path / "in", "inner")
    assert find_project(tmp_path / "in" / "suites" / "inner", tmp_path).tasks() == ("inner",)
    assert find_project(tmp_path, tmp_path).tasks() == ("outer",)


def test_a_folder_called_suites_alone_makes_no_project(tmp_path: Path) -> None:
    add_task(tmp_path, "outer")
    (tmp_path / "in" / "suites").mkdir(parents=True)
    assert find_project(tmp_path / "in", tmp_path).root == tmp_path.resolve()


def test_no_project_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no project here") as caught:
        find_project(tmp_path, tmp_path)
    assert "goldgate demo" in caught.value.hint
    assert "goldgate init" in caught.value.hint


def test_a_link_into_a_project_leads_to_it(tmp_path: Path) -> None:
    add_task(tmp_path / "real", "a")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "suites" / "a")
    assert find_project(tmp_path / "link", tmp_path).root == (tmp_path / "real").resolve()


def test_the_demos_project_is_known_by_its_mark(tmp_path: Path) -> None:
    assert not Project(tmp_path, tmp_path).demo
    (tmp_path / DEMO_MARK).write_text("")
    assert Project(tmp_path, tmp_path).demo


@given(st.text(max_size=70) | st.text(st.sampled_from("./\\ab-_~ \n\x00"), max_size=8))
def test_no_name_leads_out_of_the_project(name: str) -> None:
    project = Project(Path("/project"), Path("/cache"))
    for place, folder in ((project.suite, "suites"), (project.golden, "golden"), (project.runs, "runs")):
        if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
            with pytest.raises(UserError, match="is not a valid name"):
                place(name)
            continue
        path = place(name)
        assert path == Path("/project") / folder / name
        assert (path.parent, path.name) == (Path("/project") / folder, name)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"GOLDGATE_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, Path("/a")),
        ({"XDG_CACHE_HOME": "/b"}, Path("/b/goldgate")),
        ({"GOLDGATE_CACHE": "", "XDG_CACHE_HOME": "/b"}, Path("/b/goldgate")),
        ({"GOLDGATE_CACHE": "~/mine"}, Path.home() / "mine"),
        ({}, Path.home() / ".cache" / "goldgate"),
        ({"XDG_CACHE_HOME": ""}, Path.home() / ".cache" / "goldgate"),
    ],
)
def test_the_cache_is_the_users_choice_then_the_systems(environ: dict[str, str], folder: Path) -> None:
    assert cache_folder(environ) == folder


@pytest.mark.parametrize(
    "backup", ["test_gates.py~", "test_gates.py.bak", "test_gates.py.orig", "#test_gates.py#", "test_gates.py.~1~"]
)
def test_what_an_editor_leaves_beside_a_file_is_no_file_of_the_suite(tmp_path: Path, backup: str) -> None:
    folder = tmp_path / "suites" / "t"
    folder.mkdir(parents=True)
    (folder / backup).write_text("x")
    assert [p.name for p in suite_files(folder)] == [backup]  # a backup of nothing is a file like any other
    (folder / "test_gates.py").write_text("")
    assert [p.name for p in suite_files(folder)] == ["test_gates.py"]
