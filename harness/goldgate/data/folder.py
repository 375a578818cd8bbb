"""Changing several files of golden/<task> in one step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldgate.base.files import whole_folder


@contextmanager
def changed_folder(folder: Path) -> Iterator[Path]:
    """Changes a copy of golden/<task>, which takes its place at the end: a killed process leaves the old state.

    The ledger must be locked meanwhile: a look that was recorded after the copy was made would be lost.

    Args:
        folder: golden/<task>.

    Yields:
        The copy.

    Raises:
        UserError: The disk is full, or the folder cannot be written to.
    """
    for left in folder.parent.glob(f".{folder.name}.*.part"):  # left behind by a killed process
        shutil.rmtree(left, ignore_errors=True)
    with whole_folder(folder) as part:
        shutil.copytree(folder, part, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns(".lock"))
        yield part
