"""golden/<task>/optimized-N-MODEL.json: the prompt that a search found, and what it was found for.

The file is committed with the task's data. It is used only for what it was searched on: the same train split, model,
instructions, form of answers, decoding and chat template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from goldgate.base.errors import UserError
from goldgate.base.files import parse_json, read_text, write_json
from goldgate.base.fingerprint import digest
from goldgate.task.task import Task

_SLUG = 40  # the most characters of a model's name in the name of a file


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ShotOf(_Section):
    """A shot: the id of a train example, and the digest of its content."""

    id: str
    digest: str


class Searched(_Section):
    """What a prompt was searched for. If any of this changes, another prompt may be the best.

    Attributes:
        model: Name of the model that was asked.
        weights: Content digest of that model; None for an endpoint's.
        train: Fingerprint of the train split.
        instructions: Digest of the task's instructions.
        answers: Digest of the form of the answers and of how they are compared.
        decoding: Digest of the decoding.
        chat: Digest of the chat template and its arguments.
    """

    model: str
    weights: str | None
    train: str
    instructions: str
    answers: str
    decoding: str
    chat: str


class Budget(_Section):
    """How much a search was allowed, and what for.

    Attributes:
        calls: The most answers.
        minutes: The time that they were derived from; None if the number was given.
        because: Where the budget comes from, in words.
    """

    calls: int
    minutes: float | None
    because: str


class Spent(_Section):
    """What a search used.

    Attributes:
        calls: Answers that were asked for. One that was in the cache counts as well.
        seconds: The time that these answers took when they were made.
        reflections: Calls of the reflection model.
        reflection_seconds: The time that those took.
    """

    calls: int
    seconds: float
    reflections: int = 0
    reflection_seconds: float = 0.0


class Course(_Section):
    """How a search went.

    Attributes:
        optimizer: Its name and version.
        reflection: The model that proposed instructions; None without one.
        seed: Its seed.
        budget: What it was allowed.
        spent: What it used.
        candidates: How many prompts it tried.
        examples: On how many train examples the finalists were compared.
        scores: Metric → estimate of the winner on them.
        first: The same of the first candidate, the prompt of few_shot:N.
    """

    optimizer: str
    reflection: str | None
    seed: int
    budget: Budget
    spent: Spent
    candidates: int
    examples: int
    scores: dict[str, float]
    first: dict[str, float]


class Winner(_Section):
    """The prompt that a search found.

    Attributes:
        version: Version of the format.
        shots_asked: The most shots it may have.
        system: The system message.
        shots: The shots, in the order in which they are shown.
        searched: What it was searched for.
        course: How the search went.
        digest: Digest of everything above.
    """

    version: int
    shots_asked: int
    system: str
    shots: tuple[ShotOf, ...]
    searched: Searched
    course: Course
    digest: str


def searched_for(task: Task, model: str, weights: str | None, train: str) -> Searched:
    """Describes what a prompt is searched for.

    Args:
        task: The task.
        model: Name of the model that is asked.
        weights: Its content digest; None for an endpoint's.
        train: Fingerprint of the train split.

    Returns:
        The description.
    """
    answers = {
        "kind": task.kind,
        "schema": task.schema,
        "labels": list(task.labels),
        "fields": {name: rule.model_dump(mode="json") for name, rule in task.fields.items()},
        "style": None if task.style is None else task.style.model_dump(mode="json"),
    }
    return Searched(
        model=model,
        weights=weights,
        train=train,
        instructions=digest(task.instructions),
        answers=digest(answers),
        decoding=digest(task.decoding.model_dump(mode="json")),
        chat=digest({"template": dict(task.template), **task.chat}),
    )


def winner_path(task: Task, count: int, model: str) -> Path:
    """Returns where the optimised prompt of a task for a model is kept, whether it is there or not."""
    slug = re.sub(r"[^a-z0-9.]+", "-", model.lower()).strip("-.")[:_SLUG]
    unique = "" if slug == model else f"-{digest(model)[:6]}"
    return task.data / f"optimized-{count}-{slug}{unique}.json"


def write_winner(path: Path, winner: Mapping[str, Any]) -> None:
    """Writes an optimised prompt with its digest.

    Args:
        path: The file.
        winner: The fields of a Winner, as JSON, without the digest.

    Raises:
        UserError: The file cannot be written.
    """
    write_json(path, {**winner, "digest": digest(dict(winner))})


def read_winner(path: Path) -> Winner:
    """Reads an optimised prompt.

    Args:
        path: The file.

    Returns:
        What it holds.

    Raises:
        UserError: It is missing, broken, of another version of Goldgate, or was edited. The error names the field.
    """
    again = f"restore {path.name} from version control, or delete it and search again"
    text = read_text(path)
    raw = parse_json(text, path.name, again)
    try:
        winner = Winner.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise UserError(f"{first['msg'].lower()}", f'{path}, field "{field}"', again) from error
    if winner.digest != digest({key: value for key, value in raw.items() if key != "digest"}):
        raise UserError("was changed after the search wrote it: its digest does not fit", str(path), again)
    return winner
