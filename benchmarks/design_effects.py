"""The design effects of the shipped champions' recorded golden answers, as if no stratum were declared.

python benchmarks/design_effects.py [--from PROJECT]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from goldgate.gates import effects_of
from goldgate.jobs.run_suite import run_suite
from goldgate.scored.baselines import deciding_metrics
from goldgate.task.clusters import clusters_of
from goldgate.task.examples import load_split
from goldgate.task.project import cache_folder, find_project
from goldgate.task.task import load_task

TASKS = ("voice", "tickets", "invoices")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="start", type=Path, default=Path.cwd())
    project = find_project(parser.parse_args().start, cache_folder(os.environ))
    print("| task | field | values | largest | design effect | effective n | shown gates that would be undecided |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in TASKS:
        records = run_suite(project, name, None, "golden", generate=False, looks=False).records
        metrics = deciding_metrics(load_task(project, name))
        shown = sum(r.verdict.reading == "shown" for r in records)
        for e in effects_of(records, clusters_of(load_split(project, name, "golden")), metrics):
            size = f"{e.n / e.design:.0f} of {e.n}" if e.design else "-"
            design = f"{e.design:.1f} ({e.metric})" if e.design else "-"
            print(
                f"| {name} | {e.field} | {e.clusters} | {e.largest} | {design} | {size} | {len(e.lost)} of {shown}:"
                f" {', '.join(e.lost) or '-'} |"
            )


if __name__ == "__main__":
    main()
