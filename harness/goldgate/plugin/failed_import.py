"""Finds the import statement that has led to an error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FailedImport:
    """An import statement that has failed.

    Attributes:
        package: The first part of the module's name.
        path: The file with the statement.
        line: Its line.
    """

    package: str
    path: Path
    line: int

    def shown(self, start: Path) -> str:
        """Returns its place; the path is relative to a folder, if it is below it."""
        path = self.path.relative_to(start) if self.path.is_relative_to(start) else self.path
        return f"{path}, line {self.line}"


def failed_import(error: BaseException) -> FailedImport | None:
    """Finds the import statement that has led to an error; None if there is none in a readable file."""
    cause = next((e for e in _chain(error) if isinstance(e, ImportError)), None)
    if cause is None or cause.name is None:
        return None
    trace, found = cause.__traceback__, None
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_file():  # the import system's own frames have no file
            found = FailedImport(cause.name.partition(".")[0], path, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and the errors that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
