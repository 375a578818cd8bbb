"""A model on another task of the project, compared with what it did there before it was tuned for this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, Self

from goldgate.base.errors import UserError
from goldgate.measures import OPEN, Use
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.task.examples import Split

VERSION = 1
"""Raised when another task's examples would be asked or compared differently."""


class KeptTable(ScoreTable):
    """Scores on another task's dev split: sliced only by tags, and only of its examples as they are."""

    def check_slice(self, keep: Callable[..., object], name: str) -> NoReturn:
        raise _own_suite(f"a slice by a predicate, {name}")

    def strata(self) -> Mapping[str, str]:
        raise _own_suite("a novelty stratum")

    def asked(self, split: Split, sample: int = 0) -> Self:
        raise _own_suite("another form of its examples or a further sample")


def _own_suite(what: str) -> UserError:
    return UserError(
        f"{what} is not available for another task",
        hint='use its tags, kept.on("tag"), or gate it in that task\'s own suite',
    )


class Kept(Scored):
    """The candidate on the dev split of a task listed in task.yaml's must_not_regress, with that task's metrics.

    `before` is the base model on the same: kept.exact_match - kept.before.exact_match >= -0.05.
    """

    def __init__(self, label: str, scores: ScoreTable, before: Callable[[], ScoreTable], use: Use = OPEN) -> None:
        super().__init__(label, scores, use=use)
        self._before = before

    @property
    def before(self) -> Scored:
        """The base model with the same prompt. Raises UserError if it cannot be asked."""
        return Scored(f"{self._label}.before", self._before(), use=self._use)
