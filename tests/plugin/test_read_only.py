"""A project that cannot be written, or whose disk is full: recorded answers decide, the rest is said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_DROPPED = "-dac_override,-dac_read_search"  # with these, root writes wherever it likes
_AS_OTHERS = ["setpriv", f"--bounding-set={_DROPPED}", f"--inh-caps={_DROPPED}"]
PYTEST = ("-m", "pytest", "suites", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
Run = Callable[..., tuple[int, str]]


def _call(command: list[str], folder: Path, cache: Path) -> tuple[int, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_", "CI", "GITHUB", "GITLAB"))}
    environ = {**kept, "GOLDGATE_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environ, text=True, capture_output=True, timeout=600, check=False)
    return done.returncode, done.stdout + done.stderr


def _writable(folder: Path, yes: bool) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200 if yes else path.stat().st_mode & ~0o222)


@pytest.fixture
def made(tmp_path: Path, write_project: Callable[..., Any]) -> Any:
    """A project with a champion whose answers are recorded, and an empty cache."""
    project = write_project(tmp_path / "project", tmp_path / "cache")
    project.champion()
    (tmp_path / "cache").mkdir()
    return project


@pytest.fixture
def read_only(made: Any, tmp_path: Path) -> Run:
    """Runs Python in the project while nothing in it or in the cache can be written."""
    prefix = _AS_OTHERS if os.geteuid() == 0 else []
    if prefix and (shutil.which("setpriv") is None or subprocess.run([*prefix, "true"], check=False).returncode):
        pytest.skip("root can write everywhere here, and setpriv cannot change that")

    def run(*arguments: str) -> tuple[int, str]:
        folders = (made.project.root, tmp_path / "cache")
        for folder in folders:
            _writable(folder, False)
        try:
            return _call([*prefix, sys.executable, *arguments], made.project.root, tmp_path / "cache")
        finally:
            for folder in folders:
                _writable(folder, True)

    return run


def test_recorded_answers_decide_at_a_recorded_look(made: Any, read_only: Run, tmp_path: Path) -> None:
    assert _call([sys.executable, *PYTEST], made.project.root, tmp_path / "cache")[0] == 0
    (made.looks / ".lock").unlink(missing_ok=True)
    before = {p.name: p.read_bytes() for p in made.looks.iterdir()}
    status, text = read_only(*PYTEST)
    assert status == 0, text
    assert "suite colours passes" in text
    assert {p.name: p.read_bytes() for p in made.looks.iterdir()} == before


def test_a_look_that_cannot_be_recorded_decides_nothing(made: Any, read_only: Run) -> None:
    status, text = read_only(*PYTEST)
    assert status == 1
    assert "cannot be written (Permission denied) (golden/colours/looks" in text
    assert "suite colours does not pass: 0 of 4 gates pass, 4 invalid" in text
    assert "Traceback" not in text
    assert not list(made.looks.glob("*.json"))


def test_a_gate_that_cannot_be_recorded_at_its_look_decides_nothing(made: Any, read_only: Run, tmp_path: Path) -> None:
    assert _call([sys.executable, *PYTEST], made.project.root, tmp_path / "cache")[0] == 0
    for path in made.looks.glob("*.outcome.json"):
        path.unlink()
    (made.looks / ".lock").unlink(missing_ok=True)
    status, text = read_only(*PYTEST)
    assert status == 1
    assert "the ledger of looks cannot be written" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("plan", "colours"), 0),
        (("prepare", "colours"), 2),
        (("report", "lost"), 2),
        (("train", "colours"), 2),
        (("promote", "latest"), 2),
    ],
)
def test_commands_work_or_say_what_cannot_be_written(read_only: Run, command: tuple[str, ...], status: int) -> None:
    ended, text = read_only("-m", "goldgate", *command)
    assert ended == status, text
    assert "Traceback" not in text


APART = ("unshare", "-m", "bash", "-c")
FULL = """
set -e
mount -t tmpfs -o size=1m none "$2"
cp -r "$1" "$2/project"
cd "$2/project"
head -c 2m /dev/zero > "$2/filler" 2> /dev/null || true
"${@:3}" || echo "status $?"
ls golden/colours/looks/*.json 2> /dev/null || echo "no look"
rm "$2/filler"
"${@:3}"
"""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder over which a small file system can be mounted, in a process that sees it alone."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = [*APART, f"mount -t tmpfs -o size=1m none {place}"]
    if shutil.which("unshare") is None or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    return place


def test_recorded_answers_decide_although_the_disk_of_the_cache_is_full(made: Any, disk: Path) -> None:
    full = 'mount -t tmpfs -o size=64k none "$0"; head -c 1m /dev/zero > "$0/filler" 2> /dev/null; "$@"'
    status, text = _call([*APART, full, str(disk), sys.executable, *PYTEST], made.project.root, disk)
    assert status == 0, text
    assert "suite colours passes" in text


def test_a_full_disk_decides_nothing_and_leaves_no_half_written_look(made: Any, disk: Path, tmp_path: Path) -> None:
    command = [*APART, FULL, "bash", str(made.project.root), str(disk), sys.executable, *PYTEST]
    status, text = _call(command, tmp_path, tmp_path / "cache")
    assert status == 0, text
    first, _, second = text.partition("no look")
    assert "no space left on the disk" in first
    assert "status 1" in first
    assert "Traceback" not in first
    assert "suite colours passes" in second
