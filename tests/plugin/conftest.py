"""A tiny project with a champion, whose answers are recorded: its suite is decided without a model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

import goldgate.plugin.items
import goldgate.plugin.summary
import goldgate.plugin.terminal  # noqa: F401 - imported out here: pytester forgets what is imported within it
from goldgate.answers.cache import answer_cache
from goldgate.answers.recorded import write_recorded
from goldgate.base.files import read_json, write_json
from goldgate.plugin.options import CI_VARIABLES
from goldgate.scorers import scorer_versions
from goldgate.subjects import Answer, Subject, parse_subject, serving_digest
from goldgate.subjects.latency import Timing
from goldgate.task.examples import Example, Split, card_of, write_card
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

OF_CI = frozenset({"CI", *CI_VARIABLES})
LABELS = ("red", "green", "blue")
CHAMPION = "c" * 64
GOLDEN, DEV = 60, 24

GATES = """
def test_accuracy(candidate):
    assert candidate.exact_match >= 0.80

def test_edge_case(candidate, edge_case):
    assert candidate.on(edge_case).exact_match.plausible >= 0.50

def test_beats_prompting(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.10
"""


@dataclass(frozen=True)
class Made:
    """A project that a test has made, with one task."""

    project: Project
    task: Task
    splits: dict[str, Split]

    @property
    def suite(self) -> Path:
        return self.task.folder

    @property
    def looks(self) -> Path:
        return self.project.golden(self.task.name) / "looks"

    def gates(self, text: str, name: str = "test_gates.py") -> None:
        """Writes the suite's tests."""
        (self.suite / name).write_text(text, encoding="utf-8")

    def answers(self, subject: Subject, split: str, wrong: int) -> list[Answer]:
        """Answers of which the first `wrong` are not right."""
        return [reply(subject.identity, e, i < wrong, subject.fingerprint(e)) for i, e in enumerate(self.splits[split])]

    def cached(self, subject: str, split: str, wrong: int) -> None:
        """Puts a subject's answers into the user's cache, as if it had answered before."""
        made = self.answers(parse_subject(subject, self.task, self.project), split, wrong)
        answer_cache(self.project, split).put_many(made)

    def champion(
        self, wrong: int = 2, prompted_wrong: int = 40, missing: int = 0, waited: tuple[Timing, Timing] | None = None
    ) -> None:
        """Promotes a champion that errs on its first `wrong` golden examples, and on half as many of dev. waited: the
        recorded latency of its answers, and of its prompting's.
        """
        prompted = parse_subject("base+zero_shot", self.task, self.project)
        rows = []
        for split, share in (("golden", 1.0), ("dev", 0.5)):
            for i, e in enumerate(self.splits[split]):
                rows.append(reply(prompted.identity, e, i < prompted_wrong * share, "prompted"))
                if split == "dev" or i < GOLDEN - missing:
                    rows.append(reply(CHAMPION, e, i < wrong * share, "recorded"))
        digest = write_recorded(
            self.suite / "champion_answers.jsonl.gz",
            [
                {
                    **answer.__dict__,
                    "subject": "x",
                    "split": "y",
                    "scores": {},
                    "timing": waited and asdict(waited[answer.identity != CHAMPION]),
                }
                for answer in rows
            ],
        )
        write_json(
            self.suite / "champion.json",
            {
                "task": self.task.name,
                "subject": "adapter:runs/lost/adapter",
                "identity": CHAMPION,
                "adapter": {"path": "runs/lost/adapter", "digest": "a" * 64, "prompt": "pruned"},
                "run": "r",
                "prompted": "base+zero_shot",
                "prompted_identity": prompted.identity,
                "subjects": {},
                "look": None,
                "verdicts": [],
                "answers": digest,
                "forced": None,
                "previous": [],
                "baselines": list(self.task.baselines),
                "scorers": scorer_versions(self.task),
                "serving": serving_digest("adapter:runs/lost/adapter", "pruned", self.task, self.project),
            },
        )

    def looks_taken(self) -> list[dict[str, object]]:
        """The looks in the ledger, by number."""
        files = [p for p in self.looks.glob("*.json") if not p.name.endswith(".outcome.json")]
        return sorted((read_json(p) for p in files), key=lambda look: look["number"])


def reply(identity: str, example: Example, wrong: bool, fingerprint: str) -> Answer:
    """One answer, right or wrong."""
    text = LABELS[(LABELS.index(example.output) + wrong) % 3]
    return Answer(example.id, text, "stop", 10, 2, 0.01, None, identity, fingerprint, example.digest)


def _split(name: str, count: int) -> Split:
    tags = (("dark",), ("light",), ())
    rows = ((f"{name[0]}{i:03d}", f"{name} thing number {i}", i % 3) for i in range(count))
    return Split(name, tuple(Example(id_, text, LABELS[k], tags=tags[k]) for id_, text, k in rows))


def _run_apart(folder: Path, cache: Path, *arguments: str, python: tuple[str, ...] = (), **environ: str) -> Ran:
    """Runs pytest in a process of its own, in a folder, as a user does. python: options of the interpreter."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_")) and k not in OF_CI}
    done = subprocess.run(
        [sys.executable, *python, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments],
        cwd=folder,
        text=True,
        capture_output=True,
        timeout=600,
        check=False,
        env={**clean, "GOLDGATE_CACHE": str(cache), **environ},
    )
    return Ran(done.returncode, done.stdout + done.stderr)


@dataclass(frozen=True)
class Ran:
    """How a process of pytest ended."""

    status: int
    text: str


def _write_project(root: Path, cache: Path, name: str = "colours", **settings: object) -> Made:
    """Writes a project with one task of three labels, without a champion."""
    project = Project(root, cache)
    folder = project.suite(name)
    folder.mkdir(parents=True)
    whole = {
        "task": name,
        "kind": "label",
        "instructions": "Name the colour.",
        "labels": list(LABELS),
        "baselines": ["zero_shot"],
        "decoding": {"max_new_tokens": 4},
        **settings,
    }
    (folder / "task.yaml").write_text(json.dumps(whole), encoding="utf-8")
    splits = {n: _split(n, c) for n, c in (("train", 9), ("dev", DEV), ("golden", GOLDEN))}
    data = project.golden(name)
    data.mkdir(parents=True)
    for split in splits.values():
        _write_lines(data / f"{split.name}.jsonl", split)
    write_card(data, card_of(name, splits, "by a test", "CC0-1.0", "made up"))
    made = Made(project, load_task(project, name), splits)
    made.gates(GATES)
    return made


def _write_lines(path: Path, split: Iterable[Example]) -> None:
    rows = [json.dumps({"id": e.id, "input": e.input, "output": e.output, "tags": list(e.tags)}) for e in split]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def run_apart() -> Callable[..., Ran]:
    return _run_apart


@pytest.fixture(scope="session")
def write_project() -> Callable[..., Made]:
    return _write_project


@pytest.fixture
def make(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Made]:
    """Writes a task of the project in pytester's folder."""
    cache = pytester.path.parent / f"{pytester.path.name}-cache"
    monkeypatch.setenv("GOLDGATE_CACHE", str(cache))
    for name in (*OF_CI, "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\naddopts = -p no:hypothesispytest\n")  # imports hypothesis anew in every run
    return lambda name="colours", **settings: _write_project(pytester.path, cache, name, **settings)


@pytest.fixture
def made(make: Callable[..., Made]) -> Made:
    """A project with one task and a champion that is right on 58 of 60, its best prompting on 20 of 60."""
    project = make()
    project.champion()
    return project
