"""Ctrl-C and SIGTERM end a command as an exception does: what was begun is tidied up, child processes end.

Which signal came is remembered, since some that call our code back swallow the exception (pytest does, and returns).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STATUS = 128
"""Exit status after a signal, less its number: 130 after Ctrl-C, 143 after SIGTERM, as shells have it."""

_came: list[int] = []


@contextmanager
def interruptible() -> Iterator[None]:
    """Within the block the first of SIGNALS raises KeyboardInterrupt in the main thread, and the next one ends the
    process at once. A signal that this process was started to ignore stays ignored.
    """
    _came.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {s: signal.getsignal(s) for s in SIGNALS}
    mine = [s for s in SIGNALS if before[s] is not signal.SIG_IGN]
    for number in mine:
        signal.signal(number, _on_signal)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])


def signal_that_came() -> int | None:
    """The number of the signal that came within the last interruptible(); None where none did."""
    return _came[0] if _came else None


def check_interrupted() -> None:
    """Asked where somebody else's code may have swallowed the interrupt.

    Raises: KeyboardInterrupt where a signal came.
    """
    if _came:
        raise KeyboardInterrupt


def _on_signal(number: int, frame: FrameType | None) -> None:
    if _came:
        os._exit(STATUS + number)
    _came.append(number)
    raise KeyboardInterrupt
