"""One golden suite in one process: its subjects, examples, level and answers.

Everything is resolved once, on first use. An error is kept as well, so that the next test does not ask for the same
missing answer again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from goldgate.answers.replay import Replay, SuiteAnswers
from goldgate.base.errors import UserError
from goldgate.base.fingerprint import short
from goldgate.champion.record import Champion, load_champion
from goldgate.data.leaks import unread_splits
from goldgate.forgetting.general import General
from goldgate.forgetting.kept import Kept
from goldgate.forgetting.other_task import other_task
from goldgate.forgetting.without_task import Way
from goldgate.jobs.workspace import Workspace
from goldgate.measures import Judged, Use, Verdict
from goldgate.plugin.against import Against
from goldgate.plugin.bound import Bound, item_name
from goldgate.plugin.failure import Illustration
from goldgate.plugin.judging import SuiteJudge
from goldgate.plugin.once import Once
from goldgate.plugin.options import Choice
from goldgate.plugin.population import about
from goldgate.plugin.roles import BY_METRIC, Role, Roles, told_of
from goldgate.plugin.source import Source, workspace_of
from goldgate.plugin.terms import Terms, dev_terms, golden_terms, ledger_folder, writes
from goldgate.runs.folder import find_replay
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers.own import OwnScorer
from goldgate.subjects import Answer, Subject
from goldgate.task.clusters import Clusters, clusters_of
from goldgate.task.examples import Split, TestedOn, load_split, read_card
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

_NOT_ASKED = "golden was not asked: only the champion is tested on it by itself; for this candidate add --split golden"
_NO_TERMS = {"level": None, "look": None, "ledger": None}


class Suite:
    """The suite of one task in this process. Whatever is not available raises the same UserError each time.

    Attributes:
        project: The project.
        name: Name of the task.
        choice: The options of the run.
        tests_candidate: Whether any test that will run uses the candidate; only then is a look taken.
        asks: The subject fixtures of all its tests that were found, whether or not they are selected.
        declared: The subject fixtures that the current test has as arguments.
        notes: Lines for the summary.
        judge: Who judges comparisons of its measures.
    """

    def __init__(self, project: Project, name: str, choice: Choice, say: Callable[[str], None]) -> None:
        self.project = project
        self.name = name
        self.choice = choice
        self.tests_candidate = True
        self.asks: set[str] = set()
        self.declared: frozenset[str] = frozenset()
        self.notes: list[str] = []
        self.judge = SuiteJudge(name, lambda: self.terms().recording())
        self._say = say
        self._once = Once()
        self._against = Against(self)

    @property
    def task(self) -> Task:
        return self._once(("task",), lambda: load_task(self.project, self.name).on_model(self.choice.model))

    @property
    def champion(self) -> Champion | None:
        return self._once(("champion",), lambda: load_champion(self.project, self.name))

    @property
    def split_name(self) -> TestedOn:
        """The split from the command line, else golden for the champion and dev for other subjects."""
        if self.choice.split is not None:
            return self.choice.split
        by_champion = self.choice.by_champion
        if self.choice.answers is not None and self.champion is not None:
            by_champion = self.subject("candidate").identity == self.champion.identity
        return "golden" if by_champion and self.champion is not None else "dev"

    @property
    def use(self) -> Use:
        """What a test may do with measures: nothing that depends on answers is given away while golden decides."""
        if self.split_name == "dev":
            return Use(hold="marked", judge=self.judge)
        return Use(hold="sealed" if self.task.golden == "sealed" else "hidden", judge=self.judge)

    def split(self, name: TestedOn | None = None) -> Split:
        """Returns the named split, by default the one of this run."""
        which = name or self.split_name
        return self._once(("split", which), lambda: load_split(self.project, self.name, which))

    def clusters(self) -> tuple[Clusters, ...]:
        """Returns the clusters of this run's examples; none if the suite has not asked for the examples."""
        known = self._once.known()  # without a split there may be no champion either, by which the split is chosen
        asked = any(what[0] == "split" for what in known) and ("split", self.split_name) in known
        return self._once(("clusters",), lambda: clusters_of(self.split(), self.task.strata)) if asked else ()

    def tags(self) -> tuple[str, ...]:
        """Returns the edge cases, which on either split are golden's tags. Raises UserError if it has none."""
        card = self._once(("card",), lambda: read_card(self.project.golden(self.name)))
        tags = tuple(card.splits.get("golden", {}).get("tags", {}))
        if not tags:
            raise UserError(
                "no golden example has a tag, so there are no edge cases",
                f"task {self.name}",
                f'tag examples ("tags": [..]) and run `goldgate prepare {self.name}`',
            )
        return tags

    @property
    def workspace(self) -> Workspace:
        """The workspace that subjects, answers and scores come from."""

        def make() -> Workspace:
            proof = self.champion if self.replay is None else self.replay
            file = None if proof is None else proof.file
            return workspace_of(self.project, self.task, file, self.choice, self._say)

        return self._once(("workspace",), make)

    @property
    def source(self) -> Source:
        """What the suite has requested from its workspace."""
        return self._once(("source",), lambda: Source(self.workspace))

    @property
    def replay(self) -> Replay | None:
        """The recorded answers of the run given by --answers; None without that option."""

        def find() -> Replay | None:
            if self.choice.answers is None:
                return None
            self.notes.append(f"decided from the answers of run {self.choice.answers}: no model is called")
            return find_replay(self.project, self.name, self.choice.answers)

        return self._once(("replay",), find)

    def evidence(self) -> SuiteAnswers:
        """Returns all answers that this run was decided from."""
        roles = {role: (s.name, s.identity) for role, s in self.subjects().items()}
        return SuiteAnswers(roles, self.source.said(), self.source.tariffs)

    def subject(self, role: Role) -> Subject:
        """Returns the subject for a role. Raises UserError if there is none."""
        return self._once(("subject", role), lambda: self._find(role, lambda: self.roles.find(role)))

    def best_for(self, metric: str | OwnScorer) -> Subject:
        """Returns the best prompt for one metric. Raises UserError if it cannot be determined."""
        role = BY_METRIC + (metric if isinstance(metric, str) else metric.name)
        return self._once(("subject", role), lambda: self._find(role, lambda: self.roles.best_for(metric)))

    def _find(self, role: str, find: Callable[[], Subject]) -> Subject:
        if self.replay is None:
            return find()
        train = read_card(self.project.golden(self.name)).splits["train"]["fingerprint"]
        found = self.replay.subject(role, self.task, train, self.workspace.parse)
        if role == "previous" and self.champion is not None:
            self.champion.check_previous(found.identity, self.subject("candidate").identity)
        return found

    @property
    def roles(self) -> Roles:
        """Finds subjects where no answers are replayed."""
        return self._once(
            ("roles",), lambda: Roles(self.workspace, self.champion, self.choice, lambda: self.split("dev"))
        )

    def scored(self, role: Role) -> Scored:
        """Returns a role's scores on the examples of this run, after recording the look if there is one.

        Args:
            role: The role.

        Returns:
            The scores as measures.

        Raises:
            UserError: An answer is not available, or the current test does not have the role as an argument, so that no
                look was counted for it.
        """
        self._check_declared(role)

        def make() -> Scored:
            self.terms()
            scores = self.workspace.scores(self.subject(role), self.split())
            self.notes += told_of(self.subject(role).name, scores)
            choose = self._against.choose if role == "prompted" else None
            return Scored(role, scores, use=self.use, choose=choose)

        return self._once(("scored", role), make)

    def general(self) -> General:
        """Returns the scores of the candidate and the base model on the general questions. Raises as `scored`."""
        self._check_declared("general")
        self.terms()

        def answers(role: Role) -> Callable[[Way], Mapping[str, Answer]]:
            return lambda way: self._once(("general", role, way), lambda: self.source.general(self.subject(role), way))

        before = General("general.before", answers("base"), use=self.use)
        return self._once(("general",), lambda: General("general", answers("candidate"), before, self.use))

    def kept(self, name: str) -> Kept:
        """Returns the scores of the candidate and the base model on another task.

        Args:
            name: The task's entry in must_not_regress.

        Returns:
            The scores.

        Raises:
            UserError: As for `scored`, or the other task cannot be loaded.
        """
        self._check_declared("kept")
        self.terms()
        other = self._once(("kept", name), lambda: other_task(name, self.task, self.project))

        def scores(role: Role) -> ScoreTable:
            return self._once(("kept", name, role), lambda: self.source.kept(self.subject(role), other))

        return Kept(f"kept[{name}]", scores("candidate"), lambda: scores("base"), self.use)

    def kept_names(self) -> tuple[str, ...]:
        """Returns the entries of must_not_regress. Raises UserError if there are none."""
        if not self.task.must_not_regress:
            raise UserError(
                "a test uses kept, but the task names no other task that must not regress",
                f'{self.task.folder / "task.yaml"}, field "must_not_regress"',
                "write must_not_regress: [OTHER_TASK]",
            )
        return self.task.must_not_regress

    def _check_declared(self, fixture: str) -> None:
        if fixture not in self.declared:
            raise UserError(
                f"a test requests {fixture} by name while it runs",
                f"task {self.name}",
                "declare it as the test's argument, so that its look is counted before it is read",
            )

    def illustration(self) -> Illustration | None:
        """Returns the candidate's scores on examples that may be shown, without calling a model.

        Returns:
            Scores on golden if this run opens it, else on dev; None if an answer is missing.
        """

        def find() -> Illustration | None:
            opened = self.choice.open_golden and self.terms().look is not None
            scores = self.workspace.existing(self.subject("candidate"), self.split("golden" if opened else "dev"))
            return None if scores is None else Illustration(self.task, Scored("candidate", scores))

        try:
            return self._once(("illustration",), find)
        except UserError:
            return None  # it only illustrates a gate that is already decided

    def terms(self) -> Terms:
        """Returns the terms of this run's gates, taking a look first if the run is on golden and needs one.

        Raises:
            UserError: Golden may not be looked at, or its ledger is broken.
        """
        return self._once(("terms",), self._terms)

    def _terms(self) -> Terms:
        if self.split_name == "dev":
            return dev_terms(self.task)
        self.notes += unread_splits(self.project.golden(self.name))
        candidate = self.subject("candidate") if self.tests_candidate else None
        place = (self.project, self.task, self.choice, self.champion, self.split())
        terms = golden_terms(*place, candidate, self._against.tested, self._against.at)
        self.notes += terms.notes
        return terms

    def settle(self, verdict: Verdict, measure: Judged, item: pytest.Item, place: int) -> Verdict:
        """Records a verdict with the look of this run; see `Bound.settle`. Without a look it is returned unchanged."""
        terms: Terms | None = self._once.known().get(("terms",))
        if terms is None or terms.look is None:
            return verdict
        write = writes(self.project, self.choice)
        bound = Bound(ledger_folder(self.project, self.name), terms.look, self._against.now(), write)
        return bound.settle(verdict, measure, item_name(item, self.task.folder), place, self.source.answered())

    def subjects(self) -> dict[str, Subject]:
        """Returns the subjects that are resolved so far, by role."""
        return {what[1]: subject for what, subject in self._once.known().items() if what[0] == "subject"}

    def audited(self) -> dict[str, Any] | None:
        """Returns the result of --audit as JSON values; None without it, or if the suite requested no answer."""
        if not self.choice.audit or ("workspace",) not in self._once.known():
            return None
        seed = random.SystemRandom().randrange(2**32)
        return self._once(("audit",), lambda: self.source.audit(self.choice.audit, seed)).to_json()

    def describe(self) -> dict[str, Any]:
        """Returns the facts for the summary as plain JSON values, limited to what was resolved while the suite ran."""
        made = self._once.known()
        terms: Terms | None = made.get(("terms",))
        split = made.get(("split", self.split_name)) if ("task",) in made and ("champion",) in made else None
        return {
            "task": self.name,
            "root": str(self.project.root),
            "split": None
            if split is None
            else {"name": split.name, "count": len(split), "fingerprint": short(split.fingerprint)},
            "subjects": {role: {"name": s.name, "identity": short(s.identity)} for role, s in self.subjects().items()},
            **(_NO_TERMS if terms is None else terms.to_json()),
            "notes": [
                *(self.roles.notes if ("roles",) in made else []),
                *([_NOT_ASKED] if split is not None and split.name == "dev" and self.choice.split is None else []),
                *(about(self.clusters()) if ("task",) in made else []),
                *self.notes,
                *(self.source.notes if ("workspace",) in made else []),
            ],
            "answers": dict(self.source.counts) if ("workspace",) in made else {},
            "audit": self.audited(),
            "writes": writes(self.project, self.choice),
        }
