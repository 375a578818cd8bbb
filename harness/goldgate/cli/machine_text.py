"""What `goldgate doctor` and `goldgate cache` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ByteSize

from goldgate.base.hardware import WORTH
from goldgate.jobs.cache import Cached, CacheFile
from goldgate.jobs.doctor import MachineCheck


def doctor_text(result: MachineCheck) -> str:
    """Lists the machine, the cache, the models, the versions, and what is missing."""
    here = result.machine
    lines = [
        f"cores            {here['cores']}",
        f"memory           {here['memory_gb']} GiB",
        *_rates(here),
        f"cache            {result.cache} ({result.free_gb:.0f} GiB free)",
        *(f"model            {n}: {'ready' if ok else 'fetched on first use'}" for n, ok in result.models.items()),
        *(f"{name:<16} {number}" for name, number in result.versions.items()),
        *(f"{f'goldgate[{extra}]':<16} {_extra(extra, lacking)}" for extra, lacking in result.extras.items()),
        *(f"missing          {fault}" for fault in result.missing),
    ]
    return "\n".join(lines)


def _rates(here: Mapping[str, Any]) -> list[str]:
    if here["gflops"] is None:
        return ["matrices         not measured: torch is not installed"]
    return [
        f"fp32 matrices    {here['gflops']} GFLOP/s",
        f"bf16 matrices    {here['gflops_bf16']} GFLOP/s, {here['gflops_bf16'] / here['gflops']:.1f} times fp32"
        f" (precision: auto uses bf16 from {WORTH} times on)",
        f"accelerator      {here['accelerator']}",
    ]


def _extra(extra: str, lacking: Sequence[str]) -> str:
    if not lacking:
        return "installed"
    return f"not installed (without {', '.join(lacking)}): pip install 'goldgate[{extra}]'"


def cache_text(result: Cached) -> str:
    """Lists each answer file, with the subjects whose answers it holds."""
    return "\n".join(line for file in result.files for line in _lines(file))


def _lines(file: CacheFile) -> list[str]:
    head = (
        f"{file.path}: {file.answers:,} answers, {_size(file.bytes)} of {_size(file.limit)},"
        f" reused {file.reused:,} times"
    )
    if file.pruned is not None:
        head += f"; {file.pruned.removed:,} removed, {_size(file.pruned.bytes_before)} before"
    if not file.uses:
        return [head]
    width = max(len("subject"), *(len(use.subject) for use in file.uses))
    table = [f"  {'subject':<{width}}  last used   answers        size  reused"]
    table += [
        f"  {use.subject:<{width}}  {use.day}  {use.answers:7,}  {_size(use.bytes):>10}  {use.reused:6,}"
        for use in file.uses
    ]
    return [head, *table]


def _size(count: int) -> str:
    return ByteSize(count).human_readable()
