"""`goldgate doctor`: what this machine can do, and what is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from goldgate.base.extras import EXTRAS, is_installed, missing_modules
from goldgate.base.hardware import WORTH, device_name, matmul_gflops
from goldgate.cli.screen import Result
from goldgate.runs.folder import versions

_NEEDED_GB = 3.0  # models, their downloads and one demo


def machine() -> dict[str, Any]:
    """Cores, memory in GiB, matrix rates in GFLOP/s and the accelerator, of the machine that runs this.

    Rates and accelerator are None where torch, which measures them, is not installed.
    """
    torch = is_installed("torch")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(pages / 2**30, 1),
        "gflops": round(matmul_gflops(), 1) if torch else None,
        "gflops_bf16": round(matmul_gflops("bf16"), 1) if torch else None,
        "accelerator": (device_name() or "none") if torch else None,
    }


def run_doctor(cache: Path) -> Result:
    """Looks at machine, versions, disk and models; passes unless something that the demo needs is missing."""
    from goldgate.models.embedded import EMBEDDED, EMBEDDER, is_here

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
        *_rates(here),
        f"cache            {cache} ({free:.0f} GiB free)",
        *(f"model            {n}: {'ready' if ok else 'fetched on first use'}" for n, ok in models.items()),
        *(f"{name:<16} {number}" for name, number in versions().items()),
        *(f"{f'goldgate[{extra}]':<16} {_extra(extra)}" for extra in EXTRAS),
        *(f"missing          {fault}" for fault in faults),
    ]
    record = {
        "machine": here,
        "cache": str(cache),
        "free_gb": round(free, 1),
        "models": models,
        "versions": versions(),
        "extras": {extra: {"missing": missing_modules(extra)} for extra in EXTRAS},
        "missing": faults,
    }
    return Result(record, "\n".join(lines), not faults)


def _rates(here: dict[str, Any]) -> list[str]:
    if here["gflops"] is None:
        return ["matrices         not measured: torch is not installed"]
    return [
        f"fp32 matrices    {here['gflops']} GFLOP/s",
        f"bf16 matrices    {here['gflops_bf16']} GFLOP/s, {here['gflops_bf16'] / here['gflops']:.1f} times fp32"
        f" (precision: auto takes bf16 from {WORTH} on)",
        f"accelerator      {here['accelerator']}",
    ]


def _extra(extra: str) -> str:
    missing = missing_modules(extra)
    if not missing:
        return "installed"
    return f"not installed (without {', '.join(missing)}): pip install 'goldgate[{extra}]'"
