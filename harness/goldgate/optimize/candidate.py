"""The prompts that a search tries: a system message and shots from train."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from goldgate.base.fingerprint import digest
from goldgate.prompts.few_shot import choose_shots
from goldgate.task.examples import Example, Split


@dataclass(frozen=True)
class Candidate:
    """A prompt.

    Attributes:
        system: The system message.
        shots: The shots, in the order in which they are shown.
    """

    system: str
    shots: tuple[Example, ...]

    @cached_property
    def key(self) -> str:
        """Digest of the prompt: the same prompt is tried once."""
        return digest([self.system, [[shot.id, shot.digest] for shot in self.shots]])


@dataclass(frozen=True)
class Parts:
    """Train, divided for the search.

    Attributes:
        pool: The examples that may be shots.
        asked: The examples that candidates are scored on; none of them is a shot or repeats one.
        first: The shots of the first candidate, which are in the pool.
    """

    pool: tuple[Example, ...]
    asked: tuple[Example, ...]
    first: tuple[Example, ...]


def divide(train: Split, count: int, most: int, rng: random.Random) -> Parts:
    """Divides train into examples that may be shots and examples that candidates are scored on.

    Examples of one group, and those with the same input, stay on one side: a shot that repeats a question answers it.

    Args:
        train: The train split.
        count: The most shots of a candidate.
        most: The most examples to score on.
        rng: Decides which.

    Returns:
        The parts; at most half of train is scored on.
    """
    first = choose_shots(train, min(count, max(1, len(train) // 2)), 0)
    shown = {key for shot in first for key in _same(shot)}
    order = sorted(train.examples, key=lambda e: e.digest)
    rng.shuffle(order)
    asked: list[Example] = []
    taken: set[str] = set()
    for example in order:
        if len(asked) < min(most, len(order) // 2) and not shown & _same(example):
            asked.append(example)
            taken |= _same(example)
    pool = tuple(e for e in order if not taken & _same(e))
    return Parts(pool, tuple(asked), first)


def _same(example: Example) -> set[str]:
    """What two examples have in common if one of them gives the other away."""
    group = set() if example.group is None else {f"group {example.group}"}
    return {f"input {example.text}", *group}


class Proposer:
    """Proposes candidates, none of them twice.

    Args:
        parts: Train, divided.
        count: The most shots.
        systems: The system messages to choose from; the first is that of few_shot:N.
        rng: Decides.
    """

    _TRIES = 50  # of one proposal: where train is small, there is soon nothing new

    def __init__(self, parts: Parts, count: int, systems: Sequence[str], rng: random.Random) -> None:
        self._parts = parts
        self._count = min(count, len(parts.pool))
        self._systems = tuple(systems)
        self._rng = rng
        self._seen: set[str] = set()

    def first(self) -> list[Candidate]:
        """Returns the candidates to begin with: few_shot:N with each system message, and the first without shots."""
        shown = [Candidate(system, self._parts.first) for system in self._systems]
        return self._new([*shown, Candidate(self._systems[0], ())])

    def fresh(self, many: int) -> list[Candidate]:
        """Returns random candidates; fewer if there are no more."""
        return self._made(many, self._random)

    def variations(self, of: Candidate, many: int) -> list[Candidate]:
        """Returns candidates that differ a little from one; fewer if there are no more."""
        return self._made(many, lambda: self._varied(of))

    def _made(self, many: int, propose: Callable[[], Candidate]) -> list[Candidate]:
        found: list[Candidate] = []
        for _ in range(self._TRIES * many):
            if len(found) == many:
                break
            found += self._new([propose()])
        return found

    def _new(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        new = []
        for candidate in candidates:
            if candidate.key not in self._seen:
                self._seen.add(candidate.key)
                new.append(candidate)
        return new

    def _random(self) -> Candidate:
        """Half of the sets have all N shots; the size of the others is drawn. Half cover many tags and outputs."""
        rng, pool = self._rng, self._parts.pool
        size = self._count if rng.random() < 0.5 else rng.randint(1, self._count)
        if rng.random() < 0.5:
            shots = choose_shots(Split("train", pool), size, rng.getrandbits(32))
        else:
            shots = tuple(rng.sample(pool, size))
        return Candidate(rng.choice(self._systems), shots)

    def _varied(self, of: Candidate) -> Candidate:
        """Replaces a shot, or changes the order, the number of shots or the system message."""
        rng, shots = self._rng, list(of.shots)
        shown = {shot.digest for shot in shots}
        others = [e for e in self._parts.pool if e.digest not in shown]
        kind = rng.random()
        if kind < 0.5 and shots and others:
            shots[rng.randrange(len(shots))] = rng.choice(others)
        elif kind < 0.75 and len(shots) > 1:
            rng.shuffle(shots)
        elif kind < 0.85 and len(shots) > 1:
            shots.pop(rng.randrange(len(shots)))
        elif len(shots) < self._count and others:
            shots.insert(rng.randint(0, len(shots)), rng.choice(others))
        elif len(self._systems) > 1:
            return Candidate(rng.choice([s for s in self._systems if s != of.system]), of.shots)
        return Candidate(of.system, tuple(shots))
