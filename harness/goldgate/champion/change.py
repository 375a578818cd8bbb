"""How the champion of a task changes: a candidate takes over, or an earlier champion returns.

The champion's answers, record and card are separate files, and a kill between writing them must leave a champion that
gates can be decided from. Therefore the replaced champion is copied first, and champion.json is the one file whose
renaming changes who is champion: at any time, the answers that it names are in one of two places.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goldgate.answers.recorded import Said, answer_row, rows_of, write_recorded
from goldgate.answers.timings import Timings
from goldgate.base.errors import UserError, near_names
from goldgate.base.files import read_json, whole_folder, write_json, write_whole
from goldgate.base.fingerprint import short
from goldgate.champion.record import (
    ANSWERS,
    RECORD,
    Champion,
    kept_champions,
    kept_folder,
    load_champion,
    read_champion,
)
from goldgate.measures import Verdict
from goldgate.scored.scored import Scored
from goldgate.scorers import scorer_versions, scorers_for
from goldgate.subjects import Answer, serving_digest
from goldgate.subjects.latency import machine
from goldgate.task.project import Project
from goldgate.task.questions import SPLIT as GENERAL
from goldgate.task.task import Task

CARD = "champion_card.md"
KEPT = 3
"""How many replaced champions can be rolled back to, each with about 0.1 MB of records. Version control has older
ones.
"""


@dataclass(frozen=True)
class Entrant:
    """A subject whose answers are recorded with the champion.

    Attributes:
        name: The subject's name.
        identity: Its identity.
        views: Its scored answers on the splits.
        beside: Its other answers on golden: to perturbed inputs, and further samples.
    """

    name: str
    identity: str
    views: Sequence[Scored]
    beside: Sequence[Answer] = ()


def write_champion(
    project: Project,
    task: Task,
    candidate: Entrant,
    prompted: Entrant,
    others: Sequence[Entrant],
    *,
    adapter: Mapping[str, Any],
    serving: str,
    run: str,
    look: str | None,
    verdicts: Sequence[Verdict],
    forced: str | None,
    opened: bool,
    prompted_for: Mapping[str, str],
    tried: Mapping[str, str],
    untried: Mapping[str, str],
    today: str,
    general: Sequence[tuple[str, Answer]] = (),
) -> Path:
    """Writes the answers, and then champion.json, which names them. See Champion for the other arguments.

    Args:
        general: Subject and answer, for answers to the general questions.

    Returns:
        The path of champion.json.

    Raises:
        UserError: A verdict does not pass, and the promotion is not forced for a stated reason.
    """
    if not (forced or "").strip() and not (verdicts and all(verdicts)):
        raise UserError(
            "the golden suite did not pass for this candidate",
            f"run {run}",
            'train further, or promote with --force "reason" (the reason is recorded)',
        )
    old = load_champion(project, task.name)
    previous = [] if old is None else list(old.previous)
    if old is not None:
        _keep(old)
        if old.identity != candidate.identity:  # a champion is not its own predecessor
            previous.insert(0, _summary(old))
    entrants = (candidate, prompted, *others)
    digest = _write_answers(project, task, entrants, general)
    write_json(
        task.folder / RECORD,
        {
            "task": task.name,
            "subject": candidate.name,
            "identity": candidate.identity,
            "adapter": dict(adapter),
            "run": run,
            "prompted": prompted.name,
            "prompted_identity": prompted.identity,
            "subjects": {e.name: e.identity for e in (*others, prompted, candidate)},
            "look": look,
            "verdicts": [v.to_json() for v in verdicts],
            "answers": digest,
            "forced": forced,
            "previous": previous,
            "serving": serving,
            "scorers": dict(scorer_versions(task)),
            "baselines": list(task.baselines),
            **({"prompted_for": dict(prompted_for)} if prompted_for else {}),
            "tried": dict(tried),
            "untried": dict(untried),
            "tariffs": {e.name: asdict(t) for e in entrants if (t := e.views[0].tariff) is not None and t.listed},
            "opened": opened,
            "promoted": today,
            "rollbacks": [] if old is None else list(old.rollbacks),
        },
    )
    _forget(read_champion(task.folder, task.name))
    return task.folder / RECORD


def _write_answers(
    project: Project, task: Task, entrants: Sequence[Entrant], general: Sequence[tuple[str, Answer]]
) -> str:
    rows = rows_of(_said(task, entrants, Timings(project.cache)))
    rows += [answer_row(e.name, "golden", answer) for e in entrants for answer in e.beside]
    rows += [answer_row(name, GENERAL, answer) for name, answer in general]
    return write_recorded(task.folder / ANSWERS, rows)


def roll_back(project: Project, task: Task, to: str | None, reason: str, today: str) -> tuple[Champion, Champion]:
    """Makes a replaced champion the champion again, with its record, answers and card as they were.

    If the process is killed at any moment, the rollback has either happened or not.

    Args:
        project: The project.
        task: The task.
        to: The identity of the champion, or its beginning; None for the previous one.
        reason: Why, for the record.
        today: The day, in ISO form.

    Returns:
        The champion until now, and the champion from now on.

    Raises:
        UserError: There is no such champion, its record or answers were not kept, or task.yaml would make it answer in
            another way than when it was promoted.
    """
    now = load_champion(project, task.name)
    if now is None:
        raise UserError(f"nothing is promoted for {task.name}", hint=f"run `goldgate train {task.name}`")
    if not reason.strip():
        raise UserError("a rollback needs a reason, which will be recorded", "--reason", "say what went wrong")
    then = _wanted(now, kept_champions(task.folder, task.name), to)
    if not then.forced and not (then.verdicts and all(then.verdicts)):
        raise UserError(
            "neither passed nor was forced, so it was never the champion",
            str(then.folder / RECORD),
            "restore the file from version control",
        )
    then.check_serving(serving_digest(then.subject, then.adapter.get("prompt"), task, project))
    answers = then.recorded.path.read_bytes()  # raises for missing or edited answers before anything is written
    taken_back = {**_summary(now), "date": today, "reason": reason.strip()}
    _keep(now)
    record = read_json(then.folder / RECORD)
    write_json(task.folder / RECORD, {**record, "rollbacks": [taken_back, *now.rollbacks]})
    write_whole(task.folder / ANSWERS, answers)
    if (then.folder / CARD).is_file():
        write_whole(task.folder / CARD, (then.folder / CARD).read_bytes())
    else:
        (task.folder / CARD).unlink(missing_ok=True)
    again = read_champion(task.folder, task.name)
    _forget(again)
    return now, again


def _wanted(now: Champion, kept: Sequence[Champion], to: str | None) -> Champion:
    """Finds the kept champion that is meant. Raises UserError."""
    if to is None:
        if not now.previous:
            raise UserError(
                f"there was no champion before {now.subject}",
                str(now.folder / RECORD),
                "train another one, or name one with --to",
            )
        to = str(now.previous[0]["identity"])
    if to and now.identity.startswith(to):
        raise UserError(f"{short(now.identity)} is already the champion", "--to")
    found = [c for c in kept if c.identity.startswith(to)]
    if len(found) != 1 or not to:
        what = f"{len(found)} champions begin with" if found and to else "no record and answers are kept of champion"
        raise UserError(
            f'{what} "{to[:12]}"',
            str(now.folder / "champions"),
            f"{near_names(to, [short(c.identity) for c in kept])}; older ones are in version control",
        )
    return found[0]


def _summary(champion: Champion) -> dict[str, Any]:
    """Returns what the records of later champions say about this one."""
    told = {"subject": champion.subject, "identity": champion.identity, "run": champion.run, "look": champion.look}
    return told | {k: v for k, v in (("forced", champion.forced), ("promoted", champion.promoted)) if v}


def _keep(champion: Champion) -> None:
    """Copies record, answers and card to where replaced champions are kept, unless the answers are missing."""
    try:
        answers = champion.recorded.path.read_bytes()
    except UserError:
        return
    with whole_folder(kept_folder(champion.folder, champion.identity)) as part:
        (part / ANSWERS).write_bytes(answers)
        for name in (RECORD, CARD):
            if (champion.folder / name).is_file():
                shutil.copyfile(champion.folder / name, part / name)


def _forget(champion: Champion) -> None:
    """Removes all but the last KEPT champions before this one and the last KEPT that were rolled back."""
    last = (*champion.previous[:KEPT], *champion.rollbacks[:KEPT])
    wanted = {short(str(row["identity"])) for row in last} - {short(champion.identity)}
    for folder in kept_folder(champion.folder, "").glob("*"):
        if folder.name not in wanted:
            shutil.rmtree(folder)


def _said(task: Task, entrants: Sequence[Entrant], timings: Timings) -> Iterator[Said]:
    slow = [name for name, s in scorers_for(task).items() if s.model]
    for entrant in entrants:
        waited = timings.lookup(entrant.identity, machine())
        for view in entrant.views:
            yield Said(entrant.name, view.split, view.answers, {m: view.values(m) for m in slow}, waited)
