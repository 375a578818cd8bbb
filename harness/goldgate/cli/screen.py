"""What a person sees while it works: one line a step, with a bar and the time left where it takes longer."""

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
    """Progress on stderr: what jobs say to a person."""

    console: Console = field(default_factory=lambda: Console(file=sys.stderr, highlight=False))

    def say(self, text: str) -> None:
        """One line, as it is."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, name: str, why: str, total: int | None = None) -> Iterator[Advance]:
        """A named step; yields `advance(done_in_all, note)`. why: what it is for, in plain words."""
        self.console.print(Text.assemble((name, "bold"), "  ", (why, "dim")))
        start = time.monotonic()
        told = TextColumn("{task.fields[note]}", markup=False)
        columns = (
            (
                SpinnerColumn(),
                BarColumn(bar_width=28),
                TextColumn("{task.completed:.0f}/{task.total:.0f}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                told,
            )
            if total
            else (SpinnerColumn(), TimeElapsedColumn(), told)
        )
        # A log file gets one line a step; a bar drawn over and over is for terminals.
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
    """Seconds as people say them: 8 s, 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
