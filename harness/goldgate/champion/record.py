"""The champion of a task: champion.json and the answers that prove it, committed so that CI decides without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from goldgate.answers.recorded import AnswerFile, Recorded
from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_object, read_json
from goldgate.base.fingerprint import file_digest, short
from goldgate.measures import Verdict
from goldgate.scorers import Tariff
from goldgate.subjects import Subject
from goldgate.subjects.replayed import Replayed
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName

CHAMPION = str(SubjectName("champion"))  # the subject name of what is promoted
RECORD = "champion.json"
ANSWERS = "champion_answers.jsonl.gz"
_KEPT = "champions"  # a folder in the suite's: a copy of each champion that was replaced
_FIELDS = {
    "task": str,
    "subject": str,
    "identity": str,
    "adapter": dict,
    "run": str,
    "prompted": str,
    "prompted_identity": str,
    "subjects": dict,
    "look": str | None,
    "verdicts": list,
    "answers": str,
    "forced": str | None,
    "previous": list,
    "serving": str,
    "scorers": dict,
    "baselines": list,
}
_LATER = {"tried": dict, "untried": dict, "opened": bool, "tariffs": dict, "promoted": str, "rollbacks": list}
"""What champions of the first release do not say."""


@dataclass(frozen=True)
class Champion:
    """What is promoted for a task. subject: its name where it was trained; identity: who it is, by content.

    prompted: the best prompting baseline it was measured against; subjects: name → identity of all whose answers are
    recorded; look: name of the look at golden that it passed; answers: digest of the recorded answers; forced: why it
    was promoted without a pass, if it was; serving: digest of what decided its answers beside its weights; scorers: the
    versions that its recorded scores are of; baselines: those that task.yaml declared, of which `prompted` was best;
    tried: name → identity of all that it was the best of; untried: name → why, of those that were left out;
    opened: whether golden's examples had been shown, so that its pass has no error rate; tariffs: by name, the vendors'
    prices when it was promoted; previous: the champions before it, the last one first; promoted: the day, in ISO form;
    rollbacks: the champions that were taken back, the last one first, each with the day and the reason.
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
    promoted: str = ""
    rollbacks: tuple[Mapping[str, Any], ...] = ()

    @property
    def looks(self) -> list[str]:
        """Names of the looks at golden that this record speaks of."""
        named = [self.look, *(other.get("look") for other in (*self.previous, *self.rollbacks))]
        return [name for name in named if name is not None]

    def check_serving(self, now: str) -> None:
        """Raises UserError where task.yaml would have the champion answer in another way than when it was promoted."""
        if now != self.serving:
            raise UserError(
                "the champion's recorded answers are not those of task.yaml as it is now: model, decoding, template, or"
                " the prompt changed after it was promoted",
                str(self.folder / RECORD),
                "restore task.yaml, or train and promote again: what would be served was never tested",
            )

    def replayed(self, role: Literal["candidate", "prompted"], parse: Callable[[str], Subject]) -> Replayed:
        """Who was promoted, or was its reference, known by the record. parse: makes the subject itself, by name."""
        name, identity, key = {
            "candidate": (self.subject, self.identity, "identity"),
            "prompted": (self.prompted, self.prompted_identity, "prompted_identity"),
        }[role]
        return Replayed(name, identity, lambda: parse(name), f'{self.folder / RECORD}, field "{key}"')

    def reference(self, name: str, parse: Callable[[str], Subject]) -> Replayed | None:
        """A subject that the champion was compared with, known by the record; None where it has no answers of it."""
        if name not in self.subjects:
            return None
        return Replayed(name, self.subjects[name], lambda: parse(name), f'{self.folder / RECORD}, field "subjects"')

    def predecessor(self, parse: Callable[[str], Subject]) -> Replayed:
        """The champion before this one, whose answers were recorded when this one took its place. Raises UserError
        where there was none.
        """
        if not self.previous:
            raise UserError(
                f"there was no champion before {self.subject}",
                f'{self.folder / RECORD}, field "previous"',
                "a gate on `previous` decides from the second champion on: leave it out until then",
            )
        name = str(self.previous[0]["subject"])
        return Replayed(
            name, str(self.previous[0]["identity"]), lambda: parse(name), f'{self.folder / RECORD}, field "previous"'
        )

    def check_previous(self, identity: str, candidate: str) -> None:
        """Raises UserError where that identity is not who a candidate (an identity) has to be no worse than today."""
        last = str(self.previous[0]["identity"]) if self.previous else None
        if identity != (last if candidate == self.identity else self.identity):
            raise UserError(
                "the run's previous champion is not the one of today: another was promoted since",
                str(self.folder / RECORD),
                "test against it: run the suite with a model",
            )

    @cached_property
    def file(self) -> AnswerFile:
        """The committed answers. While champions change, they may lie where replaced ones are kept: the record alone
        says which are meant.
        """
        path, kept = self.folder / ANSWERS, kept_folder(self.folder, self.identity) / ANSWERS
        meant = next((p for p in (path, kept) if p.is_file() and file_digest(p) == self.answers), path)
        return AnswerFile(
            meant,
            self.answers,
            self.scorers,
            self.tariffs,
            "the champion's answers",
            RECORD,
            "restore the file from version control",
        )

    @property
    def recorded(self) -> Recorded:
        """The committed answers. Raises UserError where they are missing or are not those that the champion names."""
        return self.file.recorded


def load_champion(project: Project, task: str) -> Champion | None:
    """The champion of a task, None where nothing is promoted. Raises UserError for a broken champion.json."""
    folder = project.suite(task)
    return read_champion(folder, task) if (folder / RECORD).is_file() else None


def kept_folder(suite: Path, identity: str) -> Path:
    """Where a suite's folder keeps a champion that was replaced: its record, answers and card."""
    return suite / _KEPT / short(identity)


def kept_champions(suite: Path, task: str) -> list[Champion]:
    """The champions that were replaced and are kept. Raises UserError for a broken record."""
    found = sorted((suite / _KEPT).glob(f"*/{RECORD}"))
    return [read_champion(p.parent, task) for p in found if not p.parent.name.startswith(".")]  # those: a killed copy


def read_champion(folder: Path, task: str) -> Champion:
    """The champion whose record lies in this folder. Raises UserError where it is missing or broken."""
    path = folder / RECORD
    raw = read_json(path)
    fields = _FIELDS if not isinstance(raw, dict) else _FIELDS | {k: v for k, v in _LATER.items() if k in raw}
    if isinstance(raw, dict) and (odd := sorted(set(fields) ^ set(raw))):
        raise UserError(
            f"not a champion record (keys missing or unknown: {', '.join(odd)})", str(path), near_names(odd[0], fields)
        )
    raw = check_object(raw, str(path), "restore it from version control", **fields)
    if raw["task"] != task:
        raise UserError(f'says task "{raw["task"]}", its suite is "{task}"', f'{path}, field "task"', "restore it")
    for key in ("previous", "rollbacks"):
        for row in raw.get(key, []):
            check_object(
                row, f'{path}, field "{key}"', "restore it from version control", subject=str, identity=str, run=str
            )
    verdicts = read_verdicts(raw["verdicts"], str(path))
    tariffs = {n: Tariff.read(row, f'{path}, field "tariffs"') for n, row in raw.get("tariffs", {}).items()}
    return Champion(
        folder,
        **{
            **raw,
            "verdicts": verdicts,
            "previous": tuple(raw["previous"]),
            "rollbacks": tuple(raw.get("rollbacks", [])),
            "baselines": tuple(raw["baselines"]),
            "tariffs": tariffs,
        },
    )


def read_verdicts(rows: Iterable[Any], where: str) -> tuple[Verdict, ...]:
    """The verdicts that a record holds. Raises UserError for what is none."""
    try:
        return tuple(Verdict.from_json(row) for row in rows)
    except (UserError, TypeError, KeyError, IndexError) as error:
        what = error.what if isinstance(error, UserError) else "holds what is no verdict"
        raise UserError(what, f'{where}, field "verdicts"', "restore it, or train again") from error
