"""Examples, splits and their card: what a task's data is, checked line by line when it is read."""

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
from goldgate.task.project import Project

Message = dict[str, str]
SPLITS = ("train", "dev", "golden")
TestedOn = Literal["dev", "golden"]  # the splits that a subject is tested on
COMPUTED = "novelty:"  # how the tags begin that are computed: no example's own does
_KEYS = {"id", "input", "output", "accept", "tags", "group", "meta"}


@dataclass(frozen=True)
class Example:
    """One input with its expected output.

    input: text, or chat messages; output: text or a JSON value; accept: other right outputs; tags: edge cases that it
    stands for; group: near-copies share one (they are one observation); meta: notes that nothing depends on.
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
        """Content without id and meta: an example that is relabelled or retagged is another one."""
        messages = self.input if isinstance(self.input, str) else list(self.input)
        return digest([messages, self.output, list(self.accept), sorted(self.tags), self.group])

    @property
    def text(self) -> str:
        """The input as one string."""
        return self.input if isinstance(self.input, str) else "\n".join(m["content"] for m in self.input)

    @property
    def answers(self) -> tuple[Any, ...]:
        """Every output that counts as right, the expected one first."""
        return (self.output, *self.accept)


@dataclass(frozen=True)
class Split:
    """One of train, dev and golden. fingerprint: digest of ids and contents, whatever the order of the lines."""

    name: str
    examples: tuple[Example, ...]

    @cached_property
    def fingerprint(self) -> str:
        return digest(sorted([e.id, e.digest] for e in self.examples))

    @cached_property
    def by_id(self) -> dict[str, Example]:
        return {e.id: e for e in self.examples}

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)

    def tag_counts(self) -> dict[str, int]:
        """How many examples carry each tag, by name."""
        return dict(sorted(Counter(t for e in self.examples for t in e.tags).items()))


@dataclass(frozen=True)
class Card:
    """What stands beside the splits: counts, fingerprints and tags of each, how they were made, licence, source."""

    task: str
    splits: dict[str, dict[str, Any]]
    prepared: str
    licence: str
    source: str


def card_of(task: str, splits: dict[str, Split], prepared: str, licence: str, source: str) -> Card:
    """The card that describes these splits."""
    rows = {name: {"count": len(s), "fingerprint": s.fingerprint, "tags": s.tag_counts()} for name, s in splits.items()}
    return Card(task, rows, prepared, licence, source)


def write_card(folder: Path, card: Card) -> None:
    """Writes card.json into a task's golden folder."""
    write_json(folder / "card.json", asdict(card))


def read_card(folder: Path) -> Card:
    """Reads card.json; UserError where it is missing or lacks a key."""
    path = folder / "card.json"
    if not path.is_file():
        raise UserError("no card beside the splits", str(path), f"write it with `goldgate prepare {folder.name}`")
    again = f"write it again with `goldgate prepare {folder.name}`"
    raw = check_object(read_json(path), str(path), again, task=str, splits=dict, prepared=str, licence=str, source=str)
    if odd := sorted(set(raw) - {"task", "splits", "prepared", "licence", "source"}):
        raise UserError(f'unknown key "{odd[0]}"', f'{path}, field "{odd[0]}"', again)
    check_object(raw["splits"], str(path), again, **dict.fromkeys(raw["splits"], dict))
    return Card(**raw)


def render_output(output: Any) -> str:
    """An output as a model writes it: text as it is, JSON on one line with blanks after , and :."""
    if isinstance(output, str):
        return output
    return json.dumps(output, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)


def read_examples(path: Path) -> tuple[Example, ...]:
    """Reads one JSONL file; UserError naming file, line and field for anything that is not an example."""
    examples: list[Example] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        example = _parse(line, path.name, number)
        if example.id in seen:
            raise UserError(
                f'the id "{example.id}" stands on line {seen[example.id]} already',
                f'{path.name}, line {number}, field "id"',
                "give every example an id of its own",
            )
        seen[example.id] = number
        examples.append(example)
    if not examples:
        raise UserError("no examples in the file", str(path), "put one JSON object on each line")
    return tuple(examples)


def _parse(line: str, file: str, number: int) -> Example:
    where = f"{file}, line {number}"
    raw = parse_json(line, file, "one object a line", number)
    check_json(raw, where)
    if not isinstance(raw, dict):
        raise UserError(
            f"a line is an object, not {type(raw).__name__}", where, 'write {"id": .., "input": .., "output": ..}'
        )
    for key in raw:
        if key not in _KEYS:
            raise UserError(f'unknown key "{key}"', f'{where}, field "{key}"', near_names(key, _KEYS))
    for key in ("id", "input", "output"):
        if key not in raw:
            raise UserError(f'"{key}" is missing', f'{where}, field "{key}"', "id, input and output are required")
    return Example(
        id=_text(raw["id"], where, "id"),
        input=_input(raw["input"], where),
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
            f'the tag "{tag}" is reserved: how new an example is, is computed',
            f'{where}, field "tags"',
            "call the tag something else",
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


def _input(value: Any, where: str) -> str | tuple[Message, ...]:
    if isinstance(value, str):
        return value
    where = f'{where}, field "input"'
    if not isinstance(value, list) or not value:
        raise UserError(
            f"must be text or chat messages, not {value!r:.40}", where, "write a string or [{role, content}]"
        )
    for message in value:
        if (
            not isinstance(message, dict)
            or set(message) != {"role", "content"}
            or not all(isinstance(v, str) for v in message.values())
        ):
            raise UserError(f"not a chat message: {message!r:.60}", where, 'write {"role": "user", "content": ".."}')
        if message["role"] not in ("system", "user", "assistant"):
            raise UserError(f"unknown role {message['role']!r:.40}", where, "known: assistant, system, user")
    if value[-1]["role"] != "user":
        raise UserError("the last message must be the user's", where, "drop what comes after it")
    return tuple(value)


def read_split(folder: Path, name: str) -> Split:
    """One split as it lies in a task's golden folder, whatever the card says; UserError where missing or broken."""
    path = folder / f"{name}.jsonl"
    if not path.is_file():
        raise UserError(
            f"the {name} split is missing",
            str(path),
            f"restore it, or make the task anew: goldgate init {folder.name} --from FILE",
        )
    return Split(name, read_examples(path))


def load_split(project: Project, task: str, name: str) -> Split:
    """One split of a task; UserError where it is missing, broken, or differs from its card."""
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
            f"the card says {told} of the {name} split's tags, its examples say {split.tag_counts()}",
            str(folder / "card.json"),
            f"restore the card, or write it anew with `goldgate prepare {task}`",
        )
    return split
