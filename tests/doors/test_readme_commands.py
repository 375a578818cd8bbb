"""CI types the README's commands, and says so where it does not find them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def read(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "readme-commands"), str(path)], capture_output=True, text=True, check=False
    )


def test_the_readme_begins_with_the_demo_and_then_the_tests() -> None:
    done = read(ROOT / "README.md")
    assert done.stdout.splitlines() == [
        "python -m pip install tox && tox run -e demo",
        "python -m pip install tox && tox run",
    ]


@pytest.mark.parametrize("text", ["", "    python -m pip install tox && tox run\n"])
def test_a_readme_without_both_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "README.md").write_text(text)
    done = read(tmp_path / "README.md")
    assert done.returncode == 1
    assert "expected the demo's command and the tests' command" in done.stderr
