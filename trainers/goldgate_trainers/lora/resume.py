"""transformers' Trainer with checkpoints of ours: its own are written in place, partly as pickles."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from goldgate_trainers.lora.best_epoch import BestEpoch
from goldgate_trainers.lora.checkpoints import Checkpoints

_TENSORS = "tensors.safetensors"
_STATE = "trainer_state.json"  # the name by which the Trainer looks for its position


class Resumable:
    """A base class placed before Trainer that writes and reads our checkpoints.

    They hold the trained weights, optimizer, schedule, torch's random states and the position. Python's and NumPy's
    random states are not needed: the order of rows depends on seed and epoch, and only torch draws numbers.

    Attributes:
        kept: The checkpoints.
        best: The best epoch's weights, if dev decides.
        noted: What the log needs to resume; the subclass defines it.
    """

    kept: Checkpoints
    best: BestEpoch | None
    model: Any
    optimizer: Any
    lr_scheduler: Any
    state: Any
    noted: Callable[[], dict[str, Any]]

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        from safetensors.torch import save

        tensors = {f"weights.{name}": p for name, p in self._trained().items()}
        for i, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{name}": value for name, value in state.items()}
        if self.best is not None:
            tensors |= {f"best.{name}": p for name, p in self.best.weights.items()}
        tensors |= _random_states(self.model.device)
        files = {
            _TENSORS: save({name: t.detach().cpu().contiguous() for name, t in tensors.items()}),
            _STATE: json.dumps(asdict(self.state)).encode(),
        }
        self.kept.write(self.state.global_step, files, {"scheduler": self.lr_scheduler.state_dict(), **self.noted()})

    def _load_from_checkpoint(self, resume_from_checkpoint: Any, model: Any = None) -> None:
        import torch

        saved = self._saved("weights.")
        with torch.no_grad():
            for name, parameter in self._trained().items():
                parameter.copy_(saved[name])
        if self.best is not None:
            self.best.restore(self._saved("best."))

    def _load_optimizer_and_scheduler(self, checkpoint: Any) -> None:
        if checkpoint is None or self.kept.saved is None:
            return
        states: dict[int, dict[str, Any]] = {}
        for name, value in self._saved("optimizer.").items():
            i, _, key = name.partition(".")
            states.setdefault(int(i), {})[key] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": states, "param_groups": groups})
        self.lr_scheduler.load_state_dict(self.kept.saved.note["scheduler"])
        for group, rate in zip(self.optimizer.param_groups, self.lr_scheduler.get_last_lr(), strict=True):
            group["lr"] = rate

    def _load_rng_state(self, checkpoint: Any) -> None:
        import torch

        states = self._saved("random.")
        torch.set_rng_state(states["cpu"])
        if "device" in states:
            torch.get_device_module(self.model.device).set_rng_state(states["device"])

    def _trained(self) -> dict[str, Any]:
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def _saved(self, prefix: str) -> dict[str, Any]:
        """The saved tensors of one part, by the rest of their names."""
        from safetensors.torch import load_file

        assert self.kept.saved is not None
        tensors = load_file(self.kept.saved.folder / _TENSORS)
        return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _random_states(device: Any) -> dict[str, Any]:
    import torch

    states = {"random.cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states["random.device"] = torch.get_device_module(device).get_rng_state()
    return states
