"""Which files belong to a golden suite, and where in them a gate stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

_SUITES = "suites"


def suite_folder(path: Path) -> Path | None:
    """The folder suites/<task> with a task.yaml in which a file lies, at any depth; None where it lies in none."""
    for here in path.parents:
        if here.parent.name == _SUITES and (here / "task.yaml").is_file():
            return here
    return None


def line_of_caller(test_file: Path) -> int | None:
    """The line of the test file that is being executed in this thread; None where none is."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == str(test_file):
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def line_of_error(trace: TracebackType | None, test_file: Path) -> int | None:
    """The innermost line of the test file that an error went through; None where it did not."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(test_file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def shown_path(path: Path, start: Path) -> str:
    """A path as people write it: relative to where pytest was started, where it lies below."""
    return os.path.relpath(path, start) if path.is_relative_to(start) else str(path)
