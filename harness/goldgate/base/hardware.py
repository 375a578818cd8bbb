"""What this machine computes with: which device, and how fast it multiplies matrices."""

from __future__ import annotations

import time
from functools import cache
from typing import Literal

SIZE = 1024
"""Rows of the square matrices that are timed on a CPU: as large as the layers of a small model."""
SIZE_ACCELERATOR = 8192
"""The same on an accelerator, which smaller ones would not fill."""
SIZE_SHORT = 512
"""Rows of matrices that one thread multiplies within a slice of its time on a busy machine: 3 ms at 90 GFLOP/s."""
SECONDS = 1.0
WORTH = 1.2
"""bf16 is worth its rounding where it multiplies at least this many times as fast as fp32."""

Precision = Literal["float32", "bf16"]
Device = Literal["cuda", "mps", "cpu"]


def device() -> Device:
    """Where models run: the CUDA GPU where there is one, else Apple's, else the CPU."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def device_name() -> str | None:
    """The accelerator in words; None on a CPU."""
    import torch

    here = device()
    if here == "cuda":
        return torch.cuda.get_device_name(0)
    return "Apple GPU" if here == "mps" else None


def matmul_gflops(precision: Precision = "float32", where: Device = "cpu") -> float:
    """Rate of matrix multiplication in GFLOP/s: the best of the runs that fit into SECONDS."""
    import torch

    size = SIZE if where == "cpu" else SIZE_ACCELERATOR
    a = torch.rand(size, size, device=where).to(torch.bfloat16 if precision == "bf16" else torch.float32)
    finish = torch.get_device_module(where).synchronize
    best = 0.0
    until = time.perf_counter() + SECONDS
    while best == 0.0 or time.perf_counter() < until:
        start = time.perf_counter()
        _ = a @ a
        finish()
        best = max(best, 2 * size**3 / (time.perf_counter() - start) / 1e9)
    return best


def matmul_gflops_of_one_thread() -> float:
    """Rate of one thread in 32-bit floats on a CPU: the best of short runs, so right on a busy machine too."""
    import torch

    threads = torch.get_num_threads()
    a = torch.rand(SIZE_SHORT, SIZE_SHORT)
    torch.set_num_threads(1)
    try:
        best = 0.0
        until = time.perf_counter() + SECONDS
        while best == 0.0 or time.perf_counter() < until:
            start = time.perf_counter()
            _ = a @ a
            best = max(best, 2 * SIZE_SHORT**3 / (time.perf_counter() - start) / 1e9)
    finally:
        torch.set_num_threads(threads)
    return best


@cache
def bf16_pays() -> bool:
    """Whether bf16 is at least WORTH times as fast as fp32: measured on a CPU, as CUDA says of its GPU, not on MPS.

    Once a process: two recipes of one run are settled alike.
    """
    import torch

    if (here := device()) != "cpu":
        return here == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return matmul_gflops("bf16") >= WORTH * matmul_gflops()
