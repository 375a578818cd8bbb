"""How long it takes to score and gate many cached answers: 10,000 invoices by six metrics, without a model.

    python benchmarks/score_speed.py [--examples 10000]

Makes a project in a temporary folder: invoices like those of suites/invoices, two subjects whose answers are in the
answer cache (three in four right, the others wrong in one way or another), and a suite with a gate for each metric, for
each of four tags, and two gates on paired differences. Prints the seconds of each step in this process (reading the
examples and the cached answers, scoring, statistics), and of `pytest` on the same suite in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import collect
from goldgate.data.check import rewrite_card
from goldgate.measures import Measure, Verdict
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer, Subject, parse_subject
from goldgate.task.examples import Example, load_split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

METRICS = ("exact_match", "json_valid", "schema_valid", "field_accuracy", "stop_rate", "cost_per_1k")
LETTERS = "abdefghiklmnoprstu"  # vendors are made up: inputs that differ in numbers alone count as copies
TAGS = ("decimal_comma", "look_alike_total", "credit_note", "missing_field")
CANDIDATE, PROMPTED = "base+few_shot:4", "base+zero_shot"
GATES = """
import pytest

@pytest.mark.parametrize("metric", {means})
def test_each(candidate, metric):
    assert getattr(candidate, metric) >= 0.5

def test_cost(candidate):
    assert candidate.cost_per_1k <= 0.1

@pytest.mark.parametrize("tag", {tags})
def test_slice(candidate, tag):
    assert candidate.on(tag).field_accuracy >= 0.5

def test_better(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.05

def test_better_by_field(candidate, prompted):
    assert candidate.field_accuracy - prompted.field_accuracy >= 0.02
"""


def main() -> None:
    """Prints one line of seconds for the steps in this process and one for pytest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10_000)
    count = parser.parse_args().examples
    with TemporaryDirectory() as folder:
        project = make_project(Path(folder), count)
        task = load_task(project, "bench")
        seconds = in_this_process(project, task)
        print("examples  metrics  gates  clock  read s  cached answers s  scoring s  statistics s  all s")
        for clock, spent in seconds.items():
            print(
                f"{count:8,}  {len(METRICS):7}  {len(METRICS) + len(TAGS) + 2:5}  {clock:<5}  {spent['read']:6.2f}"
                f"  {spent['answers']:16.2f}  {spent['scoring']:9.2f}  {spent['statistics']:12.2f}"
                f"  {sum(spent.values()):5.2f}"
            )
        started, processor = time.perf_counter(), _children()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "suites/bench",
                "--candidate",
                CANDIDATE,
                "--split",
                "golden",
            ],
            cwd=project.root,
            env={**os.environ, "GOLDGATE_CACHE": str(project.cache)},
            capture_output=True,
            text=True,
            check=False,
        )
        print(
            f"the same suite by pytest, in a process of its own: {time.perf_counter() - started:.2f} s,"
            f" {_children() - processor:.2f} s of the processor"
        )
        print(done.stdout.strip().splitlines()[-1])


def _children() -> float:
    """Seconds of the processor that finished child processes took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def in_this_process(project: Project, task: Task) -> dict[str, dict[str, float]]:
    """Clock ("wall", or "cpu": of the processor, for a busy machine) → step → seconds, for both subjects together.

    Scoring and statistics are apart: every value is known before the first measure is made.
    """
    seconds: dict[str, dict[str, float]] = {"wall": {}, "cpu": {}}

    @contextmanager
    def timed(step: str) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        seconds["wall"][step] = time.perf_counter() - wall
        seconds["cpu"][step] = time.process_time() - cpu

    with timed("read"):
        split = load_split(project, task.name, "golden")
    subjects = [parse_subject(name, task, project) for name in (CANDIDATE, PROMPTED)]
    with timed("answers"):
        cache = answer_cache(project, split.name)
        answers = [collect(s, split.examples, cache=cache, generate=False).answers for s in subjects]
    with timed("scoring"):
        scores = [ScoreTable(Context(task, project.cache), split, a) for a in answers]
        for metric in METRICS:
            for one in scores:
                one.values(metric)
    with timed("statistics"):
        candidate, prompted = Scored("candidate", scores[0]), Scored("prompted", scores[1])
        verdicts: list[Verdict] = []
        for metric in METRICS[:-1]:
            verdicts.append(judged(candidate.measure(metric), ">=", 0.5))
        verdicts.append(judged(candidate.measure(METRICS[-1]), "<=", 0.1))
        verdicts += [judged(candidate.on(tag).measure("field_accuracy"), ">=", 0.5) for tag in TAGS]
        verdicts.append(judged(candidate.measure("exact_match") - prompted.measure("exact_match"), ">=", 0.05))
        verdicts.append(judged(candidate.measure("field_accuracy") - prompted.measure("field_accuracy"), ">=", 0.02))
    assert all(verdicts), "the made-up answers are good enough for every gate"
    return seconds


def judged(measure: Measure, operator: str, threshold: float) -> Verdict:
    """The verdict of a gate, with the interval that the terminal shows."""
    measure.interval()
    return measure.verdict(operator, threshold)  # type: ignore[arg-type]


def make_project(root: Path, count: int) -> Project:
    """A project with one task, its data, and both subjects' answers to golden in the cache."""
    project = Project(root, root / "cache")
    shipped = Path(__file__).parents[1] / "suites" / "invoices"
    suite, golden = project.suite("bench"), project.golden("bench")
    suite.mkdir(parents=True)
    golden.mkdir(parents=True)
    settings = (shipped / "task.yaml").read_text(encoding="utf-8").replace("task: invoices", "task: bench")
    settings = settings.replace("baselines: [zero_shot, few_shot:4, nearest:4]", "baselines: [zero_shot]")
    (suite / "task.yaml").write_text(settings, encoding="utf-8")
    (suite / "schema.json").write_bytes((shipped / "schema.json").read_bytes())
    (suite / "test_gates.py").write_text(GATES.format(means=METRICS[:-1], tags=TAGS), encoding="utf-8")
    draw = random.Random(7)
    for split, size in (("train", 200), ("dev", 200), ("golden", count)):
        rows = [json.dumps(invoice(f"{split[0]}{i:06d}", draw), ensure_ascii=False) for i in range(size)]
        (golden / f"{split}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    task = load_task(project, "bench")
    rewrite_card(project, task)
    examples = load_split(project, "bench", "golden").examples
    for name, right in ((CANDIDATE, 0.75), (PROMPTED, 0.6)):
        subject = parse_subject(name, task, project)
        answer_cache(project, "golden").put_many((said(subject, e, right, draw) for e in examples), name)
    dev = load_split(project, "bench", "dev").examples
    for name, right in ((CANDIDATE, 0.75), (PROMPTED, 0.6), (f"{PROMPTED}+constrained", 0.3)):
        subject = parse_subject(name, task, project)
        answer_cache(project, "dev").put_many((said(subject, e, right, draw) for e in dev), name)
    return project


def invoice(key: str, draw: random.Random) -> dict[str, Any]:
    """One example: a made-up invoice, its fields, and up to two tags."""
    vendor = " ".join("".join(draw.choices(LETTERS, k=6)).capitalize() for _ in range(2))
    total = round(draw.uniform(5, 9000), 2)
    day = f"20{draw.randrange(10, 26)}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
    number = f"{draw.choice('ABR')}{draw.randrange(10**6)}"
    output = {
        "vendor": vendor,
        "number": number,
        "date": day,
        "currency": draw.choice(("EUR", "USD", "GBP")),
        "total": total,
    }
    text = (
        f"{vendor} invoice {number} dated {day} for goods delivered, {output['currency']} {total:.2f} due in"
        f" {draw.randrange(7, 60)} days, customer {draw.randrange(10**8)}"
    )
    return {"id": key, "input": text, "output": output, "tags": draw.sample(TAGS, draw.randrange(3))}


def said(subject: Subject, example: Example, right: float, draw: random.Random) -> Answer:
    """An answer that is right so often; else a field is wrong, missing or invented, or it is cut off or no JSON."""
    value = dict(example.output)
    finish = "stop"
    spoilt: Callable[[], object] = draw.choice(
        (
            lambda: value.update(total=round(value["total"] * 1.1, 2)),
            lambda: value.update(vendor="Nobody"),
            lambda: value.pop("date"),
            lambda: value.update(note="paid"),
            lambda: value.update(date="yesterday"),
        )
    )
    if wrong := draw.random() >= right:
        spoilt()
    text = json.dumps(value, ensure_ascii=False)
    if wrong and draw.random() < 0.1:
        text, finish = text[: len(text) // 2], "length"
    return Answer(
        example.id,
        text,
        finish,
        400 + draw.randrange(100),
        40 + draw.randrange(30),  # type: ignore[arg-type]
        0.05,
        -0.1 * draw.random(),
        subject.identity,
        subject.fingerprint(example),
        example.digest,
    )


if __name__ == "__main__":
    main()
