"""The choice of device and precision, tested with simulated hardware."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from goldgate.base import hardware

torch = pytest.importorskip("torch")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """machine(cuda, mps, native, rates) simulates what torch and the clock report."""

    def make(cuda: bool = False, mps: bool = False, native: bool = False, rates: tuple[float, float] = (1, 1)) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
        monkeypatch.setattr(
            torch.cuda, "is_bf16_supported", lambda including_emulation=True: native or including_emulation
        )
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        measured = dict(zip(("float32", "bf16"), rates, strict=True))
        monkeypatch.setattr(hardware, "matmul_gflops", lambda precision="float32": measured[precision])
        hardware.bf16_pays.cache_clear()

    yield make
    hardware.bf16_pays.cache_clear()


def test_the_cuda_gpu_comes_first_and_the_cpu_last(machine: Callable[..., None]) -> None:
    for told, device, name in (
        ({"cuda": True, "mps": True}, "cuda", "GPU 0"),
        ({"mps": True}, "mps", "Apple GPU"),
        ({}, "cpu", None),
    ):
        machine(**told)
        assert (hardware.device(), hardware.device_name()) == (device, name)


@pytest.mark.parametrize(
    ("told", "pays"),
    [
        ({"rates": (100.0, 100.0 * hardware.WORTH)}, True),
        ({"rates": (100.0, 100.0 * hardware.WORTH - 0.1)}, False),
        ({"cuda": True, "native": True, "rates": (100.0, 1.0)}, True),
        ({"cuda": True, "rates": (1.0, 100.0)}, False),
        ({"mps": True, "rates": (1.0, 100.0)}, False),
    ],
)
def test_bf16_pays_where_it_is_measured_or_told_to_be_faster(
    machine: Callable[..., None], told: dict[str, object], pays: bool
) -> None:
    machine(**told)
    assert hardware.bf16_pays() is pays


def test_it_is_measured_once_a_process(machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    machine(rates=(1.0, 2.0))
    assert hardware.bf16_pays()
    monkeypatch.setattr(hardware, "matmul_gflops", lambda precision="float32": 1.0)
    assert hardware.bf16_pays()


def test_the_rate_is_that_of_the_fastest_product_in_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # Until 1.0: a product from 0.0 to 0.5, still time at 0.6, one from 0.6 to 0.8, none left at 1.0.
    clock = iter([0.0, 0.0, 0.5, 0.6, 0.6, 0.8, 1.0])
    monkeypatch.setattr(hardware, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(hardware, "SIZE", 4)
    assert hardware.matmul_gflops() == pytest.approx(2 * 4**3 / 0.2 / 1e9)
    assert next(clock, None) is None


def test_one_product_is_timed_even_where_it_takes_longer_than_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, 4.0, 4.0])
    monkeypatch.setattr(hardware, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(hardware, "SIZE", 4)
    assert hardware.matmul_gflops("bf16") == pytest.approx(2 * 4**3 / 4.0 / 1e9)
