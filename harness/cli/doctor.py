"""`goldgate doctor`: what this machine can do, and what is missing."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

from harness.cli.screen import Result
from harness.runs import versions

_SIZE = 1024  # a square matrix of this many rows, as large as the layers of a small model
_SECONDS = 1.0
_NEEDED_GB = 3.0  # models, their downloads and one demo


def matmul_gflops() -> float:
    """Rate of fp32 matrix multiplication in GFLOP/s: the best of the runs, at least one, that fit into one second."""
    import torch

    a = torch.rand(_SIZE, _SIZE)
    best = 0.0
    until = time.perf_counter() + _SECONDS
    while best == 0.0 or time.perf_counter() < until:
        start = time.perf_counter()
        _ = a @ a
        best = max(best, 2 * _SIZE**3 / (time.perf_counter() - start) / 1e9)
    return best


def machine() -> dict[str, Any]:
    """Cores, memory in GiB, fp32 matrix rate in GFLOP/s and the accelerator, of the machine that runs this."""
    import torch

    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(pages / 2**30, 1),
        "gflops": round(matmul_gflops(), 1),
        "accelerator": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none",
    }


def run_doctor(cache: Path) -> Result:
    """Looks at machine, versions, disk and models; passes unless something that the demo needs is missing."""
    from harness.subjects.embedded import EMBEDDED, EMBEDDER, is_here

    here = machine()
    nearest = next(p for p in (cache, *cache.parents) if p.exists())
    free = shutil.disk_usage(nearest).free / 2**30
    models = {name: is_here(cache, name) for name in (EMBEDDED, EMBEDDER)}
    faults = []
    if free < _NEEDED_GB and not all(models.values()):
        faults.append(f"{free:.1f} GiB free at {nearest}; the models and a demo need {_NEEDED_GB:.0f}")
    lines = [
        f"cores            {here['cores']}",
        f"memory           {here['memory_gb']} GiB",
        f"fp32 matrices    {here['gflops']} GFLOP/s",
        f"accelerator      {here['accelerator']}",
        f"cache            {cache} ({free:.0f} GiB free)",
        *(f"model            {n}: {'ready' if ok else 'fetched on first use'}" for n, ok in models.items()),
        *(f"{name:<16} {number}" for name, number in versions().items()),
        *(f"missing          {fault}" for fault in faults),
    ]
    record = {"machine": here, "cache": str(cache), "free_gb": round(free, 1), "models": models,
              "versions": versions(), "missing": faults}
    return Result(record, "\n".join(lines), not faults)
