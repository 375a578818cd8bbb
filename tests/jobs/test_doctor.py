"""`goldgate doctor`: what the machine can do, and status 1 only for what the demo lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from goldgate.base import hardware
from goldgate.base.files import write_json
from goldgate.jobs import doctor
from goldgate.jobs.doctor import machine
from goldgate.models.embedded import EMBEDDED, EMBEDDED_DIGEST, EMBEDDER, EMBEDDER_DIGEST

Typed = Callable[..., tuple[int, str, str]]
GIB = 2**30


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 80 GFLOP/s, and 160 in bf16, that need not be measured."""
    rates = {"float32": 80.04, "bf16": 160.08}
    monkeypatch.setattr(doctor, "matmul_gflops", lambda precision="float32": rates[precision])


def disk(monkeypatch: pytest.MonkeyPatch, free: float) -> list[Path]:
    """A disk with so many GiB free. Returns the folders that it was asked for."""
    asked: list[Path] = []

    def usage(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(free=free * GIB)

    monkeypatch.setattr(doctor.shutil, "disk_usage", usage)
    return asked


def models(cache: Path, *names: str) -> None:
    """What looks like models that were made whole."""
    for name in names:
        digest = {EMBEDDED: EMBEDDED_DIGEST, EMBEDDER: EMBEDDER_DIGEST}[name]
        write_json(cache / "models" / name / "goldgate-model.json", {"digest": digest, "sizes": {}})


@pytest.mark.usefixtures("quick")
def test_a_machine_with_room_passes(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, 40)
    status, out, err = typed("doctor")
    assert (status, err) == (0, "")
    assert "fp32 matrices    80.0 GFLOP/s" in out
    assert "bf16 matrices    160.1 GFLOP/s, 2.0 times fp32" in out
    assert "(40 GiB free)" in out
    assert "missing" not in out


@pytest.mark.usefixtures("quick")
def test_too_little_room_is_named_with_its_place_and_the_need(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, 0.5)
    status, out, _ = typed("doctor")
    assert status == 1
    assert re.search(rf"missing +0\.5 GiB free at {re.escape(str(Path.cwd()))}; .* need 3\n", out)
    status, out, _ = typed("doctor", "--json")
    assert status == 1
    assert len(json.loads(out)["missing"]) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("names", "status"), [((), 1), ((EMBEDDED,), 1), ((EMBEDDED, EMBEDDER), 0)])
def test_a_full_disk_is_no_fault_once_both_models_are_there(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: tuple[str, ...], status: int
) -> None:
    disk(monkeypatch, 1)
    models(tmp_path / "cache", *names)
    assert typed("doctor")[0] == status


@pytest.mark.usefixtures("quick")
def test_it_says_which_models_are_ready(typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    disk(monkeypatch, 40)
    models(tmp_path / "cache", EMBEDDER)
    (tmp_path / "cache" / "models" / EMBEDDED).mkdir()  # what is in it was never finished
    _, out, _ = typed("doctor")
    assert f"{EMBEDDER}: ready" in out
    assert f"{EMBEDDED}: fetched on first use" in out
    record = json.loads(typed("doctor", "--json")[1])
    assert record["models"] == {EMBEDDED: False, EMBEDDER: True}


@pytest.mark.usefixtures("quick")
def test_the_record_holds_what_a_run_is_compared_by(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, 40)
    record = json.loads(typed("doctor", "--json")[1])
    assert set(record["machine"]) == {"cores", "memory_gb", "gflops", "gflops_bf16", "accelerator"}
    assert record["machine"]["gflops"] == 80.0
    assert {"python", "torch", "transformers", "peft"} <= set(record["versions"])
    assert record["cache"].endswith("cache")


@pytest.mark.usefixtures("quick")
def test_looking_makes_nothing_and_asks_the_nearest_folder_that_is_there(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = disk(monkeypatch, 40)
    monkeypatch.setenv("GOLDGATE_CACHE", str(tmp_path / "not" / "yet" / "there"))
    assert typed("doctor")[0] == 0
    assert asked == [tmp_path]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("quick")
def test_a_relative_cache_is_found_from_the_working_folder(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = disk(monkeypatch, 40)
    monkeypatch.setenv("GOLDGATE_CACHE", "deep/cache")
    assert typed("doctor")[0] == 0
    assert [p.resolve() for p in asked] == [Path.cwd()]


def test_the_rate_is_measured_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    # At its real size, one run is enough work that a busy machine's rate does not round to nothing.
    monkeypatch.setattr(hardware, "SECONDS", 0.0)
    here = machine()
    assert here["cores"] >= 1
    assert here["memory_gb"] > 0
    assert here["gflops"] > 0
    assert here["gflops_bf16"] > 0
