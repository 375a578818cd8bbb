"""How to train: one frozen Recipe, its defaults by the size of data and model, and changes to it by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from goldgate.base.errors import UserError, near_names
from goldgate.base.fingerprint import digest
from goldgate.base.hardware import Device
from goldgate.task.task import Task

MIN_STEPS = 100
"""Fewer optimizer steps seldom settle a LoRA: epochs are raised until there are about as many."""
MIN_WARMUP_STEPS = 3
MICRO_BATCH_CPU = 4
"""Rows a forward pass on a CPU: 8 are a tenth faster and take near half as much memory again (docs/results.md)."""
PATIENCE = 2
"""Epochs without a better score on dev that end a training of more epochs than these: one may be chance."""
DEMO_CHARACTERS = 300_000
"""Characters of inputs and outputs that the demo trains on, repeats counted, and at least one pass over train:
about ten minutes on two cores."""
SMALL = 1024
"""Hidden size up to which a model counts as small."""
TARGETS = ("all-linear", "attention")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides an adapter, given base model and data.

    rank, alpha: of LoRA; targets: on all linear layers of attention and MLP, or on those of attention alone;
    dropout: before lora_A; learning_rate: its peak;
    batch: examples an optimizer step; micro_batch: examples a forward pass, which changes memory and speed alone;
    warmup and decay: fractions of all steps in which the rate rises from 0 and falls to 0, constant between;
    clip: greatest gradient norm; prompt: the strategy that the model is trained and served with; max_length: tokens of
    the longest example that is learned from; too_long: whether a longer one is refused, or set aside by name;
    precision: of the matrix multiplications (auto: bf16 where this machine gains by it), the trained weights are 32-bit
    floats in any case; checkpoint_activations: the backward pass computes what lies between two layers anew instead of
    keeping it: less memory, a third more time; focus: a tag whose examples are seen twice an epoch; variations: names
    of perturbations that must not change an answer, with commas between, under which they are seen the second time;
    pack: rows one behind the other, without padding; quantize: the frozen weights in 4 bits, on a CUDA GPU; patience:
    epochs in a row whose answers to dev score no better, after which training ends; the best epoch's adapter is kept
    (0: all epochs are trained, and the last one's is); trainer: ours, or a command: a program and its arguments, to
    which the rest is a request (goldgate_trainers.lora.command); examples: how many of train are learned from, drawn
    by the seed (0: all of them).
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
    trainer: Literal["lora", "command"] = "lora"
    command: tuple[str, ...] = ()
    examples: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON, in the order in which people read it. Settings that came later are there where they are set."""
        values = {k: v for k, v in asdict(self).items() if k not in _LATER or v != _LATER[k]}
        return values | ({"command": list(self.command)} if self.command else {})

    @property
    def digest(self) -> str:
        return digest(self.to_dict())

    def learned(self, examples: int) -> int:
        """How many of this many training examples are learned from."""
        return min(self.examples, examples) or examples

    def steps(self, examples: int) -> int:
        """Optimizer steps that so many examples, all of them learned from, come to."""
        return math.ceil(examples / self.batch) * self.epochs

    def rate_at(self, step: int, total: int) -> float:
        """Learning rate of a step (counted from 0) as a share of the peak, in (0, 1].

        It rises over the first steps, stays, and falls to nearly 0 at the end; the first step is not wasted on 0.
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
        "trainer",
        "command",
        "examples",
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
    "examples": (0, 10_000_000),
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


def check_amount(n_train: int) -> None:
    """Raises UserError where there are too few examples to learn from: what a task is, they have in common."""
    if n_train < 2:
        raise UserError(
            f"there is {'one' if n_train else 'no'} example to train on",
            "train.jsonl",
            "add examples; those that were set aside for their length count with a larger max_length",
        )


def default_recipe(
    task: Task, n_train: int, hidden_size: int, settings: Mapping[str, Any] | None = None, *, on: Device = "cpu"
) -> Recipe:
    """The recipe to try first: rules by size, then task.yaml's `train:`, then the settings (from --set).

    n_train: training examples; hidden_size: of the base model, in units; on: the device. Raises UserError for an
    unknown or impossible setting. Sources: the rate by width and batch, Tinker's formula; all linear layers, LoRA
    Without Regret (Thinking Machines, 2025); both changed for small models by our own measurement (docs/results.md).
    """
    check_amount(n_train)
    changes = {
        **_checked(task.train, f'{task.folder / "task.yaml"}, field "train"'),
        **_checked(settings or {}, "--set"),
    }
    batch = int(changes.get("batch", default_batch(n_train)))
    rank = 32 if hidden_size <= 1024 and n_train > 5000 else 16
    epochs = int(changes.get("epochs", default_epochs(n_train, batch)))
    watched = epochs > PATIENCE and changes.get("trainer") != "command"
    recipe = Recipe(
        learning_rate=default_rate(hidden_size, batch),
        batch=batch,
        epochs=epochs,
        rank=rank,
        alpha=2 * int(changes.get("rank", rank)),
        dropout=0.05 if n_train < 200 else 0.0,
        precision="auto",
        micro_batch=MICRO_BATCH_CPU if on == "cpu" else 8,
        patience=PATIENCE if watched else 0,
    )
    return _made(recipe, changes)


def demo_recipe(
    task: Task,
    n_train: int,
    hidden_size: int,
    settings: Mapping[str, Any] | None = None,
    *,
    characters: int,
    on: Device = "cpu",
) -> Recipe:
    """What `goldgate demo` has time for, whatever task.yaml says: about DEMO_CHARACTERS, half of the steps decaying.

    characters: of all inputs and outputs of train. Where there is time for one pass or two, small batches learn more
    from them: more steps of the same tokens, at a rate that such steps bear (docs/results.md).
    """
    check_amount(n_train)
    quick: dict[str, Any] = {"epochs": demo_epochs(characters), "decay": 0.5}
    bold: dict[str, Any] = {"batch": 4, "learning_rate": 1.1e-3} if hidden_size <= SMALL else {}
    quick |= {key: value for key, value in bold.items() if key not in task.train}
    quick |= _checked(settings or {}, "--set")
    return default_recipe(task, n_train, hidden_size, quick, on=on)


def demo_epochs(characters: int) -> int:
    """Passes over train that come to about DEMO_CHARACTERS; one at least. characters: of all inputs and outputs."""
    return max(1, round(DEMO_CHARACTERS / characters))


def default_rate(hidden_size: int, batch: int) -> float:
    """Peak learning rate: falls with the model's width, rises with the root of the batch, between 1e-4 and 1e-3.

    Small models take its upper end: a 135M model learns far less at the rate that the rule, made for larger ones, gives
    (docs/results.md, "Learning rate and batch").
    """
    if hidden_size <= SMALL:
        return 1e-3
    return float(f"{min(1e-3, max(1e-4, 5e-4 * (2000 / hidden_size) ** 0.78 * math.sqrt(batch / 128))):.2g}")


def default_batch(n_train: int) -> int:
    """LoRA learns less from large batches, so they grow only with the data."""
    if n_train < 500:
        return 8
    return 16 if n_train <= 5000 else 32


def default_epochs(n_train: int, batch: int) -> int:
    """Enough for MIN_STEPS, more for little data, at most 15."""
    usual = 3 if n_train > 2000 else 4 if n_train >= 500 else 8 if n_train >= 100 else 15
    needed = math.ceil(MIN_STEPS / math.ceil(n_train / batch))
    return max(usual, min(15, needed))


def parse_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """--set key=value strings as settings. Raises UserError for an unknown key or a value of another type."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f'"{pair}" is not key=value', "--set", "write --set epochs=4")
        found[key.strip()] = value.strip()
    return _checked(found, "--set")


def with_settings(recipe: Recipe, settings: Mapping[str, Any], where: str) -> Recipe:
    """The recipe with some of its values changed; the rest stays as it is. Raises UserError."""
    return _made(recipe, _checked(settings, where))


def from_dict(values: Any, where: str) -> Recipe:
    """The recipe that to_dict wrote, or a person did; UserError where a key is unknown or missing."""
    if not isinstance(values, Mapping):
        raise UserError("a recipe is a mapping of keys to values", where, "write learning_rate: 0.001 and so on")
    checked = _checked(values, where)
    for key in ("learning_rate", "batch", "epochs"):
        if key not in checked:
            raise UserError(f'"{key}" is missing', where, "learning_rate, batch and epochs are required")
    return _made(Recipe(**{k: checked[k] for k in ("learning_rate", "batch", "epochs")}), checked)


def _made(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
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


def _checked(values: Mapping[str, Any], where: str) -> dict[str, Any]:
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
