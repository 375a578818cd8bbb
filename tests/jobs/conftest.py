"""A task whose answers are cached, and jobs asked for as a person types them: none of them ever loads a model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.cache import answer_cache
from goldgate.answers.replay import write_replay
from goldgate.base.files import write_json
from goldgate.cli.main import run
from goldgate.jobs.progress import Advance
from goldgate.jobs.run_suite import run_suite
from goldgate.ledger import suite_digest
from goldgate.measures import Measure, Verdict
from goldgate.models.embedded import EMBEDDED_DIGEST
from goldgate.runs.folder import answers_folder
from goldgate.scorers import scorer_versions
from goldgate.subjects import Answer, parse_subject
from goldgate.task.examples import Example, Split, card_of, write_card
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

from ..plugin.conftest import OF_CI, write_project
from .school import school

__all__ = ["school", "write_project"]
Typed = Callable[..., tuple[int, str, str]]
SCHEMA = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"], "additionalProperties": False}
SIZES = {"train": 12, "dev": 24, "golden": 60}
SETTINGS = {
    "kind": "json",
    "instructions": "Count.",
    "schema": "schema.json",
    "baselines": ["zero_shot"],
    "decoding": {"max_new_tokens": 8},
    "prices": {"per_million_input": 1.0, "per_million_output": 2.0},
}
BASE = "base+zero_shot"
GATES = "def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.80\n"


def word(i: int) -> str:
    """A word a number: inputs that differ in numbers alone count as one."""
    return "abcdefgh"[i // 8] + "aeiouyäö"[i % 8]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """typed("train", "x") → (exit status, stdout, stderr), in an empty folder with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOLDGATE_CACHE", str(tmp_path / "cache"))
    for name in (*OF_CI, "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)

    def type_(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["goldgate", *words])
        with pytest.raises(SystemExit) as left:
            run()
        out = capsys.readouterr()
        return int(left.value.code or 0), out.out, out.err

    return type_


@dataclass
class Heard:
    """Keeps what a job says: its lines and steps in order, and how far each step came."""

    said: list[str] = field(default_factory=list)
    done: dict[str, list[int]] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, why: str, total: int | None = None) -> Iterator[Advance]:
        self.said.append(f"{name}  {why}")
        yield lambda done, note="": self.done.setdefault(name, []).append(done)

    def say(self, text: str) -> None:
        self.said.append(text)


@dataclass(frozen=True)
class Counts:
    """The project of the working folder with the task "counts"; its subjects answer from the user's cache."""

    project: Project

    @property
    def task(self) -> Task:
        return load_task(self.project, "counts")

    @property
    def golden(self) -> Path:
        return self.project.golden("counts")

    @property
    def suite(self) -> Path:
        return self.project.suite("counts")

    def split(self, name: str) -> Split:
        tags = (("dark",), ("light",), ())
        return Split(
            name,
            tuple(
                Example(f"{name[0]}{i:03d}", f"{name} thing {word(i)}", {"n": i % 7}, tags=tags[i % 3])
                for i in range(SIZES[name])
            ),
        )

    def settings(self, **changes: Any) -> None:
        """Writes task.yaml with these keys changed."""
        (self.suite / "task.yaml").write_text(json.dumps({"task": "counts", **SETTINGS, **changes}, indent=1))

    def laid_out(self, split: str, each: int) -> None:
        """Gives a split's examples layouts, the same one to so many in a row."""
        path = self.golden / f"{split}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        made = [json.dumps({**row, "meta": {"layout": f"l{i // each}"}}) for i, row in enumerate(rows)]
        path.write_text("\n".join(made) + "\n")

    def gates(self, text: str) -> None:
        (self.suite / "test_gates.py").write_text(text)

    def cached(self, name: str, model: str | None = None, **wrong: int) -> None:
        """Caches a subject's answers: cached("base+zero_shot", dev=3) errs on the first three examples of dev."""
        subject = parse_subject(name, self.task.on_model(model), self.project)
        for split, count in wrong.items():
            made = [
                Answer(
                    e.id,
                    json.dumps({"n": -1} if i < count else e.output),
                    "stop",
                    10,
                    4,
                    0.01,
                    -0.1,
                    subject.identity,
                    subject.fingerprint(e),
                    e.digest,
                )
                for i, e in enumerate(self.split(split))
            ]
            answer_cache(self.project, split).put_many(made)

    def adapter(self, folder: str, weights: bytes = b"weights", **note: Any) -> str:
        """Writes what looks like an adapter of the embedded model, and returns its subject name."""
        path = self.project.root / folder
        path.mkdir(parents=True, exist_ok=True)
        (path / "adapter_model.safetensors").write_bytes(weights)
        write_json(path / "adapter_config.json", {"r": 4})
        write_json(path / "goldgate.json", {"base": EMBEDDED_DIGEST, "alias": "tiny", "prompt": "pruned", **note})
        return f"adapter:{folder}"

    def run(self, candidate: str, record: Mapping[str, Any], golden: Mapping[str, Any] | None = None) -> str:
        """Writes the folder of a run, and returns its id."""
        folder = self.project.runs("counts") / "r1"
        write_json(
            folder / "run.json",
            {"task": "counts", "id": "r1", "best": 1, "attempts": [{"k": 1, "subject": candidate}], **record},
        )
        if golden is not None:
            tested = {
                "identity": parse_subject(candidate, self.task, self.project).identity,
                "suite": suite_digest(self.task, scorer_versions(self.task)),
                "split": {"fingerprint": self.split("golden").fingerprint},
            }
            write_json(folder / "golden.json", {"subject": candidate, **tested, **golden})
        return "r1"

    def left(self) -> set[str]:
        """What stands in the project beside suites, data and cache, and every temporary name."""
        names = {p.name for p in self.project.root.iterdir()} - {"suites", "golden", "cache"}
        return names | {p.name for p in self.project.root.rglob("*.part")}


@pytest.fixture
def counts(typed: Typed, tmp_path: Path) -> Counts:
    """The project with its data, and no answers yet."""
    made = Counts(Project(tmp_path, tmp_path / "cache"))
    made.suite.mkdir(parents=True)
    made.golden.mkdir(parents=True)
    (made.suite / "schema.json").write_text(json.dumps(SCHEMA))
    made.settings()
    made.gates(GATES)
    splits = {name: made.split(name) for name in SIZES}
    for split in splits.values():
        rows = [json.dumps({"id": e.id, "input": e.input, "output": e.output, "tags": list(e.tags)}) for e in split]
        (made.golden / f"{split.name}.jsonl").write_text("\n".join(rows) + "\n")
    write_card(made.golden, card_of("counts", splits, "by a test", "CC0-1.0", "made up"))
    return made


def spoken(typed: Typed, *words: str) -> dict[str, Any]:
    """What a command that must pass says as JSON."""
    status, out, err = typed(*words, "--json")
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def verdict(passes: bool) -> Verdict:
    """One gate of a golden suite."""
    return Measure([1.0] * 60, name="exact_match").verdict(">=", 0.5 if passes else 0.99)


def passing(counts: Counts, wrong: int = 0, weights: bytes = b"weights") -> str:
    """A run whose candidate passed golden; its answers and its baseline's are cached."""
    name = counts.adapter("runs/counts/r1/attempts/1/adapter", weights)
    counts.cached(name, dev=wrong, golden=wrong)
    counts.cached(BASE, dev=12, golden=30)
    looked(counts, name)
    return name


def looked(counts: Counts, name: str) -> str:
    """Tests a candidate on golden and writes its run, as training does; returns the look's name."""
    result = run_suite(counts.project, "counts", name, "golden", generate=False)
    assert result.look is not None
    folder = answers_folder(counts.project, "counts", result.look.name)
    write_replay(folder, counts.task, counts.split("train").fingerprint, result.look.name, result.evidence())
    rows = [{"item": "test_accuracy", "verdict": r.verdict.to_json()} for r in result.records]
    facts = {"name": result.look.name}
    write_json(counts.project.runs("counts") / "r1" / "look.json", {"look": facts})
    counts.run(name, {"prompted": BASE}, {"look": facts, "passed": result.passed, "verdicts": rows})
    return result.look.name


def write_tested(counts: Counts, name: str, *passes: bool) -> str:
    """Writes the run of a candidate whose gates are said to have come to this on golden; returns the look's name."""
    look = looked(counts, name)
    golden = {
        "look": {"name": look},
        "passed": bool(passes) and all(passes),
        "verdicts": [{"item": "test_accuracy", "verdict": verdict(p).to_json()} for p in passes],
    }
    counts.run(name, {"prompted": BASE}, golden)
    return look
