"""A subject that is known by its record: its model is needed only for what is not recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from goldgate.base.errors import UserError
from goldgate.subjects.subject import Answer, Progress, Subject, Way, general_identity, kept_identity, sampled_identity
from goldgate.task.examples import Example

if TYPE_CHECKING:
    from goldgate.subjects.elsewhere import KeptTask


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

    def sampled(self, sample: int) -> Subject:
        return Replayed(
            self.name, sampled_identity(self.identity, sample), lambda: self._subject().sampled(sample), self._where
        )

    def general(self, way: Way) -> Subject:
        return Replayed(
            self.name, general_identity(self.identity, way), lambda: self._subject().general(way), self._where
        )

    def kept(self, other: KeptTask) -> Subject:
        return Replayed(
            self.name, kept_identity(self.identity, other.digest), lambda: self._subject().kept(other), self._where
        )

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
