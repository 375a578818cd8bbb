"""--audit N: some recorded and cached answers are generated again, and have to be the same but for near-ties."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.errors import UserError
from harness.examples import Split
from harness.parity import is_near
from harness.subjects import Answer, Subject

_LOCAL = ("base+", "adapter:", "model:")
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


def audit(collected: Sequence[Collected], count: int, seed: int) -> Audit:
    """Makes `count` answers of local models again, chosen at random among those that no model has just made."""
    there = [(subject, e, answers[e.id]) for subject, split, answers in collected for e in split
             if answers[e.id].origin != "model" and subject.name.startswith(_LOCAL)]
    chosen = random.Random(seed).sample(there, min(count, len(there)))
    near, different = 0, []
    try:
        for subject in {s.identity: s for s, _, _ in chosen}.values():
            mine = {e.digest: (e, a) for s, e, a in chosen if s.identity == subject.identity}
            fresh = {a.example: a for a in subject.answer([e for e, _ in mine.values()])}
            for digest, (example, before) in mine.items():
                if (before.text, before.finish) == (fresh[digest].text, fresh[digest].finish):
                    continue
                if is_near(subject, example, before, fresh[digest]):
                    near += 1
                else:
                    different.append(f"{subject.name}: {example.id}")
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
