"""One golden suite in one process: who is tested on which examples, at which level, and from which answers.

Everything is resolved when first asked for, and once: an answer that could not be had is not asked for again by the
next test.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from goldgate.answers.replay import Replay, SuiteAnswers
from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest, short
from goldgate.champion.record import Champion, load_champion
from goldgate.forgetting.general import General
from goldgate.forgetting.kept import Kept
from goldgate.forgetting.other_task import other_task
from goldgate.forgetting.without_task import Way
from goldgate.jobs.workspace import Workspace
from goldgate.plugin.failure import Illustration
from goldgate.plugin.options import Choice
from goldgate.plugin.roles import Role, Roles, told_of
from goldgate.plugin.source import Source, workspace_of
from goldgate.plugin.terms import Terms, dev_terms, golden_terms, writes
from goldgate.runs.folder import find_replay
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.subjects import Answer, Subject
from goldgate.task.examples import Split, TestedOn, load_split, read_card
from goldgate.task.project import Project
from goldgate.task.subject_name import kind_of
from goldgate.task.task import Task, load_task

T = TypeVar("T")
Key = tuple[str, ...]  # what is resolved, and for whom: ("subject", "candidate")
_NO_TERMS = {"level": None, "look": None, "ledger": None}


class Suite:
    """The suite of one task in this process. Raises UserError, always the same, for what cannot be had."""

    def __init__(self, project: Project, name: str, choice: Choice, say: Callable[[str], None]) -> None:
        self.project = project
        self.name = name
        self.choice = choice
        self.tests_candidate = True  # whether a test that is to run uses the candidate: only then is golden looked at
        self.declared: frozenset[str] = frozenset()  # the subjects that the test which runs now has as arguments
        self.notes: list[str] = []
        self._say = say
        self._made: dict[Key, tuple[Any, UserError | None]] = {}

    def _once(self, what: Key, make: Callable[[], T]) -> T:
        if what not in self._made:
            try:
                self._made[what] = (make(), None)
            except UserError as error:
                self._made[what] = (None, error)
        value, failure = self._made[what]
        if failure is not None:
            raise UserError(failure.what, failure.where, failure.hint)
        return value  # type: ignore[no-any-return]

    @property
    def task(self) -> Task:
        return self._once(("task",), lambda: load_task(self.project, self.name).on_model(self.choice.model))

    @property
    def champion(self) -> Champion | None:
        return self._once(("champion",), lambda: load_champion(self.project, self.name))

    @property
    def split_name(self) -> TestedOn:
        """golden for the champion, dev for anything else, unless the command line says which."""
        if self.choice.split is not None:
            return self.choice.split
        by_champion = self.choice.by_champion
        if self.choice.answers is not None and self.champion is not None:
            by_champion = self.subject("candidate").identity == self.champion.identity
        return "golden" if by_champion and self.champion is not None else "dev"

    def split(self, name: TestedOn | None = None) -> Split:
        """The examples of this run, or the named split."""
        which = name or self.split_name
        return self._once(("split", which), lambda: load_split(self.project, self.name, which))

    def tags(self) -> tuple[str, ...]:
        """The edge cases: the tags of the golden split, whatever split the run is on."""
        card = self._once(("card",), lambda: read_card(self.project.golden(self.name)))
        tags = tuple(card.splits.get("golden", {}).get("tags", {}))
        if not tags:
            raise UserError(
                "no golden example carries a tag: there are no edge cases",
                f"task {self.name}",
                f'tag examples ("tags": [..]) and run `goldgate prepare {self.name}`',
            )
        return tags

    @property
    def workspace(self) -> Workspace:
        """Where subjects, answers and scores come from."""

        def make() -> Workspace:
            proof = self.champion if self.replay is None else self.replay
            file = None if proof is None else proof.file
            return workspace_of(self.project, self.task, file, self.choice, self._say)

        return self._once(("workspace",), make)

    @property
    def source(self) -> Source:
        """What was asked for there."""
        return self._once(("source",), lambda: Source(self.workspace))

    @property
    def replay(self) -> Replay | None:
        """The recorded answers that this run decides from, where it was asked to."""

        def find() -> Replay | None:
            if self.choice.answers is None:
                return None
            self.notes.append(f"decided from the answers of run {self.choice.answers}: no model is asked")
            return find_replay(self.project, self.name, self.choice.answers)

        return self._once(("replay",), find)

    def evidence(self) -> SuiteAnswers:
        """All that this run was decided from."""
        roles = {role: (s.name, s.identity) for role, s in self._subjects().items()}
        return SuiteAnswers(roles, self.source.said(), self.source.tariffs)

    def subject(self, role: Role) -> Subject:
        """Who plays a role in the suite."""
        return self._once(("subject", role), lambda: self._find(role))

    def _find(self, role: Role) -> Subject:
        if self.replay is None:
            return self._roles.find(role)
        train = read_card(self.project.golden(self.name)).splits["train"]["fingerprint"]
        found = self.replay.subject(role, self.task, train, self.workspace.parse)
        if role == "previous" and self.champion is not None:
            self.champion.check_previous(found.identity, self.subject("candidate").identity)
        return found

    @property
    def _roles(self) -> Roles:
        return self._once(
            ("roles",), lambda: Roles(self.workspace, self.champion, self.choice, lambda: self.split("dev"))
        )

    def scored(self, role: Role) -> Scored:
        """A role's answers on the examples of this run, as measures. The look at golden is opened first.

        Raises UserError where the test that runs did not declare it: no look would have been counted.
        """
        self._check_declared(role)

        def make() -> Scored:
            self.terms()
            scores = self.workspace.scores(self.subject(role), self.split())
            self.notes += told_of(self.subject(role).name, scores)
            return Scored(role, scores)

        return self._once(("scored", role), make)

    def general(self) -> General:
        """The candidate on the general questions, and the base model before it. As `scored` otherwise."""
        self._check_declared("general")
        self.terms()

        def answers(role: Role) -> Callable[[Way], Mapping[str, Answer]]:
            return lambda way: self._once(("general", role, way), lambda: self.source.general(self.subject(role), way))

        before = General("general.before", answers("base"))
        return self._once(("general",), lambda: General("general", answers("candidate"), before))

    def kept(self, name: str) -> Kept:
        """The candidate on another task, by its entry of must_not_regress, and the base model. As `scored` else."""
        self._check_declared("kept")
        self.terms()
        other = self._once(("kept", name), lambda: other_task(name, self.task, self.project))

        def scores(role: Role) -> ScoreTable:
            return self._once(("kept", name, role), lambda: self.source.kept(self.subject(role), other))

        return Kept(f"kept[{name}]", scores("candidate"), lambda: scores("base"))

    def kept_names(self) -> tuple[str, ...]:
        """The entries of must_not_regress. Raises UserError where there is none."""
        if not self.task.must_not_regress:
            raise UserError(
                "a test asks for kept, and no task is named that must not regress",
                f'{self.task.folder / "task.yaml"}, field "must_not_regress"',
                "write must_not_regress: [OTHER_TASK]",
            )
        return self.task.must_not_regress

    def unkept(self, kept: Iterable[object]) -> str:
        """Why a suite whose tests ask for these entries of must_not_regress is not whole; empty where it is."""
        asked = set(kept)
        try:
            missing = [name for name in self.task.must_not_regress if name not in asked]
        except UserError:
            return ""  # its gates say it
        return f"must_not_regress names {', '.join(missing)}, and no test asks for kept" if missing else ""

    def _check_declared(self, fixture: str) -> None:
        if fixture not in self.declared:
            raise UserError(
                f"a test asks for {fixture} by name while it runs",
                f"task {self.name}",
                "declare it as the test's argument, so that its look is counted before it is read",
            )

    def illustration(self) -> Illustration | None:
        """The candidate on the examples that may be shown: golden's where this run opens it, else dev's. From answers
        that exist already; None where one is missing. Calls no model.
        """

        def find() -> Illustration | None:
            opened = self.choice.open_golden and self.terms().look is not None
            scores = self.workspace.existing(self.subject("candidate"), self.split("golden" if opened else "dev"))
            return None if scores is None else Illustration(self.task, Scored("candidate", scores))

        try:
            return self._once(("illustration",), find)
        except UserError:
            return None  # it only illustrates a gate that is decided already

    def terms(self) -> Terms:
        """Level and reading of this run's gates. On golden a candidate that is no declared baseline takes a look:
        recorded before any score is known, and where CI is set only read.
        """
        return self._once(("terms",), self._terms)

    def _terms(self) -> Terms:
        if self.split_name == "dev":
            return dev_terms(self.task)
        candidate = self.subject("candidate") if self.tests_candidate else None
        return golden_terms(self.project, self.task, self.choice, self.champion, self.split(), candidate, self._tested)

    def _tested(self, subject: Subject) -> str:
        """Identity of who takes a look. Behind an endpoint's name another model may answer from one day to the next, so
        it is its answers that are tested: answers that differ are another look.
        """
        if kind_of(subject.name) != "endpoint":
            return subject.identity
        answers = self.workspace.scores(subject, self.split()).answers.values()
        return digest([subject.identity, {a.example: [a.text, a.finish] for a in answers}])

    def _subjects(self) -> dict[str, Subject]:
        """Who was resolved so far, by role."""
        return {what[1]: subject for what, subject in self._resolved() if what[0] == "subject"}

    def _resolved(self) -> Iterator[tuple[Key, Any]]:
        return ((what, value) for what, (value, error) in self._made.items() if error is None)

    def audited(self) -> dict[str, Any] | None:
        """What --audit came to; None where it was not asked for or the suite asked for no answer."""
        if not self.choice.audit or ("workspace",) not in dict(self._resolved()):
            return None
        seed = random.SystemRandom().randrange(2**32)
        return self._once(("audit",), lambda: self.source.audit(self.choice.audit, seed)).to_json()

    def describe(self) -> dict[str, Any]:
        """What the summary says of this suite, as JSON: only of what was resolved while it ran."""
        made = dict(self._resolved())
        terms: Terms | None = made.get(("terms",))
        split = made.get(("split", self.split_name)) if ("task",) in made and ("champion",) in made else None
        return {
            "task": self.name,
            "root": str(self.project.root),
            "split": None
            if split is None
            else {"name": split.name, "count": len(split), "fingerprint": short(split.fingerprint)},
            "subjects": {role: {"name": s.name, "identity": short(s.identity)} for role, s in self._subjects().items()},
            **(_NO_TERMS if terms is None else terms.to_json()),
            "notes": [
                *(self._roles.notes if ("roles",) in made else []),
                *self.notes,
                *(self.source.notes if ("workspace",) in made else []),
            ],
            "answers": dict(self.source.counts) if ("workspace",) in made else {},
            "audit": self.audited(),
            "writes": writes(self.project, self.choice),
        }
