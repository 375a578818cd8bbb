"""The gain of a shipped champion over the optimised prompt, which gets as much as training got.

    python benchmarks/optimized_prompts.py voice|tickets|invoices [--calls N] [--shots 4] [--folder FOLDER]

Copies the task into a project of its own with `optimized:4` among its baselines, searches the prompt on train, lets dev
choose between it and its constrained form, and compares the champion's recorded golden answers with it. The budget is a
number of answers, so that it is the same on a busy machine: the seconds of training divided by those of an answer, both
measured on an idle machine (docs/history.md, "Where the demo's time went"; for voice docs/results.md). Run again in the
same folder, it goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldgate.jobs.demo import shipped_folder
from goldgate.jobs.optimize import search_missing
from goldgate.jobs.progress import Advance
from goldgate.jobs.workspace import Workspace
from goldgate.prompts.winner import read_winner, winner_path
from goldgate.scored.baselines import deciding_metrics, declared_baselines, rank
from goldgate.scored.scored import Scored
from goldgate.subjects import can_constrain
from goldgate.task.examples import render_output
from goldgate.task.project import Project, cache_folder
from goldgate.task.subject_name import SubjectName
from goldgate.task.task import load_task

TRAINING = {"voice": 11.1 * 60, "tickets": 1058.0, "invoices": 1761.0}
"""Seconds of training: voice at 171 GFLOP/s, tickets at 203, invoices at 193."""
ANSWER = {"voice": 125 / 171, "tickets": 40 / 120, "invoices": 62 / 120}
"""Seconds of an answer to fixed shots at the same rates; voice from the 125 GFLOP of demo_estimate."""


class Printed:
    """Progress as lines."""

    @contextmanager
    def step(self, name: str, why: str, total: int | None = None) -> Iterator[Advance]:
        print(f"{name} ({why})", flush=True)
        told = 0

        def advance(done: int, note: str = "", /) -> None:
            nonlocal told
            if done >= told + 100:
                told = done
                print(f"  {done} {note}", flush=True)

        yield advance

    def say(self, text: str) -> None:
        print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=sorted(TRAINING))
    parser.add_argument("--calls", type=int, default=None)
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    calls = asked.calls or round(TRAINING[asked.task] / ANSWER[asked.task])
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="goldgate-optimized-"))
    project = _project(asked.task, folder, asked.shots, calls)
    work = Workspace(project, load_task(project, asked.task), Printed())
    optimized = SubjectName("base", f"optimized:{asked.shots}")
    search_missing(work, declared_baselines(work.task), _no_default)
    held = [optimized.held] if can_constrain(optimized, work.task) else []
    chosen = max(map(str, [optimized, *held]), key=lambda name: rank(work.task, work.scored(name, "dev")))
    champion = work.champion
    assert champion is not None
    names = {"best plain prompt": champion.prompted, "optimised prompt": chosen, "champion": "champion"}
    metrics = deciding_metrics(work.task)[:2]
    for role, name in names.items():
        for metric in metrics:
            shown = [f"{split} {_estimate(work.scored(name, split), metric)}" for split in ("dev", "golden")]
            print(f"{role:18} {name:28} {metric:14} {'   '.join(shown)}", flush=True)
    for metric in metrics:
        for role in ("best plain prompt", "optimised prompt"):
            tuned, other = (work.scored(name, "golden").measure(metric) for name in ("champion", names[role]))
            gain, low, high = (100 * x for x in ((tuned - other).value, *(tuned - other).interval()))
            print(f"gain over the {role}: {metric} {gain:+.1f} points ({low:+.1f} to {high:+.1f})")
    _winner(work, asked.shots)


def _project(name: str, folder: Path, shots: int, calls: int) -> Project:
    """The task in a project of its own, with its champion and an optimised prompt among its baselines."""
    project, source = Project(folder.resolve(), cache_folder(os.environ)), shipped_folder()
    if not project.suite(name).exists():
        for part in ("golden", "suites"):
            shutil.copytree(source / part / name, folder / part / name, ignore=shutil.ignore_patterns("__pycache__"))
    path = project.suite(name) / "task.yaml"
    lines = (source / "suites" / name / "task.yaml").read_text("utf-8").splitlines()
    lines = [line.replace("]", f", optimized:{shots}]") if line.startswith("baselines: [") else line for line in lines]
    path.write_text("\n".join([*lines, f"optimize: {{calls: {calls}}}", ""]), "utf-8")
    return project


def _no_default() -> None:
    raise AssertionError("task.yaml names the budget")


def _estimate(scored: Scored, metric: str) -> str:
    measure = scored.measure(metric)
    low, high = measure.interval()
    return f"{measure.value:.3f} ({low:.3f} to {high:.3f}), n = {measure.n}"


def _winner(work: Workspace, shots: int) -> None:
    winner = read_winner(winner_path(work.task, shots, work.task.model))
    course = winner.course
    print(
        f"search: {course.spent.calls} of {course.budget.calls} answers, {course.spent.seconds:.0f} s,"
        f" {course.candidates} prompts, on {course.examples} train examples {course.scores} (few_shot: {course.first})"
    )
    print(winner.system)
    for shot in winner.shots:
        example = work.split("train").by_id[shot.id]
        print(f"--- {shot.id}\n{example.text}\n-> {render_output(example.output)}")


if __name__ == "__main__":
    main()
