"""Where a command works: the project of the current folder, and the task that is named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from goldgate.task.project import Project, cache_folder, cache_limit, find_project

TaskName = Annotated[str, typer.Argument(help="name of the task: a folder of suites/", metavar="TASK")]


def here() -> Project:
    """The project of the current folder."""
    return find_project(Path.cwd(), cache_folder(os.environ), cache_limit(os.environ))
