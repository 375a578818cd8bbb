"""A subject's model without its task, to answer the general questions: no instructions, no shots, no pruned prompt."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, get_args

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.forgetting.variants import local, variant_of
from goldgate.prompts.strategy import turns
from goldgate.subjects.local import LocalSubject, Who
from goldgate.subjects.subject import Answer, Progress, Subject, Variant
from goldgate.task.examples import Example
from goldgate.task.messages import Message
from goldgate.task.questions import VERSION, questions
from goldgate.task.task import Decoding, Task

Way = Literal["said", "chosen", "read"]
"""How the general questions are asked.

said: answered in the subject's own words
chosen: the likeliest of a question's options
read: the mean log-probability of a passage's tokens, without the first, each given those before
"""
WAYS: tuple[Way, ...] = get_args(Way)
_NEW_TOKENS = 24  # a word and a few around it; a change of either limit raises goldgate.task.questions.VERSION
_WITH_THOUGHT = 512


def without_task(subject: Subject, way: Way) -> Subject:
    """Makes the subject's model answer the general questions, without its task.

    Raises:
        UserError: The subject is not a model on this machine. For a subject known by its record, this is raised only
            when an answer is not recorded.
    """

    def made(live: Subject) -> Subject:
        return WithoutTask(local(live, "the general questions", "general").who, way)

    return variant_of(subject, Variant(lambda identity: without_task_identity(identity, way), made))


def without_task_identity(identity: str, way: Way) -> str:
    """Returns the identity under which a subject's answers to the general questions are stored."""
    return digest([identity, "general", way, VERSION])


class WithoutTask(LocalSubject):
    """A subject's model with its plain chat template (or none, for reading), answering the general questions."""

    def __init__(self, who: Who, way: Way) -> None:
        super().__init__(replace(who, task=_plain(who.task), strategy=_Plain(), constrained=False))
        self._way = way
        self._tested = LocalSubject(who).identity

    @cached_property
    def identity(self) -> str:
        return without_task_identity(self._tested, self._way)

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        if self._way == "said":
            yield from super().answer(examples, progress)
            return
        loaded = self._load() if examples else None
        answers = self._chosen if self._way == "chosen" else self._read
        for example in examples:
            started = time.perf_counter()
            told = answers(loaded, example)
            if not math.isfinite(told["logprob"]):
                told |= {
                    "text": None,
                    "finish": "error",
                    "logprob": None,
                    "error": "the model's log-probabilities are not finite",
                }
            yield Answer(
                id=example.id,
                seconds=time.perf_counter() - started,
                identity=self.identity,
                fingerprint=self.fingerprint(example),
                example=example.digest,
                **told,
            )
            if progress is not None:
                progress(1)

    def gap(self, example: Example, one: str, other: str) -> float:
        """See LocalSubject.gap. For a passage, it is the difference between the two mean log-probabilities."""
        return abs(float(one) - float(other)) if self._way == "read" else super().gap(example, one, other)

    def _chosen(self, loaded: Any, example: Example) -> dict[str, Any]:
        from goldgate.engine.labels import choose_labels
        from goldgate.models.template import prompt_tokens
        from goldgate.models.thinking import begins_inside

        task = self._who.task
        if task.thinking is not None and begins_inside(loaded.tokenizer, task.template, task.thinking):
            raise UserError(
                "the chat template's prompt ends inside a thought, where no option can start",
                'task.yaml, field "template"',
                "gate general.accuracy instead, or switch thinking off in the template",
            )
        tokens = prompt_tokens(loaded.tokenizer, [turns(example)], task.template)
        options = [option[0] for option in questions()[example.id].options]
        ((_, made),) = next(choose_labels(loaded, tokens, options))
        return {
            "text": loaded.tokenizer.decode(made.tokens[: -len(loaded.end)], skip_special_tokens=True),
            "finish": "stop",
            "prompt_tokens": len(tokens[0]),
            "completion_tokens": len(made.tokens),
            "logprob": made.logprob,
        }

    def _read(self, loaded: Any, example: Example) -> dict[str, Any]:
        from goldgate.engine.reading import mean_logprob
        from goldgate.models.template import encode

        (tokens,) = encode(loaded.tokenizer, [example.text])
        mean = mean_logprob(loaded, tokens)
        return {
            "text": f"{mean:.4f}",
            "finish": "stop",
            "prompt_tokens": 1,
            "completion_tokens": len(tokens) - 1,
            "logprob": mean,
        }


class _Plain:
    """The example's own turns, without a system message of ours."""

    name = "plain"

    def spec(self) -> dict[str, Any]:
        return {"name": self.name}

    def messages(self, example: Example) -> list[Message]:
        return turns(example)

    def prepare(self, examples: Sequence[Example]) -> None:
        """Does nothing: the turns are the example's own."""


def _plain(task: Task) -> Task:
    """Removes what the task asks, leaving its model and the template's arguments."""
    tokens = _NEW_TOKENS if task.thinking is None else _WITH_THOUGHT
    kept: Mapping[str, Any] = {"instructions": "", "schema": None, "labels": (), "style": None}
    return replace(task, kind="text", decoding=Decoding(max_new_tokens=tokens), **kept)
