"""Answers of a run, kept so that every verdict can be given again without a model, also by other thresholds.

They lie in runs/<task>/golden/<look>/, apart from the run's own folder: training is never given that path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from goldgate.answers.collect import Recorded, write_recorded
from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json, write_json
from goldgate.base.fingerprint import digest, file_digest, short
from goldgate.scorers import Tariff, scorer_versions
from goldgate.subjects import Answer, Subject
from goldgate.subjects.elsewhere import KeptTask
from goldgate.subjects.latency import Timing
from goldgate.subjects.subject import Progress, Way, general_identity, kept_identity, sampled_identity
from goldgate.task.examples import Example, Split
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
class AnswerFile:
    """A file of recorded answers, and the JSON file beside it that proves them. digest: of the answers, as that file
    (owner) says; scorers: the versions that the recorded scores are of; tariffs: by subject, a vendor's prices as of
    then; what, hint: how messages speak of it.
    """

    path: Path
    digest: str
    scorers: Mapping[str, int | str]
    tariffs: Mapping[str, Tariff]
    what: str
    owner: str
    hint: str

    @cached_property
    def recorded(self) -> Recorded:
        """The answers. Raises UserError where they are missing or are not those that the owner names."""
        if not self.path.is_file():
            raise UserError(f"{self.what} are missing", str(self.path), self.hint)
        if (found := file_digest(self.path)) != self.digest:
            raise UserError(
                f"{self.what} were edited (digest {short(found)}, {self.owner} says {short(self.digest)})",
                str(self.path),
                self.hint,
            )
        return Recorded(self.path)

    def known_scores(
        self, identity: str, split: Split, versions: Mapping[str, int | str]
    ) -> dict[str, dict[str, float]]:
        """Metric → example id → value, for the scorers that need a model and whose values are recorded.

        versions: of the scorers now; a value that another version gave is not known.
        """
        known: dict[str, dict[str, float]] = {}
        for example in split:
            for metric, value in self.recorded.scores(identity, example.digest).items():
                if metric in versions and self.scorers.get(metric) == versions[metric]:
                    known.setdefault(metric, {})[example.id] = value
        return known


@dataclass(frozen=True)
class Said:
    """What one subject answered to a split. scores: metric → example id → value, of scorers that need a model; timings:
    by example digest.
    """

    subject: str
    split: Split
    answers: Mapping[str, Answer]
    scores: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    timings: Mapping[str, Timing] = field(default_factory=dict)


def rows_of(said: Iterable[Said]) -> list[dict[str, Any]]:
    """The rows of a file of recorded answers, one for an identity and example."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for part in said:
        for example in part.split:
            row = answer_row(
                part.subject,
                part.split.name,
                part.answers[example.id],
                {m: values[example.id] for m, values in part.scores.items()},
                part.timings.get(example.digest),
            )
            rows.setdefault((row["identity"], row["example"]), row)
    return list(rows.values())


def answer_row(
    subject: str,
    split: str,
    answer: Answer,
    scores: Mapping[str, float | None] | None = None,
    timing: Timing | None = None,
) -> dict[str, Any]:
    """One recorded answer. scores: metric → value; timing: what one asker waited."""
    row: dict[str, Any] = {
        "subject": subject,
        "split": split,
        "id": answer.id,
        "text": answer.text,
        "finish": answer.finish,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "seconds": round(answer.seconds, 4),
        "logprob": None if answer.logprob is None else round(answer.logprob, 5),
        "identity": answer.identity,
        "fingerprint": answer.fingerprint,
        "example": answer.example,
        "error": answer.error,
        "scores": {m: v for m, v in (scores or {}).items() if v is not None},
    }
    row |= {k: v for k, v in (("date", answer.date), ("served", answer.served)) if v}
    return row if timing is None else {**row, "timing": asdict(timing)}


@dataclass(frozen=True)
class Evidence:
    """All that a suite was decided from. roles: role → (subject's name, identity); said: every answer it asked for;
    tariffs: by subject, the prices of a vendor's list.
    """

    roles: Mapping[str, tuple[str, str]]
    said: Sequence[Said]
    tariffs: Mapping[str, Tariff]


@dataclass(frozen=True)
class Replay:
    """The recorded answers of one look. roles: role → subject's name; subjects: name → identity; asked: digest of what
    task.yaml said of how to answer; scorers: the versions that recorded scores are of.
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
        """Who played a role, and can only repeat what was recorded. train: fingerprint of the train split, which
        prompts quote; parse: makes a subject by its name.

        Raises UserError where nobody did, or the recorded answers are to something else than is asked today.
        """
        hint = _AGAIN.format(task=self.task)
        where = str(self.folder / _FILE)
        if (name := self.roles.get(role)) is None:
            raise UserError(f"the run has no answers of {role}", where, hint)
        if asked_digest(task, train) != self.asked:
            raise UserError(
                "the run's answers are not to what task.yaml asks now: model, instructions, decoding or"
                " template changed, or the train split",
                where,
                f"restore them, or {hint}",
            )
        if role == "prompted" and self.baselines != tuple(task.baselines):
            raise UserError(
                "task.yaml declares other baselines than in the run: another may be the best",
                where,
                f"restore them, or {hint}",
            )
        if role == "incumbent" and name != task.incumbent:
            raise UserError("task.yaml names another incumbent than in the run", where, f"restore it, or {hint}")
        if not name.startswith("adapter:") and _changed(name, self.subjects[name], parse):
            raise UserError(
                f"{name} is not who answered in the run: its prompt or model changed", where, f"restore it, or {hint}"
            )
        return _Recording(name, self.subjects[name], where, hint)


def _changed(name: str, identity: str, parse: Callable[[str], Subject]) -> bool:
    try:
        return parse(name).identity != identity
    except UserError:
        return False  # known by its record alone, as an endpoint is that was switched off


class _Recording:
    """A subject of which only recorded answers are left. Raises UserError when it has to answer."""

    def __init__(self, name: str, identity: str, where: str, hint: str) -> None:
        self.name, self.identity = name, identity
        self._where, self._hint = where, hint

    def fingerprint(self, example: Example) -> str:
        raise UserError(f"the run has no answer of {self.name} to {example.id} as it is now", self._where, self._hint)

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        if examples:
            self.fingerprint(examples[0])
        return iter(())

    def sampled(self, sample: int) -> Subject:
        return _Recording(self.name, sampled_identity(self.identity, sample), self._where, self._hint)

    def general(self, way: Way) -> Subject:
        return _Recording(self.name, general_identity(self.identity, way), self._where, self._hint)

    def kept(self, other: KeptTask) -> Subject:
        return _Recording(self.name, kept_identity(self.identity, other.digest), self._where, self._hint)


def asked_digest(task: Task, train: str) -> str:
    """Digest of all that task.yaml says of how subjects answer. train: fingerprint of the split that prompts quote."""
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


def write_replay(folder: Path, task: Task, train: str, look: str, evidence: Sequence[Evidence]) -> None:
    """Writes what a suite was decided from, of golden and of dev, into runs/<task>/golden/<look>."""
    roles: dict[str, tuple[str, str]] = {}
    for part in evidence:
        roles = {**part.roles, **roles}
    answers = write_recorded(folder / _ANSWERS, rows_of(said for part in evidence for said in part.said))
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
            "tariffs": {name: asdict(t) for part in evidence for name, t in part.tariffs.items()},
        },
    )


def read_replay(folder: Path) -> Replay:
    """The recorded answers of a look. Raises UserError where they are missing or broken."""
    path = folder / _FILE
    if not path.is_file():
        raise UserError("the run's answers are missing", str(path), "train again, or restore the folder")
    raw = check_object(read_json(path), str(path), "restore the file, or train again", **_FIELDS)
    known = {name: raw[name] for name in _FIELDS}
    if stray := [name for name in raw["roles"].values() if name not in raw["subjects"]]:
        raise UserError(f"{stray[0]} has no identity", f'{path}, field "subjects"', "restore the file, or train again")
    tariffs = {name: Tariff.read(row, f'{path}, field "tariffs"') for name, row in raw["tariffs"].items()}
    return Replay(folder, **{**known, "baselines": tuple(raw["baselines"]), "tariffs": tariffs})
