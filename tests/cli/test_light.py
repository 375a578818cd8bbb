"""Every command without the extras: what works does, and what needs more says which extra, in one line, status 2."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.extras import EXTRAS
from goldgate.jobs import doctor
from goldgate.models import embedder

Typed = Callable[..., tuple[int, str, str]]
INIT = ("--input", "q", "--output", "a")


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `pip install goldgate` leaves the environment: no module of any extra can be imported.

    Except hypothesis, which its pytest plugin imports around every test here.
    """
    for modules in EXTRAS.values():
        for module in (m for m in modules if m != "hypothesis"):
            for name in [module, *(n for n in sys.modules if n.startswith(f"{module}."))]:
                monkeypatch.setitem(sys.modules, name, None)


def lacks(typed: Typed, extra: str, *words: str) -> None:
    """The command ends with one line on stderr that names the extra, and status 2."""
    status, out, err = typed(*words)
    assert (status, out) == (2, ""), err
    (line,) = [line for line in err.splitlines() if "light install" in line]
    assert line.startswith("goldgate: this needs ")
    assert line.endswith(f", which the light install leaves out. Install it with: pip install 'goldgate[{extra}]'")
    assert "Traceback" not in err
    assert err.splitlines()[-1] == line


@pytest.mark.parametrize(
    "words",
    [
        ("demo",),
        ("train", "counts"),
        ("train", "counts", "--search", "3"),
        ("train", "counts", "--track", "mlflow"),
        ("train", "--rerun", "r1"),
        ("export", "counts", "--to", "out"),
        ("evaluate", "counts", "--subject", "base+zero_shot"),
        ("evaluate", "counts", "--subject", "adapter:a"),
        ("search", "counts", "--subject", "base+zero_shot"),
    ],
    ids=" ".join,
)
def test_what_needs_a_model_says_so_before_it_begins(
    typed: Typed, counts: Any, light: None, words: tuple[str, ...]
) -> None:
    counts.adapter("a")
    before = {p for p in counts.project.root.rglob("*") if "cache" not in p.parts}
    lacks(typed, "train", *words)
    assert {p for p in counts.project.root.rglob("*") if "cache" not in p.parts} == before


@pytest.mark.parametrize("suffix", ["xlsx", "parquet", "arrow"])
def test_init_from_a_table_says_which_extra_reads_it(typed: Typed, light: None, suffix: str) -> None:
    Path(f"rows.{suffix}").write_text("q,a\nx,y\n")
    lacks(typed, "data", "init", "pets", "--from", f"rows.{suffix}", *INIT)
    assert not Path("suites").exists()


def test_a_report_says_which_extra_reads_a_runs_tables(typed: Typed, counts: Any, light: None) -> None:
    run = counts.run("base+zero_shot", {"status": "passed"})
    (counts.project.runs("counts") / run / "scores.parquet").write_bytes(b"")
    lacks(typed, "data", "report", run)


def test_init_prepare_and_champions_need_no_extra(
    typed: Typed, light: None, monkeypatch: pytest.MonkeyPatch, unfaked: None
) -> None:
    rows = [(f"{a} {b} {c}", b) for a in "abcdefghijklmnopqrst" for b in ("good", "bad") for c in "abcdefgh"]
    Path("rows.csv").write_text("q;a\n" + "".join(f"{q};{a}\n" for q, a in rows))
    status, _, err = typed("init", "mood", "--from", "rows.csv", *INIT)
    assert status == 0, err
    status, out, _ = typed("prepare", "mood")
    assert status == 0
    assert "not looked for: languages, because the light install has no py3langid" in out
    assert "golden against train: not computed (this needs scipy, which the light install leaves out" in out
    assert typed("champions")[0] == 0
    assert typed("cache")[0] == 0


def test_doctor_tells_which_extras_are_there(typed: Typed, light: None) -> None:
    status, out, _ = typed("doctor")
    assert status == 0
    assert "matrices         not measured: torch is not installed" in out
    missing = "pandas, pyarrow, python_calamine, charset_normalizer, phonenumbers, py3langid, openpyxl"
    assert f"goldgate[data]   not installed (without {missing}): pip install 'goldgate[data]'" in out
    record = json.loads(typed("doctor", "--json")[1])
    assert record["machine"]["gflops"] is None
    assert record["extras"]["search"] == {"missing": ["optuna"]}


def test_doctor_says_that_an_extra_is_installed(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "matmul_gflops", lambda precision="float32": 80.0)
    assert "goldgate[data]   installed" in typed("doctor")[1]


def test_a_fault_in_an_installed_package_keeps_its_traceback(
    typed: Typed, counts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ImportError("cannot import name 'x' from 'torch'", name="torch")

    monkeypatch.setattr("goldgate.jobs.commands.run_evaluate", broken)
    with pytest.raises(ImportError, match="cannot import name"):
        typed("evaluate", "counts", "--subject", "base+zero_shot")


def test_the_version_is_told_by_every_way_to_call_the_command() -> None:
    for module in ("goldgate", "goldgate.cli"):
        command = [sys.executable, "-m", module, "--version"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "goldgate 0.1.0\n"


@pytest.fixture
def unfaked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Embeddings by the real model, which is not installed."""
    monkeypatch.setattr(embedder, "_compute", _REAL)


_REAL = embedder._compute
