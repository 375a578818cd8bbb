"""What training made a model forget: its answers to general questions as measures, next to those of the base model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from goldgate.base.errors import UserError, near_names
from goldgate.forgetting.without_task import Way
from goldgate.measures import OPEN, Measure, Use, perplexity_ratio
from goldgate.subjects.subject import Answer
from goldgate.task.questions import asked, passages, questions

_METRICS = ("accuracy", "choice", "perplexity_ratio")
Answers = Callable[[Way], Mapping[str, Answer]]
"""Returns a subject's answers to the general questions, or its reading of the passages, by id."""


class General:
    """A model on the general questions and passages, which are the same on every split.

    Args:
        label: What messages call it.
        answers: Gets the model's answers.
        before: The base model on the same questions; None for a base model itself.
        use: What may be done with its measures.
    """

    def __init__(self, label: str, answers: Answers, before: General | None = None, use: Use = OPEN) -> None:
        self._label, self._answers, self._before, self._use = label, answers, before, use
        self._known: dict[Way, Mapping[str, Answer]] = {}

    def __repr__(self) -> str:
        return f"<{self._label} questions>"

    @property
    def before(self) -> General:
        """The base model on the same questions: general.accuracy - general.before.accuracy >= -0.10."""
        if self._before is None:
            raise UserError(f"{self._label} has no `before`", hint="it is already the model before training")
        return self._before

    @cached_property
    def accuracy(self) -> Measure:
        """The share of questions whose answer, in the model's own words, names the right option and no other.

        Answers to questions about following instructions must be the right option and nothing else. In [0, 1], higher
        is better; its interval is exact, that of a paired difference Gaffke's. Tags: arithmetic, facts, language,
        reading, instructions.
        """
        said = self._asked("said")
        return self._questions(
            "accuracy",
            {i: None if (a := said[i]).text is None else float(q.is_right(a.text)) for i, q in questions().items()},
        )

    @cached_property
    def choice(self) -> Measure:
        """The share of questions whose right option the model finds likeliest.

        Like `accuracy` otherwise, and above chance (1 in 4) even for models that are too small to answer in their own
        words.
        """
        chosen = self._asked("chosen")
        return self._questions(
            "choice",
            {
                i: None if (a := chosen[i]).text is None else float(a.text.strip() == q.options[0][0])
                for i, q in questions().items()
            },
        )

    @cached_property
    def perplexity_ratio(self) -> Measure:
        """The perplexity on the passages as a multiple of the base model's: 1 is no change, lower is better.

        Approximate, a bootstrap over passages, so only its percentiles over the passages can be gated:
        general.perplexity_ratio.percentile(75) <= 1.10.

        Raises:
            UserError: The two models have different tokenizers.
        """
        mine, theirs = self._asked("read"), self.before._asked("read")
        ids = [e.id for e in passages()]
        if any(
            mine[i].completion_tokens != theirs[i].completion_tokens
            for i in ids
            if mine[i].logprob is not None and theirs[i].logprob is not None
        ):
            raise UserError(
                f"{self._label}.perplexity_ratio: the two models split the passages into different tokens",
                hint="perplexities per token are only comparable under one tokenizer: gate accuracy instead",
            )
        return perplexity_ratio(
            [mine[i].logprob for i in ids],
            [theirs[i].logprob for i in ids],
            [theirs[i].completion_tokens or 0 for i in ids],
            ids,
            name=f"{self._label}.perplexity_ratio",
        ).restricted(self._use)

    def __getattr__(self, name: str) -> Measure:
        if name.startswith("_"):
            raise AttributeError(name)
        raise UserError(f'no general metric "{name}"', hint=near_names(name, _METRICS))

    def _asked(self, way: Way) -> Mapping[str, Answer]:
        if way not in self._known:
            self._known[way] = self._answers(way)
        return self._known[way]

    def _questions(self, metric: str, values: Mapping[str, float | None]) -> Measure:
        rows = asked()
        return Measure(
            [values[e.id] for e in rows],
            ids=[e.id for e in rows],
            tags=[e.tags for e in rows],
            name=f"{self._label}.{metric}",
        ).restricted(self._use)
