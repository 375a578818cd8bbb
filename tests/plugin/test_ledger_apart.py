"""The ledger between processes and branches: pytest twice at once, a killed run, a merge, records that name looks."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.files import read_json, write_json
from goldgate.task.examples import card_of, read_split, write_card

Apart = Callable[..., Any]
OTHERS = ("base+few_shot:1", "base+few_shot:2", "base+few_shot:3")
ONE_GATE = "def test_it(candidate):\n    assert candidate.exact_match >= 0.80\n"
FATAL = (
    "import os, signal\n\ndef test_first(candidate):\n    assert candidate.exact_match >= 0.80\n\n"
    "def test_second(candidate):\n    if os.environ.get('DIE'):\n        os.kill(os.getpid(), signal.SIGKILL)\n"
    "    assert candidate.exact_match >= 0.50\n"
)


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any]) -> Any:
    """A project whose champion and three other candidates pass its one gate, from recorded and cached answers."""
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    project.gates(ONE_GATE)
    for name in OTHERS:
        project.cached(name, "golden", wrong=1)
    return project


@pytest.fixture
def suites(made: Any, run_apart: Apart) -> Apart:
    """suites("base+few_shot:1") tests a candidate on golden, in a process of its own; None: the champion."""

    def run(candidate: str | None = None, *arguments: str, **environ: str) -> Any:
        who = () if candidate is None else ("--candidate", candidate, "--split", "golden")
        return run_apart(made.project.root, made.project.cache, "suites", *who, *arguments, **environ)

    return run


def outcomes(made: Any) -> list[dict[str, Any]]:
    return [read_json(p) for p in sorted(made.looks.glob("*.outcome.json"))]


def test_processes_at_once_take_looks_of_their_own(made: Any, suites: Apart) -> None:
    everyone = (None, *OTHERS)
    with ThreadPoolExecutor(len(everyone)) as pool:
        runs = list(pool.map(suites, everyone))
    assert [r.status for r in runs] == [0] * 4, [r.text for r in runs]
    looks = made.looks_taken()
    assert [x["number"] for x in looks] == [1, 2, 3, 4]
    assert {x["candidate"] for x in looks} == {"champion", *OTHERS}
    assert [len(x["known"]) for x in looks] == [0, 1, 2, 3]
    assert [o["pass"] for o in outcomes(made)] == [True] * 4
    by_candidate = {x["candidate"]: x for x in looks}
    for name, ran in zip(("champion", *OTHERS), runs, strict=True):
        look = by_candidate[name]
        assert f"look {look['number']}, level {look['level']:.4g} per side, recorded now" in ran.text


def test_processes_at_once_with_one_candidate_take_one_look(made: Any, suites: Apart) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(suites, (None, None, None)))
    assert [r.status for r in runs] == [0] * 3
    assert len(made.looks_taken()) == len(outcomes(made)) == 1
    assert sum("recorded now" in r.text for r in runs) == 1


def test_a_run_killed_between_look_and_outcome_leaves_no_verdict(made: Any, suites: Apart) -> None:
    made.gates(FATAL)
    killed = suites(None, DIE="1")
    assert killed.status == -signal.SIGKILL
    assert [x["number"] for x in made.looks_taken()] == [1]
    assert [(o["pass"], len(o["gates"])) for o in outcomes(made)] == [(None, 1)]
    assert "look 1, level 0.025 per side" in suites().text
    assert [(o["pass"], len(o["gates"])) for o in outcomes(made)] == [(True, 2)]
    assert len(made.looks_taken()) == 1


@pytest.mark.parametrize("arguments", [("-k", "first"), ("--deselect", "suites/colours/test_gates.py::test_second")])
def test_a_part_of_a_suite_is_a_look_and_leaves_no_verdict(
    made: Any, suites: Apart, arguments: tuple[str, ...]
) -> None:
    made.gates(FATAL)
    ran = suites(None, *arguments)
    assert "incomplete (1 deselected): no verdict on the suite" in ran.text
    assert len(made.looks_taken()) == 1
    assert [(o["pass"], len(o["gates"])) for o in outcomes(made)] == [(None, 1)]


def test_a_run_that_stops_at_its_first_failure_leaves_no_verdict(made: Any, suites: Apart) -> None:
    made.gates(FATAL)
    made.champion(wrong=30)
    assert "1 not run): no verdict on the suite; so far 1 fail" in suites(None, "-x").text
    assert [(o["pass"], [g["outcome"] for g in o["gates"]]) for o in outcomes(made)] == [(None, ["fail"])]


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_branches_that_looked_apart_are_merged_without_conflict(made: Any, suites: Apart) -> None:
    """The second branch knows of the first one's look, brings it along, and takes the third; the next is the fourth."""
    root = made.project.root
    git(root, "init", "-q", "-b", "main")
    assert suites().status == 0
    for number, branch, candidate in ((2, "ours", OTHERS[0]), (3, "theirs", OTHERS[1])):
        git(root, "checkout", "-q", "-B", "main")
        git(root, "add", "-A")
        git(root, "commit", "-q", "--allow-empty", "-m", "start")
        git(root, "checkout", "-q", "-b", branch)
        assert f"look {number}, level {0.05 / 2**number:.4g} per side, recorded now" in suites(candidate).text
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", branch)
        git(root, "checkout", "-q", "main")
    git(root, "merge", "-q", "ours", "-m", "ours")
    git(root, "merge", "-q", "theirs", "-m", "theirs")
    assert [x["number"] for x in made.looks_taken()] == [1, 2, 3]
    assert len(outcomes(made)) == 3
    third = suites(OTHERS[2])
    assert "look 4, level 0.003125 per side, recorded now" in third.text
    assert "spent: 4 looks at this golden split, 4.68" in third.text
    assert "look 2, level 0.0125 per side" in suites(OTHERS[0]).text


def test_a_look_that_a_run_names_must_be_there(made: Any, suites: Apart) -> None:
    write_json(made.project.runs("colours") / "r1" / "run.json", {"task": "colours", "looks": ["0123456789ab"]})
    ran = suites()
    assert "look 0123456789ab is referred to by another file but is not in the ledger" in ran.text
    assert ran.status == 1
    assert not made.looks.exists()


def test_a_look_that_the_champion_or_one_before_it_names_must_be_there(made: Any, suites: Apart) -> None:
    path = made.suite / "champion.json"
    record = read_json(path)
    before = {"subject": "adapter:old", "identity": "b" * 64, "run": "r0", "look": "0123456789ab"}
    for change in ({"look": "0123456789ab"}, {"previous": [before]}):
        write_json(path, {**record, **change})
        assert "look 0123456789ab is referred to by another file" in suites().text
    write_json(path, record)
    assert suites().status == 0


@pytest.mark.parametrize("looks", ["0123456789ab", [3], None])
def test_a_run_record_that_is_broken_is_named(made: Any, suites: Apart, looks: Any) -> None:
    write_json(made.project.runs("colours") / "r1" / "run.json", {"task": "colours", "looks": looks})
    ran = suites()
    assert 'r1/run.json, field "looks"' in ran.text
    assert ran.status == 1


def test_an_edited_look_makes_the_suite_invalid(made: Any, suites: Apart) -> None:
    suites()
    (path,) = (p for p in made.looks.glob("*.json") if "outcome" not in p.name)
    write_json(path, {**read_json(path), "level": 0.2})
    ran = suites()
    assert "this look was edited: its content does not match its file name" in ran.text
    assert "1 invalid" in ran.text


def test_a_leak_is_told_by_both_ids_before_a_look_is_taken(made: Any, suites: Apart) -> None:
    folder = made.project.golden("colours")
    path = folder / "train.jsonl"
    path.write_text(path.read_text().replace("train thing number 4", "GOLDEN  thing number 417"))
    splits = {name: read_split(folder, name) for name in ("train", "dev", "golden")}
    write_card(folder, card_of("colours", splits, "by hand", "CC0-1.0", "made up"))
    ran = suites()
    assert "golden example g000 is also in train (as t004, apart from case, whitespace and numbers)" in ran.text
    assert "0 recorded, 0 cached, 0 generated" in ran.text
    assert "1 invalid" in ran.text
    assert not made.looks.exists()
