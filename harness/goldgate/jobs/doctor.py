"""`goldgate doctor`: reports what this machine can do and what it lacks."""

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
    """Describes the machine that runs this.

    Returns:
        Cores, memory in GiB, matrix speeds in GFLOP/s and the accelerator. Speeds and accelerator are None without
        torch, which measures them.
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
    """What this machine has, and what the demo lacks on it.

    Attributes:
        machine: The facts from `machine`.
        cache: The cache folder.
        free_gb: Free disk space at the cache in GiB.
        models: Whether each model is downloaded.
        versions: Versions of the packages that matter.
        extras: The missing modules of each extra.
        missing: What the demo lacks, in words.
    """

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
        """Returns the result as plain JSON values."""
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
    """Checks the machine, the versions, the disk and the models.

    Args:
        cache: The cache folder.

    Returns:
        The result, which passes unless the demo lacks something.
    """
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
