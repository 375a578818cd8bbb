"""Attacks by bytes that are no text: line endings, a byte order mark and editors' leftovers are not another suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldgate.data.decide import Wishes
from goldgate.data.scaffold import Request, init_task
from goldgate.data.sources import Choices
from goldgate.data.split import Sizes
from goldgate.ledger import suite_digest
from goldgate.scorers import scorer_versions
from goldgate.subjects import parse_subject
from goldgate.task.project import Project
from goldgate.task.task import load_task

pytest_plugins = ["pytester"]
QA = Choices((("input", "q"), ("output", "a")))
BESIDE = {"notes.md": "one\ntwo\n", "prompt.md": "Say.\n\n{input}\n", "limits.json": '{\n "least": 0.8\n}\n'}


@pytest.fixture
def suite(made: Any) -> Any:
    """A project whose suite has files of text beside its gates."""
    for name, text in BESIDE.items():
        (made.suite / name).write_bytes(text.encode())
    return made


def digest(made: Any) -> str:
    """The digest of the suite as it is now."""
    task = load_task(made.project, "colours")
    return suite_digest(task, scorer_versions(task))


def as_windows(path: Path) -> None:
    """Writes a file with the line endings of Git for Windows' default."""
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("name", [*BESIDE, "test_gates.py", "task.yaml"])
def test_another_line_ending_is_not_another_suite(suite: Any, name: str) -> None:
    before = digest(suite)
    as_windows(suite.suite / name)
    assert digest(suite) == before


@pytest.mark.parametrize("name", ["notes.md", "limits.json", "test_gates.py"])
def test_a_byte_order_mark_is_not_another_suite(suite: Any, name: str) -> None:
    before = digest(suite)
    path = suite.suite / name
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert digest(suite) == before


@pytest.mark.parametrize("name", BESIDE)
def test_other_text_is_another_suite(suite: Any, name: str) -> None:
    before = digest(suite)
    path = suite.suite / name
    path.write_bytes(path.read_bytes() + b"more\n")
    assert digest(suite) != before


def test_bytes_that_are_no_text_are_kept_as_they_are(suite: Any) -> None:
    path = suite.suite / "weights.bin"
    path.write_bytes(b"\0\n")
    before = digest(suite)
    path.write_bytes(b"\0\r\n")
    assert digest(suite) != before


@pytest.mark.parametrize(
    "name", ["test_gates.py~", "notes.md.bak", "test_gates.py.orig", "#notes.md#", "task.yaml.rej", ".notes.swp"]
)
def test_what_an_editor_leaves_behind_is_not_another_suite(suite: Any, name: str) -> None:
    before = digest(suite)
    (suite.suite / name).write_text("x")
    assert digest(suite) == before


def test_a_prompt_file_with_other_line_endings_is_the_same_subject(suite: Any) -> None:
    def identity() -> str:
        return str(parse_subject("base+file:prompt.md", suite.task, suite.project).identity)

    before = identity()
    as_windows(suite.suite / "prompt.md")
    assert identity() == before


def test_a_checkout_for_windows_decides_in_ci_at_the_look_of_the_other(
    suite: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("suites", "-p", "no:cacheprovider")
    assert pytester.runpytest(*arguments).ret == 0
    for path in (*suite.suite.iterdir(), *suite.project.golden("colours").rglob("*.json*"), *suite.looks.iterdir()):
        if path.suffix not in (".gz", ".pyc") and path.is_file():
            as_windows(path)
    monkeypatch.setenv("CI", "1")
    result = pytester.runpytest(*arguments)
    assert result.ret == 0
    assert "look 1, level 0.025 per side" in result.stdout.str()


def test_a_new_task_keeps_its_line_endings_in_git(tmp_path: Path) -> None:
    """A checkout with core.autocrlf must not depend on our reading text as text."""
    source = tmp_path / "rows.jsonl"
    words = [f"{a}{b} {c}" for a in "bcdfghklmn" for b in "aeiou" for c in ("sun", "moon", "tree", "lake")]
    source.write_text("\n".join(json.dumps({"q": w, "a": "yes" if i % 2 else "no"}) for i, w in enumerate(words)))
    project = Project(tmp_path, tmp_path / "cache")
    init_task(project, Request("new", source, None, QA, Wishes(), None, Sizes(None, 40, 40), 1))
    for folder in (project.suite("new"), project.golden("new")):
        rules = (folder / ".gitattributes").read_text()
        assert "* text=auto eol=lf" in rules
        assert "*.gz binary" in rules
