"""Records what a shipped task's baselines say on dev, and the best of them on golden, for `goldgate demo`.

    python benchmarks/demo_answers.py voice

Every answer comes from the model on this machine, or from the cache where it gave it before, or from the champion's
committed answers. Writes golden/TASK/recorded/; the same answers make the same bytes. To be done again when a split,
the instructions, the decoding or the model changes: `goldgate demo` uses no answer to another prompt.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from goldgate.answers.given import FOLDER
from goldgate.cli.screen import Screen
from goldgate.jobs.demo_answers import count_of, record
from goldgate.jobs.workspace import Workspace
from goldgate.task.project import cache_folder, find_project
from goldgate.task.task import load_task


def main() -> None:
    project = find_project(Path.cwd(), cache_folder(os.environ))
    work = Workspace(project, load_task(project, sys.argv[1]), Screen())
    given = record(work, work.prompted(everything=False), project.golden(work.task.name) / FOLDER)
    for who, count in count_of(project, given).items():
        print(f"{count} answers of {who}")


if __name__ == "__main__":
    main()
