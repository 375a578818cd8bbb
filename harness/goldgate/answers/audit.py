"""--audit N: some recorded and cached answers are generated again, and have to be the same but for near-ties."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from goldgate.answers.parity import compare_answers
from goldgate.base.errors import UserError
from goldgate.subjects import Answer, Subject
from goldgate.task.examples import Split
from goldgate.task.subject_name import SubjectName

_LISTED = 5
Collected = tuple[Subject, Split, Mapping[str, Answer]]


@dataclass(frozen=True)
class Audit:
    """What came of it. seed: of the choice; asked: how many answers were made again; near: how many differ by a
    near-tie; different: "subject: example" of the others that differ; error: why it could not be done, empty where it
    could.
    """

    seed: int
    asked: int
    near: int
    different: tuple[str, ...]
    error: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def audit(collected: Sequence[Collected], count: int, seed: int, *, drawn: bool) -> Audit:
    """Makes `count` answers of local models again, chosen at random among those that no model has just made. drawn:
    whether answers are drawn at random: with its own seed, each has to come out the same.
    """
    there = [
        (subject, e, answers[e.id])
        for subject, split, answers in collected
        for e in split
        if answers[e.id].origin != "model" and SubjectName.parse(subject.name).local
    ]
    chosen = random.Random(seed).sample(there, min(count, len(there)))
    near = 0
    different: list[str] = []
    try:
        for subject in {s.identity: s for s, _, _ in chosen}.values():
            mine = {e.digest: (e, a) for s, e, a in chosen if s.identity == subject.identity}
            fresh = {a.example: a for a in subject.answer([e for e, _ in mine.values()])}
            found = compare_answers(subject, [(e, a, fresh[e.digest]) for e, a in mine.values()], drawn=drawn)
            near += len(found.near)
            different += [f"{subject.name}: {i}" for i in found.different]
    except UserError as error:
        return Audit(seed, len(chosen), near, tuple(different), error.what)
    return Audit(seed, len(chosen), near, tuple(different), "" if there else "no answer of a local model was used")


def told(found: Mapping[str, Any]) -> str:
    """One line for people."""
    start = f"audit (seed {found['seed']}): {found['asked']} answers made again, {found['near']} differ by a near-tie"
    if found["error"]:
        return f"{start}; it could not be done: {found['error']}"
    if not found["different"]:
        return f"{start}, the others are the same"
    more = len(found["different"]) - _LISTED
    rest = f" and {more} more" if more > 0 else ""
    return f"{start}, {len(found['different'])} differ: {', '.join(found['different'][:_LISTED])}{rest}"
