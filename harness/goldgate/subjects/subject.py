"""The Answer, and the protocol that every subject implements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from goldgate.base.fingerprint import digest
from goldgate.task.examples import Example

Finish = Literal["stop", "length", "error"]
Origin = Literal["recorded", "cache", "model"]
Progress = Callable[[int], None]


PLAIN = "plain generation"
"""What served a local subject whose architecture our attention does not suit."""


@dataclass(frozen=True)
class Answer:
    """What a subject answered to one example.

    Attributes:
        id: The example's id.
        text: The answer; None if there is none (then finish is "error" and `error` says why).
        finish: "stop", "length" if the answer was cut off, or "error".
        prompt_tokens: Tokens of the prompt, by the subject's own tokenizer; None if an endpoint does not report them.
        completion_tokens: Tokens of the answer, including the stop token; None if an endpoint does not report them.
        seconds: The time of its batch divided by the rows (throughput, not latency); for a remote subject, the time of
            its own request.
        logprob: Mean natural log-probability of the answer's tokens; None if unknown.
        identity: Identity of the subject.
        fingerprint: The key under which the answer may be cached.
        example: Digest of the example.
        error: Why there is no answer.
        origin: Where the answer came from.
        first_token: Seconds from the start of its batch to the first token; None if unknown.
        passing: Whether the failure is an endpoint's, so that it must not be cached: only what a model said is.
        refused: Whether the endpoint refuses this question, and would refuse it again.
        date: For a remote subject, the day on which it was asked.
        served: For a remote subject, what the endpoint called itself, and which parameters it was asked without; for a
            local one, PLAIN if it was run so.
        shared_tokens: Tokens at the beginning of the prompt that need not be read again where prompts are cached: those
            that an endpoint reports as cached; for a local subject, those that the prompts of its split share. None if
            unknown.
    """

    id: str
    text: str | None
    finish: Finish
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    logprob: float | None
    identity: str
    fingerprint: str
    example: str
    error: str = ""
    origin: Origin = "model"
    first_token: float | None = None
    passing: bool = False
    refused: bool = False
    date: str = ""
    served: str = ""
    shared_tokens: int | None = None


def how_run(name: str, answers: Iterable[Answer]) -> str:
    """Says that a local subject was run in the plain way, wherever its answers count.

    Args:
        name: The subject's name.
        answers: Its answers.

    Returns:
        One sentence without a full stop; empty for a subject that was run as usual, or elsewhere.
    """
    if all(a.served != PLAIN for a in answers):
        return ""
    return (
        f"{name} was answered by plain generation, one prompt at a time and slowly: batches with a shared prompt do not"
        " give this model's own answers"
    )


class Subject(Protocol):
    """Who answers.

    The identity is a digest of who the subject is, by content. The identity and every fingerprint are known without
    loading a model.
    """

    @property
    def name(self) -> str: ...

    @property
    def identity(self) -> str: ...

    def fingerprint(self, example: Example) -> str:
        """Returns the key under which the answer to this example may be cached: identity, engine, precision and
        prompt.
        """
        ...

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        """Yields the answers in any order, each as soon as its batch is done.

        Args:
            examples: What to ask.
            progress: Called with how many more answers are done, as they are.
        """
        ...

    def sampled(self, sample: int) -> Subject:
        """Returns the same subject drawing another sample of its answers.

        Only meaningful if answers are sampled at all: at temperature 0 every sample is the same answer.

        Args:
            sample: Number of the sample, from 1.
        """
        ...


@dataclass(frozen=True)
class Variant:
    """The same model asked in another way: for a further sample, or outside of its task.

    Attributes:
        identity: Maps a subject's identity to the one under which the variant's answers are stored.
        of: Makes the variant of a subject that can answer. Raises UserError if that subject has no such variant.
    """

    identity: Callable[[str], str]
    of: Callable[[Subject], Subject]


MOST_SAMPLES = 100
"""The most samples of one answer: beyond this, only more examples narrow an interval."""


def sampled_identity(identity: str, sample: int) -> str:
    """Returns the identity under which the answers of one more sample are stored, so that samples never get mixed
    up.
    """
    return digest([identity, sample])
