"""The champion of a task: champion.json and the answers that prove it, committed so that CI decides without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from harness.answers import Recorded, write_recorded
from harness.errors import UserError, near_names
from harness.examples import Split
from harness.files import check_object, read_json, write_json
from harness.measures import Verdict
from harness.project import Project
from harness.replay import AnswerFile, Said, answer_row, rows_of
from harness.scored import Scored
from harness.scorers import Tariff, scorer_versions, scorers_for
from harness.subjects import Answer, Subject
from harness.subjects.latency import machine
from harness.subjects.replayed import Replayed
from harness.task import Task
from harness.timings import Timings

CHAMPION = "champion"  # the subject name of what is promoted
_FILE = "champion.json"
_ANSWERS = "champion_answers.jsonl.gz"
_FIELDS = {
    "task": str, "subject": str, "identity": str, "adapter": dict, "run": str, "prompted": str,
    "prompted_identity": str, "subjects": dict, "look": str | None, "verdicts": list, "answers": str,
    "forced": str | None, "previous": list, "serving": str, "scorers": dict, "baselines": list,
}
_LATER = {"tried": dict, "untried": dict, "opened": bool, "tariffs": dict}  # champions of the first release do not say


@dataclass(frozen=True)
class Champion:
    """What is promoted for a task. subject: its name where it was trained; identity: who it is, by content.

    prompted: the best prompting baseline it was measured against; subjects: name → identity of all whose answers are
    recorded; look: name of the look at golden that it passed; answers: digest of the recorded answers; forced: why it
    was promoted without a pass, if it was; serving: digest of what decided its answers beside its weights; scorers: the
    versions that its recorded scores are of; baselines: those that task.yaml declared, of which `prompted` was best;
    tried: name → identity of all that it was the best of; untried: name → why, of those that were left out;
    opened: whether golden's examples had been shown, so that its pass has no error rate; tariffs: by name, the vendors'
    prices when it was promoted.
    """

    folder: Path
    task: str
    subject: str
    identity: str
    adapter: Mapping[str, Any]
    run: str
    prompted: str
    prompted_identity: str
    subjects: Mapping[str, str]
    look: str | None
    verdicts: tuple[Verdict, ...]
    answers: str
    forced: str | None
    previous: tuple[Mapping[str, Any], ...]
    serving: str
    scorers: Mapping[str, int | str]
    baselines: tuple[str, ...]
    tried: Mapping[str, str] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)
    tariffs: Mapping[str, Tariff] = field(default_factory=dict)
    opened: bool = False

    @property
    def looks(self) -> list[str]:
        """Names of the looks at golden that this record speaks of."""
        named = [self.look, *(before.get("look") for before in self.previous)]
        return [name for name in named if name is not None]

    def check_serving(self, now: str) -> None:
        """Raises UserError where task.yaml would have the champion answer in another way than when it was promoted."""
        if now != self.serving:
            raise UserError(
                "the champion's recorded answers are not those of task.yaml as it is now: model, decoding, template, or"
                " the prompt changed after it was promoted", str(self.folder / _FILE),
                "restore task.yaml, or train and promote again: what would be served was never tested")

    def replayed(self, role: Literal["candidate", "prompted"], parse: Callable[[str], Subject]) -> Replayed:
        """Who was promoted, or was its reference, known by the record. parse: makes the subject itself, by name."""
        name, identity, key = {
            "candidate": (self.subject, self.identity, "identity"),
            "prompted": (self.prompted, self.prompted_identity, "prompted_identity"),
        }[role]
        return Replayed(name, identity, lambda: parse(name), f'{self.folder / _FILE}, field "{key}"')

    def reference(self, name: str, parse: Callable[[str], Subject]) -> Replayed | None:
        """A subject that the champion was compared with, known by the record; None where it has no answers of it."""
        if name not in self.subjects:
            return None
        return Replayed(name, self.subjects[name], lambda: parse(name), f'{self.folder / _FILE}, field "subjects"')

    def predecessor(self, parse: Callable[[str], Subject]) -> Replayed:
        """The champion before this one, whose answers were recorded when this one took its place. Raises UserError
        where there was none.
        """
        if not self.previous:
            raise UserError(f"there was no champion before {self.subject}", f'{self.folder / _FILE}, field "previous"',
                            "a gate on `previous` decides from the second champion on: leave it out until then")
        name = str(self.previous[0]["subject"])
        return Replayed(name, str(self.previous[0]["identity"]), lambda: parse(name),
                        f'{self.folder / _FILE}, field "previous"')

    @cached_property
    def file(self) -> AnswerFile:
        """The committed answers."""
        return AnswerFile(self.folder / _ANSWERS, self.answers, self.scorers, self.tariffs, "the champion's answers",
                          _FILE, "restore the file from version control")

    @property
    def recorded(self) -> Recorded:
        """The committed answers. Raises UserError where they are missing or are not those that the champion names."""
        return self.file.recorded

    def known_scores(self, identity: str, split: Split,
                     versions: Mapping[str, int | str]) -> dict[str, dict[str, float]]:
        """As AnswerFile.known_scores."""
        return self.file.known_scores(identity, split, versions)


def load_champion(project: Project, task: str) -> Champion | None:
    """The champion of a task, None where nothing is promoted. Raises UserError for a broken champion.json."""
    folder = project.suite(task)
    path = folder / _FILE
    if not path.is_file():
        return None
    raw = read_json(path)
    fields = _FIELDS if not isinstance(raw, dict) else _FIELDS | {k: v for k, v in _LATER.items() if k in raw}
    if isinstance(raw, dict) and (odd := sorted(set(fields) ^ set(raw))):
        raise UserError(f"not a champion record (keys missing or unknown: {', '.join(odd)})", str(path),
                        near_names(odd[0], fields))
    raw = check_object(raw, str(path), "restore it from version control", **fields)
    if raw["task"] != task:
        raise UserError(f'says task "{raw["task"]}", its folder is "{task}"', f'{path}, field "task"', "restore it")
    verdicts = read_verdicts(raw["verdicts"], str(path))
    tariffs = {n: Tariff.read(row, f'{path}, field "tariffs"') for n, row in raw.get("tariffs", {}).items()}
    return Champion(folder, **{**raw, "verdicts": verdicts, "previous": tuple(raw["previous"]),
                               "baselines": tuple(raw["baselines"]), "tariffs": tariffs})


def read_verdicts(rows: Iterable[Any], where: str) -> tuple[Verdict, ...]:
    """The verdicts that a record holds. Raises UserError for what is none."""
    try:
        return tuple(Verdict.from_json(row) for row in rows)
    except (UserError, TypeError, KeyError, IndexError) as error:
        what = error.what if isinstance(error, UserError) else "holds what is no verdict"
        raise UserError(what, f'{where}, field "verdicts"', "restore it, or train again") from error


@dataclass(frozen=True)
class Entrant:
    """A subject whose answers are recorded with the champion: its name, identity, and views on the splits. beside: its
    other answers on golden, to perturbed inputs and further samples.
    """

    name: str
    identity: str
    views: Sequence[Scored]
    beside: Sequence[Answer] = ()


def write_champion(
    project: Project, task: Task, candidate: Entrant, prompted: Entrant, others: Sequence[Entrant], *,
    adapter: Mapping[str, Any], serving: str, run: str, look: str | None, verdicts: Sequence[Verdict],
    forced: str | None, opened: bool, tried: Mapping[str, str], untried: Mapping[str, str],
) -> Path:
    """Writes the answers, then champion.json, which names them; see Champion for what it holds. Raises UserError unless
    every verdict passes or the promotion is forced for a reason.
    """
    if not forced and not (verdicts and all(verdicts)):
        raise UserError("the golden suite did not pass for this candidate", f"run {run}",
                        'train further, or promote with --force "reason" (the reason is recorded)')
    old = load_champion(project, task.name)
    timings = Timings(project.cache)
    entrants = (candidate, prompted, *others)
    rows = rows_of(_said(task, entrants, timings))
    rows += [answer_row(e.name, "golden", answer) for e in entrants for answer in e.beside]
    digest = write_recorded(task.folder / _ANSWERS, rows)
    previous = [] if old is None else list(old.previous)
    if old is not None and old.identity != candidate.identity:  # nobody is his own predecessor
        previous.insert(0, {"subject": old.subject, "identity": old.identity, "run": old.run, "look": old.look})
    write_json(task.folder / _FILE, {
        "task": task.name, "subject": candidate.name, "identity": candidate.identity, "adapter": dict(adapter),
        "run": run, "prompted": prompted.name, "prompted_identity": prompted.identity,
        "subjects": {e.name: e.identity for e in (*others, prompted, candidate)},
        "look": look, "verdicts": [v.to_json() for v in verdicts], "answers": digest, "forced": forced,
        "previous": previous, "serving": serving, "scorers": dict(scorer_versions(task)),
        "baselines": list(task.baselines), "tried": dict(tried), "untried": dict(untried),
        "tariffs": {e.name: asdict(t) for e in entrants
                    if (t := e.views[0].tariff) is not None and t.listed},
        "opened": opened,
    })
    return task.folder / _FILE


def _said(task: Task, entrants: Sequence[Entrant], timings: Timings) -> Iterator[Said]:
    slow = [name for name, s in scorers_for(task).items() if s.model]
    for entrant in entrants:
        waited = timings.lookup(entrant.identity, machine())
        for view in entrant.views:
            yield Said(entrant.name, view.split, view.answers, {m: view.values(m) for m in slow}, waited)
