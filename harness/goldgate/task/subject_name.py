"""The names of subjects. A name is one string that says who answers; this module parses and renders it.

    base+STRATEGY               the task's base model with a prompting strategy
    adapter:FOLDER              the base model with an adapter and the prompt that the adapter was trained with
    model:FOLDER                an exported model
    gguf:FILE                   an exported model in one file, run by llama.cpp
    openai:MODEL@URL+STRATEGY   a model behind an endpoint, with a prompting strategy
    linear                      logistic regression on embeddings
    champion, previous          the promoted subject, and the one promoted before it
    WORD:ANYTHING               a subject that an installed package brings under that word (see base/extensions.py)

Those of models but gguf may end in +constrained, which restricts decoding to the task's labels or schema. Names are
recorded as they were written in champion.json, in runs and in the cache, so parsing and rendering must round-trip.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Literal, get_args

from goldgate.base.errors import UserError, near_names
from goldgate.base.extensions import SUBJECTS, extensions
from goldgate.task.address import Address, read_address

Kind = Literal["base", "adapter", "model", "gguf", "endpoint", "linear", "champion", "previous", "package"]
Alone = Literal["linear", "champion", "previous"]
FORMS = (
    "base+zero_shot",
    "base+few_shot:4",
    "base+nearest:4",
    "base+zero_shot+constrained",
    "adapter:FOLDER",
    "model:FOLDER",
    "gguf:FILE",
    "openai:MODEL@URL+zero_shot",
    "linear",
)
"""Sample names, for messages."""
_CONSTRAINED = "+constrained"
_WHOLE = ("base+", "adapter:", "model:", "gguf:", "openai:")
_OURS = ("base", "adapter", "model", "gguf", "openai", *get_args(Alone))
"""Words before a colon that no package can take."""
_ENDPOINT = re.compile(
    r"openai:(?P<model>.+?)@(?P<url>https?://[^+\s]+)\+(?P<strategy>[^+]+)(?P<constrained>\+constrained)?"
)
_ADDRESS_ALONE = re.compile(r"openai:.+?@https?://[^+\s]+")

HOW_TO_ADD = "name one in task.yaml: `incumbent: openai:MODEL@URL+zero_shot`, or add it to `baselines`"
"""How a larger model becomes an opponent."""


@dataclass(frozen=True)
class SubjectName:
    """The parts of a subject's name.

    Attributes:
        kind: What sort of subject it is.
        strategy: Prompting strategy of a base model or an endpoint.
        folder: Folder of an adapter or an exported model, or its GGUF file.
        model: Model of an endpoint; of a package's subject, the whole name.
        url: Address of an endpoint, as it was written.
        constrained: Whether decoding is restricted to the task's labels or schema.

    Raises:
        ValueError: The parts do not survive rendering and parsing.
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
        """Parses a name.

        Args:
            text: The name.

        Returns:
            Its parts.

        Raises:
            UserError: The text does not have the form of a name, names no folder, or has an address that is not
                allowed.
        """
        parts = cls._read(text)
        if parts is None:
            raise _unreadable(text)
        if parts[0] == "endpoint":
            read_address(parts[4])
        return cls(*parts)

    @classmethod
    def of_baseline(cls, text: str) -> SubjectName:
        """Parses an entry of `baselines` in task.yaml.

        Args:
            text: A name, or a bare strategy, which is applied to the task's base model.

        Returns:
            The parts of the name.

        Raises:
            UserError: As for `parse`.
        """
        return cls.parse(text if is_whole(text) else f"base+{text}")

    @staticmethod
    def _read(text: str) -> tuple[Kind, str, str, str, str, bool] | None:
        """Splits a name into its parts without checking the address; None if it does not have the form of a name."""
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
        if text.startswith("gguf:") and text != "gguf:":
            return "gguf", "", text.removeprefix("gguf:"), "", "", False
        return ("package", "", "", text, "", False) if _is_packaged(text) else None

    def __str__(self) -> str:
        end = _CONSTRAINED if self.constrained else ""
        if self.kind == "base":
            return f"base+{self.strategy}{end}"
        if self.kind == "endpoint":
            return f"{self.endpoint}+{self.strategy}{end}"
        if self.kind in ("adapter", "model", "gguf"):
            return f"{self.kind}:{self.folder}{end}"
        return self.model if self.kind == "package" else self.kind

    @property
    def plain(self) -> SubjectName:
        """The same name without constrained decoding."""
        return replace(self, constrained=False)

    @property
    def held(self) -> SubjectName:
        """The same name with constrained decoding. Raises ValueError for a kind without it, such as linear."""
        return replace(self, constrained=True)

    @property
    def local(self) -> bool:
        """Whether it is a language model that runs in this process."""
        return self.kind in ("base", "adapter", "model")

    @property
    def endpoint(self) -> str:
        """The name of an endpoint without its strategy, openai:MODEL@URL; empty for any other kind."""
        return f"openai:{self.model}@{self.url}" if self.kind == "endpoint" else ""

    @property
    def word(self) -> str:
        """The word by which a package's subject is found; empty for any other."""
        return self.model.partition(":")[0] if self.kind == "package" else ""

    @property
    def address(self) -> Address:
        """The address of an endpoint. Raises UserError if it is not allowed."""
        return read_address(self.url)

    @property
    def replaceable(self) -> bool:
        """Whether the model behind the name can be retrained: it is in a folder, or an endpoint on this machine."""
        return self.kind in ("adapter", "model", "gguf") or (self.kind == "endpoint" and self.address.here)

    @property
    def display(self) -> str:
        """The name for display: an adapter in its attempt's folder is shown by the attempt's number."""
        return f"attempt {PurePath(self.folder).parent.name}" if self.kind == "adapter" else str(self)


def kind_of(text: str) -> Kind | None:
    """Finds the kind of subject that a text names.

    Args:
        text: Any text.

    Returns:
        The kind; None if the text is not a valid name.
    """
    try:
        return SubjectName.parse(text).kind
    except UserError:
        return None


def is_whole(text: str) -> bool:
    """Decides whether a text is meant as a full name, valid or not, rather than as a bare strategy.

    Args:
        text: An entry of `baselines`.

    Returns:
        True if it starts like the name of a subject.
    """
    return text == "linear" or text.startswith(_WHOLE) or _is_packaged(text)


def lacks_strategy(text: str) -> bool:
    """Returns whether a text names a model and an address, but not how the model is to be prompted."""
    return _ADDRESS_ALONE.fullmatch(text) is not None


def _is_packaged(text: str) -> bool:
    """Whether an installed package answers to the word before the first colon."""
    word, colon, _ = text.partition(":")
    return bool(colon) and word not in _OURS and word in extensions(SUBJECTS)


def _parts(name: SubjectName) -> tuple[Kind, str, str, str, str, bool]:
    return name.kind, name.strategy, name.folder, name.model, name.url, name.constrained


def _unreadable(text: str) -> UserError:
    if text.startswith("openai:"):
        return UserError(
            f"{text.split('@')[0]!r:.60} does not name a model, an address and a strategy",
            "an openai: subject",
            "write openai:MODEL@URL+STRATEGY, for example openai:llama3.2@http://localhost:11434/v1+zero_shot",
        )
    if text.removesuffix(_CONSTRAINED) in ("adapter:", "model:", "gguf:"):
        return UserError(
            "adapter: and model: need the name of a folder, gguf: that of a file",
            hint="write adapter:runs/<task>/<run>/attempts/<k>/adapter, or model: and the folder of an exported model",
        )
    return UserError(f'no subject "{text}"', hint=near_names(text, FORMS))


PLAIN_BASE = SubjectName("base", "zero_shot")
"""The task's base model with only the instructions: the starting point, before prompting or training."""
