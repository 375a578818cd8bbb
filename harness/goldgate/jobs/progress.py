"""How a job reports its progress. A job prints nothing itself; it tells an object that its caller provides."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from goldgate.data.steps import Step

SOON = 2.0
"""Seconds that a step may take before people want to know about it."""


class Advance(Protocol):
    """Reports how far a step is: the amount done so far, and a note to show with it."""

    def __call__(self, done: int, note: str = "", /) -> None: ...


class Progress(Protocol):
    """Receives the progress of a job. A command shows it; a service may keep or drop it."""

    def step(self, name: str, why: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Reports a named step of the job, which begins on entering the context and ends on leaving it.

        Args:
            name: What is done.
            why: What it is for, in plain words.
            total: The amount of work; None if it is not known.

        Returns:
            A context manager that gives a function to report how far the step is.
        """
        ...

    def say(self, text: str) -> None:
        """Reports one line of text, to be shown unchanged."""
        ...


class Silent:
    """Drops all progress."""

    @contextmanager
    def step(self, name: str, why: str, total: int | None = None) -> Iterator[Advance]:
        yield lambda done, note="": None

    def say(self, text: str) -> None:
        pass


def once_it_takes_long(progress: Progress) -> Step:
    """Returns a function that shows a step only if it takes more than SOON seconds.

    Args:
        progress: Who is told then.

    Returns:
        As `Progress.step`.
    """

    @contextmanager
    def step(name: str, why: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        started = time.monotonic()
        shown: Advance | None = None
        with ExitStack() as stack:

            def advance(done: int) -> None:
                nonlocal shown
                if shown is None and time.monotonic() - started > SOON:
                    shown = stack.enter_context(progress.step(name, why, total))
                if shown is not None:
                    shown(done)

            yield advance

    return step


@dataclass
class Timed:
    """Passes everything on, and records how long each finished step took.

    Attributes:
        to: Receives the progress.
        steps: Name and seconds of each finished step, for the run record.
    """

    to: Progress
    steps: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, why: str, total: int | None = None) -> Iterator[Advance]:
        start = time.monotonic()
        with self.to.step(name, why, total) as advance:
            yield advance
        self.steps.append({"name": name, "seconds": round(time.monotonic() - start, 2)})

    def say(self, text: str) -> None:
        self.to.say(text)
