"""Whom a suite compares its candidate with: `prompted` metric by metric, and the identities that its look binds."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from goldgate.answers.replay import Replay
from goldgate.base.errors import UserError
from goldgate.jobs.workspace import Workspace
from goldgate.ledger import LookKey, compared_at, read_looks
from goldgate.plugin.roles import BY_METRIC, Role, Roles, identities, told_of
from goldgate.scored.baselines import chooses, deciding_metrics
from goldgate.scored.table import Chosen
from goldgate.scorers.own import OwnScorer
from goldgate.subjects import Subject
from goldgate.task.examples import Split
from goldgate.task.task import Task


class Asking(Protocol):
    """The part of a suite that its references need."""

    asks: set[str]
    notes: list[str]

    @property
    def task(self) -> Task: ...
    @property
    def workspace(self) -> Workspace: ...
    @property
    def replay(self) -> Replay | None: ...
    @property
    def roles(self) -> Roles: ...
    def split(self) -> Split: ...
    def subject(self, role: Role) -> Subject: ...
    def best_for(self, metric: str | OwnScorer) -> Subject: ...
    def subjects(self) -> dict[str, Subject]: ...


class Against:
    """The references of one suite.

    Every measure of `prompted` that judges answers is of the best prompt for that metric. It is found when a test first
    asks for it, and recorded under a role of its own, such as prompted.numbers_kept, with the look, the champion and
    the answers of a run. All else about `prompted` is of the best prompt by the main metric.

    Args:
        suite: The suite.
    """

    def __init__(self, suite: Asking) -> None:
        self._suite = suite
        self._bound: Mapping[str, str] = {}
        self._own: dict[str, OwnScorer] = {}

    def choose(self, metric: str | OwnScorer) -> Chosen:
        """Returns the scores of the best prompt for a metric, on the split of this run.

        Args:
            metric: A metric, or a user's own.

        Returns:
            The scores, and whose they are.

        Raises:
            UserError: The best prompt is not known, or one of its answers is not available.
        """
        suite = self._suite
        if isinstance(metric, OwnScorer):
            subject, name = self._for_own(metric), metric.name
        elif chooses(suite.task, metric):
            subject, name = suite.best_for(metric), metric
        else:
            subject, name = suite.subject("prompted"), deciding_metrics(suite.task)[0]
        scores = suite.workspace.scores(subject, suite.split())
        suite.notes += [note for note in told_of(subject.name, scores) if note not in suite.notes]
        return Chosen(f"prompted = {subject.name} for {name}", scores)

    def _for_own(self, scorer: OwnScorer) -> Subject:
        """The best prompt for a user's metric. Raises UserError if another scorer of that name chose another one."""
        suite, subject = self._suite, self._suite.best_for(scorer)
        if self._own.setdefault(scorer.name, scorer) is not scorer and suite.replay is None:
            again = suite.roles.best_for(scorer)
            if again.identity != subject.identity:
                raise UserError(
                    f"two scorers are called {scorer.name}, and another prompt is the best for each",
                    str(suite.task.folder),
                    "give each scorer a name of its own",
                )
        return subject

    def at(self, key: LookKey) -> Mapping[str, str]:
        """Identifies everybody that the suite compares its candidate with, as far as that is known before its look.

        A metric is known if an earlier look of the same key compared in it.

        Args:
            key: What identifies the look.

        Returns:
            Role → identity.
        """
        suite = self._suite
        found = identities(suite.asks, lambda role: self.tested(suite.subject(role)))
        ledger = suite.workspace.ledger
        roles = {role for look in read_looks(ledger) if look.key == key for role in compared_at(ledger, look)}
        for role in sorted(roles) if "prompted" in found else ():
            metric = role.removeprefix(BY_METRIC)
            if metric != role and chooses(suite.task, metric):
                with suppress(UserError):  # a gate that needs it is invalid for the same reason
                    found[role] = self.tested(suite.best_for(metric))
        self._bound = found
        return found

    def now(self) -> dict[str, str]:
        """Returns role → identity of everybody that the suite has compared its candidate with so far."""
        asked = {r: self.tested(s) for r, s in self._suite.subjects().items() if r.startswith(BY_METRIC)}
        return {**self._bound, **asked}

    def tested(self, subject: Subject) -> str:
        """Returns the identity under which a subject is bound by a look at the split of this run."""
        return self._suite.workspace.bound(subject, self._suite.split())
