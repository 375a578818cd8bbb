"""One golden suite in one process: who is tested on which examples, at which level, and from which answers.

Everything is resolved when first asked for, and once: an answer that could not be had is not asked for again by the
next test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

from harness.baselines import choose_prompted, is_listed, what_was_tried
from harness.champion import Champion, load_champion
from harness.errors import UserError
from harness.examples import Split, load_split, read_card
from harness.fingerprint import digest, short
from harness.measures import Recording, recording
from harness.plugin.failure import Illustration
from harness.plugin.options import Choice, SplitName
from harness.plugin.source import Source
from harness.plugin.terms import Terms, dev_terms, golden_terms, writes
from harness.project import Project
from harness.replay import Evidence, Replay
from harness.runs import find_replay
from harness.scored import Scored
from harness.subjects import Subject, how_known, parse_subject, serving_digest
from harness.task import Task, load_task

Role = Literal["candidate", "prompted", "base", "linear", "incumbent", "previous"]
T = TypeVar("T")
_NO_TERMS = {"level": None, "look": None, "ledger": None}


class _NotChosenYet(Exception):
    """The best baseline was never chosen on this machine: the one of this name would have to answer dev."""


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
        self._made: dict[str, tuple[Any, UserError | None]] = {}

    def _once(self, what: str, make: Callable[[], T]) -> T:
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
        return self._once("task", lambda: load_task(self.project, self.name))

    @property
    def champion(self) -> Champion | None:
        return self._once("champion", lambda: load_champion(self.project, self.name))

    @property
    def split_name(self) -> SplitName:
        """golden for the champion, dev for anything else, unless the command line says which."""
        if self.choice.split is not None:
            return self.choice.split
        by_champion = self.choice.by_champion
        if self.choice.answers is not None and self.champion is not None:
            by_champion = self.subject("candidate").identity == self.champion.identity
        return "golden" if by_champion and self.champion is not None else "dev"

    def split(self, name: SplitName | None = None) -> Split:
        """The examples of this run, or the named split."""
        which = name or self.split_name
        return self._once(f"split {which}", lambda: load_split(self.project, self.name, which))

    def tags(self) -> tuple[str, ...]:
        """The edge cases: the tags of the golden split, whatever split the run is on."""
        card = self._once("card", lambda: read_card(self.project.golden(self.name)))
        tags = tuple(card.splits.get("golden", {}).get("tags", {}))
        if not tags:
            raise UserError("no golden example carries a tag: there are no edge cases", f"task {self.name}",
                            f'tag examples ("tags": [..]) and run `goldgate prepare {self.name}`')
        return tags

    @property
    def source(self) -> Source:
        """Where answers come from."""
        def make() -> Source:
            proof = self.champion if self.replay is None else self.replay
            return Source(self.project, self.task, None if proof is None else proof.file, self.choice, self._say)

        return self._once("source", make)

    @property
    def replay(self) -> Replay | None:
        """The recorded answers that this run decides from, where it was asked to."""
        def find() -> Replay | None:
            if self.choice.answers is None:
                return None
            self.notes.append(f"decided from the answers of run {self.choice.answers}: no model is asked")
            return find_replay(self.project, self.name, self.choice.answers)

        return self._once("replay", find)

    def evidence(self) -> Evidence:
        """All that this run was decided from."""
        roles = {what.split()[1]: (s.name, s.identity) for what, s in self._resolved() if what.startswith("subject ")}
        return Evidence(roles, self.source.said(), self.source.tariffs)

    def subject(self, role: Role) -> Subject:
        """Who plays a role in the suite."""
        makers: dict[Role, Callable[[], Subject]] = {
            "candidate": self._candidate, "prompted": self._prompted, "base": lambda: self._parse("base+zero_shot"),
            "linear": lambda: self._parse("linear"), "incumbent": self._incumbent, "previous": self._previous,
        }
        live = self.choice.answers is None
        return self._once(f"subject {role}", makers[role] if live else lambda: self._repeat(role))

    def _repeat(self, role: Role) -> Subject:
        assert self.replay is not None
        train = read_card(self.project.golden(self.name)).splits["train"]["fingerprint"]
        return self.replay.subject(role, self.task, train, self._parse)

    def scored(self, role: Role) -> Scored:
        """A role's answers on the examples of this run, as measures. The look at golden is opened first.

        Raises UserError where the test that runs did not declare it: no look would have been counted.
        """
        if role not in self.declared:
            raise UserError(f"a test asks for {role} by name while it runs", f"task {self.name}",
                            "declare it as the test's argument, so that its look is counted before it is read")

        def make() -> Scored:
            self.terms()
            scores = self.source.scores(self.subject(role), self.split())
            name, scored = self.subject(role).name, Scored(role, scores)
            if known := how_known(name, scores.answers.values()):
                self.notes.append(known)
            if scored.tariff is not None and (scored.tariff.own or known):
                self.notes.append(f"cost of {name}: {scored.tariff}")
            return scored

        return self._once(f"scored {role}", make)

    def illustration(self) -> Illustration | None:
        """The candidate on the examples that may be shown: golden's where this run opens it, else dev's. From answers
        that exist already; None where one is missing. Calls no model.
        """
        def find() -> Illustration | None:
            opened = self.choice.open_golden and self.terms().look is not None
            scores = self.source.existing(self.subject("candidate"), self.split("golden" if opened else "dev"))
            return None if scores is None else Illustration(self.task, Scored("candidate", scores))

        try:
            return self._once("illustration", find)
        except UserError:
            return None  # it only illustrates a gate that is decided already

    def _parse(self, name: str) -> Subject:
        return self._once(f"named {name}", lambda: parse_subject(name, self.task, self.project))

    def _candidate(self) -> Subject:
        if self.choice.candidate is not None and not self.choice.by_champion:
            return self._parse(self.choice.candidate)
        champion = self.champion
        if champion is None:
            raise UserError(
                f"there is no candidate: task {self.name} has no champion", str(self.project.suite(self.name)),
                f"name one: pytest --candidate base+zero_shot, or --candidate adapter:FOLDER; or make one:"
                f" goldgate train {self.name}, then goldgate promote RUN",
            )
        return self._promoted(champion)

    def _promoted(self, champion: Champion) -> Subject:
        prompt = champion.adapter.get("prompt")
        champion.check_serving(serving_digest(champion.subject, prompt, self.task, self.project))
        return champion.replayed("candidate", self._parse)

    def _previous(self) -> Subject:
        champion = self.champion
        if champion is None:
            raise UserError(f"there is no previous champion: task {self.name} has none",
                            str(self.project.suite(self.name)),
                            "a gate on `previous` decides once there is a champion: leave it out until then")
        if self.subject("candidate").identity == champion.identity:
            return champion.predecessor(self._parse)
        return self._promoted(champion)

    def _prompted(self) -> Subject:
        """The champion's reference for the champion; for others the one chosen on dev on this machine, else the
        champion's, else the best of the declared, which are then measured on dev.
        """
        recorded = self._recorded_prompted()
        if recorded is not None and self.choice.by_champion:
            return recorded
        try:
            return self._parse(self._choose_prompted(measure=recorded is None))
        except _NotChosenYet as absent:
            if recorded is None:
                raise UserError(f"which baseline is the best is not known: {absent} has not answered dev",
                                f"task {self.name}", f"goldgate evaluate {self.name} --subject {absent}") from None
            return recorded

    def _recorded_prompted(self) -> Subject | None:
        """The baseline that is recorded with the champion, while it is declared and is what it was."""
        champion = self.champion
        if champion is None or champion.baselines != tuple(self.task.baselines):
            return None  # another list may have another best
        if not is_listed(self.task, champion.prompted) or self._is_another_list(champion):
            return None
        if champion.tried:
            self.notes.append(what_was_tried(champion.tried, champion.untried))
        try:
            subject = self._parse(champion.prompted)
        except UserError as error:
            self.notes.append(f"{champion.prompted} is known by its record alone: {error.what}")
            return champion.replayed("prompted", self._parse)
        return subject if subject.identity == champion.prompted_identity else None

    def _is_another_list(self, champion: Champion) -> bool:
        """Whether a prompt file was edited since the champion's reference was the best of the list: it may be better
        now. One that cannot be read is taken for what it was.
        """
        for name, identity in champion.tried.items():
            try:
                if "+file:" in name and self._parse(name).identity != identity:
                    return True
            except UserError:
                continue
        return False

    def _choose_prompted(self, measure: bool) -> str:
        """Name of the best declared baseline on dev. Raises _NotChosenYet where it would have to be measured first and
        may not.
        """
        dev = self.split("dev")

        def score(name: str) -> Scored:
            subject = self._parse(name)
            if not measure or (not self.choice.generate and self.source.existing(subject, dev) is None):
                raise _NotChosenYet(name)
            return Scored(name, self.source.scores(subject, dev))

        with recording(Recording()):  # dev's numbers are told where golden's are sealed
            chosen = choose_prompted(self.project, self.task, dev, lambda name: self._parse(name).identity, score,
                                     everything=False)
        self.notes.append(what_was_tried(chosen.tried, chosen.untried))
        return chosen.name

    def _incumbent(self) -> Subject:
        if self.task.incumbent is None:
            raise UserError("the task names no incumbent", f'{self.task.folder / "task.yaml"}, field "incumbent"',
                            "add the subject that runs in production today")
        name, champion = self.task.incumbent, self.champion
        try:
            return self._parse(name)
        except UserError as error:
            recorded = None if champion is None else champion.reference(name, self._parse)
            if recorded is None:
                raise
            self.notes.append(f"{name} is known by its record alone: {error.what}")
            return recorded

    def terms(self) -> Terms:
        """Level and reading of this run's gates. On golden a candidate that is no declared baseline takes a look:
        recorded before any score is known, and where CI is set only read.
        """
        return self._once("terms", self._terms)

    def _terms(self) -> Terms:
        if self.split_name == "dev":
            return dev_terms(self.task)
        candidate = self.subject("candidate") if self.tests_candidate else None
        return golden_terms(self.project, self.task, self.choice, self.champion, self.split(), candidate, self._tested)

    def _tested(self, subject: Subject) -> str:
        """Identity of who takes a look. Behind an endpoint's name another model may answer from one day to the next, so
        it is its answers that are tested: answers that differ are another look.
        """
        if not subject.name.startswith("openai:"):
            return subject.identity
        answers = self.source.scores(subject, self.split()).answers.values()
        return digest([subject.identity, {a.example: [a.text, a.finish] for a in answers}])

    def _resolved(self) -> Iterator[tuple[str, Any]]:
        return ((what, value) for what, (value, error) in self._made.items() if error is None)

    def describe(self) -> dict[str, Any]:
        """What the summary says of this suite, as JSON: only of what was resolved while it ran."""
        made = dict(self._resolved())
        terms: Terms | None = made.get("terms")
        subjects = {what.split()[1]: s for what, s in made.items() if what.startswith("subject ")}
        split = made.get(f"split {self.split_name}") if "task" in made and "champion" in made else None
        return {
            "task": self.name,
            "root": str(self.project.root),
            "split": None if split is None else {
                "name": split.name, "count": len(split), "fingerprint": short(split.fingerprint)},
            "subjects": {role: {"name": s.name, "identity": short(s.identity)} for role, s in subjects.items()},
            **(_NO_TERMS if terms is None else terms.to_json()),
            "notes": [*self.notes, *(self.source.notes if "source" in made else [])],
            "answers": dict(self.source.counts) if "source" in made else {},
            "writes": writes(self.project, self.choice),
        }
