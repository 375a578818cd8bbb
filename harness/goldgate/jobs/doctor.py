"""`goldgate doctor`: what this machine can do, and what is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.extras import EXTRAS, is_installed, missing_modules
from goldgate.base.hardware import device_name, matmul_gflops
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


@dataclass(frozen=True)
class MachineCheck:
    """What this machine is, and what the demo lacks on it. free_gb: GiB at the cache; models: whether each is there;
    extras: the modules that each lacks."""

    machine: Mapping[str, Any]
    cache: Path
    free_gb: float
    models: Mapping[str, bool]
    versions: Mapping[str, str]
    extras: Mapping[str, list[str]]
    missing: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def to_json(self) -> dict[str, Any]:
        return {
            "machine": self.machine,
            "cache": str(self.cache),
            "free_gb": round(self.free_gb, 1),
            "models": self.models,
            "versions": self.versions,
            "extras": {extra: {"missing": modules} for extra, modules in self.extras.items()},
            "missing": list(self.missing),
        }


def run_doctor(cache: Path) -> MachineCheck:
    """Looks at machine, versions, disk and models; passes unless something that the demo needs is missing."""
    from goldgate.models.embedded import EMBEDDED, EMBEDDER, is_here

    here = machine()
    nearest = next(p for p in (cache, *cache.parents) if p.exists())
    free = shutil.disk_usage(nearest).free / 2**30
    models = {name: is_here(cache, name) for name in (EMBEDDED, EMBEDDER)}
    faults = []
    if free < _NEEDED_GB and not all(models.values()):
        faults.append(f"{free:.1f} GiB free at {nearest}; the models and a demo need {_NEEDED_GB:.0f}")
    extras = {extra: missing_modules(extra) for extra in EXTRAS}
    return MachineCheck(here, cache, free, models, versions(), extras, tuple(faults))
