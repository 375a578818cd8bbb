"""Explains in one line an import of a suite or conftest.py that has failed, if its cause is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


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


def explain_report(report: pytest.CollectReport, start: Path) -> None:
    """Shortens a collection error to one line if a failed import of a known kind has caused it; else leaves it.

    Args:
        report: The report of a test module, or of a folder with a conftest.py.
        start: The folder that pytest was started in, to which the shown path is relative.
    """
    call = getattr(report, "call", None)
    excinfo = getattr(call, "excinfo", None)
    if excinfo is not None and (message := explained(excinfo.value, start)) is not None:
        report.longrepr = message


def explained(error: BaseException, start: Path) -> str | None:
    """Explains a failed import: one of Goldgate by an old name, or one of a file beside the suite.

    Args:
        error: The error that the import has raised, or one that it has led to.
        start: The folder that pytest was started in.

    Returns:
        File, line and the import to write; None if the error is of no known kind.
    """
    from goldgate.plugin.old_names import new_name

    return new_name(error, start) or _beside(error, start)


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


def _beside(error: BaseException, start: Path) -> str | None:
    """Suites are imported under names of their own, so that a file beside them is only found by a relative import."""
    failed = failed_import(error)
    if failed is None:
        return None
    folder = failed.path.parent
    if not ((folder / f"{failed.package}.py").is_file() or (folder / failed.package / "__init__.py").is_file()):
        return None
    return f"{failed.shown(start)}: {failed.package} lies beside this file: write from .{failed.package} import .."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and the errors that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
