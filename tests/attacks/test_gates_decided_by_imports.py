"""Attacks by what a suite imports: a module of the project that it uses is part of the suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldgate.ledger import suite_digest
from goldgate.scorers import scorer_versions
from goldgate.task.task import load_task

pytest_plugins = ["pytester"]
HEAD = "import os\nfrom goldgate import Measure\n{line}\n"
GATE = "\ndef test_it(candidate):\n    assert candidate.exact_match >= 0.5\n"


def digest(made: Any) -> str:
    """The digest of the suite as it is now."""
    task = load_task(made.project, "colours")
    return suite_digest(task, scorer_versions(task))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


IMPORTS = {
    "import limits": "limits.py",
    "from limits import LEAST": "limits.py",
    "import limits as l": "suites/limits.py",
    "from harness.limits import LEAST": "harness/limits.py",
    "import reports.limits": "reports/limits.py",
    "from shared import limits": "shared/limits.py",
    "from shared.limits import LEAST": "shared/limits.py",
    "import shared.gates.limits": "shared/gates/limits.py",
    "import lib_limits": "src/lib_limits.py",
    "import importlib; l = importlib.import_module('limits')": "limits.py",
    "pytest_plugins = ['shared.limits']": "shared/limits.py",
    "def late():\n    from limits import LEAST": "limits.py",
}


@pytest.mark.parametrize("line", IMPORTS)
def test_a_module_of_the_project_is_part_of_the_suite(made: Any, line: str) -> None:
    path = made.project.root / IMPORTS[line]
    write(path, "LEAST = 0.99\n")
    if path.parent.name in ("shared", "gates"):
        write(path.parent / "__init__.py", "")
    made.gates(HEAD.format(line=line) + GATE)
    before = digest(made)
    write(path, '"""Said better."""\n\nLEAST = 0.99  # as before\n')
    assert digest(made) == before
    write(path, "LEAST = 0.85\n")
    assert digest(made) != before


def test_what_an_imported_module_imports_counts_too(made: Any) -> None:
    root = made.project.root
    write(root / "shared" / "__init__.py", "from .gates import least\n")
    write(root / "shared" / "gates.py", "from . import numbers\nfrom limits import least\n")
    write(root / "shared" / "numbers.py", "N = 1\n")
    write(root / "limits.py", "import shared\nleast = 0.9\n")
    made.gates(HEAD.format(line="import shared") + GATE)
    seen = {digest(made)}
    for path, text in (("shared/numbers.py", "N = 2\n"), ("limits.py", "import shared\nleast = 0.8\n")):
        write(root / path, text)
        assert digest(made) not in seen
        seen.add(digest(made))


@pytest.mark.parametrize("path", ["other.py", "goldgate/measures.py", "os.py", "venv/limits.py", "runs/limits.py"])
def test_what_it_does_not_import_is_no_part_of_it(made: Any, path: str) -> None:
    write(made.project.root / "venv" / "pyvenv.cfg", "")
    made.gates(HEAD.format(line="import limits") + GATE)
    before = digest(made)
    write(made.project.root / path, "LEAST = 1\n")
    assert digest(made) == before


def test_a_lowered_limit_of_an_imported_module_is_another_look(made: Any, pytester: pytest.Pytester) -> None:
    (made.project.root / "conftest.py").write_text("import sys\nsys.path.insert(0, __file__.rpartition('/')[0])\n")
    write(made.project.root / "colour_limits.py", "LEAST = 0.99\n")
    made.gates(
        "from colour_limits import LEAST\n\ndef test_it(candidate):\n    assert candidate.exact_match >= LEAST\n"
    )
    arguments = ("suites", "-p", "no:cacheprovider")
    assert pytester.runpytest(*arguments).ret == 1
    write(made.project.root / "colour_limits.py", "LEAST = 0.85\n")
    text = pytester.runpytest_subprocess(*arguments, "-p", "no:hypothesispytest").stdout.str()
    assert "look 2, level 0.0125 per side, recorded now" in text
