"""Reading a file of graders: OpenAI's graders, Evals and fine-tuning jobs as JSON, and the registry of openai/evals.

The formats are those of https://developers.openai.com/api/docs/guides/graders (December 2026): string_check,
text_similarity, score_model, label_model, python and multi; an Evals object holds them as `testing_criteria`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import parse_json, read_text

_VARIABLE = re.compile(r"\{\{\s*(sample|item)\.([^{}]+?)\s*\}\}")
_STEP = re.compile(r"[^.\[\]]+")
_HINT = "give an Eval with `testing_criteria`, a grader, a list of graders, or a file of the registry of openai/evals"
_DEEPEST = 8  # multi graders and lists within each other
_LONGEST = 80  # characters of a name


@dataclass(frozen=True)
class Grader:
    """One grader of a file.

    Attributes:
        name: Its name, on one line.
        type: Its type, such as "string_check"; "evals:CLASS" for an entry of the registry.
        raw: Its object.
    """

    name: str
    type: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Ref:
    """What a template of a grader stands for.

    Attributes:
        kind: "output" (the whole answer), "field" (a part of its JSON), "item" (a column of the data), "text" (the
            text itself), or "mixed" (anything else).
        path: The steps to the field, or into the item.
        text: The text itself.
    """

    kind: str
    path: tuple[str, ...] = ()
    text: str = ""


def read_graders(path: Path) -> list[Grader]:
    """Reads the graders of a file, those within multi graders included.

    Args:
        path: A JSON file, or a YAML file.

    Returns:
        The graders in their order.

    Raises:
        UserError: The file cannot be read, or holds no grader.
    """
    text = read_text(path)
    raw = _yaml(text, path) if path.suffix.lower() in (".yaml", ".yml") else parse_json(text, path.name, _HINT)
    found = list(_graders(raw, "", 0))
    if not found:
        raise UserError("holds no grader", str(path), _HINT)
    return found


def ref_of(template: Any) -> Ref:
    """Reads a template such as "{{ sample.output_json.total }}"."""
    if not isinstance(template, str):
        return Ref("mixed")
    found = _VARIABLE.fullmatch(template.strip())
    if found is None:
        return Ref("mixed") if "{{" in template else Ref("text", text=template)
    space, steps = found[1], tuple(_STEP.findall(found[2]))
    if space == "item":
        return Ref("item", steps)
    if steps == ("output_text",) or steps == ("output_json",):
        return Ref("output")
    return Ref("field", steps[1:]) if steps[:1] == ("output_json",) else Ref("mixed")


def one_line(text: Any) -> str:
    """Returns a name from a file as it may stand in a message or in a comment of code."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _yaml(text: str, path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"not valid YAML ({one_line(error)})", str(path), "fix the file") from error


def _graders(raw: Any, name: str, depth: int) -> Iterator[Grader]:
    if depth > _DEEPEST:
        return
    if isinstance(raw, list):
        for one in raw:
            yield from _graders(one, name, depth + 1)
        return
    if not isinstance(raw, Mapping):
        return
    name = one_line(raw.get("name") or name or raw.get("type") or "")
    if raw.get("type") == "multi":
        yield Grader(name, "multi", raw)
        yield from _named(raw.get("graders"), depth)
    elif isinstance(raw.get("type"), str):
        yield Grader(name, one_line(raw["type"]), raw)
    elif "class" not in raw:
        wrapped = [raw[key] for key in ("testing_criteria", "data", "grader", "method", "reinforcement") if key in raw]
        wrapped += [raw["graders"]] if "graders" in raw else []
        yield from _graders(wrapped, "", depth + 1) if wrapped else _named(raw, depth)


def _named(raw: Any, depth: int) -> Iterator[Grader]:
    """Graders by name: those of a multi grader, or the entries of the registry that have a class."""
    if not isinstance(raw, Mapping):
        yield from _graders(raw, "", depth + 1)
        return
    for name, one in raw.items():
        if isinstance(one, Mapping) and isinstance(one.get("class"), str):
            yield Grader(one_line(name), f"evals:{one_line(one['class']).rpartition(':')[2]}", one)
        elif isinstance(one, Mapping) and isinstance(one.get("type"), str):
            yield from _graders({"name": name, **one}, "", depth + 1)
