"""What a machine computes with, told without the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from goldgate.base import hardware

torch = pytest.importorskip("torch")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """machine(cuda, mps, native, rates): what torch and the clock say of it."""

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


def test_it_is_measured_once_a_process(machine: Callable[..., None]) -> None:
    machine(rates=(1.0, 2.0))
    assert hardware.bf16_pays()
    hardware.matmul_gflops = None  # type: ignore[assignment]  # undone with the fixture's patches
    assert hardware.bf16_pays()


def test_the_rate_is_that_of_the_fastest_product(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.1, 1.0, 1.5, 0.9, 2.0, 2.25, 5.0])  # started; then: still time?, from, to
    monkeypatch.setattr(hardware.time, "perf_counter", lambda: next(times))
    monkeypatch.setattr(hardware, "SIZE", 4)
    # The first product is always timed: 1.0 - 0.1 s; the second is 0.9 - 1.5, and so on until the time is over.
    found = hardware.matmul_gflops()
    assert found > 0.0
