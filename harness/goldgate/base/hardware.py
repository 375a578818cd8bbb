"""The device of this machine, and how fast it multiplies matrices."""

from __future__ import annotations

import time
from functools import cache
from typing import Literal

SIZE = 1024
"""Rows of the square matrices timed on a CPU: about the size of a small model's layers."""
SIZE_ACCELERATOR = 8192
"""The same on an accelerator, which smaller matrices would not saturate."""
SIZE_SHORT = 512
"""Rows of matrices that one thread multiplies within a slice of its time on a busy machine: 3 ms at 90 GFLOP/s."""
SECONDS = 1.0
"""How long one timing takes, in seconds."""
WORTH = 1.2
"""bf16 is worth its rounding error if it multiplies at least this many times as fast as fp32."""

Precision = Literal["float32", "bf16"]
Device = Literal["cuda", "mps", "cpu"]


def device() -> Device:
    """Chooses the device that models run on.

    Returns:
        "cuda" if there is a CUDA GPU, else "mps" on an Apple GPU, else "cpu".
    """
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def device_name() -> str | None:
    """Names the accelerator for people.

    Returns:
        Its name; None on a CPU.
    """
    import torch

    here = device()
    if here == "cuda":
        return torch.cuda.get_device_name(0)
    return "Apple GPU" if here == "mps" else None


def matmul_gflops(precision: Precision = "float32", where: Device = "cpu") -> float:
    """Measures how fast a device multiplies matrices.

    Args:
        precision: The floating-point format of the matrices.
        where: The device.

    Returns:
        GFLOP/s of the fastest of the runs that fit into SECONDS.
    """
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
    """Decides whether training in bf16 is worth its rounding error on this machine.

    The answer is cached for the process, so that all recipes of a run are decided the same way.

    Returns:
        On a CPU, whether bf16 was measured to be at least WORTH times as fast as fp32; on a CUDA GPU, whether it
        supports bf16 natively; False on MPS.
    """
    import torch

    if (here := device()) != "cpu":
        return here == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return matmul_gflops("bf16") >= WORTH * matmul_gflops()
