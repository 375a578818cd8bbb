"""How to train: one frozen Recipe, its defaults by the size of data and model, and changes to it by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from goldgate.base.errors import UserError, near_names
from goldgate.base.fingerprint import digest

MIN_WARMUP_STEPS = 3
TARGETS = ("all-linear", "attention")


@dataclass(frozen=True)
class Recipe:
    """Everything that determines an adapter, given base model and data.

    Attributes:
        learning_rate: Its peak.
        batch: Examples per optimizer step.
        epochs: Passes over train.
        rank: Of LoRA.
        alpha: Of LoRA.
        dropout: Before lora_A.
        warmup: Fraction of the steps over which the rate rises from 0.
        decay: Fraction of the steps over which the rate falls to 0.
        weight_decay: Of AdamW.
        clip: Largest gradient norm.
        seed: Of the LoRA weights, the order of rows and dropout.
        prompt: The prompting strategy for training and serving.
        max_length: Most tokens of an example that is learned from.
        too_long: Whether a longer example is refused or set aside by name.
        micro_batch: Examples per forward pass. It only affects memory and speed.
        precision: Of matrix products; auto is bf16 where that is faster. The trained weights are always 32-bit
            floats.
        checkpoint_activations: Recompute activations in the backward pass: less memory, a third more time.
        targets: LoRA on all linear layers of attention and MLP, or on those of attention only.
        focus: A tag whose examples are seen twice an epoch.
        variations: Comma-separated perturbations that must not change an answer, applied to the second copy.
        pack: Concatenate rows instead of padding them.
        quantize: Hold the frozen weights in 4 bits, on a CUDA GPU.
        patience: Epochs in a row without a better dev score that end training, with the best epoch's adapter; 0
            trains all epochs and keeps the last one's.
        max_steps: Optimizer steps that training is planned for, if its epochs have more; 0 for no such limit.
        stop_after: Step at which training stops although it was planned for more, as when its time is used up; 0
            for none.
        trainer: Ours, or a command to which the rest of the recipe is a request (goldgate_trainers.lora.command).
        command: A program and its arguments.
    """

    learning_rate: float
    batch: int
    epochs: int
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    warmup: float = 0.05
    decay: float = 0.2
    weight_decay: float = 0.0
    clip: float = 1.0
    seed: int = 0
    prompt: Literal["pruned", "zero_shot"] = "pruned"
    max_length: int = 1024
    too_long: Literal["refuse", "set_aside"] = "refuse"
    micro_batch: int = 8
    precision: Literal["float32", "bf16", "auto"] = "float32"
    checkpoint_activations: bool = False
    targets: Literal["all-linear", "attention"] = "all-linear"
    focus: str = ""
    variations: str = ""
    pack: bool = False
    quantize: Literal["none", "4bit"] = "none"
    patience: int = 0
    max_steps: int = 0
    stop_after: int = 0
    trainer: Literal["lora", "command"] = "lora"
    command: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON, in the order people read it. Settings added later appear only where they are set."""
        values = {k: v for k, v in asdict(self).items() if k not in _LATER or v != _LATER[k]}
        return values | ({"command": list(self.command)} if self.command else {})

    @property
    def digest(self) -> str:
        return digest(self.to_dict())

    def steps(self, examples: int) -> int:
        """Optimizer steps that training on this many examples is planned for."""
        steps = self.steps_an_epoch(examples) * self.epochs
        return min(steps, self.max_steps or steps)

    def steps_an_epoch(self, examples: int) -> int:
        """Optimizer steps of one pass over this many training examples."""
        return math.ceil(examples / self.batch)

    def rate_at(self, step: int, total: int) -> float:
        """Learning rate of a step (counted from 0) as a share of the peak, in (0, 1].

        It rises over the first steps, stays constant, and falls to nearly 0 at the end. It is never 0, so that no step
        is wasted.
        """
        rise = max(MIN_WARMUP_STEPS, round(self.warmup * total))
        fall = round(self.decay * total)
        return min(1.0, (step + 1) / rise, (total - step) / (fall + 1))


_LATER = {
    f.name: f.default
    for f in fields(Recipe)
    if f.name
    in (
        "too_long",
        "precision",
        "checkpoint_activations",
        "targets",
        "focus",
        "variations",
        "pack",
        "quantize",
        "patience",
        "max_steps",
        "stop_after",
        "trainer",
        "command",
    )
}
"""Settings that earlier recipes do not have, with their defaults: left out there, those keep their digests."""
_LIMITS: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-7, 1.0),
    "batch": (1, 4096),
    "epochs": (1, 1000),
    "rank": (1, 1024),
    "alpha": (1, 4096),
    "dropout": (0.0, 0.9),
    "warmup": (0.0, 1.0),
    "decay": (0.0, 1.0),
    "weight_decay": (0.0, 10.0),
    "clip": (1e-6, 1e6),
    "seed": (0, 2**32 - 1),
    "max_length": (16, 1_048_576),
    "micro_batch": (1, 4096),
    "patience": (0, 1000),
    "max_steps": (0, 1_000_000_000),
    "stop_after": (0, 1_000_000_000),
}
_CHOICES = {
    "prompt": ("pruned", "zero_shot"),
    "too_long": ("refuse", "set_aside"),
    "precision": ("float32", "bf16", "auto"),
    "targets": TARGETS,
    "quantize": ("none", "4bit"),
    "trainer": ("lora", "command"),
}
_SWITCHES = {f.name for f in fields(Recipe) if f.type == "bool"}
_WHOLE = {f.name for f in fields(Recipe) if f.type == "int"}


def parse_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Parses --set key=value strings.

    Raises:
        UserError: A key is unknown, or a value has the wrong type.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f'"{pair}" is not key=value', "--set", "write --set epochs=4")
        found[key.strip()] = value.strip()
    return checked_settings(found, "--set")


def with_settings(recipe: Recipe, settings: Mapping[str, Any], where: str) -> Recipe:
    """The recipe with some settings changed.

    Raises:
        UserError: A setting is unknown or impossible; `where` names its place.
    """
    return made_recipe(recipe, checked_settings(settings, where))


def from_dict(values: Any, where: str) -> Recipe:
    """The recipe that to_dict wrote, or a person.

    Raises:
        UserError: A key is unknown or missing; `where` names its place.
    """
    if not isinstance(values, Mapping):
        raise UserError("a recipe is a mapping of keys to values", where, "write learning_rate: 0.001 and so on")
    checked = checked_settings(values, where)
    for key in ("learning_rate", "batch", "epochs"):
        if key not in checked:
            raise UserError(f'"{key}" is missing', where, "learning_rate, batch and epochs are required")
    return made_recipe(Recipe(**{k: checked[k] for k in ("learning_rate", "batch", "epochs")}), checked)


def made_recipe(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    changed = replace(recipe, **changes)
    if (changed.trainer == "command") != bool(changed.command):
        raise UserError(
            'trainer "command" and a "command" go together',
            'recipe, field "trainer"',
            'write trainer: command and command: [python, "{project}/train.py", "{train}", "{out}"]',
        )
    if changed.variations and not changed.focus:
        raise UserError("variations without a focus vary nothing", "recipe", "set focus=TAG too")
    # The effective batch is exact: a forward pass takes the most rows that divide it.
    divisors = [n for n in range(1, changed.batch + 1) if changed.batch % n == 0 and n <= changed.micro_batch]
    return replace(changed, micro_batch=divisors[-1])


def checked_settings(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Settings of the right type and within their limits. Text is read as the number that it writes."""
    known = [f.name for f in fields(Recipe)]
    for key in values:
        if key not in known:
            raise UserError(f'no recipe setting "{key}"', where, near_names(key, known))
    return {key: _value(key, value, where) for key, value in values.items()}


def _value(key: str, value: Any, where: str) -> Any:
    if choices := _CHOICES.get(key):
        if value not in choices:
            raise UserError(f"{key} is {value!r}", where, f"known: {', '.join(choices)}")
        return value
    if key == "command":
        if not isinstance(value, list | tuple) or not value or not all(isinstance(part, str) for part in value):
            raise UserError(
                f"command is {value!r:.80}, no list of texts",
                where,
                "write it in task.yaml as a list, a program and its arguments: no shell reads it",
            )
        return tuple(value)
    if key in _SWITCHES:
        if str(value).lower() not in ("true", "false"):
            raise UserError(f"{key} is {value!r}", where, "known: true, false")
        return str(value).lower() == "true"
    if key in ("focus", "variations"):
        if not isinstance(value, str):
            raise UserError(f"{key} is {value!r}", where, "give it a tag, or names of perturbations, as text")
        return value if key == "focus" else _variations(value, where)
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    low, high = _LIMITS[key]
    kind = "whole number" if key in _WHOLE else "number"
    if not low <= number <= high or (key in _WHOLE and number != int(number)):
        raise UserError(f"{key} is {value!r}", where, f"give a {kind} from {low:g} to {high:g}")
    return int(number) if key in _WHOLE else number


def _variations(value: str, where: str) -> str:
    from goldgate.perturb import MUST_NOT_CHANGE

    known = [p.name for p in MUST_NOT_CHANGE]
    for name in filter(None, value.split(",")):
        if name not in known:
            raise UserError(f'no perturbation "{name}" that must not change an answer', where, near_names(name, known))
    return value
