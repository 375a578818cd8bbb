"""Finds out which suite a file belongs to, and on which line of it a gate is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import CodeType, TracebackType

SUITES_FOLDER = "suites"


def suite_folder(path: Path) -> Path | None:
    """Returns the folder suites/<task> with a task.yaml that contains a file at any depth; None if there is none."""
    for here in path.parents:
        if here.parent.name == SUITES_FOLDER and (here / "task.yaml").is_file():
            return here
    return None


def line_of_caller(test_file: Path) -> int | None:
    """Returns the line of the test file that this thread is executing; None if it is executing none."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == str(test_file):
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def code_of_callers() -> set[CodeType]:
    """Returns the code that this thread is executing: that of its caller, of that one's caller, and so on."""
    frame, found = sys._getframe(1), set[CodeType]()
    while frame is not None:
        found.add(frame.f_code)
        frame = frame.f_back  # type: ignore[assignment]
    return found


def line_of_error(trace: TracebackType | None, test_file: Path) -> int | None:
    """Returns the innermost line of the test file in an error's traceback; None if the file is not in it."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(test_file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def shown_path(path: Path, start: Path) -> str:
    """Returns a path relative to where pytest was started, or the whole path if it is not below that folder."""
    return os.path.relpath(path, start) if path.is_relative_to(start) else str(path)
