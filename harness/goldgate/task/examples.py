"""Examples, splits and their card. Every line of a split is checked when it is read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_json, check_object, parse_json, read_json, read_text, write_json
from goldgate.base.fingerprint import digest, short
from goldgate.task.messages import Message, check_messages, text_of
from goldgate.task.project import Project

_OPTIONAL = ("account", "review")  # keys of card.json that are left out where they are empty
Account = dict[str, Any]  # of goldgate.data.account, as JSON
SPLITS = ("train", "dev", "golden")
TestedOn = Literal["dev", "golden"]  # the splits that a subject is tested on
COMPUTED = "novelty:"  # prefix of computed tags; an example's own tags may not use it
_KEYS = {"id", "input", "output", "accept", "tags", "group", "meta"}


@dataclass(frozen=True)
class Example:
    """One input with its expected output.

    Attributes:
        id: Unique within the split.
        input: Text, or chat messages of which the last is the user's or a tool's.
        output: The expected output, text or a JSON value.
        accept: Other outputs that are right too.
        tags: The edge cases that the example represents.
        group: Shared by near-duplicates, which count as one observation; None if there are none.
        meta: Notes that no verdict depends on; fields with repeated values are looked at as clusters.
    """

    id: str
    input: str | tuple[Message, ...]
    output: Any
    accept: tuple[Any, ...] = ()
    tags: tuple[str, ...] = ()
    group: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Digest of the content without id and meta: changing the output or the tags makes a different example."""
        return digest([self._messages, self.output, list(self.accept), sorted(self.tags), self.group])

    @cached_property
    def question(self) -> str:
        """Digest of the input alone: it stays the same if the expected output is corrected."""
        return digest(self._messages)

    @property
    def _messages(self) -> str | list[Message]:
        return self.input if isinstance(self.input, str) else list(self.input)

    @property
    def text(self) -> str:
        """The input as one string."""
        return text_of(self.input)

    @property
    def answers(self) -> tuple[Any, ...]:
        """Every output that counts as right, the expected one first."""
        return (self.output, *self.accept)


@dataclass(frozen=True)
class Split:
    """The examples of train, dev or golden.

    Attributes:
        name: "train", "dev" or "golden".
        examples: In the order of the file.
    """

    name: str
    examples: tuple[Example, ...]

    @cached_property
    def fingerprint(self) -> str:
        """Digest of ids and contents, independent of the order of the lines."""
        return digest(sorted([e.id, e.digest] for e in self.examples))

    @cached_property
    def by_id(self) -> dict[str, Example]:
        """Example id → example."""
        return {e.id: e for e in self.examples}

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)

    def tag_counts(self) -> dict[str, int]:
        """Tag → number of examples that have it, sorted by tag."""
        return dict(sorted(Counter(t for e in self.examples for t in e.tags).items()))


@dataclass(frozen=True)
class Card:
    """The description of a task's splits in card.json.

    Attributes:
        task: Name of the task.
        splits: Split → its `count`, `fingerprint` and `tags` (tag → count).
        prepared: How the splits were made.
        licence: Licence of the data.
        source: Where the data comes from.
        account: What became of the rows, and what was decided, when `init` made the splits; empty if it did not.
        review: What people decided on examples, in order.
    """

    task: str
    splits: dict[str, dict[str, Any]]
    prepared: str
    licence: str
    source: str
    account: Account = field(default_factory=dict)
    review: list[dict[str, Any]] = field(default_factory=list)


def card_of(
    task: str,
    splits: dict[str, Split],
    prepared: str,
    licence: str,
    source: str,
    account: Account | None = None,
    review: list[dict[str, Any]] | None = None,
) -> Card:
    """Describes splits in a card.

    Args:
        task: Name of the task.
        splits: Name → split.
        prepared: How the splits were made.
        licence: Licence of the data.
        source: Where the data comes from.
        account: What became of the rows, and what was decided; None if that is not known.

    Returns:
        The card of the splits.
    """
    rows = {name: {"count": len(s), "fingerprint": s.fingerprint, "tags": s.tag_counts()} for name, s in splits.items()}
    return Card(task, rows, prepared, licence, source, account or {}, review or [])


def write_card(folder: Path, card: Card) -> None:
    """Writes card.json.

    Args:
        folder: golden/<task>.
        card: The card to write.
    """
    write_json(folder / "card.json", {k: v for k, v in asdict(card).items() if v or k not in _OPTIONAL})


def read_card(folder: Path) -> Card:
    """Reads card.json.

    Args:
        folder: golden/<task>.

    Returns:
        The card.

    Raises:
        UserError: The file is missing, a key is missing or unknown, or a value has the wrong type.
    """
    path = folder / "card.json"
    if not path.is_file():
        raise UserError("the splits have no card", str(path), f"write it with `goldgate prepare {folder.name}`")
    again = f"write it again with `goldgate prepare {folder.name}`"
    raw = check_object(read_json(path), str(path), again, task=str, splits=dict, prepared=str, licence=str, source=str)
    if odd := sorted(set(raw) - {"task", "splits", "prepared", "licence", "source", *_OPTIONAL}):
        raise UserError(f'unknown key "{odd[0]}"', f'{path}, field "{odd[0]}"', again)
    check_object(raw["splits"], str(path), again, **dict.fromkeys(raw["splits"], dict))
    check_object(raw.get("account", {}), f'{path}, field "account"', again)
    for row in raw.get("review", ()):
        check_object(row, f'{path}, field "review"', again, key=str, kind=str, split=str, decision=str)
    return Card(**raw)


def render_output(output: Any) -> str:
    """Renders an output the way a model writes it.

    Args:
        output: Text or a JSON value.

    Returns:
        Text unchanged; JSON on one line with a space after every comma and colon.
    """
    if isinstance(output, str):
        return output
    return json.dumps(output, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)


def read_examples(path: Path) -> tuple[Example, ...]:
    """Reads the examples of a JSONL file.

    Args:
        path: The file.

    Returns:
        Its examples in order; blank lines are skipped.

    Raises:
        UserError: The file is missing or empty, a line is not an example, or an id occurs twice. The error names the
            file, line and field.
    """
    examples: list[Example] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        example = _parse(line, path.name, number)
        if example.id in seen:
            raise UserError(
                f'the id "{example.id}" is already used on line {seen[example.id]}',
                f'{path.name}, line {number}, field "id"',
                "give every example a unique id",
            )
        seen[example.id] = number
        examples.append(example)
    if not examples:
        raise UserError("no examples in the file", str(path), "put one JSON object on each line")
    return tuple(examples)


def _parse(line: str, file: str, number: int) -> Example:
    where = f"{file}, line {number}"
    raw = parse_json(line, file, "write one JSON object per line", number)
    check_json(raw, where)
    if not isinstance(raw, dict):
        raise UserError(
            f"a line must be an object, not {type(raw).__name__}", where, 'write {"id": .., "input": .., "output": ..}'
        )
    for key in raw:
        if key not in _KEYS:
            raise UserError(f'unknown key "{key}"', f'{where}, field "{key}"', near_names(key, _KEYS))
    for key in ("id", "input", "output"):
        if key not in raw:
            raise UserError(f'"{key}" is missing', f'{where}, field "{key}"', "id, input and output are required")
    given = raw["input"]
    return Example(
        id=_text(raw["id"], where, "id"),
        input=given if isinstance(given, str) else check_messages(given, f'{where}, field "input"'),
        output=raw["output"],
        accept=tuple(_list(raw.get("accept", []), where, "accept")),
        tags=tuple(_tag(t, where) for t in _list(raw.get("tags", []), where, "tags")),
        group=None if raw.get("group") is None else _text(raw["group"], where, "group"),
        meta=_object(raw.get("meta", {}), where),
    )


def _text(value: Any, where: str, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise UserError(f"must be text, not {value!r:.40}", f'{where}, field "{key}"', "write a string")
    return value


def _tag(value: Any, where: str) -> str:
    tag = _text(value, where, "tags")
    if tag.startswith(COMPUTED):
        raise UserError(
            f'the tag "{tag}" is reserved: {COMPUTED} tags are computed',
            f'{where}, field "tags"',
            "use another name for the tag",
        )
    return tag


def _list(value: Any, where: str, key: str) -> list[Any]:
    if not isinstance(value, list):
        raise UserError(f"must be a list, not {value!r:.40}", f'{where}, field "{key}"', "write [..]")
    return value


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"must be an object, not {value!r:.40}", f'{where}, field "meta"', "write {..}")
    return value


def read_split(folder: Path, name: str) -> Split:
    """Reads a split without comparing it with the card.

    Args:
        folder: golden/<task>.
        name: "train", "dev" or "golden".

    Returns:
        The split as it is in the file.

    Raises:
        UserError: The file is missing or broken.
    """
    path = folder / f"{name}.jsonl"
    if not path.is_file():
        again = f"restore it, or create the task again: goldgate init {folder.name} --from FILE"
        raise UserError(f"the {name} split is missing", str(path), again)
    return Split(name, read_examples(path))


def load_split(project: Project, task: str, name: str) -> Split:
    """Reads a split and compares it with its card.

    Args:
        project: The project.
        task: Name of the task.
        name: "train", "dev" or "golden".

    Returns:
        The split.

    Raises:
        UserError: There is no such split, its file is missing or broken, or it differs from its card.
    """
    if name not in SPLITS:
        raise UserError(f'no split "{name}"', hint=near_names(name, SPLITS))
    folder = project.golden(task)
    path = folder / f"{name}.jsonl"
    split = read_split(folder, name)
    card = read_card(folder)
    expected = card.splits.get(name, {}).get("fingerprint")
    if split.fingerprint != expected:
        raise UserError(
            f"the {name} split was changed after its card was written"
            f" (fingerprint {short(split.fingerprint)}, the card says {short(str(expected))})",
            str(path),
            f"restore the file, or accept the change with `goldgate prepare {task}`",
        )
    if (told := card.splits[name].get("tags")) != split.tag_counts():
        raise UserError(
            f"the card counts the tags of the {name} split as {told}, but its examples have {split.tag_counts()}",
            str(folder / "card.json"),
            f"restore the card, or rewrite it with `goldgate prepare {task}`",
        )
    return split
