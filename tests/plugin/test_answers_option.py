"""--answers RUN: every verdict again from what a run recorded, and never from a model."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.replay import write_replay
from goldgate.base.files import read_json, write_json
from goldgate.jobs.run_suite import run_suite
from goldgate.runs.folder import answers_folder
from goldgate.task.task import load_task

CANDIDATE = "base+few_shot:1"
HEAVY = ("torch", "transformers", "sentence_transformers", "scipy", "pandas", "peft")
LOADED = (
    "import json, pathlib, sys\n\ndef pytest_sessionfinish():\n"
    "    names = sorted({n.split('.')[0] for n in sys.modules})\n"
    "    pathlib.Path(__file__).with_name('loaded.json').write_text(json.dumps(names))\n"
)
GATES = """
def test_accuracy(candidate):
    assert candidate.exact_match >= 0.80

def test_edge_case(candidate, edge_case):
    assert candidate.on(edge_case).exact_match.plausible >= 0.50

def test_beats_prompting(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.10
"""


@dataclass
class Recorded:
    """A project with a run that looked at golden, whose answers nothing but the run holds any more."""

    made: Any
    run_apart: Callable[..., Any]
    verdicts: list[str]
    look: str

    @property
    def folder(self) -> Path:
        return answers_folder(self.made.project, "colours", self.look)

    def again(self, *arguments: str, **environ: str) -> Any:
        return self.run_apart(
            self.made.project.root,
            self.made.project.cache,
            "suites/colours",
            "--answers",
            "runs/colours/r1",
            *arguments,
            **environ,
        )

    def looks(self) -> int:
        return len(self.made.looks_taken())


@pytest.fixture
def recorded(
    tmp_path: Path, write_project: Callable[..., Any], run_apart: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Recorded:
    monkeypatch.setenv("CI", "false")
    made = write_project(tmp_path / "project", tmp_path / "cache")
    made.gates(GATES)
    (made.project.root / "conftest.py").write_text(LOADED)
    for name, dev, golden in ((CANDIDATE, 1, 4), ("base+zero_shot", 12, 40), ("base+zero_shot+constrained", 13, 40)):
        made.cached(name, "dev", dev)
        made.cached(name, "golden", golden)
    results = [run_suite(made.project, "colours", CANDIDATE, split) for split in ("golden", "dev")]
    assert results[0].look is not None
    look = results[0].look.name
    write_replay(
        answers_folder(made.project, "colours", look),
        made.task,
        made.splits["train"].fingerprint,
        look,
        [e for result in results for e in result.evidence()],
    )
    run = made.project.runs("colours") / "r1"
    write_json(run / "run.json", {"task": "colours", "id": "r1"})
    write_json(run / "look.json", {"subject": CANDIDATE, "look": {"name": look}})
    shutil.rmtree(made.project.cache)
    return Recorded(made, run_apart, [r.verdict.outcome for r in results[0].records], look)


def test_the_verdicts_are_the_same_without_a_model_and_without_another_look(recorded: Recorded) -> None:
    ran = recorded.again("--split", "golden", "-W", "error", "--strict-config", "--strict-markers")
    assert ran.status == 0, ran.text
    assert "answers: 120 recorded, 0 cached, 0 generated" in ran.text
    assert f"candidate: {CANDIDATE} (" in ran.text
    assert "decided from the answers of run runs/colours/r1: no model is called" in ran.text
    assert "suite colours passes: all 4 gates (2 shown, 2 not contradicted)" in ran.text
    assert recorded.verdicts == ["pass"] * 4
    assert recorded.looks() == 1
    assert not set(HEAVY) & set(json.loads((recorded.made.project.root / "loaded.json").read_text()))


def test_who_is_no_champion_is_decided_on_dev_unless_golden_is_asked_for(recorded: Recorded) -> None:
    ran = recorded.again()
    assert ran.status == 0, ran.text
    assert "meets all 4 gates on dev" in ran.text
    assert "answers: 48 recorded" in ran.text
    assert recorded.looks() == 1


def test_another_threshold_decides_otherwise_and_is_another_look(recorded: Recorded) -> None:
    recorded.made.gates(GATES.replace("0.80", "0.90"))
    ran = recorded.again("--split", "golden")
    assert ran.status == 1
    assert "exact_match >= 0.90 is undecided" in ran.text
    assert "look 2, level 0.0125 per side, recorded now" in ran.text
    assert recorded.looks() == 2


def test_in_ci_another_look_is_invalid(recorded: Recorded) -> None:
    recorded.made.gates(GATES.replace("0.80", "0.70"))
    ran = recorded.again("--split", "golden", CI="1")
    assert ran.status == 1
    assert f"this look at golden by {CANDIDATE} is not recorded" in ran.text
    assert recorded.looks() == 1


def test_two_workers_decide_the_same(recorded: Recorded) -> None:
    ran = recorded.again("--split", "golden", "-n", "2")
    assert "suite colours passes: all 4 gates" in ran.text
    assert "answers: 120 recorded" in ran.text


def edit(recorded: Recorded, old: str, new: str) -> None:
    """Changes the text of the recorded answers."""
    path = recorded.folder / "answers.jsonl.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    assert old in text
    path.write_bytes(gzip.compress(text.replace(old, new, 1).encode(), mtime=0))


def drop(recorded: Recorded) -> None:
    """Leaves a recorded answer out, with a digest that fits."""
    from goldgate.base.fingerprint import file_digest

    path = recorded.folder / "answers.jsonl.gz"
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    kept = [row for row in rows if not (row["subject"] == CANDIDATE and row["id"] == "g007")]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, kept)).encode(), mtime=0))
    manifest = recorded.folder / "answers.json"
    write_json(manifest, {**read_json(manifest), "answers": file_digest(path)})


def relabel(recorded: Recorded) -> None:
    """Gives a golden example another right answer, and the card its new fingerprint."""
    from goldgate.data.check import rewrite_card

    path = recorded.made.project.golden("colours") / "golden.jsonl"
    path.write_text(path.read_text().replace('"output": "green"', '"output": "blue"', 1))
    rewrite_card(recorded.made.project, recorded.made.task)


def change_task(old: str, new: str) -> Callable[[Recorded], None]:
    def change(recorded: Recorded) -> None:
        path = recorded.made.suite / "task.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        recorded.made = replace(recorded.made, task=load_task(recorded.made.project, "colours"))

    return change


def change_manifest(**changes: Any) -> Callable[[Recorded], None]:
    def change(recorded: Recorded) -> None:
        path = recorded.folder / "answers.json"
        write_json(path, {**read_json(path), **changes})

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: edit(r, '"text": "red"', '"text": "green"'), "the run's answers were edited"),
        (drop, f"the run recorded no answer of {CANDIDATE} to g007 in its present form"),
        (lambda r: (r.folder / "answers.jsonl.gz").unlink(), "the run's answers are missing"),
        (lambda r: (r.folder / "answers.json").unlink(), "the run's answers are missing"),
        (relabel, "in its present form"),
        (change_task("Name the colour.", "Say the colour."), "are not answers to what task.yaml asks now"),
        (change_task('"max_new_tokens": 4', '"max_new_tokens": 5'), "are not answers to what task.yaml asks now"),
        (
            change_task('"kind":', '"thinking": {"open": "<think>", "close": "</think>"}, "kind":'),
            "are not answers to what task.yaml asks now",
        ),
        (change_manifest(roles={}), "the run has no answers of candidate"),
        (change_manifest(subjects={}), "has no identity"),
        (
            change_manifest(subjects={CANDIDATE: "f" * 64, "base+zero_shot": "e" * 64}),
            "is no longer the subject that answered in the run",
        ),
        (lambda r: (r.made.project.runs("colours") / "r1" / "look.json").unlink(), "has not looked at golden"),
    ],
)
def test_changed_or_missing_answers_are_invalid(
    recorded: Recorded, change: Callable[[Recorded], None], says: str
) -> None:
    change(recorded)
    ran = recorded.again("--split", "golden")
    assert ran.status == 1
    assert says in ran.text
    assert "Traceback" not in ran.text
    assert "does not pass" in ran.text
    assert "invalid" in ran.text


def test_other_baselines_may_have_another_best(recorded: Recorded) -> None:
    change_task('"zero_shot"', '"few_shot:2"')(recorded)
    ran = recorded.again("--split", "dev")
    assert "task.yaml declares other baselines than it did in the run" in ran.text
    assert "3 of 4 gates pass, 1 invalid" in ran.text


def test_a_role_that_the_run_did_not_play_is_invalid(recorded: Recorded) -> None:
    recorded.made.gates(
        "def test_it(candidate, previous):\n    assert candidate.exact_match - previous.exact_match >= -0.1\n"
    )
    assert "the run has no answers of previous" in recorded.again().text


def test_another_incumbent_is_not_the_one_of_the_run(recorded: Recorded) -> None:
    recorded.made.gates(
        "def test_it(candidate, incumbent):\n    assert candidate.exact_match - incumbent.exact_match >= -0.1\n"
    )
    manifest = read_json(recorded.folder / "answers.json")
    change_manifest(roles={**manifest["roles"], "incumbent": "base+zero_shot"})(recorded)
    for named, says in (
        ("few_shot:2", "names another incumbent than it did in the run"),
        ("zero_shot", "meets its one gate"),
    ):
        before = recorded.made.task.incumbent
        old = '"kind":' if before is None else f'"incumbent": "{before}", "kind":'
        change_task(old, f'"incumbent": "base+{named}", "kind":')(recorded)
        assert says in recorded.again().text


def test_who_was_promoted_since_the_run_is_the_one_to_beat(recorded: Recorded) -> None:
    recorded.made.gates(
        "def test_it(candidate, previous):\n    assert candidate.exact_match - previous.exact_match >= -0.1\n"
    )
    recorded.made.champion()
    manifest = read_json(recorded.folder / "answers.json")
    change_manifest(roles={**manifest["roles"], "previous": "base+zero_shot"})(recorded)
    assert "the run's previous champion is not today's" in recorded.again().text
    path = recorded.made.suite / "champion.json"
    write_json(path, {**read_json(path), "identity": manifest["subjects"]["base+zero_shot"]})
    assert "meets its one gate on dev" in recorded.again().text
    before = {"subject": "base+old", "identity": "d" * 64, "run": "r0", "look": None}
    write_json(path, {**read_json(path), "identity": manifest["subjects"][CANDIDATE], "previous": [before]})
    assert "the run's previous champion is not today's" in recorded.again("--split", "dev").text


@pytest.mark.parametrize(("run", "says"), [("r2", 'no run "r2"'), ("shades-1", "is a run of task shades")])
def test_another_run_is_refused(recorded: Recorded, run: str, says: str) -> None:
    made = recorded.made
    write_json(made.project.runs("shades") / "shades-1" / "run.json", {"task": "shades"})
    ran = recorded.run_apart(made.project.root, made.project.cache, "suites", "--answers", run)
    assert says in ran.text
    assert ran.status == 1


@pytest.mark.parametrize("other", [("--candidate", "linear"), ("--regenerate",)])
def test_it_excludes_options_that_say_otherwise(recorded: Recorded, other: tuple[str, ...]) -> None:
    ran = recorded.again(*other)
    assert ran.status == 4
    assert "--answers fixes the subjects" in ran.text
