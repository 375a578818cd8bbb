"""Subjects that are known by their record: with a model for what is not recorded, or with recorded answers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from goldgate.base.errors import UserError
from goldgate.subjects.subject import Answer, Progress, Subject, Variant, sampled_identity
from goldgate.task.examples import Example


class Replayed:
    """A subject known by its recorded identity; its model is needed only for what is not recorded.

    live: the subject itself; where: the file and field that names it. Raises UserError when it has to answer and
    cannot, or is another than the recorded one.
    """

    def __init__(self, name: str, identity: str, live: Callable[[], Subject], where: str) -> None:
        self.name = name
        self.identity = identity
        self._live = live
        self._where = where

    def fingerprint(self, example: Example) -> str:
        return self._subject().fingerprint(example)

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        return self._subject().answer(examples, progress)

    def gap(self, example: Example, one: str, other: str) -> float:
        """As LocalSubject.gap."""
        live = self._subject()
        return float(live.gap(example, one, other)) if hasattr(live, "gap") else float("inf")

    def sampled(self, sample: int) -> Replayed:
        return self.variant(
            Variant(lambda identity: sampled_identity(identity, sample), lambda subject: subject.sampled(sample))
        )

    def variant(self, variant: Variant) -> Replayed:
        """The variant, known by its record in turn; made of the subject itself where it has to answer."""
        live = self._subject
        return Replayed(self.name, variant.identity(self.identity), lambda: variant.of(live()), self._where)

    def _subject(self) -> Subject:
        what = f"an answer of {self.name} is not recorded, and it cannot be generated: "
        hint = "bring its adapter back to where champion.json says, or train and promote again"
        try:
            subject = self._live()
        except UserError as error:
            raise UserError(what + error.what, error.where, hint) from error
        if subject.identity != self.identity:
            raise UserError(f"{what}it is not what was promoted", self._where, hint)
        return subject


class OnlyRecorded:
    """A subject of which only recorded answers are left. Raises UserError when it has to answer.

    where: the file of the record; hint: what to do where an answer is not in it.
    """

    def __init__(self, name: str, identity: str, where: str, hint: str) -> None:
        self.name, self.identity = name, identity
        self._where, self._hint = where, hint

    def fingerprint(self, example: Example) -> str:
        raise UserError(f"the run has no answer of {self.name} to {example.id} as it is now", self._where, self._hint)

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        if examples:
            self.fingerprint(examples[0])
        return iter(())

    def sampled(self, sample: int) -> OnlyRecorded:
        return self.variant(
            Variant(lambda identity: sampled_identity(identity, sample), lambda subject: subject.sampled(sample))
        )

    def variant(self, variant: Variant) -> OnlyRecorded:
        """The variant, of which only recorded answers are left too."""
        return OnlyRecorded(self.name, variant.identity(self.identity), self._where, self._hint)
