"""Telling how far a long step of a preparation is, to whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")
Advance = Callable[[int], None]
"""Takes the amount of work that is done so far."""
Step = Callable[[str, str, int | None], AbstractContextManager[Advance]]
"""Takes what is done, what it is for, and the amount of work if that is known."""
_EVERY = 1_000


def ignore(done: int) -> None:
    """Tells nobody."""


@contextmanager
def untold(name: str, why: str, total: int | None = None) -> Iterator[Advance]:
    """A step that nobody is told about."""
    yield ignore


def counted(items: Iterable[T], advance: Advance) -> Iterator[T]:
    """Yields items, and tells at every thousandth how many there have been."""
    for number, item in enumerate(items, 1):
        yield item
        if number % _EVERY == 0:
            advance(number)
