"""Progress on the terminal: one line per step, with a bar and the time left while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from goldgate.jobs.progress import Advance


@dataclass
class Screen:
    """Shows the progress of jobs on stderr."""

    console: Console = field(default_factory=lambda: Console(file=sys.stderr, highlight=False))

    def say(self, text: str) -> None:
        """Prints one line unchanged."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, name: str, why: str, total: int | None = None) -> Iterator[Advance]:
        """Shows a step while it runs.

        Args:
            name: What the step does.
            why: What it is for, in plain words.
            total: The amount of work; None shows only the elapsed time.

        Yields:
            `advance(done, note)`, which takes the work done so far and a note.
        """
        self.console.print(Text.assemble((name, "bold"), "  ", (why, "dim")))
        start = time.monotonic()
        note = TextColumn("{task.fields[note]}", markup=False)
        columns = (
            (
                SpinnerColumn(),
                BarColumn(bar_width=28),
                TextColumn("{task.completed:.0f}/{task.total:.0f}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                note,
            )
            if total
            else (SpinnerColumn(), TimeElapsedColumn(), note)
        )
        # A log file gets one line per step; a bar that is redrawn only suits a terminal.
        quiet = not self.console.is_terminal
        with Progress(*columns, console=self.console, transient=True, disable=quiet) as progress:
            bar = progress.add_task(name, total=total, note="")

            def advance(done: int, note: str = "") -> None:
                progress.update(bar, completed=done, note=note)

            yield advance
        seconds = time.monotonic() - start
        if seconds > 2:
            self.console.print(f"  [dim]{clock(seconds)}[/dim]")


def clock(seconds: float) -> str:
    """Writes seconds in suitable units, as in 8 s or 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
