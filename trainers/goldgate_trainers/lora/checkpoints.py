"""Checkpoints inside an attempt: a killed training goes on from the newest whole one. What is torn shows by its digest.

They hold tensors (safetensors) and JSON alone, so that reading one can run nothing. When one is written is a matter
of time, and decides nothing about the adapter.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, whole_folder, write_json, write_whole
from goldgate.base.fingerprint import digest, file_digest

EVERY = 60.0
"""Seconds of training between two checkpoints, at least: what a kill may cost."""
SHARE = 0.02
"""Of the training time, at most, goes into writing checkpoints."""
KEPT = 2
"""Newest ones that stay: should the last be torn, the one before is used."""

_MANIFEST = "checkpoint.json"
_HORIZON = "horizon.json"


@dataclass(frozen=True)
class Saved:
    """A whole checkpoint, with the JSON that was written along with it."""

    folder: Path
    step: int
    note: dict[str, Any]


class Checkpoints:
    """The checkpoints of the attempt at `attempt`, in a hidden folder next to it.

    Attributes:
        saved: The newest whole checkpoint with this key.
        torn: Steps of newer ones that are damaged.
        setbacks: Why training restarted, one line each.
        micro_batch: Rows per forward pass, when memory did not suffice for the recipe's.
        horizon: Recipe settings that shorten training to its time; empty if it had enough, None before that is
            known.
    """

    def __init__(self, attempt: Path, key: str) -> None:
        self._folder = attempt.with_name(f".{attempt.name}.checkpoints")
        self._key = key
        self._due = time.monotonic() + EVERY
        self.torn: list[int] = []
        self.saved = self._newest()
        self._kept = [] if self.saved is None else [self.saved.folder]
        self.setbacks: list[str] = [] if self.saved is None else self.saved.note["setbacks"]
        self.micro_batch: int | None = None if self.saved is None else self.saved.note.get("micro_batch")
        self.horizon = self._planned() if self.saved is None else self.saved.note.get("horizon") or {}

    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() >= self._due

    def write(self, step: int, files: Mapping[str, bytes], note: Mapping[str, Any]) -> None:
        """Writes a checkpoint atomically and removes all but the KEPT newest whole ones with this key.

        Args:
            step: The optimizer step.
            files: Contents by file name.
            note: JSON that reading the checkpoint returns.

        Raises:
            UserError: The disk is full.
        """
        begun = time.monotonic()
        whole_note = {**note, "setbacks": self.setbacks, "micro_batch": self.micro_batch, "horizon": self.horizon}
        manifest = {
            "key": self._key,
            "step": step,
            "note": whole_note,
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        }
        folder = self._folder / f"{step:08d}"
        with whole_folder(folder) as part:
            for name, data in files.items():
                write_whole(part / name, data)
            write_json(part / _MANIFEST, {**manifest, "digest": digest(manifest)})
        self._kept = [*self._kept, folder][-KEPT:]
        for other in self._all():
            if other not in self._kept:
                shutil.rmtree(other, ignore_errors=True)
        now = time.monotonic()
        self._due = now + max(EVERY, (now - begun) / SHARE)

    def plan(self, horizon: Mapping[str, int]) -> None:
        """Records the horizon before the first step, so that a resumed training has the same one."""
        self.horizon = dict(horizon)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_json(self._folder / _HORIZON, {"key": self._key, "horizon": self.horizon})

    def begin_again(self, why: str) -> None:
        """Discards all checkpoints because training restarts, for this reason."""
        self._forget()
        self.setbacks = [*self.setbacks, why]

    def begin_smaller(self, micro_batch: int) -> None:
        """Discards all checkpoints because training restarts with this many rows per forward pass."""
        self._forget()
        self.micro_batch = micro_batch

    def _forget(self) -> None:
        self.remove()
        self.saved = None
        self._kept = []
        if self.horizon is not None:
            self.plan(self.horizon)

    def remove(self) -> None:
        """Removes all checkpoints once the attempt is complete."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _all(self) -> list[Path]:
        """The newest first; what a killed process left under temporary names is not among them."""
        return sorted((p for p in self._folder.glob("*") if p.name.isdigit()), reverse=True)

    def _planned(self) -> dict[str, int] | None:
        """The horizon that a killed training wrote, if it is one of this key."""
        try:
            written = read_json(self._folder / _HORIZON)
            return dict(written["horizon"]) if written["key"] == self._key else None
        except (UserError, OSError, KeyError, TypeError, ValueError):
            return None  # not there, or torn: nothing was trained by it that could be taken up

    def _newest(self) -> Saved | None:
        for folder in self._all():
            manifest = _whole(folder)
            if manifest is None:
                self.torn.append(int(folder.name))
            elif manifest["key"] == self._key:
                return Saved(folder, manifest["step"], manifest["note"])
        return None


def _whole(folder: Path) -> dict[str, Any] | None:
    """The manifest of a checkpoint that is, to the byte, what was written; None for anything else."""
    try:
        manifest: dict[str, Any] = read_json(folder / _MANIFEST)
        if manifest.pop("digest") != digest(manifest):
            return None
        same = all(file_digest(folder / name) == known for name, known in manifest["files"].items())
        return manifest if same else None
    except (UserError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return None
