"""Training is one process, also in a shell that a launcher of several has left its variables in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NAMES = {
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "GROUP_RANK",
    "ROLE_RANK",
    "MASTER_ADDR",
    "MASTER_PORT",
}
_BEGINNINGS = (
    "ACCELERATE_",
    "FSDP_",
    "TORCHELASTIC_",
    "PMI_",
    "MPI_LOCAL",
    "OMPI_COMM_WORLD_",
    "MV2_COMM_WORLD_",
    "PET_",
)
"""What torchrun, accelerate and MPI tell the processes that they start."""


@contextmanager
def one_process() -> Iterator[None]:
    """Hides the variables of launchers within the block.

    accelerate, under transformers' Trainer, would wait for other processes by them, or train with settings that are no
    part of the recipe.
    """
    hidden = {n: v for n, v in os.environ.items() if n in _NAMES or n.startswith(_BEGINNINGS)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
