"""What answers: the Answer, and the protocol that every subject keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from goldgate.base.fingerprint import digest
from goldgate.task.examples import Example

Finish = Literal["stop", "length", "error"]
Origin = Literal["recorded", "cache", "model"]
Progress = Callable[[int], None]


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


@dataclass(frozen=True)
class Variant:
    """The same model answering in another way: a further sample, or questions beside its task.

    identity: from a subject's identity to the one that the variant's answers are kept under; of: makes the variant of a
    subject that can answer, and raises UserError where that one cannot.
    """

    identity: Callable[[str], str]
    of: Callable[[Subject], Subject]


MOST_SAMPLES = 100
"""Samples of one answer that may be drawn: each more narrows nothing that the number of examples does not."""


def sampled_identity(identity: str, sample: int) -> str:
    """Identity under which the answers of one more sample are kept, so that it never stands in for another."""
    return digest([identity, sample])
