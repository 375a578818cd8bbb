"""The command itself: its help, its exit status, and that only one JSON document goes to stdout."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldgate import __version__, cli
from goldgate.cli.main import app
from goldgate.jobs import data
from goldgate.jobs.doctor import MachineCheck

Typed = Callable[..., tuple[int, str, str]]
COMMANDS = (
    "demo",
    "init",
    "prepare",
    "plan",
    "curve",
    "choose",
    "review",
    "assess",
    "evaluate",
    "record",
    "serve",
    "search",
    "train",
    "report",
    "promote",
    "rollback",
    "export",
    "champions",
    "cache",
    "doctor",
)


def test_help_names_every_command(typed: Typed) -> None:
    status, out, err = typed("--help")
    assert (status, err) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_speaks_json(typed: Typed, command: str) -> None:
    status, out, err = typed(command, "--help")
    assert (status, err) == (0, "")
    assert ("--json" in out) == (command != "serve")  # which has no result


def test_every_command_of_the_design_that_is_built_is_tested_here() -> None:
    assert {c.name or c.callback.__name__ for c in app.registered_commands if c.callback} == set(COMMANDS)


def test_a_command_alone_tells_what_there_is_and_is_a_usage_error(typed: Typed) -> None:
    status, out, err = typed()
    assert (status, out) == (2, "")
    assert err.startswith("Usage: ")
    assert "champions" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("prepare",), "Missing argument 'TASK'"),
        (("train", "x", "--attempts", "many"), "Invalid value for '--attempts'"),
        (("train", "x", "--attempts", "0"), "Invalid value for '--attempts'"),
        (("train", "x", "--minutes", "0"), "Invalid value for '--minutes'"),
        (("doctor", "--jsn"), "No such option: --jsn"),
        (("evaluate", "x"), "Missing option '--subject'"),
        (("search", "x", "--subject", "linear", "--budget", "0"), "Invalid value for '--budget'"),
        (("init", "x", "--input", "q"), "Missing option '--from'"),
        (("init", "x", "--from", "f", "--input", "q"), "no column is named for output"),
        (("init", "x", "more", "--from", "f"), "got an unexpected argument: more"),
        (("champions", "x", "y"), "unexpected extra argument"),
        (("rollback", "x"), "Missing option '--reason'"),
        (("export", "x"), "Missing option '--to'"),
        *(
            (("init", "x", "--from", "f", "--input", "q", "--output", "a", size, number), f"Invalid value for '{size}'")
            for size in ("--train-size", "--dev-size", "--golden-size")
            for number in ("0", "-5")
        ),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(typed: Typed, words: tuple[str, ...], message: str) -> None:
    status, out, err = typed(*words)
    assert (status, out) == (2, "")
    assert err.startswith("goldgate: ")
    assert message in err
    assert not list(Path.cwd().iterdir())


def test_json_is_the_only_thing_on_stdout(typed: Typed, counts: Any) -> None:
    counts.cached("base+zero_shot", dev=6)
    for words in (("prepare", "counts"), ("champions",), ("evaluate", "counts", "--subject", "base+zero_shot")):
        status, out, _ = typed(*words, "--json")
        assert status == 0
        assert isinstance(json.loads(out), dict)


def test_without_json_there_is_text_for_people(typed: Typed, counts: Any) -> None:
    status, out, err = typed("prepare", "counts")
    assert status == 0, err
    few = "2 of 2 labels and edge cases have few examples (under 5 in train, 5 in dev, 10 in golden)"
    told = ["train", "dev", "golden", few, "  [dark]", "  [light]", "not looked for", "golden against train"]
    heads = [line.split(":")[0] for line in out.splitlines()]
    assert [head for head in heads if head in told] == told
    with pytest.raises(json.JSONDecodeError):
        json.loads(out)


def test_an_interrupt_is_status_130_without_a_traceback(
    typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "run_prepare", interrupted)
    status, out, err = typed("prepare", "counts")
    assert (status, out) == (130, "")
    assert err == "goldgate: interrupted; nothing is left half written, and the same command starts again\n"


def test_a_fault_of_ours_is_not_passed_off_as_the_users(
    typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(data, "run_prepare", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        typed("prepare", "counts")


def test_a_result_that_did_not_pass_is_status_1(typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"cores": 2, "memory_gb": 8.0, "gflops": 80.0, "gflops_bf16": 80.0, "accelerator": "none"}
    found = MachineCheck(here, Path("cache"), 1.04, {}, {}, {}, ("room for the models",))
    monkeypatch.setattr("goldgate.jobs.doctor.run_doctor", lambda cache: found)
    status, out, err = typed("doctor")
    assert (status, out.splitlines()[-1], err) == (1, "missing          room for the models", "")
    status, out, _ = typed("doctor", "--json")
    assert (status, json.loads(out)) == (1, found.to_json())


def test_the_module_is_the_same_command(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["goldgate", "--version"])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(Path(cli.__file__).with_name("__main__.py")), run_name="__main__")
    assert not left.value.code
    assert capsys.readouterr().out == f"goldgate {__version__}\n"


def test_a_command_works_from_a_folder_inside_the_project(
    typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(counts.suite)
    assert typed("prepare", "counts")[0] == 0
    assert not (counts.suite / "golden").exists()


@pytest.mark.parametrize("command", ["prepare", "train", "evaluate"])
@given(name=st.text(alphabet=st.characters(codec="utf-8"), max_size=12).filter(lambda n: not n.startswith("-")))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_task_name_is_a_path_or_a_traceback(typed: Typed, counts: Any, command: str, name: str) -> None:
    before = {p for p in counts.project.root.rglob("*") if p.is_file()}
    words = [command, name] + (["--subject", "base+zero_shot"] if command == "evaluate" else [])
    status, out, err = typed(*words)
    assert (status, out) == (2, "")
    assert err.startswith("goldgate: ")
    assert {p for p in counts.project.root.rglob("*") if p.is_file()} == before
