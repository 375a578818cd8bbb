"""Draws the pictures of the README.

    python docs/pictures.py                            # docs/images/gate.svg: `pytest suites/voice` in a terminal
    python docs/pictures.py --report RUN/report.html   # docs/images/report.png: a report's first screen, by Chromium

The terminal holds the real output in its real colours, and loads no font and nothing else from the network.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
COMMAND = "pytest suites/voice"
WIDTH = 138
SCREEN = (1280, 1230)
"""Pixels of the report's picture: its headline and its first gates."""


def terminal() -> list[str]:
    """The lines that the command prints, with their colour codes, without the session's header and its last line (how
    long it takes depends on the machine).

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
    return lines[first + 1 : -1]


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


def photographed(report: Path, target: Path) -> None:
    """Writes the first screen of a report as PNG.

    Args:
        report: the report's HTML file.
        target: the PNG file to write.

    Raises:
        SystemExit: where no Chromium is installed.
        subprocess.CalledProcessError: where it fails.
    """
    browser = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), None)
    if browser is None:
        raise SystemExit("this picture needs Chromium on PATH")
    size = ",".join(map(str, SCREEN))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size}"]
    subprocess.run(
        [browser, *flags, f"--screenshot={target}", report.resolve().as_uri()], check=True, capture_output=True
    )


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description="Draws the pictures of the README.")
    parser.add_argument("--report", type=Path, help="a run's report.html: draws report.png instead of gate.svg")
    report = parser.parse_args().report
    if report is None:
        (IMAGES / "gate.svg").write_text(drawn(terminal()), "utf-8")
    else:
        photographed(report, IMAGES / "report.png")


if __name__ == "__main__":
    main()
