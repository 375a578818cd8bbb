"""Reading YAML files with the lines of their keys, for messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import read_text


def read_yaml(path: Path, hint: str) -> tuple[Any, str]:
    """Reads a YAML mapping.

    Args:
        path: The file.
        hint: How the file begins, for one that is no mapping.

    Returns:
        The mapping with its line numbers, and as JSON, whose validation accepts tuples and 0 as a float.

    Raises:
        UserError: The file is missing, is not valid YAML, or is no mapping. The error names the file and line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    source = read_text(path)
    try:
        raw = YAML().load(source)
        text = json.dumps(raw, default=str)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"not valid YAML ({error.problem})", f"{path}, line {line}", "fix the line") from error
    except ReaderError as error:
        line = source[: error.position].count("\n") + 1
        raise UserError("not valid YAML (a control character)", f"{path}, line {line}", "fix the line") from error
    except (TypeError, ValueError, RecursionError) as error:  # lists as keys, impossible dates, recursive aliases
        raise UserError(
            f"cannot be represented as JSON ({error})",
            str(path),
            "make every key plain text, and write values as text, numbers, lists or mappings",
        ) from error
    if not isinstance(raw, dict):
        raise UserError("must be a mapping of keys to values", str(path), hint)
    return raw, text


def with_key(path: Path, key: str, value: str) -> str:
    """Adds a key to a YAML mapping without touching the rest of the file.

    Args:
        path: The file.
        key: The key. A comment that begins with it is where it goes; else it goes to the end.
        value: Its value, a text.

    Returns:
        The file's new text.

    Raises:
        UserError: The file cannot be read, or is written in a way in which a line cannot be added.
    """
    before, _ = read_yaml(path, f"start with `{key}: ..`")
    line, lines = f"{key}: {json.dumps(value, ensure_ascii=False)}", read_text(path).splitlines()
    place = next((i for i, old in enumerate(lines) if old.startswith(f"# {key}:")), len(lines))
    text = "\n".join([*lines[:place], line, *lines[place + 1 :]]) + "\n"
    if _mapping(text) != {**before, key: value}:
        raise UserError(f"the key {key} cannot be added to it", str(path), f"add it yourself: {line}")
    return text


def _mapping(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML().load(text)
    except YAMLError:
        return None


def line_of(raw: Any, where: list[str]) -> int | None:
    """Finds the line of a key of a mapping that `read_yaml` has read.

    Args:
        raw: The mapping.
        where: The keys that lead to the key, or positions in lists as text.

    Returns:
        The line, counted from 1, of the key or of its nearest parent that has one; None if none has.
    """
    line: int | None = None
    for key in where:
        marks = getattr(raw, "lc", None)
        if marks is not None and isinstance(raw, dict) and key in raw:
            line, raw = marks.key(key)[0] + 1, raw[key]
        elif marks is not None and isinstance(raw, list) and key.isdecimal() and int(key) < len(raw):
            line, raw = marks.item(int(key))[0] + 1, raw[int(key)]
        else:
            break
    return line
