"""`goldgate promote`: makes a run's candidate the champion of its task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from goldgate.answers.cache import answer_cache
from goldgate.answers.recorded import Recorded
from goldgate.answers.replay import read_replay
from goldgate.base.errors import UserError
from goldgate.base.files import write_whole
from goldgate.champion.change import CARD, Entrant, write_champion
from goldgate.champion.record import CHAMPION, load_champion
from goldgate.forgetting.other_task import other_task, other_task_identity
from goldgate.forgetting.without_task import WAYS, without_task_identity
from goldgate.jobs.card import adapter_of, card_of_run, describe
from goldgate.jobs.comparison import references
from goldgate.jobs.progress import Progress
from goldgate.jobs.run_suite import run_suite
from goldgate.jobs.tested import Tested, tested_candidate
from goldgate.jobs.workspace import PREVIOUS, Workspace
from goldgate.ledger import LookKey, compared_at, has_passed, is_opened, read_looks, read_outcome, suite_digest
from goldgate.measures import Verdict
from goldgate.models.adapter import Adapter
from goldgate.runs.folder import Run, answers_folder, find_run
from goldgate.runs.part import needed
from goldgate.scored.baselines import declared_baselines
from goldgate.scored.scored import Scored
from goldgate.scorers import scorer_versions
from goldgate.subjects import Answer, Subject, serving_digest
from goldgate.subjects.subject import MOST_SAMPLES, sampled_identity
from goldgate.task.project import Project
from goldgate.task.questions import SPLIT as GENERAL
from goldgate.task.questions import asked, passages
from goldgate.task.subject_name import PLAIN_BASE, SubjectName, kind_of
from goldgate.task.task import load_task

_BASE = str(PLAIN_BASE)  # the subject of `general.before`


@dataclass(frozen=True)
class Promoted:
    """A new champion.

    Attributes:
        task: Name of the task.
        champion: Name of the subject.
        file: The champion's record.
        forced: Reason for a forced promotion, which needs no passing suite; None for any other.
    """

    task: str
    champion: str
    file: Path
    forced: str | None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {"task": self.task, "champion": self.champion, "file": str(self.file), "forced": self.forced}


def run_promote(project: Project, name: str, force: str | None, progress: Progress) -> Promoted:
    """Promotes a run's candidate if its recorded golden verdicts pass and the ledger of looks agrees.

    Args:
        project: The project.
        name: The run's id or folder.
        force: Reason to promote without a passing suite; None to require one.
        progress: Receives the progress.

    Returns:
        The new champion.

    Raises:
        UserError: The suite did not pass for this candidate, or something changed after its look at golden.
    """
    if force is not None and not force.strip():
        raise UserError("a forced promotion needs a reason, which is recorded", "--force", 'write --force "reason"')
    run = find_run(project, name)
    record, where = run.read(), str(run.path)
    task = load_task(project, needed(record.task, "task", where, "train again"))
    candidate, golden = tested_candidate(run)
    prompted = needed(record.prompted, "prompted", where, f"let the run finish: goldgate train {task.name}")
    verdicts: tuple[Verdict, ...] = () if golden is None else golden.verdicts
    look = None if golden is None else golden.look
    work = Workspace(project, task, progress)
    if golden is not None and not force:
        _check_tested(golden, work, run)
        _check_passed(work, candidate, golden.look)
        _check_previous(project, task.name, golden.look, golden.identity)
        verdicts, look = _decided_again(work, candidate, ("--answers", str(run.folder)), golden.look)
    elif not force and has_passed(work.ledger, _key(work, candidate)):
        # The suite passed in a look taken with pytest. Running it again is the same look, and gives the verdicts.
        verdicts, look = _decided_again(work, candidate, ("--candidate", candidate), None)
    path = promote_candidate(work, run, candidate, prompted, verdicts, look, force)
    return Promoted(task.name, candidate, path, force)


def promote_candidate(
    work: Workspace,
    run: Run,
    candidate: str,
    prompted: str,
    verdicts: Iterable[Verdict],
    look: str | None,
    forced: str | None = None,
) -> Path:
    """Writes the model card and champion.json, with the answers of the candidate, references and replaced champion.

    Args:
        work: The task's workspace.
        run: The run.
        candidate: Name of the subject to promote.
        prompted: Name of the best prompting baseline, unless the look compared with another one.
        verdicts: Verdicts of the suite on golden.
        look: Name of the look that they come from; None without one.
        forced: Reason for a forced promotion; None for any other.

    Returns:
        The champion's record.

    Raises:
        UserError: It is not forced, and the ledger has no pass of the current suite and golden for this candidate.
    """
    if not forced:
        _check_passed(work, candidate, look)
    adapter = adapter_of(work, candidate)
    noted = {} if adapter is None else _noted(adapter, candidate)
    prompted, prompted_for = _compared_with(work, candidate, prompted, look)
    others = dict.fromkeys((*prompted_for.values(), *references(work.task)))
    recorded = _recorded(work)
    entrants = [
        _entrant(work, recorded, work.subject(n), [work.scored(n, s) for s in ("dev", "golden")])
        for n in (candidate, prompted, *(n for n in others if n not in (candidate, prompted)))
    ]
    entrants += _replaced(work, recorded, entrants[0].identity)
    record, verdicts, today = run.read(), list(verdicts), date.today().isoformat()
    path = write_champion(
        work.project,
        work.task,
        entrants[0],
        entrants[1],
        entrants[2:],
        adapter=noted,
        serving=serving_digest(candidate, noted.get("prompt"), work.task, work.project),
        run=run.id,
        look=look,
        verdicts=verdicts,
        forced=forced,
        opened=is_opened(work.ledger),
        prompted_for=prompted_for,
        tried={n: work.subject(n).identity for n in record.baselines},
        untried=record.untried,
        today=today,
        general=_general(work, recorded, candidate),
    )
    shipped = describe(work, work.subject(candidate), adapter, run.id, prompted, verdicts, forced, today)
    write_whole(path.parent / CARD, card_of_run(shipped, work, run))
    return path


def _noted(adapter: Adapter, candidate: str) -> dict[str, Any]:
    return {"path": SubjectName.parse(candidate).folder, "digest": adapter.digest, "prompt": adapter.prompt}


def _decided_again(
    work: Workspace, candidate: str, subjects: tuple[str, str], look: str | None
) -> tuple[tuple[Verdict, ...], str]:
    """Decides the suite anew at the recorded look, and returns its verdicts and the look's name.

    Raises UserError unless it passes there; `look` is the name that a run recorded.
    """
    result = run_suite(work.project, work.task.name, None, "golden", subjects, looks=False)
    see = f"see: pytest suites/{work.task.name} --candidate {candidate} --split golden"
    if not result.passed or result.look is None:
        why = "".join(f"; {gap}" for gap in result.gaps) or "".join(
            f"; {r.verdict.message.partition(chr(10))[0]}" for r in result.records if not r.verdict
        )
        raise UserError(f"the suite passed at that look, but does not pass now{why}", str(work.task.folder), see)
    if look not in (None, result.look.name):
        raise UserError(
            f"the run's look is {look}, but its answers decide look {result.look.name}", str(work.ledger), see
        )
    return tuple(r.verdict for r in result.records), result.look.name


def _compared_with(work: Workspace, candidate: str, prompted: str, look: str | None) -> tuple[str, dict[str, str]]:
    """The baseline that looks at golden compared the candidate with, which is not always the one that its run names.

    Also metric → baseline, for the metrics in which the look compared with the best prompt for them. Raises UserError
    if no baseline is that subject any more.
    """
    key = _key(work, candidate)
    looks = [x for x in read_looks(work.ledger) if x.name == look or (look is None and x.key == key)]
    wanted: dict[str, set[str]] = {}
    for role, identity in ((r, i) for x in looks for r, i in compared_at(work.ledger, x).items()):
        wanted.setdefault(role, set()).add(identity)
    metrics = [role.partition(".")[2] for role in wanted if role.startswith("prompted.")]
    return (
        _baseline(work, prompted, wanted.get("prompted", set())),
        {metric: _baseline(work, prompted, wanted[f"prompted.{metric}"]) for metric in sorted(metrics)},
    )


def _baseline(work: Workspace, prompted: str, wanted: Set[str]) -> str:
    """The baseline that has one of these identities, preferably `prompted`, which it is if there are none.

    An endpoint is known by a digest of its answers too. Raises UserError if no baseline is meant.
    """
    if not wanted or _bound(work, prompted) in wanted:
        return prompted
    declared = declared_baselines(work.task)
    for name in map(str, (*declared, *(n.held for n in declared if not n.constrained))):
        if _bound(work, name) in wanted:
            return name
    raise UserError(
        f"the run names {prompted} as the best prompting, but the look at golden compared with another subject",
        str(work.ledger),
        "restore the baselines, prompts and train split of that look, or train again",
    )


def _bound(work: Workspace, name: str) -> str:
    """The identity by which a look binds a baseline; that of an endpoint that did not answer golden is its name's."""
    subject, golden = work.subject(name), work.split("golden")
    unasked = kind_of(name) == "endpoint" and work.existing(subject, golden) is None
    return subject.identity if unasked else work.bound(subject, golden)


def _check_passed(work: Workspace, candidate: str, look: str | None) -> None:
    """Raises UserError unless the ledger says that the current suite passed for the candidate at that look."""
    key = _key(work, candidate)
    named = [x for x in read_looks(work.ledger) if x.key == key and x.name == look]
    passed = read_outcome(work.ledger, named[0]).passed if named else has_passed(work.ledger, key)
    if passed and named:
        return
    said = "says that the golden suite failed" if passed is False else "has no golden suite that passed"
    test = f"pytest suites/{work.task.name} --candidate {candidate} --split golden, then promote again"
    raise UserError(
        f"the ledger of looks {said} for this candidate",
        str(work.ledger),
        f'{"train further" if passed is False else test}; or promote with --force "reason" (the reason is recorded)',
    )


def _key(work: Workspace, candidate: str) -> LookKey:
    """The key of the look that the current suite takes at the current golden split with this candidate."""
    return LookKey(
        work.split("golden").fingerprint,
        work.subject(candidate).identity,
        suite_digest(work.task, scorer_versions(work.task)),
    )


def _replaced(work: Workspace, recorded: Recorded | None, candidate: str) -> list[Entrant]:
    """The last champion before the candidate (an identity), for gates on `previous`.

    If its answers are not available those gates will be invalid, which is reported.
    """
    champion = load_champion(work.project, work.task.name)
    if champion is None or (champion.identity == candidate and not champion.previous):
        return []
    name = PREVIOUS if champion.identity == candidate else CHAMPION
    try:
        views = [work.scored(name, s) for s in ("dev", "golden")]
    except UserError as error:
        work.progress.say(f"  the previous champion is recorded without its answers: {error.what}")
        return []
    return [_entrant(work, recorded, work.subject(name), views)]


def _recorded(work: Workspace) -> Recorded | None:
    """The answers recorded with the champion that is replaced; None if they cannot be read, which is reported."""
    champion = load_champion(work.project, work.task.name)
    try:
        return None if champion is None else champion.recorded
    except UserError as error:
        work.progress.say(f"  no answers are taken over from the previous champion: {error.what}")
        return None


def _entrant(work: Workspace, recorded: Recorded | None, subject: Subject, views: Sequence[Scored]) -> Entrant:
    """A subject with all its answers on golden, including those to perturbed inputs and repeated samples."""
    whose = {subject.identity, *(sampled_identity(subject.identity, k) for k in range(1, MOST_SAMPLES))}
    now = work.split("golden").by_id
    there = {(subject.identity, e.digest) for view in views for e in view.split}
    beside = [
        a for a in _known(work, recorded, whose, "golden") if (a.identity, a.example) not in there and a.id in now
    ]
    return Entrant(subject.name, subject.identity, views, beside)


def _general(work: Workspace, recorded: Recorded | None, name: str) -> list[tuple[str, Answer]]:
    """Answers of the candidate and the base model to the general questions and to the tasks that must not regress.

    Empty if the suite does not use them.
    """
    others = [other_task(entry, work.task, work.project) for entry in work.task.must_not_regress]

    def answers(subject: Subject) -> list[tuple[str, Answer]]:
        whose = {without_task_identity(subject.identity, way) for way in WAYS}
        whose |= {other_task_identity(subject.identity, other) for other in others}
        return [(subject.name, a) for a in _known(work, recorded, whose, GENERAL) if a.example in now]

    now = {e.digest for split in (asked(), passages(), *(other.dev for other in others)) for e in split}
    mine = answers(work.subject(name))
    return [*mine, *answers(work.subject(_BASE))] if mine and name != _BASE else mine


def _known(work: Workspace, recorded: Recorded | None, whose: set[str], split: str) -> list[Answer]:
    """Existing answers on a split; cached ones take precedence over those recorded with the replaced champion."""
    found = [] if recorded is None else recorded.of(whose, split)
    found += answer_cache(work.project, split).of(whose)
    return list({(a.identity, a.example): a for a in found}.values())


def _check_tested(golden: Tested, work: Workspace, run: Run) -> None:
    """Raises UserError unless the whole suite passed for exactly the current candidate, golden split and gates."""
    force = 'or promote with --force "reason" (the reason is recorded)'
    if not golden.passed:
        raise UserError("the golden suite did not pass for this candidate", f"run {run.id}", f"train further, {force}")
    now = {
        "the candidate": (golden.identity, work.subject(golden.subject).identity),
        "the golden split": (golden.fingerprint, work.split("golden").fingerprint),
        "the suite": (golden.suite, suite_digest(work.task, scorer_versions(work.task))),
    }
    if changed := [what for what, (then, today) in now.items() if then != today]:
        raise UserError(
            f"{' and '.join(changed)} changed after the look at golden",
            f"run {run.id}",
            f"test what you would promote: pytest suites/{work.task.name} --candidate"
            f" {golden.subject} --split golden; {force}",
        )


def _check_previous(project: Project, task: str, look: str, candidate: str) -> None:
    """Raises UserError if the run's gates compared against another previous champion than the candidate has now, or
    if the answers that would say so are missing.
    """
    replay = read_replay(answers_folder(project, task, look))
    champion = load_champion(project, task)
    if champion is not None and (name := replay.roles.get("previous")) is not None:
        champion.check_previous(replay.subjects[name], candidate)
