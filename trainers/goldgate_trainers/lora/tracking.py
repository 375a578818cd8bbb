"""TensorBoard and MLflow beside our own log, by transformers' callbacks: only where they are asked for.

What they write stays in the folder of the run, but for an MLflow server that MLFLOW_TRACKING_URI names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.extras import require

TRACKERS = ("tensorboard", "mlflow")


@dataclass(frozen=True)
class Tracking:
    """Trackers that are told of every step of a training.

    Attributes:
        trackers: Names from TRACKERS.
        folder: Where they write. It outlives a killed training.
        name: The training's name within the folder.
    """

    trackers: tuple[str, ...]
    folder: Path
    name: str


def check_trackers(names: Sequence[str]) -> tuple[str, ...]:
    """The requested trackers without duplicates.

    Raises:
        UserError: One is unknown or not installed.
    """
    for name in names:
        if name not in TRACKERS:
            raise UserError(f'no tracker "{name}"', "--track", near_names(name, TRACKERS))
        require(name)
    return tuple(dict.fromkeys(names))


@contextmanager
def tracked(tracking: Tracking | None, step: int) -> Iterator[list[Any]]:
    """Callbacks for transformers' Trainer, closed with the block.

    Args:
        tracking: The trackers; None for none.
        step: The last step that was made before.
    """
    openers = {"tensorboard": _tensorboard, "mlflow": _mlflow}
    with ExitStack() as stack:
        yield (
            []
            if tracking is None
            else [stack.enter_context(openers[name](tracking, step)) for name in tracking.trackers]
        )


@contextmanager
def _tensorboard(tracking: Tracking, step: int) -> Iterator[Any]:
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    # Steps after the checkpoint that a killed training is taken up from are made, and shown, again.
    with SummaryWriter(str(tracking.folder / "tensorboard" / tracking.name), purge_step=step + 1) as writer:
        yield TensorBoardCallback(writer)


@contextmanager
def _mlflow(tracking: Tracking, step: int) -> Iterator[Any]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it reports its use to its makers, and is told so here
    import mlflow
    from transformers.integrations import MLflowCallback

    here = not mlflow.is_tracking_uri_set()
    if here:
        tracking.folder.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(f"sqlite:///{tracking.folder.resolve() / 'mlflow.db'}")
    try:
        with mlflow.start_run(run_name=tracking.name):
            yield MLflowCallback()
    finally:
        if here:
            mlflow.set_tracking_uri(None)
