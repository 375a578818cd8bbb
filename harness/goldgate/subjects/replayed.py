"""Subjects that are known by their recorded answers, with or without a model for those that were not recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from goldgate.base.errors import UserError
from goldgate.subjects.subject import Answer, Progress, Subject, Variant, sampled_identity
from goldgate.task.examples import Example


@dataclass(frozen=True)
class Words:
    """What is said of a subject that has to give an answer that was not recorded, and cannot.

    Attributes:
        changed: Why it is not the subject that was recorded.
        hint: What to do.
    """

    changed: str
    hint: str


PROMOTED = Words(
    "it is not what was promoted", "put its adapter back where champion.json says, or train and promote again"
)
RECORDED = Words(
    "task.yaml or its prompt says something else than when its answers were recorded",
    "while it still answers, `goldgate record` adds what is missing; else restore task.yaml and the split",
)


class Replayed:
    """A subject known by its recorded identity. Its model is needed only for answers that were not recorded.

    Args:
        name: The subject's name.
        identity: Its recorded identity.
        live: Makes the subject itself.
        where: The file and field that name it.
        words: What is said if it has to answer and cannot.

    Raises:
        UserError: It has to answer and cannot, or it is no longer the subject that was recorded. Raised on use.
    """

    def __init__(
        self, name: str, identity: str, live: Callable[[], Subject], where: str, words: Words = PROMOTED
    ) -> None:
        self.name = name
        self.identity = identity
        self._live = live
        self._where = where
        self._words = words

    def fingerprint(self, example: Example) -> str:
        return self._subject().fingerprint(example)

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        subject, left = self._subject(), len(examples)
        try:
            for answer in subject.answer(examples, progress):
                left -= 1
                yield answer
        except UserError as error:
            if self._words is PROMOTED:
                raise
            what = f"{left} answers of {self.name} were not recorded, and it gives none: {error.what}"
            raise UserError(what, error.where, self._words.hint) from error

    def gap(self, example: Example, one: str, other: str) -> float:
        """See LocalSubject.gap."""
        live = self._subject()
        return float(live.gap(example, one, other)) if hasattr(live, "gap") else float("inf")

    def shared_tokens(self, examples: Sequence[Example]) -> list[int | None] | None:
        """See LocalSubject.shared_tokens."""
        live = self._subject()
        return live.shared_tokens(examples) if hasattr(live, "shared_tokens") else None

    def sampled(self, sample: int) -> Replayed:
        return self.variant(
            Variant(lambda identity: sampled_identity(identity, sample), lambda subject: subject.sampled(sample))
        )

    def variant(self, variant: Variant) -> Replayed:
        """Returns the variant, known by its record too, and made from the subject itself only if it has to answer."""
        live = self._subject
        made = variant.identity(self.identity)
        return Replayed(self.name, made, lambda: variant.of(live()), self._where, self._words)

    def _subject(self) -> Subject:
        what = f"an answer of {self.name} was not recorded and cannot be generated: "
        hint = self._words.hint
        try:
            subject = self._live()
        except UserError as error:
            raise UserError(what + error.what, error.where, hint) from error
        if subject.identity != self.identity:
            raise UserError(f"{what}{self._words.changed}", self._where, hint)
        return subject


class OnlyRecorded:
    """A subject of which only the recorded answers are left.

    Args:
        name: The subject's name.
        identity: Its recorded identity.
        where: The file of the record.
        hint: What to do if an answer is not in it.

    Raises:
        UserError: It has to answer. Raised on use.
    """

    def __init__(self, name: str, identity: str, where: str, hint: str) -> None:
        self.name, self.identity = name, identity
        self._where, self._hint = where, hint

    def fingerprint(self, example: Example) -> str:
        raise UserError(
            f"the run recorded no answer of {self.name} to {example.id} in its present form", self._where, self._hint
        )

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        if examples:
            self.fingerprint(examples[0])
        return iter(())

    def sampled(self, sample: int) -> OnlyRecorded:
        return self.variant(
            Variant(lambda identity: sampled_identity(identity, sample), lambda subject: subject.sampled(sample))
        )

    def variant(self, variant: Variant) -> OnlyRecorded:
        """Returns the variant, of which only the recorded answers are left too."""
        return OnlyRecorded(self.name, variant.identity(self.identity), self._where, self._hint)
