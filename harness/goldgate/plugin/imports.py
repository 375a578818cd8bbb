"""Explains in one line an import of a suite or conftest.py that has failed, if its cause is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldgate.plugin.failed_import import failed_import
from goldgate.plugin.old_names import new_name


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
    return new_name(error, start) or _beside(error, start)


def _beside(error: BaseException, start: Path) -> str | None:
    """Suites are imported under names of their own, so that a file beside them is only found by a relative import."""
    failed = failed_import(error)
    if failed is None:
        return None
    folder = failed.path.parent
    if not ((folder / f"{failed.package}.py").is_file() or (folder / failed.package / "__init__.py").is_file()):
        return None
    return f"{failed.shown(start)}: {failed.package} lies beside this file: write from .{failed.package} import .."
