"""The whole way once on the real SmolLM2, on a slice small enough for two cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from goldgate.data.check import rewrite_card
from goldgate.data.scaffold import write_split
from goldgate.jobs.demo import demo_project
from goldgate.task.examples import Split, read_examples
from goldgate.task.project import Project, cache_folder
from goldgate.task.task import load_task

SIZES = {"train": 48, "dev": 8, "golden": 24}
GATES = """
def test_format(candidate):
    assert candidate.schema_valid >= 0.60


def test_fields(candidate):
    assert candidate.field_accuracy >= 0.30
"""


def _slice(folder: Path, cache: Path) -> Project:
    """The tickets demo with short splits, one baseline and two gates that a minute of training can pass."""
    project = demo_project("tickets", folder, cache)
    for name, size in SIZES.items():
        path = project.golden("tickets") / f"{name}.jsonl"
        write_split(path.parent, Split(name, read_examples(path)[:size]))
    yaml = project.suite("tickets") / "task.yaml"
    yaml.write_text(yaml.read_text().replace("[zero_shot, few_shot:6, nearest:6]", "[zero_shot]"))
    (project.suite("tickets") / "test_gates.py").write_text(GATES)
    rewrite_card(project, load_task(project, "tickets"))
    return project


def _run(project: Project, *command: str, cache: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GOLDGATE_CACHE": str(cache), "PYTHONWARNINGS": "ignore"}
    environment["CI"] = "false"
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=project.root, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, object], Path]:
    """The project after `goldgate train`, what the command said, and the cache."""
    cache = cache_folder(os.environ)
    project = _slice(tmp_path_factory.mktemp("end") / "demo", cache)
    settings = [f"--set={s}" for s in ("epochs=3", "batch=8", "learning_rate=0.001")]
    done = _run(project, "goldgate.cli", "train", "tickets", "--attempts=1", *settings, "--json", cache=cache)
    assert done.returncode == 0, done.stderr[-3000:]
    return project, json.loads(done.stdout), cache


def test_a_minute_of_training_beats_the_prompt_and_is_promoted(
    trained: tuple[Project, dict[str, object], Path],
) -> None:
    project, said, _ = trained
    measures = said["measures"]
    assert isinstance(measures, dict)
    assert measures["field_accuracy"]["tuned"] > measures["field_accuracy"]["prompted"]
    champion = json.loads((project.suite("tickets") / "champion.json").read_text())
    assert champion["run"] == said["run"]
    assert {v["outcome"] for v in champion["verdicts"]} == {"pass"}
    looks = [p for p in (project.golden("tickets") / "looks").glob("*.json") if "outcome" not in p.name]
    assert [json.loads(p.read_text())["number"] for p in looks] == [1]


def test_the_run_record_holds_what_the_report_shows(trained: tuple[Project, dict[str, object], Path]) -> None:
    project, said, _ = trained
    folder = project.runs("tickets") / str(said["run"])
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "passed"
    assert record["attempts"][0]["recipe"]["epochs"] == 3
    html = (folder / "report.html").read_text()
    assert "Ship" in html
    assert "<script" not in html
    golden = (project.golden("tickets") / "golden.jsonl").read_text()
    first = json.loads(golden.splitlines()[0])["input"]
    assert first not in html, "golden examples stay closed"


def test_a_second_gate_run_decides_from_recorded_answers_without_any_model(
    trained: tuple[Project, dict[str, object], Path], tmp_path: Path
) -> None:
    project, _, _ = trained
    done = _run(project, "pytest", "suites", "-q", cache=tmp_path / "empty")
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{SIZES['golden']} recorded" in done.stdout
    assert not (tmp_path / "empty" / "models").exists()
