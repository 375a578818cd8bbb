"""The answers of a run, kept so that every verdict can be reproduced without a model, or with other thresholds.

They are in runs/<task>/golden/<look>/, outside of the run's own folder: training is never given that path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from goldgate.answers.recorded import AnswerFile, Said, rows_of, write_recorded
from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.scorers import Tariff, scorer_versions
from goldgate.subjects import Subject
from goldgate.subjects.replayed import OnlyRecorded
from goldgate.task.subject_name import kind_of
from goldgate.task.task import Task

_FILE, _ANSWERS = "answers.json", "answers.jsonl.gz"
_FIELDS = {
    "task": str,
    "look": str,
    "roles": dict,
    "subjects": dict,
    "answers": str,
    "scorers": dict,
    "baselines": list,
    "asked": str,
    "tariffs": dict,
}
_AGAIN = "train again, or run the suite with a model: pytest suites/{task} --candidate SUBJECT"


@dataclass(frozen=True)
class SuiteAnswers:
    """Everything that a suite was decided from.

    Attributes:
        roles: Role → the subject's name and identity.
        said: Every answer that the suite used.
        tariffs: Subject → the prices in a vendor's list.
    """

    roles: Mapping[str, tuple[str, str]]
    said: Sequence[Said]
    tariffs: Mapping[str, Tariff]


@dataclass(frozen=True)
class Replay:
    """The recorded answers of one look.

    Attributes:
        folder: Where they are.
        task: The task's name.
        look: The look's name.
        roles: Role → the subject's name.
        subjects: Subject → identity.
        answers: Digest of the answers.
        scorers: The versions of the scorers whose values are recorded.
        baselines: The baselines that task.yaml declared.
        asked: Digest of what task.yaml said about how to answer.
        tariffs: Subject → the prices in a vendor's list.
    """

    folder: Path
    task: str
    look: str
    roles: Mapping[str, str]
    subjects: Mapping[str, str]
    answers: str
    scorers: Mapping[str, int | str]
    baselines: tuple[str, ...]
    asked: str
    tariffs: Mapping[str, Tariff]

    @cached_property
    def file(self) -> AnswerFile:
        return AnswerFile(
            self.folder / _ANSWERS,
            self.answers,
            self.scorers,
            self.tariffs,
            "the run's answers",
            _FILE,
            _AGAIN.format(task=self.task),
        )

    def subject(self, role: str, task: Task, train: str, parse: Callable[[str], Subject]) -> Subject:
        """Returns the subject that played a role, which can only repeat its recorded answers.

        Args:
            role: The role.
            task: The task as it is now.
            train: Fingerprint of the train split, which prompts quote.
            parse: Makes a subject from its name.

        Raises:
            UserError: Nobody played the role, or what is asked has changed since the answers were recorded.
        """
        hint = _AGAIN.format(task=self.task)
        where = str(self.folder / _FILE)
        if (name := self.roles.get(role)) is None:
            raise UserError(f"the run has no answers of {role}", where, hint)
        if asked_digest(task, train) != self.asked:
            raise UserError(
                "the run's answers are not answers to what task.yaml asks now: model, instructions, decoding,"
                " template or the train split changed",
                where,
                f"restore them, or {hint}",
            )
        if role.partition(".")[0] == "prompted" and self.baselines != tuple(task.baselines):
            raise UserError(
                "task.yaml declares other baselines than it did in the run, and another one may be best",
                where,
                f"restore them, or {hint}",
            )
        if role == "incumbent" and name != task.incumbent:
            raise UserError("task.yaml names another incumbent than it did in the run", where, f"restore it, or {hint}")
        if kind_of(name) != "adapter" and _changed(name, self.subjects[name], parse):
            raise UserError(
                f"{name} is no longer the subject that answered in the run: its prompt or model changed",
                where,
                f"restore it, or {hint}",
            )
        return OnlyRecorded(name, self.subjects[name], where, hint)


def _changed(name: str, identity: str, parse: Callable[[str], Subject]) -> bool:
    try:
        return parse(name).identity != identity
    except UserError:
        return False  # known only by its record, like an endpoint that was switched off


def asked_digest(task: Task, train: str) -> str:
    """Digests everything that task.yaml says about how subjects answer.

    Args:
        task: The task.
        train: Fingerprint of the train split, which prompts quote.
    """
    return digest(
        [
            task.name,
            task.kind,
            task.instructions,
            task.model,
            dict(task.template),
            task.decoding.model_dump(mode="json"),
            task.schema,
            list(task.labels),
            task.style.model_dump(mode="json") if task.style else None,
            train,
            *([task.chat] if task.chat else []),
        ]
    )


def write_replay(folder: Path, task: Task, train: str, look: str, suites: Sequence[SuiteAnswers]) -> None:
    """Writes what a suite was decided from, on golden and on dev, into runs/<task>/golden/<look>."""
    roles: dict[str, tuple[str, str]] = {}
    for part in suites:
        roles = {**part.roles, **roles}
    answers = write_recorded(folder / _ANSWERS, rows_of(said for part in suites for said in part.said))
    write_json(
        folder / _FILE,
        {
            "task": task.name,
            "look": look,
            "roles": {role: name for role, (name, _) in roles.items()},
            "subjects": dict(roles.values()),
            "answers": answers,
            "scorers": dict(scorer_versions(task)),
            "baselines": list(task.baselines),
            "asked": asked_digest(task, train),
            "tariffs": {name: asdict(t) for part in suites for name, t in part.tariffs.items()},
        },
    )


def read_replay(folder: Path) -> Replay:
    """Reads the recorded answers of a look.

    Raises:
        UserError: They are missing or broken.
    """
    path = folder / _FILE
    if not path.is_file():
        raise UserError("the run's answers are missing", str(path), "train again, or restore the folder")
    raw = check_object(read_json(path), str(path), "restore the file, or train again", **_FIELDS)
    known = {name: raw[name] for name in _FIELDS}
    if stray := [name for name in raw["roles"].values() if name not in raw["subjects"]]:
        raise UserError(f"{stray[0]} has no identity", f'{path}, field "subjects"', "restore the file, or train again")
    tariffs = {name: Tariff.read(row, f'{path}, field "tariffs"') for name, row in raw["tariffs"].items()}
    return Replay(folder, **{**known, "baselines": tuple(raw["baselines"]), "tariffs": tariffs})
