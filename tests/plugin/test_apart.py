"""The plugin in processes of its own: strict settings, xdist, suites beside each other and beside other tests."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HEAVY = ("torch", "transformers", "sentence_transformers", "sklearn", "scipy", "pandas", "peft", "llguidance")
LOADED = (
    "import json, pathlib, sys\n\ndef pytest_sessionfinish():\n"
    "    names = {n.split('.')[0] for n in sys.modules} | {n for n in sys.modules if 'goldgate' in n}\n"
    "    pathlib.Path('loaded.json').write_text(json.dumps(sorted(names)))\n"
)
SLOW_SUBJECT = """
import os, time
import pytest
import goldgate.jobs.workspace as workspace
from goldgate.subjects import Answer

class Slow:
    name, identity = "base+few_shot:1", "slow"

    def fingerprint(self, example):
        return "slow " + example.id

    def answer(self, examples, progress=None):
        with open("asked.txt", "a") as file:
            file.write(f"{len(examples)}\\n")
        for e in examples:
            yield Answer(e.id, e.output, "stop", 3, 1, 0.0, None, self.identity, self.fingerprint(e), e.digest)

workspace.parse_subject = lambda *_: Slow()
"""

Apart = Callable[..., Any]


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any]) -> Any:
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    return project


def test_two_suites_of_one_basename_need_no_configuration(
    made: Any, tmp_path: Path, write_project: Callable[..., Any], run_apart: Apart
) -> None:
    write_project(tmp_path / "project", tmp_path / "cache", "shades").champion()
    ran = run_apart(
        made.project.root,
        made.project.cache,
        "suites",
        "-W",
        "error",
        "-o",
        "strict=true",
        "--strict-markers",
        "--strict-config",
    )
    assert ran.status == 0
    assert "suite colours passes" in ran.text
    assert "suite shades passes" in ran.text
    assert "warning" not in ran.text


def test_other_modules_keep_the_import_mode_of_the_user(made: Any, run_apart: Apart) -> None:
    folder = made.project.root / "checks"
    folder.mkdir()
    (folder / "beside.py").write_text("ONE = 1\n")
    (folder / "test_beside.py").write_text("import beside\n\ndef test_it():\n    assert beside.ONE == 1\n")
    ran = run_apart(made.project.root, made.project.cache, "suites", "checks")
    assert ran.status == 0, ran.text
    assert "5 passed" in ran.text


@pytest.mark.parametrize("apart", [(), ("-n", "1")])
def test_other_runs_see_and_load_nothing(tmp_path: Path, run_apart: Apart, apart: tuple[str, ...]) -> None:
    (tmp_path / "conftest.py").write_text(LOADED)
    (tmp_path / "test_own.py").write_text(
        "import pytest\n\n@pytest.fixture\ndef candidate():\n    return 3\n\n"
        "def test_it(candidate):\n    assert candidate == 3\n\n"
        "@pytest.mark.xfail\ndef test_xfail():\n    assert not True\n\ndef test_skip():\n    pytest.skip('no')\n"
    )
    ran = run_apart(tmp_path, tmp_path / "cache", "-W", "error", *apart, CI="1")
    assert ran.status == 0
    assert "1 passed, 1 skipped, 1 xfailed" in ran.text
    assert "golden" not in ran.text
    loaded = json.loads((tmp_path / "loaded.json").read_text())
    assert not {"numpy", "pydantic", *HEAVY} & set(loaded)
    assert not [n for n in loaded if n.startswith(("goldgate.measures", "goldgate.plugin.suite", "goldgate.task.task"))]
    assert not (tmp_path / "cache").exists()


def test_collecting_and_deciding_loads_nothing_heavy(made: Any, run_apart: Apart) -> None:
    (made.project.root / "conftest.py").write_text(LOADED)
    for arguments in (("--collect-only", "-q"), ()):
        ran = run_apart(made.project.root, made.project.cache, "suites", *arguments)
        assert ran.status == 0
        assert not set(HEAVY) & set(json.loads((made.project.root / "loaded.json").read_text()))
    assert "suite colours passes" in ran.text


def test_two_workers_come_to_the_same_end(made: Any, run_apart: Apart) -> None:
    made.gates(
        (made.suite / "test_gates.py").read_text()
        + "\ndef test_hard(candidate):\n    assert candidate.exact_match >= 0.99 or True\n"
    )
    ran = run_apart(made.project.root, made.project.cache, "suites", "-n", "2", "-W", "error", "--junitxml=j.xml")
    assert ran.status == 1
    assert "1 failed, 4 passed" in ran.text
    assert "exact_match >= 0.99 is undecided" in ran.text
    assert "suite colours does not pass: 4 of 5 gates pass, 1 undecided" in ran.text
    assert "answers: 120 recorded, 0 cached, 0 generated" in ran.text
    assert "look 1, level 0.025 per side" in ran.text
    assert len(made.looks_taken()) == 1
    assert len(list(made.looks.glob("*.outcome.json"))) == 1
    told = [
        p.get("value")
        for p in ET.parse(made.project.root / "j.xml").iter("property")
        if p.get("name") == "goldgate.verdict"
    ]
    assert sorted(str(v) for v in told) == ["pass"] * 4 + ["undecided"]


def test_under_xdist_too_a_part_of_the_suite_is_no_verdict(made: Any, run_apart: Apart) -> None:
    ran = run_apart(made.project.root, made.project.cache, "suites", "-n", "2", "-k", "edge", CI="true")
    assert "suite colours is incomplete (2 deselected)" in ran.text
    assert ran.status == 1


def test_two_workers_generate_each_answer_once(made: Any, run_apart: Apart) -> None:
    (made.project.root / "conftest.py").write_text(SLOW_SUBJECT)
    made.gates(
        "import pytest\n\n@pytest.mark.parametrize('i', range(6))\n"
        "def test_it(candidate, i):\n    assert candidate.exact_match >= 0.8\n"
    )
    arguments = ("suites", "-n", "2", "--candidate", "base+few_shot:1", "--split", "dev")
    ran = run_apart(made.project.root, made.project.cache, *arguments)
    assert ran.status == 0, ran.text
    assert (made.project.root / "asked.txt").read_text() == "24\n"
    assert "answers: 0 recorded, 0 cached, 24 generated" in ran.text


def test_regenerating_is_for_one_process(made: Any, run_apart: Apart) -> None:
    ran = run_apart(made.project.root, made.project.cache, "suites", "-n", "2", "--regenerate")
    assert ran.status == 4
    assert "run it without -n" in ran.text


def test_an_unknown_split_is_refused(made: Any, run_apart: Apart) -> None:
    ran = run_apart(made.project.root, made.project.cache, "suites", "--split", "train")
    assert ran.status == 4
    assert "'dev'" in ran.text


def test_a_locale_without_utf_8_decides_and_tells_the_same(made: Any, run_apart: Apart) -> None:
    """A container often has no locale: labels and messages are text all the same."""
    made.gates(
        "from goldgate import scorer\n\n@scorer\ndef accent(example, text):\n    return False, f'{text} is not café'\n"
        "\n\ndef test_accent(candidate):\n    assert candidate.by(accent) >= 0.8\n"
    )
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = run_apart(made.project.root, made.project.cache, "suites", **plain)
    assert ran.status == 1
    assert "worst on dev" in ran.text
    assert "is not caf" in ran.text
    assert "Traceback" not in ran.text
    assert "Error" not in ran.text
