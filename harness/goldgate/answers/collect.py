"""Collects one answer for every example: recorded, cached, or from the subject; and counts how many came from where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from goldgate.answers.cache import AnswerCache
from goldgate.answers.recorded import Recorded
from goldgate.base.errors import UserError
from goldgate.subjects.subject import Answer, Progress, Subject
from goldgate.task.examples import Example

_KEEP_EVERY = 16
"""Answers that are written to the cache at once, the most that a killed run can lose."""


class MissingAnswers(UserError):
    """Some answers are neither recorded nor cached, and the subject may not be asked."""


@dataclass(frozen=True)
class Collected:
    """Answers by example id.

    Attributes:
        answers: Example id → answer.
        counts: "recorded", "cache" or "model" → how many came from there.
    """

    answers: dict[str, Answer]
    counts: dict[str, int]


def collect(
    subject: Subject,
    examples: Sequence[Example],
    *,
    cache: AnswerCache,
    recorded: Recorded | None = None,
    generate: bool = True,
    regenerate: bool = False,
    progress: Progress | None = None,
    begins: Callable[[int], None] | None = None,
) -> Collected:
    """Collects one answer for every example.

    Recorded answers come first (those given here, then those that lie in the project), then cached ones. The subject is
    asked for the rest, and its answers go into the cache.
    Examples with the same prompt are asked once.

    Args:
        subject: Who answers.
        examples: What to ask.
        cache: The cache for this split.
        recorded: Recorded answers, if there are any.
        generate: Whether the subject may be asked.
        regenerate: Whether to ask the subject for everything again.
        progress: Called with how many more answers are there.
        begins: Called with how many examples the subject is about to be asked.

    Returns:
        The answers, and how many came from where.

    Raises:
        MissingAnswers: An answer is missing, and generate is False.
        UserError: The subject cannot answer, or the cache cannot be used.
    """
    found: dict[str, Answer] = {}
    for example in () if regenerate else examples:
        answer = None if recorded is None else recorded.lookup(subject.identity, example.digest)
        if answer is None and cache.given is not None:
            answer = cache.given.lookup(subject.identity, example)
        if answer is not None:
            found[example.id] = _as(answer, example)
    open_ = [e for e in examples if e.id not in found]
    keys = {e.id: subject.fingerprint(e) for e in open_}
    cached = {} if regenerate else cache.get_many(keys.values())
    found |= {e.id: _as(cached[keys[e.id]], e) for e in open_ if keys[e.id] in cached}
    todo = [e for e in open_ if e.id not in found]
    if todo and not generate:
        raise MissingAnswers(
            f"{len(todo)} of {len(examples)} answers of {subject.name} are neither recorded nor cached",
            f"first {todo[0].id}",
            "run it where the model is allowed to answer",
        )
    if progress is not None and found:
        progress(len(found))
    first: dict[str, Example] = {}
    for example in todo:
        first.setdefault(keys[example.id], example)
    if begins is not None and first:
        begins(len(first))
    made = _generate(subject, list(first.values()), cache, progress) if first else {}
    found |= {e.id: _as(made[keys[e.id]], e) for e in todo}
    if progress is not None and len(todo) > len(first):
        progress(len(todo) - len(first))
    counts = {origin: sum(a.origin == origin for a in found.values()) for origin in ("recorded", "cache", "model")}
    return Collected({e.id: found[e.id] for e in examples}, counts)


def _generate(
    subject: Subject, examples: Sequence[Example], cache: AnswerCache, progress: Progress | None
) -> dict[str, Answer]:
    """Asks the subject. Its answers reach the cache even if it is interrupted."""
    made: dict[str, Answer] = {}
    unsaved: list[Answer] = []
    with cache.held_open():
        try:
            for answer in subject.answer(examples, progress):
                made[answer.fingerprint] = answer
                if not answer.passing:
                    unsaved.append(answer)
                if len(unsaved) >= _KEEP_EVERY:
                    cache.put_many(unsaved, subject.name)
                    unsaved = []
        finally:
            cache.put_many(unsaved, subject.name)
    return made


def _as(answer: Answer, example: Example) -> Answer:
    """Returns the answer under the id of the example that asks now: an id is only a name, and may have changed."""
    if (answer.id, answer.example) == (example.id, example.digest):
        return answer
    return replace(answer, id=example.id, example=example.digest)
