"""How a subject is named: one string that says who answers, everywhere; here it is read and written.

    base+STRATEGY               the task's model with a prompt
    adapter:FOLDER              the task's model with an adapter, and the prompt that it was trained with
    model:FOLDER                a model that was exported
    openai:MODEL@URL+STRATEGY   a model behind an endpoint, with a prompt
    linear                      logistic regression on embeddings
    champion, previous          who is promoted, and who was before
    WORD:ANYTHING               a subject that an installed package brings under that word (see base/extensions.py)

Each of the first four may end in +constrained: its answers are then held to the task's closed form. A name is recorded
as it was written, in champion.json, in runs and in the cache: parsing one and writing it again changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal, get_args

from goldgate.base.errors import UserError, near_names
from goldgate.base.extensions import SUBJECTS, extensions
from goldgate.task.address import Address, read_address

Kind = Literal["base", "adapter", "model", "endpoint", "linear", "champion", "previous", "package"]
Alone = Literal["linear", "champion", "previous"]
FORMS = (
    "base+zero_shot",
    "base+few_shot:4",
    "base+nearest:4",
    "base+zero_shot+constrained",
    "adapter:FOLDER",
    "model:FOLDER",
    "openai:MODEL@URL+zero_shot",
    "linear",
)
"""What a name may look like, for messages."""
_CONSTRAINED = "+constrained"
_WHOLE = ("base+", "adapter:", "model:", "openai:")
_OURS = ("base", "adapter", "model", "openai", *get_args(Alone))
"""Words before a colon that no package can take."""
_ENDPOINT = re.compile(
    r"openai:(?P<model>.+?)@(?P<url>https?://[^+\s]+)\+(?P<strategy>[^+]+)(?P<constrained>\+constrained)?"
)


@dataclass(frozen=True)
class SubjectName:
    """A subject's name in its parts. strategy: of base and endpoint; folder: of adapter and model; model, url: of an
    endpoint, as they are written (of a package's subject, model is the whole name); constrained: whether its answers
    are held to the task's closed form.

    Raises ValueError for parts that would be written as another name.
    """

    kind: Kind
    strategy: str = ""
    folder: str = ""
    model: str = ""
    url: str = ""
    constrained: bool = False

    def __post_init__(self) -> None:
        if SubjectName._read(str(self)) != _parts(self):
            raise ValueError(f"{_parts(self)} are not the parts of one subject's name")

    @classmethod
    def parse(cls, text: str) -> SubjectName:
        """The name in its parts.

        Raises UserError for what has no form of a name, names no folder, or has an address that may not be asked.
        """
        parts = cls._read(text)
        if parts is None:
            raise _unreadable(text)
        if parts[0] == "endpoint":
            read_address(parts[4])
        return cls(*parts)

    @classmethod
    def of_baseline(cls, text: str) -> SubjectName:
        """The name of an entry of task.yaml's `baselines`: a bare strategy is one on the task's own model.

        Raises as `parse`.
        """
        return cls.parse(text if is_whole(text) else f"base+{text}")

    @staticmethod
    def _read(text: str) -> tuple[Kind, str, str, str, str, bool] | None:
        """The parts of a name, None where it has no form of one. The address is not looked into."""
        if (found := _ENDPOINT.fullmatch(text)) is not None:
            constrained = found["constrained"] is not None
            return "endpoint", found["strategy"], "", found["model"], found["url"], constrained
        for alone in get_args(Alone):
            if text == alone:
                return alone, "", "", "", "", False
        plain = text.removesuffix(_CONSTRAINED)
        held = plain != text
        if plain.startswith("base+") and "+" not in (strategy := plain.removeprefix("base+")):
            return "base", strategy, "", "", "", held
        if plain.startswith("adapter:") and plain != "adapter:":
            return "adapter", "", plain.removeprefix("adapter:"), "", "", held
        if plain.startswith("model:") and plain != "model:":
            return "model", "", plain.removeprefix("model:"), "", "", held
        return ("package", "", "", text, "", False) if _is_packaged(text) else None

    def __str__(self) -> str:
        end = _CONSTRAINED if self.constrained else ""
        if self.kind == "base":
            return f"base+{self.strategy}{end}"
        if self.kind == "endpoint":
            return f"{self.endpoint}+{self.strategy}{end}"
        if self.kind in ("adapter", "model"):
            return f"{self.kind}:{self.folder}{end}"
        return self.model if self.kind == "package" else self.kind

    @property
    def plain(self) -> SubjectName:
        """The same without constrained decoding."""
        return replace(self, constrained=False)

    @property
    def held(self) -> SubjectName:
        """The same with constrained decoding. Raises ValueError for a name that cannot say so, such as linear."""
        return replace(self, constrained=True)

    @property
    def local(self) -> bool:
        """Whether it names a language model on this machine."""
        return self.kind in ("base", "adapter", "model")

    @property
    def endpoint(self) -> str:
        """An endpoint's name up to its strategy, openai:MODEL@URL; empty for any other."""
        return f"openai:{self.model}@{self.url}" if self.kind == "endpoint" else ""

    @property
    def word(self) -> str:
        """The word by which a package's subject is found; empty for any other."""
        return self.model.partition(":")[0] if self.kind == "package" else ""

    @property
    def address(self) -> Address:
        """Where an endpoint is. Raises UserError for one that may not be asked."""
        return read_address(self.url)

    @property
    def replaceable(self) -> bool:
        """Whether what answers under the name can be trained anew: a folder, or an endpoint on this machine."""
        return self.kind in ("adapter", "model") or (self.kind == "endpoint" and self.address.here)

    @property
    def display(self) -> str:
        """The name for people: an adapter in the folder of its attempt by the attempt's number, others as they are."""
        return f"attempt {PurePath(self.folder).parent.name}" if self.kind == "adapter" else str(self)


def kind_of(text: str) -> Kind | None:
    """What kind of subject a text names; None where it names none."""
    try:
        return SubjectName.parse(text).kind
    except UserError:
        return None


def is_whole(text: str) -> bool:
    """Whether a text means to name a subject, well or badly; else it may be a strategy for the task's own model."""
    return text == "linear" or text.startswith(_WHOLE) or _is_packaged(text)


def _is_packaged(text: str) -> bool:
    """Whether an installed package answers to the word before the first colon."""
    word, colon, _ = text.partition(":")
    return bool(colon) and word not in _OURS and word in extensions(SUBJECTS)


def _parts(name: SubjectName) -> tuple[Kind, str, str, str, str, bool]:
    return name.kind, name.strategy, name.folder, name.model, name.url, name.constrained


def _unreadable(text: str) -> UserError:
    if text.startswith("openai:"):
        return UserError(
            f"{text.split('@')[0]!r:.60} names no model, address and strategy",
            "an openai: subject",
            "write openai:MODEL@URL+STRATEGY, for example openai:llama3.2@http://localhost:11434/v1+zero_shot",
        )
    if text.removesuffix(_CONSTRAINED) in ("adapter:", "model:"):
        return UserError(
            "adapter: or model: names no folder",
            hint="write adapter:runs/<task>/<run>/attempts/<k>/adapter, or model: and an exported folder",
        )
    return UserError(f'no subject "{text}"', hint=near_names(text, FORMS))


PLAIN_BASE = SubjectName("base", "zero_shot")
"""The task's model with its instructions and nothing else: what was there before training and before prompting."""
