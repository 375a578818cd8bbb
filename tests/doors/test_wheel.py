"""The built wheel, installed by itself and used in an empty folder, does what the checkout does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's packages, in front of everything else on the path."""
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            str(target),
            str(wheel),
        ],
        check=True,
        capture_output=True,
    )
    return target


def _run(installed: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "GOLDGATE_CACHE": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_holds_the_shipped_tasks_and_nothing_by_accident(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    for task in ("invoices", "tickets", "voice"):
        assert f"goldgate/shipped/suites/{task}/task.yaml" in names
        golden = {n.rpartition("/")[2] for n in names if n.startswith(f"goldgate/shipped/golden/{task}/")}
        recorded = {"dev.jsonl.gz", "golden.jsonl.gz", "record.json"} if task == "voice" else set()
        assert golden == {"train.jsonl", "dev.jsonl", "golden.jsonl", "card.json", "novelty.json"} | recorded
    assert not [n for n in names if "champion.json" in n or "champion_answers" in n]
    assert not [n for n in names if "__pycache__" in n or n.startswith(("tests/", "runs/", "suites/", "golden/"))]
    assert any(n.startswith("goldgate_reports/templates/") for n in names)


def test_the_wheel_holds_every_module_and_no_other_top_level_name(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    tops = {n.partition("/")[0] for n in names if ".dist-info/" not in n}
    assert tops == {"goldgate", "goldgate_trainers", "goldgate_reports"}
    for source in ("harness", "trainers", "reports"):
        for path in (ROOT / source).rglob("*.py"):
            assert path.relative_to(ROOT / source).as_posix() in names
    assert {f"{top}/py.typed" for top in tops} <= set(names)


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    done = _run(installed, tmp_path, "goldgate.cli", "--version")
    assert done.stdout.startswith("goldgate ")
    code = "import goldgate, sys; sys.stdout.write(goldgate.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    where = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert where.stdout.startswith(str(installed))


def test_the_demo_finds_its_task_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from goldgate.jobs.demo import demo_project;"
        "demo_project('invoices', Path('demo'), Path('cache'))"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "demo" / "suites" / "invoices" / "test_gates.py").is_file()
    assert not (tmp_path / "demo" / "suites" / "invoices" / "champion.json").exists()
    assert not (tmp_path / "demo" / "golden" / "invoices" / "looks").exists()


def test_init_and_the_gate_work_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    animals, verbs = ["cat", "dog", "bird", "fish"], ["runs", "sleeps", "eats", "sings", "jumps", "swims", "hides"]
    rows = [
        {"q": f"{a} {b} {c}", "a": b}
        for a in ["red", "blue", "green", "old", "new", "big", "wet", "shy"]
        for b in animals
        for c in verbs
    ]
    (tmp_path / "pets.jsonl").write_text("\n".join(json.dumps(r) for r in rows))
    columns = ("--input", "q", "--output", "a", "--no-embeddings")
    init = _run(installed, tmp_path, "goldgate.cli", "init", "pets", "--from", "pets.jsonl", *columns)
    assert init.returncode == 0, init.stderr
    gate = _run(installed, tmp_path, "pytest", "suites", "-q")
    assert gate.returncode == 1
    assert "there is no candidate: task pets has no champion" in gate.stdout
