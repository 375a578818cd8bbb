"""What a job says while it works, and to whom: a job prints nothing itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol


class Advance(Protocol):
    """How far a step is: done in all, and a note to show beside it."""

    def __call__(self, done: int, note: str = "", /) -> None: ...


class Progress(Protocol):
    """Who is told what a job does. A command shows it; a service may keep it or drop it."""

    def step(self, name: str, why: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """A named step of the job, entered when it begins and left when it ends.

        Args:
            name: what is done.
            why: what it is for, in plain words.
            total: how far it goes; None where that is not known.
        """
        ...

    def say(self, text: str) -> None:
        """One line, as it is."""
        ...


class Silent:
    """Tells nobody."""

    @contextmanager
    def step(self, name: str, why: str, total: int | None = None) -> Iterator[Advance]:
        yield lambda done, note="": None

    def say(self, text: str) -> None:
        pass


@dataclass
class Timed:
    """Passes everything on, and keeps how long each finished step took, for the run record."""

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
