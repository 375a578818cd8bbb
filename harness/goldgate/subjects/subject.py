"""What answers: the Answer, and the protocol that every subject keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.task.examples import Example
from goldgate.task.questions import VERSION as GENERAL

if TYPE_CHECKING:
    from goldgate.subjects.elsewhere import KeptTask

Finish = Literal["stop", "length", "error"]
Origin = Literal["recorded", "cache", "model"]
Progress = Callable[[int], None]
Way = Literal["said", "chosen", "read"]
"""How the general questions are put. said: answered in the subject's own words; chosen: the likeliest of a question's
options; read: the mean log-probability of a passage's tokens but the first, each given those before."""
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True)
class Answer:
    """What a subject said to one example.

    text: None where there is no answer (finish is then "error", and error says why); finish: "length" where it was cut
    off; tokens: as the subject's own tokenizer counts, the stop token included; seconds: of its batch, divided by the
    rows (throughput, not latency), and of a remote subject those of its request; logprob: mean natural log-probability
    of the answer's tokens; example: its digest; first_token: seconds of its batch until the first token, None where
    that is not known; passing: whether there may be an answer another time, so that this is not kept; date, served: of
    a remote subject, when it was asked and what the endpoint called itself.
    """

    id: str
    text: str | None
    finish: Finish
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    logprob: float | None
    identity: str
    fingerprint: str
    example: str
    error: str = ""
    origin: Origin = "model"
    first_token: float | None = None
    passing: bool = False
    date: str = ""
    served: str = ""


class Subject(Protocol):
    """Who answers. identity: digest of who it is, by content; both digests are known without loading a model."""

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str: ...

    def fingerprint(self, example: Example) -> str:
        """The key under which the answer to this example may be cached: identity, engine, precision and prompt."""
        ...

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        """Answers in any order, each when its batch is done. progress is told how many more are done, as they are."""
        ...

    def sampled(self, sample: int) -> Subject:
        """The same subject drawing its answers anew; sample counts from 1. Only where answers are drawn at all: at
        temperature 0 every sample is the same answer, and nobody asks for one.
        """
        ...

    def general(self, way: Way) -> Subject:
        """The same model without its task: it answers the general questions. Raises UserError if it cannot."""
        ...

    def kept(self, other: KeptTask) -> Subject:
        """The same model under another task's prompt: it answers that task's dev split. Raises as `general`."""
        ...


MOST_SAMPLES = 100
"""Samples of one answer that may be drawn: each more narrows nothing that the number of examples does not."""


def sampled_identity(identity: str, sample: int) -> str:
    """Identity under which the answers of one more sample are kept, so that it never stands in for another."""
    return digest([identity, sample])


def general_identity(identity: str, way: Way) -> str:
    """Identity under which a subject's answers to the general questions are kept."""
    return digest([identity, "general", way, GENERAL])


def kept_identity(identity: str, other: str) -> str:
    """Identity under which a subject's answers to another task are kept. other: the digest of what that asks."""
    return digest([identity, "kept", other])


def not_general(name: str, what: str = "the general questions", gate: str = "general") -> UserError:
    """What a subject says that is not asked beside its task."""
    return UserError(
        f"{name} is not asked {what}: what training made it forget is known of models on this machine alone",
        hint=f"gate `{gate}` for adapter:FOLDER or base+STRATEGY",
    )
