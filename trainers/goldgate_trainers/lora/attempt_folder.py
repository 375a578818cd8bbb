"""An attempt's folder: recipe.yaml, log.json, adapter/ and attempt.json; and how a complete one is taken up again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json, write_whole
from goldgate.models.adapter import adapter_digest
from goldgate_trainers.lora.recipe import Recipe
from goldgate_trainers.lora.time_up import TimeUp

Log = list[dict[str, float]]


class TrainingFailed(UserError):
    """An attempt that could not be trained to its end, although others may be.

    The cause is its recipe or its program; earlier attempts remain valid.
    """


def dev_scores(log: Sequence[Mapping[str, float]]) -> tuple[tuple[float, float], ...]:
    """How each epoch stands on dev: the score of its answers, then the negative loss, which breaks ties.

    Empty when dev was not answered after every epoch.
    """
    return tuple((row["dev_score"], -row.get("dev_loss", 0.0)) for row in log if "dev_score" in row)


def kept_epoch(scores: Sequence[tuple[float, float]]) -> int:
    """The epoch, counted from 1, whose weights the adapter has: the best, the earliest of equals."""
    return scores.index(max(scores)) + 1


@dataclass(frozen=True)
class TrainingResult:
    """A trained adapter.

    Attributes:
        adapter: Its folder.
        digest: Its digest.
        seconds: Seconds of the optimizer steps.
        tokens: Tokens trained in all epochs, without padding.
        tokens_per_second: Those tokens by time.
        log: One row for every optimizer step.
        notes: Findings of preflight that were not refused, and interruptions.
        setbacks: One line for every time the loss exploded and training restarted at half the learning rate.
        micro_batch: Rows per forward pass, fewer than asked for when memory ran out.
        reused: Whether the attempt was complete already.
        earlier: Seconds of a killed process before this one.
        sample: One row in words, see preflight.sample.
        time_up: Set when the time did not suffice for the recipe.
    """

    adapter: Path
    digest: str
    seconds: float
    tokens: int
    tokens_per_second: float
    log: Log
    notes: tuple[str, ...] = ()
    setbacks: tuple[str, ...] = ()
    micro_batch: int | None = None
    reused: bool = False
    earlier: float = 0.0
    sample: Mapping[str, str] = field(default_factory=dict)
    time_up: TimeUp | None = None


def write_attempt(
    folder: Path,
    key: str,
    recipe: Recipe,
    log: Log,
    tokens: int,
    notes: tuple[str, ...],
    sample: dict[str, str],
    setbacks: tuple[str, ...] = (),
    time_up: TimeUp | None = None,
) -> None:
    """Completes an attempt folder that already holds adapter/.

    Args:
        folder: The attempt folder.
        key: Digest of everything that determined the adapter.
        recipe: The recipe that trained to the end.
        log: One row for every optimizer step.
        tokens: Tokens trained in all epochs.
        notes: Lines for the record.
        sample: One training row as the model saw it.
        setbacks: Why training restarted, one line each.
        time_up: Set when the time did not suffice for the recipe.
    """
    from ruamel.yaml import YAML

    text = StringIO()
    YAML().dump(recipe.to_dict(), text)
    write_whole(folder / "recipe.yaml", text.getvalue())
    write_json(folder / "log.json", log)
    seconds = max(log[-1]["seconds"], 0.01)  # the log rounds: a training of a few steps must not divide by nothing
    write_json(
        folder / "attempt.json",
        {
            "key": key,
            "adapter": adapter_digest(folder / "adapter"),
            "seconds": seconds,
            "tokens": tokens,
            "tokens_per_second": round(tokens / seconds, 1),
            "notes": list(notes),
            "sample": sample,
            "setbacks": list(setbacks),
            "micro_batch": recipe.micro_batch,
            **({} if time_up is None else {"time_up": asdict(time_up)}),
        },
    )


def read_attempt(folder: Path, key: str) -> TrainingResult | None:
    """The result of a complete attempt with this key whose adapter is unchanged; None for anything else."""
    if not (folder / "attempt.json").is_file():
        return None
    try:
        record: Any = read_json(folder / "attempt.json")
        if record["key"] != key or adapter_digest(folder / "adapter") != record["adapter"]:
            return None
        return TrainingResult(
            folder / "adapter",
            record["adapter"],
            record["seconds"],
            record["tokens"],
            record["tokens_per_second"],
            read_json(folder / "log.json"),
            tuple(record["notes"]),
            tuple(record["setbacks"]),
            record["micro_batch"],
            reused=True,
            sample=record["sample"],
            time_up=TimeUp(**record["time_up"]) if "time_up" in record else None,
        )
    except (UserError, OSError, KeyError, TypeError):
        # A folder that a killed process or a person left torn counts as not there; it is made again.
        return None


def read_back(folder: Path, key: str) -> TrainingResult:
    """The result of the attempt that this process has just written.

    Raises:
        UserError: It cannot be read.
    """
    if (result := read_attempt(folder, key)) is None:
        raise UserError("the attempt cannot be read back", str(folder), "check the disk and train again")
    return replace(result, reused=False)


def tidy_config(folder: Path, alias: str) -> None:
    """Rewrites adapter_config.json in a fixed order without paths of this machine, so that equal training gives equal
    bytes.
    """
    path = folder / "adapter_config.json"
    config: dict[str, Any] = json.loads(path.read_text("utf-8"))
    config["base_model_name_or_path"] = alias
    for key, value in config.items():
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            config[key] = sorted(value)
    write_json(path, dict(sorted(config.items())))
