"""Draws docs/images/gate.svg: what `pytest suites/voice` prints in a terminal, from recorded answers.

    python docs/pictures.py

The picture holds the real output in its real colours. It loads no font and nothing else from anywhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "gate.svg"
COMMAND = "pytest suites/voice"
WIDTH = 126


def terminal() -> list[str]:
    """The lines that the command prints, with their colour codes, without the session's header.

    Raises:
        subprocess.CalledProcessError: where a gate does not pass.
    """
    kept = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("GITHUB_")}
    done = subprocess.run(
        [sys.executable, "-m", *COMMAND.split(), "--color=yes", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**kept, "COLUMNS": str(WIDTH)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    first = next(i for i, line in enumerate(lines) if "golden suites" in line)
    return lines[first + 1 :]


def drawn(lines: list[str]) -> str:
    """The lines as SVG."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(f"\x1b[1m$ {COMMAND}\x1b[0m"))
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    svg = console.export_svg(title="goldgate", theme=MONOKAI, unique_id="gate", font_aspect_ratio=0.61)
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace")
    return re.sub(r"[ \t]+\n", "\n", svg)


if __name__ == "__main__":
    TARGET.write_text(drawn(terminal()), "utf-8")
    print(f"{TARGET.relative_to(ROOT)} written")
