"""The champion of a task: champion.json and the answers that prove it, committed so that CI can decide without a
model.
"""

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

CHAMPION = str(SubjectName("champion"))  # the name of the promoted subject
RECORD = "champion.json"
ANSWERS = "champion_answers.jsonl.gz"
_KEPT = "champions"  # a folder in the suite, with a copy of each replaced champion
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
_LATER = {
    "tried": dict,
    "untried": dict,
    "opened": bool,
    "prompted_for": dict,
    "tariffs": dict,
    "promoted": str,
    "rollbacks": list,
}
"""What champions of the first release do not say."""


@dataclass(frozen=True)
class Champion:
    """The promoted subject of a task, as champion.json records it.

    Attributes:
        folder: The folder of the record.
        task: The task's name.
        subject: Its name where it was trained.
        identity: Its identity, by content.
        adapter: What the record says about the adapter.
        run: The run that trained it.
        prompted: The best prompting baseline that it was measured against.
        prompted_identity: Identity of that baseline.
        subjects: Name → identity, for every subject whose answers are recorded.
        look: Name of the look at golden that it passed.
        verdicts: The verdicts of its gates.
        answers: Digest of the recorded answers.
        forced: Why it was promoted without a pass; None if it passed.
        previous: The champions before it, the last one first.
        serving: Digest of everything that decided its answers, except its weights.
        scorers: The versions of the scorers whose values are recorded.
        baselines: The baselines that task.yaml declared.
        tried: Name → identity, for all that `prompted` is the best of.
        untried: Name → why, for the baselines that were left out.
        prompted_for: Metric → name of the best baseline for it, for the metrics whose gates compared with `prompted`.
        tariffs: Name → the vendor's prices when it was promoted.
        opened: Whether golden's examples had been shown, so that its pass has no error rate.
        promoted: The day, in ISO form.
        rollbacks: The champions that were rolled back, the last one first, each with the day and the reason.
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
    prompted_for: Mapping[str, str] = field(default_factory=dict)
    tariffs: Mapping[str, Tariff] = field(default_factory=dict)
    opened: bool = False
    promoted: str = ""
    rollbacks: tuple[Mapping[str, Any], ...] = ()

    @property
    def looks(self) -> list[str]:
        """The names of the looks at golden that this record mentions."""
        named = [self.look, *(other.get("look") for other in (*self.previous, *self.rollbacks))]
        return [name for name in named if name is not None]

    def check_serving(self, now: str) -> None:
        """Checks that the champion would answer today as it did when it was promoted.

        Args:
            now: The serving digest of task.yaml as it is now.

        Raises:
            UserError: task.yaml would make it answer in another way.
        """
        if now != self.serving:
            raise UserError(
                "the champion's recorded answers do not belong to task.yaml as it is now: model, decoding, template or"
                " prompt changed after it was promoted",
                str(self.folder / RECORD),
                "restore task.yaml, or train and promote again: what would be served now was never tested",
            )

    def replayed(self, role: Literal["candidate", "prompted"], parse: Callable[[str], Subject]) -> Replayed:
        """Returns the promoted subject, or the baseline that it was measured against, known by the record.

        Args:
            role: Which of the two.
            parse: Makes the subject itself from its name.
        """
        name, identity, key = {
            "candidate": (self.subject, self.identity, "identity"),
            "prompted": (self.prompted, self.prompted_identity, "prompted_identity"),
        }[role]
        return Replayed(name, identity, lambda: parse(name), f'{self.folder / RECORD}, field "{key}"')

    def reference(self, name: str, parse: Callable[[str], Subject]) -> Replayed | None:
        """Returns a subject that the champion was compared with, known by the record; None if none of its answers are
        recorded.
        """
        if name not in self.subjects:
            return None
        return Replayed(name, self.subjects[name], lambda: parse(name), f'{self.folder / RECORD}, field "subjects"')

    def predecessor(self, parse: Callable[[str], Subject]) -> Replayed:
        """Returns the champion before this one, whose answers were recorded when this one took over.

        Raises:
            UserError: There was none.
        """
        if not self.previous:
            raise UserError(
                f"there was no champion before {self.subject}",
                f'{self.folder / RECORD}, field "previous"',
                "a gate on `previous` can decide from the second champion on: leave it out until then",
            )
        name = str(self.previous[0]["subject"])
        return Replayed(
            name, str(self.previous[0]["identity"]), lambda: parse(name), f'{self.folder / RECORD}, field "previous"'
        )

    def check_previous(self, identity: str, candidate: str) -> None:
        """Checks that a run compared its candidate with the champion that is to be beaten today.

        Args:
            identity: Identity of the champion in the run.
            candidate: Identity of the candidate.

        Raises:
            UserError: The champion to be beaten is another one.
        """
        last = str(self.previous[0]["identity"]) if self.previous else None
        if identity != (last if candidate == self.identity else self.identity):
            raise UserError(
                "the run's previous champion is not today's: another one has been promoted since",
                str(self.folder / RECORD),
                "test against today's champion: run the suite with a model",
            )

    @cached_property
    def file(self) -> AnswerFile:
        """The committed answers.

        While the champion changes, they may be where replaced champions are kept; only the record decides which are
        meant.
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
        """The committed answers. Raises UserError if they are missing or are not those that the champion names."""
        return self.file.recorded


def load_champion(project: Project, task: str) -> Champion | None:
    """Loads the champion of a task; None if nothing has been promoted.

    Raises:
        UserError: champion.json is broken.
    """
    folder = project.suite(task)
    return read_champion(folder, task) if (folder / RECORD).is_file() else None


def kept_folder(suite: Path, identity: str) -> Path:
    """Returns where a suite's folder keeps a replaced champion: its record, answers and card."""
    return suite / _KEPT / short(identity)


def kept_champions(suite: Path, task: str) -> list[Champion]:
    """Reads the replaced champions that are kept.

    Raises:
        UserError: A record is broken.
    """
    found = sorted((suite / _KEPT).glob(f"*/{RECORD}"))
    return [
        read_champion(p.parent, task) for p in found if not p.parent.name.startswith(".")
    ]  # hidden: a copy that was killed


def read_champion(folder: Path, task: str) -> Champion:
    """Reads the champion whose record is in a folder.

    Raises:
        UserError: The record is missing or broken.
    """
    path = folder / RECORD
    raw = read_json(path)
    fields = _FIELDS if not isinstance(raw, dict) else _FIELDS | {k: v for k, v in _LATER.items() if k in raw}
    if isinstance(raw, dict) and (odd := sorted(set(fields) ^ set(raw))):
        raise UserError(
            f"not a champion record (keys missing or unknown: {', '.join(odd)})", str(path), near_names(odd[0], fields)
        )
    raw = check_object(raw, str(path), "restore it from version control", **fields)
    if raw["task"] != task:
        raise UserError(
            f'the record is of task "{raw["task"]}", but the suite is "{task}"',
            f'{path}, field "task"',
            "restore it from version control",
        )
    for key in ("previous", "rollbacks"):
        for row in raw.get(key, []):
            check_object(
                row, f'{path}, field "{key}"', "restore it from version control", subject=str, identity=str, run=str
            )
    for metric, name in raw.get("prompted_for", {}).items():
        if name not in raw["subjects"]:
            raise UserError(
                f"{name!r:.80} has no identity",
                f'{path}, field "prompted_for.{metric}"',
                "restore it from version control",
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
    """Reads the verdicts in a record.

    Raises:
        UserError: Something in it is not a verdict.
    """
    try:
        return tuple(Verdict.from_json(row) for row in rows)
    except (UserError, TypeError, KeyError, IndexError) as error:
        what = error.what if isinstance(error, UserError) else "contains something that is not a verdict"
        raise UserError(what, f'{where}, field "verdicts"', "restore it, or train again") from error
