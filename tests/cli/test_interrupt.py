"""Ctrl-C and SIGTERM: one line, the status that shells expect, no traceback, and no child left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.interrupt import check_interrupted, interruptible, signal_that_came
from goldgate.jobs.run_suite import run_suite

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")

COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
import numpy as np
from goldgate.models import embedder
embedder._compute = lambda texts, cache: np.eye(len(texts), embedder.SIZE, dtype=np.float32)
from goldgate.cli.main import run
run()
"""
"""The command line, with an embedding model that need not be fetched."""
CHILD = "import os, signal, sys; pipe = open(sys.argv[-1], 'w'); pipe.write('here\\n'); pipe.flush(); signal.pause()"
"""A program that says that it runs, holds its end of the pipe open while it lives, and ends for no polite signal."""
KEPT = "finished attempts and training up to its last checkpoint are kept, and the same command goes on from there"
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}

both = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@contextmanager
def started(folder: Path, cache: Path, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The command at work in a folder, ended in any case."""
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        cwd=folder,
        env={**os.environ, "GOLDGATE_CACHE": str(cache), "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], text: str) -> None:
    """Reads its stderr up to a line that holds this text."""
    assert process.stderr is not None
    read = []
    for line in process.stderr:
        read.append(line)
        if text in line:
            return
    raise AssertionError(f"it ended before it said {text!r}: {''.join(read)}")


@pytest.fixture
def task(make_task: Callable[..., Any], tiny_llama: Path) -> Callable[..., Any]:
    """task(20, train={..}) makes a task of a tiny model with 20 x 20 examples a split; returns its project."""

    def make(side: int = 5, **more: Any) -> Any:
        def rows(split: str) -> list[tuple[str, str]]:
            letters = "abcdefghijklmnopqrst"[:side]
            return [(f"{split} {a} {b} of many", "word") for a in letters for b in letters]

        settings = {"kind": "text", "model": str(tiny_llama), "decoding": {"max_new_tokens": 200}, **more}
        splits = {name: rows(name) for name in ("train", "dev", "golden")}
        project, made = make_task(settings, **splits)
        (made.folder / "test_gates.py").write_text("def test_it(candidate):\n    assert candidate.exact_match >= 0.5\n")
        return project

    return make


@both
def test_a_model_that_answers_stops_in_one_line(task: Callable[..., Any], number: signal.Signals) -> None:
    project = task(20)  # enough to keep it busy
    with started(project.root, project.cache, "evaluate", "demo", "--subject", "base+zero_shot") as process:
        until(process, "base+zero_shot answers dev")
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out) == (STATUS[number], "")
    kept = "answers given so far are kept in the cache, and the same command goes on from there"
    assert err == f"goldgate: interrupted by {NAMES[number]}; {kept}\n"


@both
def test_a_trainer_program_ends_with_the_command(
    task: Callable[..., Any], tmp_path: Path, number: signal.Signals
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-c", CHILD, str(pipe)]
    project = task(
        train={"trainer": "command", "command": command}, baselines=["zero_shot"], decoding={"max_new_tokens": 1}
    )
    with started(project.root, project.cache, "train", "demo", "--looks", "0") as process, pipe.open() as said:
        assert said.readline() == "here\n"
        process.send_signal(number)
        _, err = process.communicate()
        assert said.read() == ""  # whoever held the other end is gone
    assert process.returncode == STATUS[number], err
    assert err.splitlines()[-1] == f"goldgate: interrupted by {NAMES[number]}; answers, {KEPT}"
    assert "Traceback" not in err


@both
def test_a_download_ends_with_the_command(task: Callable[..., Any], tmp_path: Path, number: signal.Signals) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "path" / "pip").mkdir(parents=True)
    (tmp_path / "path" / "pip" / "__init__.py").touch()
    (tmp_path / "path" / "pip" / "__main__.py").write_text(f"import sys\nsys.argv.append({str(pipe)!r})\n{CHILD}")
    project = task(model="smollm2-135m")
    path = os.pathsep.join([str(tmp_path / "path"), *sys.path])
    with (
        started(
            project.root, project.cache, "evaluate", "demo", "--subject", "base+zero_shot", PYTHONPATH=path
        ) as process,
        pipe.open() as said,
    ):
        assert said.readline() == "here\n"
        process.send_signal(number)
        _, err = process.communicate()
        assert said.read() == ""
    assert process.returncode == STATUS[number], err
    assert err.splitlines()[-1].startswith(f"goldgate: interrupted by {NAMES[number]}; ")
    assert "Traceback" not in err


def test_the_second_signal_does_not_wait(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom goldgate.base.interrupt import interruptible\n"
        "with interruptible():\n"
        "    try:\n        print('ready', flush=True); sys.stdin.read()\n"
        "    except KeyboardInterrupt:\n        print('caught', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for said in ("ready", "caught"):
        assert process.stdout.readline() == f"{said}\n"
        process.send_signal(signal.SIGTERM)
    assert (process.communicate()[1], process.returncode) == ("", 143)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal_that_came() is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal_that_came() == signal.SIGTERM
    with pytest.raises(KeyboardInterrupt):
        check_interrupted()


def test_a_suite_that_is_interrupted_gives_no_verdict(task: Callable[..., Any]) -> None:
    project = task()
    (project.suite("demo") / "test_gates.py").write_text(
        "import os, signal\n\ndef test_it(candidate):\n    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    with pytest.raises(KeyboardInterrupt), interruptible():
        run_suite(project, "demo", "base+zero_shot", "dev")


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["demo"], "answers, finished attempts"),
        (["--json", "train", "x"], "answers, finished attempts"),
        (["evaluate", "x"], "in the cache"),
        (["prepare", "x"], "nothing is left half written, and the same command starts again"),
    ],
)
def test_each_command_says_what_is_kept(words: list[str], kept: str) -> None:
    from goldgate.cli.interrupted import interrupted

    line = interrupted(words, 2)
    assert kept in line
    assert "\n" not in line
    assert json.dumps(line).isascii()
