"""How near golden is to train, and how right a model is by that: python benchmarks/novelty.py TASK ...

The champion's recorded answers where the task has a champion; else the linear model's, fitted here (closed labels).
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from goldgate.answers.cache import AnswerCache
from goldgate.answers.collect import collect
from goldgate.base.files import read_json
from goldgate.champion.record import load_champion
from goldgate.data.nearness import NEAR_COSINE, TWIN_COSINE, refresh_novelty
from goldgate.measures import Measure
from goldgate.scored.baselines import deciding_metrics
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import parse_subject
from goldgate.task.examples import SPLITS, load_split
from goldgate.task.project import Project, cache_folder, find_project
from goldgate.task.strata import FILE, STRATA
from goldgate.task.task import Task, load_task

EDGES = (-1.0, 0.6, NEAR_COSINE, 0.8, 0.9, TWIN_COSINE, 1.01)
SHARES = (5, 25, 50, 75, 95)


def main() -> None:
    project = find_project(Path.cwd(), cache_folder(os.environ))
    for name in sys.argv[1:]:
        task = load_task(project, name)
        print(f"\n{name}: {refresh_novelty(project, name, {n: load_split(project, name, n) for n in SPLITS})}")
        rows = read_json(task.data / FILE)["golden"]
        for key in ("cosine", "words"):
            values = " ".join(f"{v:.2f}" for v in np.percentile([r[key] for r in rows.values()], SHARES))
            print(f"  {key:<7} at {', '.join(map(str, SHARES))}%: {values}")
        for label, scored in subjects(project, task).items():
            measure = scored.measure(deciding_metrics(task)[0])
            print(f"  {label}, {measure!r}")
            for stratum in STRATA:
                told(stratum, measure, {i for i in rows if f"novelty:{rows[i]['stratum']}" == stratum})
            for low, high in pairwise(EDGES):
                told(f"cosine {low:.2f} to {high:.2f}", measure, {i for i in rows if low <= rows[i]["cosine"] < high})


def subjects(project: Project, task: Task) -> dict[str, Scored]:
    """Who answered golden: the champion and its best prompting, or the linear model."""
    golden, champion = load_split(project, task.name, "golden"), load_champion(project, task.name)
    if champion is None:
        cache = AnswerCache(project.cache / "golden.sqlite")
        who = {"linear": collect(parse_subject("linear", task, project), golden.examples, cache=cache).answers}
    else:
        names = {"tuned": champion.identity, champion.prompted: champion.prompted_identity}
        who = {
            name: {e.id: champion.recorded.lookup(identity, e.digest) for e in golden}
            for name, identity in names.items()
        }
    return {
        name: Scored(name, ScoreTable(Context(task, project.cache), golden, answers)) for name, answers in who.items()
    }


def told(label: str, measure: Measure, ids: set[str]) -> None:
    evidence = measure.evidence
    part = [v for i, v in zip(evidence.ids, evidence.low, strict=True) if i in ids]
    if part:
        low, high = Measure(part).interval()
        print(f"    {label:<20} n = {len(part):<5} {np.mean(part):.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
