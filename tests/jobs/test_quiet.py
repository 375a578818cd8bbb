"""Jobs print nothing and read no environment: who asks says where things lie, and shows what came of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goldgate import jobs
from goldgate.jobs.commands import run_evaluate
from goldgate.jobs.progress import Silent

FILES = sorted(Path(jobs.__file__).parent.glob("*.py"))
_ALONE = ("run_suite.py", "environ")
"""pytest reads its options from the environment: run_suite's contract says that it takes them away meanwhile."""


def _names(path: Path) -> Iterator[str]:
    """Every name that a module calls, or takes from sys or os."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("sys", "os"):
            yield node.attr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_job_prints_or_reads_the_environment(path: Path) -> None:
    found = {"print", "stdout", "stderr", "stdin", "input", "environ", "getenv"} & set(_names(path))
    assert found - ({"environ"} if (path.name, "environ") == _ALONE else set()) == set()


def test_a_job_returns_what_it_found_and_writes_nothing_on_the_terminal(
    counts: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    counts.cached("base+zero_shot", dev=6)
    found = run_evaluate(counts.project, "counts", "base+zero_shot", "dev", Silent())
    assert found.measures["exact_match"].estimate == 0.75
    assert capsys.readouterr() == ("", "")
