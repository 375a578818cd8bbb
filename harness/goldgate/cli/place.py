"""Where a command works: the project around the current folder, and the task that the user names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from goldgate.task.project import Project, cache_folder, cache_limit, find_project

TaskName = Annotated[str, typer.Argument(help="Name of the task, which is a folder in suites/.", metavar="TASK")]


def here() -> Project:
    """Finds the project that the current folder belongs to.

    Raises:
        UserError: The folder is not inside a project.
    """
    return find_project(Path.cwd(), cache_folder(os.environ), cache_limit(os.environ))
