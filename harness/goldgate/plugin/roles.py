"""Finds the subject for each role in a suite: the candidate, and everything it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Set
from contextlib import suppress
from typing import Literal, get_args

from goldgate.base.errors import UserError
from goldgate.champion.record import Champion
from goldgate.jobs.workspace import Workspace
from goldgate.ledger import compared_at, read_looks, suite_digest
from goldgate.plugin.options import Choice
from goldgate.scored.baselines import Prompted, best_for, choose_prompted, is_listed, what_was_tried
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import how_cached, scorer_versions
from goldgate.scorers.own import OwnScorer
from goldgate.subjects import Subject, how_known, how_run
from goldgate.task.examples import Split
from goldgate.task.subject_name import PLAIN_BASE, SubjectName

Role = Literal["candidate", "prompted", "base", "linear", "incumbent", "previous"]
BY_METRIC = "prompted."
"""Prefix of the role that a baseline has as the best for one metric: prompted.numbers_kept."""
FIXTURES: frozenset[str] = frozenset({*get_args(Role), "general", "kept"})
"""The fixtures that give a test the scores of a subject."""


class _NotChosenYet(Exception):
    """The best baseline is not known on this machine, because the named one has not answered dev."""


class Roles:
    """Finds the subjects of one suite.

    Attributes:
        notes: Lines for the summary about how subjects were found.
    """

    def __init__(
        self, workspace: Workspace, champion: Champion | None, choice: Choice, dev: Callable[[], Split]
    ) -> None:
        self.notes: list[str] = []
        self._workspace, self._task, self._champion = workspace, workspace.task, champion
        self._choice, self._dev = choice, dev
        self._parse = workspace.parse
        self._prompts: dict[bool, Prompted] = {}

    def find(self, role: Role) -> Subject:
        """Finds the subject for a role.

        Args:
            role: The role.

        Returns:
            The subject.

        Raises:
            UserError: There is no subject for the role, or it cannot be determined.
        """
        makers: dict[Role, Callable[[], Subject]] = {
            "candidate": self._candidate,
            "prompted": self._prompted,
            "base": lambda: self._parse(str(PLAIN_BASE)),
            "linear": lambda: self._parse("linear"),
            "incumbent": self._incumbent,
            "previous": self._previous,
        }
        return makers[role]()

    def _candidate(self) -> Subject:
        if self._choice.candidate is not None and not self._choice.by_champion:
            return self._parse(self._choice.candidate)
        champion = self._champion
        if champion is None:
            raise UserError(
                f"there is no candidate: task {self._task.name} has no champion",
                str(self._task.folder),
                f"name one: pytest --candidate base+zero_shot, or --candidate adapter:FOLDER; or make one:"
                f" goldgate train {self._task.name}, then goldgate promote RUN",
            )
        return self._workspace.promoted(champion)

    def _previous(self) -> Subject:
        champion = self._champion
        if champion is None:
            raise UserError(
                f"there is no previous champion: task {self._task.name} has none",
                str(self._task.folder),
                "a gate on `previous` needs a champion: leave it out until there is one",
            )
        if self._candidate().identity == champion.identity:
            return champion.predecessor(self._parse)
        return self._workspace.promoted(champion)

    def best_for(self, metric: str | OwnScorer) -> Subject:
        """Finds the best baseline for one metric, in the way in which `prompted` itself is found.

        Args:
            metric: A metric that judges answers, or a user's own.

        Returns:
            The subject.

        Raises:
            UserError: It cannot be determined.
        """
        return self._prompted(metric)

    def _prompted(self, metric: str | OwnScorer = "") -> Subject:
        """For the champion, the reference recorded with it.

        For other candidates, the baseline chosen on dev on this machine, else the champion's reference, else the best
        declared baseline, measured on dev now. Without a metric, the best by the main one.
        """
        recorded, champion = self._recorded_prompted(metric), self._champion
        if recorded is None or not self._choice.by_champion:
            try:
                return self._parse(self._choose_prompted(metric, measure=recorded is None))
            except _NotChosenYet as absent:
                if recorded is None:
                    raise UserError(
                        f"the best baseline is not known: {absent} has not answered dev",
                        f"task {self._task.name}",
                        f"goldgate evaluate {self._task.name} --subject {absent}",
                    ) from None
        if champion is not None and champion.tried and not metric:
            self.notes.append(what_was_tried(champion.tried, champion.untried))
        return recorded

    def _recorded_prompted(self, metric: str | OwnScorer) -> Subject | None:
        """The baseline that is recorded with the champion, if it is still declared and unchanged."""
        champion = self._champion
        if champion is None or champion.baselines != tuple(self._task.baselines):
            return None  # with other baselines declared, another one may be the best
        name, identity, role = champion.prompted, champion.prompted_identity, "prompted"
        if metric:
            asked = metric if isinstance(metric, str) else metric.name
            if asked not in champion.prompted_for or not self._is_same_metric(metric, champion):
                return None
            name, role = champion.prompted_for[asked], f"{BY_METRIC}{asked}"
            identity = champion.subjects[name]
        if champion.forced is not None and not self._was_compared(role, identity):
            return None  # nothing passed against it, so it may be weaker than the best
        if not is_listed(self._task, name) or self._is_another_list(champion):
            return None
        try:
            subject = self._parse(name)
        except UserError as error:
            self.notes.append(f"{name} is known only from its record: {error.what}")
            return champion.reference(name, self._parse) if metric else champion.replayed("prompted", self._parse)
        return subject if subject.identity == identity else None

    def _is_same_metric(self, metric: str | OwnScorer, champion: Champion) -> bool:
        """Whether the metric is still the one by which the champion's reference was chosen.

        A user's own is as long as the suite's code is the one of the champion's look.
        """
        versions = scorer_versions(self._task)
        if isinstance(metric, str):
            return champion.scorers.get(metric) == versions.get(metric)
        looks = [look for look in read_looks(self._workspace.ledger) if look.name == champion.look]
        return any(look.key.suite == suite_digest(self._task, versions) for look in looks)

    def _was_compared(self, role: str, identity: str) -> bool:
        """Whether a look at golden compared its candidate with this baseline."""
        ledger = self._workspace.ledger
        return any(compared_at(ledger, look).get(role) == identity for look in read_looks(ledger))

    def _is_another_list(self, champion: Champion) -> bool:
        """Whether a prompt's file has changed since the champion's reference was chosen: it may be the best now.

        A file that cannot be read counts as unchanged.
        """
        for name, identity in champion.tried.items():
            try:
                kept_in_file = SubjectName.parse(name).strategy.startswith(("file:", "optimized:"))
                if kept_in_file and self._parse(name).identity != identity:
                    return True
            except UserError:
                continue
        return False

    def _choose_prompted(self, metric: str | OwnScorer, measure: bool) -> str:
        """Name of the best declared baseline on dev. Raises _NotChosenYet if it is unknown and may not be measured."""
        dev, work = self._dev(), self._workspace

        def score(name: str) -> Scored:
            subject = self._parse(name)
            if not (measure and self._choice.generate) and work.existing(subject, dev) is None:
                raise _NotChosenYet(name)
            return Scored(name, work.scores(subject, dev))

        def measured(name: str) -> Scored:
            if not measure:
                raise _NotChosenYet(name)
            return score(name)

        if measure not in self._prompts:
            self._prompts[measure] = choose_prompted(
                work.project, self._task, dev, lambda name: self._parse(name).identity, measured, everything=False
            )
        chosen = self._prompts[measure]
        if metric:
            return best_for(self._task, chosen, metric, score)
        self.notes.append(what_was_tried(chosen.tried, chosen.untried))
        return chosen.name

    def _incumbent(self) -> Subject:
        if self._task.incumbent is None:
            raise UserError(
                "the task names no incumbent",
                f'{self._task.folder / "task.yaml"}, field "incumbent"',
                "add the subject that runs in production today",
            )
        name, champion = self._task.incumbent, self._champion
        self.notes += [told] if (told := self._workspace.told_of_recording(name)) else []
        try:
            return self._parse(name)
        except UserError as error:
            recorded = None if champion is None else champion.reference(name, self._parse)
            if recorded is None:
                raise
            self.notes.append(f"{name} is known only from its record: {error.what}")
            return recorded


def identities(asks: Set[str], identify: Callable[[Role], str]) -> dict[str, str]:
    """Identifies everybody that a suite compares its candidate with.

    Whoever is not available is left out: the gates that ask for it are invalid, so the suite cannot pass.

    Args:
        asks: The subject fixtures of its tests.
        identify: Returns the identity of the subject that has a role.

    Returns:
        Role → identity.
    """
    of_base = {"base"} if {"general", "kept"} & asks else set()
    found: dict[str, str] = {}
    for role in get_args(Role):
        if role != "candidate" and role in (asks | of_base):
            with suppress(UserError):
                found[role] = identify(role)
    return found


def told_of(name: str, scores: ScoreTable) -> list[str]:
    """Returns notes about a subject for the summary.

    Args:
        name: The subject's name.
        scores: Its scores.

    Returns:
        How it is identified, if by its name alone; how it was run, if plainly; what its tokens cost, if that is not the
        price in task.yaml; and how much of its prompts a cache holds, if that is known or priced.
    """
    answers, tariff = scores.answers.values(), scores.context.tariff
    known, cached = how_known(name, answers), how_cached(name, tariff, answers)
    cost = [f"cost of {name}: {tariff}"] if tariff is not None and (tariff.own or known) else []
    return [*(note for note in (known, how_run(name, answers)) if note), *cost, *([cached] if cached else [])]
