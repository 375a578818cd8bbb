"""Loading a task from task.yaml and schema.json. Errors in either file name the file, line and key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import beside, read_text
from goldgate.base.yaml import line_of, read_yaml
from goldgate.task.form import apart, text_form
from goldgate.task.keys import (
    Decoding,
    FieldRule,
    Golden,
    Kind,
    Optimize,
    Paraphrases,
    Prices,
    Reading,
    Strict,
    Style,
    TaskFile,
    Thinking,
)
from goldgate.task.project import Project
from goldgate.task.schema import load_schema, unknown_field

__all__ = ["Decoding", "FieldRule", "Golden", "Kind", "Prices", "Reading", "Style", "Task", "Thinking", "load_task"]


@dataclass(frozen=True)
class Task:
    """A checked task.yaml. `goldgate.task.keys` describes its keys; the attributes below differ from them.

    Attributes:
        schema: The contents of the schema's file; None if there is none.
        chat_template: The contents of the template's file; None if there is none.
        folder: suites/<task>.
    """

    name: str
    kind: Kind
    instructions: str
    model: str
    template: Mapping[str, Any]
    chat_template: str | None
    thinking: Thinking | None
    decoding: Decoding
    schema: Mapping[str, Any] | None
    labels: tuple[str, ...]
    fields: Mapping[str, FieldRule]
    style: Style | None
    baselines: tuple[str, ...]
    optimize: Optimize
    incumbent: str | None
    gates: Reading
    error: float
    golden: Golden
    paraphrases: Paraphrases
    max_group: int
    strata: tuple[str, ...]
    prices: Prices | None
    must_not_regress: tuple[str, ...]
    train: Mapping[str, Any]
    folder: Path

    def on_model(self, model: str | None) -> Task:
        """Replaces the base model.

        Args:
            model: Name of the base model; None keeps the one from task.yaml.

        Returns:
            The task on that model.
        """
        return self if model is None else replace(self, model=model)

    def label(self, text: str) -> str | None:
        """Returns the label of task.yaml that a text is, compared as `exact_match` compares; None if it is none."""
        return self._labels.get(text_form(text))

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {text_form(label): label for label in self.labels}

    @property
    def data(self) -> Path:
        """golden/<task>, the folder of the splits, their card and novelty.json."""
        return self.folder.parent.parent / "golden" / self.name

    @property
    def chat(self) -> dict[str, Any]:
        """The chat settings other than `template`, for digests. Unset ones are left out to keep older digests valid."""
        parts = {
            "chat_template": self.chat_template,
            "thinking": None if self.thinking is None else self.thinking.model_dump(),
        }
        return {key: value for key, value in parts.items() if value is not None}

    @cached_property
    def validator(self) -> Any:
        """The jsonschema validator of the schema; it accepts everything if there is no schema."""
        from jsonschema.validators import validator_for

        schema = dict(self.schema or {})
        return validator_for(schema)(schema)


def load_task(project: Project, name: str) -> Task:
    """Reads suites/<name>/task.yaml and the files that it names.

    Args:
        project: The project.
        name: Name of the task.

    Returns:
        The checked task.

    Raises:
        UserError: A file is missing or invalid. The error names the file, line and key.
    """
    folder = project.suite(project.check_task(name))
    path = folder / "task.yaml"
    raw, text = read_yaml(path, "start with `task: NAME`")
    try:
        parsed = TaskFile.model_validate_json(text)
    except ValidationError as error:
        raise _complaint(error, raw, path) from error
    if parsed.task != name:
        raise UserError(
            f'says task "{parsed.task}", but its folder is "{name}"', f'{path}, field "task"', "give both the same name"
        )
    if parsed.kind == "json" and parsed.schema_ is None:
        raise UserError(
            "kind json needs a schema",
            f'{path}, field "schema"',
            "write schema.json next to task.yaml and name it here",
        )
    schema = None if parsed.schema_ is None else load_schema(folder, parsed.schema_)
    if schema is not None:
        for field, rule in parsed.fields.items():
            if hint := unknown_field(schema, field):
                raise UserError(f'the schema has no field "{field}"', _place(path, raw, ["fields", field]), hint)
            if rule.weight != 1.0 and "." in field and field not in schema.get("properties", {}):
                raise UserError(
                    "only a top-level field can have a weight",
                    _place(path, raw, ["fields", field, "weight"]),
                    f'set it on "{field.partition(".")[0]}"; the fields inside share it',
                )
    if parsed.kind == "label":
        _check_labels(parsed.labels, _place(path, raw, ["labels"]))
    values = {k: getattr(parsed, k) for k in TaskFile.model_fields if k not in ("task", "schema_", "chat_template")}
    chat_template = None if parsed.chat_template is None else _chat_template(path, parsed.chat_template)
    return Task(name=parsed.task, schema=schema, folder=folder, chat_template=chat_template, **values)


def _check_labels(labels: Sequence[str], where: str) -> None:
    """Raises UserError for labels that no metric could tell apart, for an empty one, and for fewer than two."""
    if len(set(labels)) < 2:
        raise UserError("kind label needs at least two different labels", where, "list them all")
    seen: dict[str, str] = {}
    for label in labels:
        form = text_form(label)
        if not form:
            raise UserError(f"{label!r} is no label, because it is blank", where, "give it a name")
        if (other := seen.setdefault(form, label)) != label:
            raise UserError(
                f"{other!r} and {label!r} are the same label ({apart(other, label)})",
                where,
                "list it once: blanks at the ends and the way letters are composed do not count",
            )


def _chat_template(path: Path, name: str) -> str:
    """Reads the chat template that task.yaml names. Raises UserError as `beside` does, or if it is empty."""
    file = beside(path.parent, name, "chat template", f'{path}, field "chat_template"')
    if not (text := read_text(file)).strip():
        raise UserError("the chat template is empty", str(file), "write the model's Jinja template into it")
    return text


_SEE = 'see "task.yaml" in Goldgate\'s docs/reference/task-yaml.md'


def _complaint(error: ValidationError, raw: Any, path: Path) -> UserError:
    """Words the first error of a task.yaml, with its line and, for a misspelled key, the nearest known one."""
    first = error.errors()[0]
    where = [str(p) for p in first["loc"]]
    place = _place(path, raw, where)
    if first["type"] == "extra_forbidden":
        known = _known(where[:-1])
        return UserError(f'unknown key "{where[-1]}"', place, near_names(where[-1], known))
    if first["type"] == "missing":
        return UserError(f'"{where[-1]}" is missing', place, "add it")
    if first["type"] == "value_error":  # raised by our own validators, already worded for people
        return UserError(str(first["ctx"]["error"]), place, _SEE)
    return UserError(f"{first['msg'].lower()}, not {first.get('input')!r:.60}", place, _SEE)


def _place(path: Path, raw: Any, where: list[str]) -> str:
    line = line_of(raw, where)
    return f'{path}, line {line}, field "{".".join(where)}"' if line else f'{path}, field "{".".join(where)}"'


def _known(parents: list[str]) -> list[str]:
    sections: dict[str, type[Strict]] = {
        "decoding": Decoding,
        "style": Style,
        "prices": Prices,
        "optimize": Optimize,
        "fields": FieldRule,
        "thinking": Thinking,
    }
    model = sections.get(parents[0], TaskFile) if parents else TaskFile
    return ["schema" if name == "schema_" else name for name in model.model_fields]
