"""The champion of a task at the command line: promote, rollback, champions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import Recorded
from goldgate.base.errors import UserError
from goldgate.base.files import write_whole
from goldgate.base.fingerprint import short
from goldgate.champion.change import CARD, Entrant, roll_back, write_champion
from goldgate.champion.record import CHAMPION, RECORD, Champion, kept_folder, load_champion
from goldgate.cli.screen import Result, Screen
from goldgate.jobs.card import adapter_of, card_of_run, describe
from goldgate.jobs.tested import Tested, tested_candidate
from goldgate.jobs.workspace import PREVIOUS, Work, references
from goldgate.ledger import LookKey, has_passed, is_opened, suite_digest
from goldgate.measures import Verdict
from goldgate.models.adapter import read_adapter
from goldgate.plugin.run import run_suite
from goldgate.runs.folder import Run, answers_folder, find_run
from goldgate.runs.part import needed
from goldgate.scored.replay import read_replay
from goldgate.scored.scored import Scored
from goldgate.scorers import scorer_versions
from goldgate.subjects import Answer, Subject, serving_digest
from goldgate.subjects.elsewhere import kept_task
from goldgate.subjects.subject import MOST_SAMPLES, WAYS, general_identity, kept_identity, sampled_identity
from goldgate.task.project import Project
from goldgate.task.questions import SPLIT as GENERAL
from goldgate.task.questions import asked, passages
from goldgate.task.task import load_task

_BASE = "base+zero_shot"  # what `general.before` is


def run_promote(project: Project, name: str, force: str | None) -> Result:
    """Promotes a run's candidate: its recorded golden verdicts decide, and the ledger has to agree."""
    if force is not None and not force.strip():
        raise UserError("a forced promotion needs a reason, which is recorded", "--force", 'write --force "reason"')
    run = find_run(project, name)
    record, where = run.read(), str(run.path)
    task = load_task(project, needed(record.task, "task", where, "train again"))
    candidate, golden = tested_candidate(run)
    prompted = needed(record.prompted, "prompted", where, f"let the run finish: goldgate train {task.name}")
    verdicts, look = ((), None) if golden is None else (golden.verdicts, golden.look)
    if golden is not None and not force:
        _check_tested(golden, Work(project, task, Screen()), run)
        _check_previous(project, task.name, look, golden.identity)
    elif not force and has_passed((work := Work(project, task, Screen())).ledger, _key(work, candidate)):
        # By a look that somebody took with pytest: its gates again, which is the same look.
        result = run_suite(project, task.name, candidate, "golden", silent=True)
        if not result.passed:
            raise UserError(
                "the suite passed at that look, and does not now" + "".join(f"; {g}" for g in result.gaps),
                str(task.folder),
                f"see: pytest suites/{task.name} --candidate {candidate} --split golden",
            )
        verdicts, look = tuple(r.verdict for r in result.records), result.look.name if result.look else None
    path = promote_candidate(Work(project, task, Screen()), run, candidate, prompted, verdicts, look, force)
    text = f"{candidate} is the champion of {task.name} now: {path}"
    return Result({"task": task.name, "champion": candidate, "file": str(path), "forced": force}, text)


def promote_candidate(
    work: Work,
    run: Run,
    candidate: str,
    prompted: str,
    verdicts: Iterable[Verdict],
    look: str | None,
    forced: str | None = None,
) -> Path:
    """Writes champion.json with the answers of candidate, prompted, the other references and the champion that is
    replaced, on dev and golden. Raises UserError where it is not forced and the ledger does not say that today's suite
    passed for this candidate on today's golden.
    """
    if not forced and not (passed := has_passed(work.ledger, _key(work, candidate))):
        said = "says that the golden suite failed" if passed is False else "knows of no golden suite that passed"
        test = f"pytest suites/{work.task.name} --candidate {candidate} --split golden, then promote again"
        raise UserError(
            f"the ledger of looks {said} for this candidate",
            str(work.ledger),
            f'{test if passed is None else "train further"}; or promote with --force "reason" (the reason is recorded)',
        )
    adapter = adapter_of(work, candidate)
    noted = (
        {}
        if adapter is None
        else {
            "path": candidate.removeprefix("adapter:").removesuffix("+constrained"),
            "digest": adapter.digest,
            "prompt": adapter.prompt,
        }
    )
    others = [n for n in references(work.task) if n not in (candidate, prompted)]
    recorded = _recorded(work)
    entrants = [
        _entrant(work, recorded, work.subject(n), [work.scored(n, s) for s in ("dev", "golden")])
        for n in (candidate, prompted, *others)
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
        tried={n: work.subject(n).identity for n in record.baselines},
        untried=record.untried,
        today=today,
        general=_general(work, recorded, candidate),
    )
    shipped = describe(work, work.subject(candidate), adapter, run.id, prompted, verdicts, forced, today)
    write_whole(path.parent / CARD, card_of_run(shipped, work, run))
    return path


def _key(work: Work, candidate: str) -> LookKey:
    """The look that today's suite takes with this candidate at today's golden."""
    return LookKey(
        work.split("golden").fingerprint,
        work.subject(candidate).identity,
        suite_digest(work.task, scorer_versions(work.task)),
    )


def _replaced(work: Work, recorded: Recorded | None, candidate: str) -> list[Entrant]:
    """The last champion before the candidate (an identity), for gates on `previous`. Without its answers, which can be
    beyond reach, those gates will be invalid: it is said.
    """
    champion = load_champion(work.project, work.task.name)
    if champion is None or (champion.identity == candidate and not champion.previous):
        return []
    name = PREVIOUS if champion.identity == candidate else CHAMPION
    try:
        views = [work.scored(name, s) for s in ("dev", "golden")]
    except UserError as error:
        work.screen.say(f"  the champion before is recorded without its answers: {error.what}")
        return []
    return [_entrant(work, recorded, work.subject(name), views)]


def _recorded(work: Work) -> Recorded | None:
    """The answers committed with the champion that is replaced; None, and why, where they cannot be read."""
    champion = load_champion(work.project, work.task.name)
    try:
        return None if champion is None else champion.recorded
    except UserError as error:
        work.screen.say(f"  no answer is taken over from the champion before: {error.what}")
        return None


def _entrant(work: Work, recorded: Recorded | None, subject: Subject, views: Sequence[Scored]) -> Entrant:
    """A subject with all that it has answered on golden: suites ask under perturbations, and again."""
    whose = {subject.identity, *(sampled_identity(subject.identity, k) for k in range(1, MOST_SAMPLES))}
    now = work.split("golden").by_id
    there = {(subject.identity, e.digest) for view in views for e in view.split}
    beside = [
        a for a in _known(work, recorded, whose, "golden") if (a.identity, a.example) not in there and a.id in now
    ]
    return Entrant(subject.name, subject.identity, views, beside)


def _general(work: Work, recorded: Recorded | None, name: str) -> list[tuple[str, Answer]]:
    """What a candidate and the base model have answered to the general questions and to tasks that must not regress,
    where their suite asked.
    """
    others = [kept_task(entry, work.task, work.project) for entry in work.task.must_not_regress]

    def answers(subject: Subject) -> list[tuple[str, Answer]]:
        whose = {general_identity(subject.identity, way) for way in WAYS}
        whose |= {kept_identity(subject.identity, other.digest) for other in others}
        return [(subject.name, a) for a in _known(work, recorded, whose, GENERAL) if a.example in now]

    now = {e.digest for split in (asked(), passages(), *(other.dev for other in others)) for e in split}
    mine = answers(work.subject(name))
    return [*mine, *answers(work.subject(_BASE))] if mine and name != _BASE else mine


def _known(work: Work, recorded: Recorded | None, whose: set[str], split: str) -> list[Answer]:
    """The answers on a split that are there, cached ones before those recorded with the champion that is replaced."""
    found = [] if recorded is None else recorded.of(whose, split)
    found += answer_cache(work.project, split).of(whose)
    return list({(a.identity, a.example): a for a in found}.values())


def _check_tested(golden: Tested, work: Work, run: Run) -> None:
    """Raises UserError unless the whole suite passed for the very candidate, golden split and gates of today."""
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


def _check_previous(project: Project, task: str, look: str | None, candidate: str) -> None:
    """Raises UserError where the run's gates were on another previous champion than the candidate has today."""
    champion = load_champion(project, task)
    if champion is None or look is None or not (folder := answers_folder(project, task, look)).is_dir():
        return
    replay = read_replay(folder)
    if (name := replay.roles.get("previous")) is not None:
        champion.check_previous(replay.subjects[name], candidate)


def run_rollback(project: Project, name: str, to: str | None, reason: str) -> Result:
    """Makes the champion before, or the one named, the champion again."""
    task = load_task(project, name)
    was, now = roll_back(project, task, to, reason, date.today().isoformat())
    work = Work(project, task, Screen())
    remarks = []
    if now.adapter and not adapter_is_here(project, now):
        remarks.append(f"its adapter does not lie at {now.adapter['path']}: bring it back before you serve it")
    golden = work.split("golden").examples
    if lacking := sum(now.recorded.lookup(now.identity, e.digest) is None for e in golden):
        remarks.append(f"{lacking} of {len(golden)} golden examples are newer than its answers")
    lines = [
        f"{now.subject} ({short(now.identity)}) is the champion of {name} again, instead of {was.subject}"
        f" ({short(was.identity)})",
        *(f"  {remark}" for remark in remarks),
        f"whether it passes today's suite, says: pytest suites/{name}",
    ]
    record = {
        "task": name,
        "champion": now.subject,
        "identity": now.identity,
        "instead_of": was.identity,
        "reason": reason,
        "remarks": remarks,
    }
    return Result(record, "\n".join(lines))


def adapter_is_here(project: Project, champion: Champion) -> bool:
    """Whether the champion's adapter lies where it was promoted from, and is what was promoted."""
    try:
        return bool(read_adapter(project.root / champion.adapter["path"]).digest == champion.adapter["digest"])
    except UserError:
        return False


def run_champions(project: Project, name: str | None) -> Result:
    """The champion of every task; of one task, its history."""
    if name is not None:
        return _history(project, project.check_task(name))
    rows: dict[str, Any] = {}
    for task in project.tasks():
        champion = load_champion(project, task)
        rows[task] = None if champion is None else _now(champion)
    lines = [f"{task:<16} {_words(row)}" if row else f"{task:<16} none" for task, row in rows.items()]
    return Result(rows, "\n".join(lines))


def _history(project: Project, name: str) -> Result:
    champion = load_champion(project, name)
    if champion is None:
        return Result({"task": name, "champion": None, "previous": [], "rollbacks": []}, f"{name}: none")
    now = _now(champion)
    previous, rollbacks = (
        [{**row, "kept": _is_kept(project, name, row)} for row in rows]
        for rows in (champion.previous, champion.rollbacks)
    )
    lines = [f"now         {_words(now)}"]
    lines += [f"before      {_words(row)}" for row in previous]
    lines += [f"taken back  {_words(row)}; {row['date']}: {row['reason']}" for row in rollbacks]
    return Result({"task": name, "champion": now, "previous": previous, "rollbacks": rollbacks}, "\n".join(lines))


def _is_kept(project: Project, name: str, row: Mapping[str, Any]) -> bool:
    return (kept_folder(project.suite(name), str(row["identity"])) / RECORD).is_file()


def _now(champion: Champion) -> dict[str, Any]:
    return {
        "subject": champion.subject,
        "identity": champion.identity,
        "run": champion.run,
        "look": champion.look,
        "forced": champion.forced,
        "opened": champion.opened,
        "promoted": champion.promoted or None,
    }


def _words(row: Mapping[str, Any]) -> str:
    told = [short(row["identity"]), f"run {row['run']}"]
    told += [f"promoted {row['promoted']}"] if row.get("promoted") else []
    told += [f"forced: {row['forced']}"] if row.get("forced") else []
    told += ["opened"] if row.get("opened") else []
    told += ["in version control alone"] if row.get("kept") is False else []
    return f"{row['subject']} ({', '.join(told)})"
