"""Local subjects: the task's base model with a prompt or with an adapter, run by transformers."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.fingerprint import digest
from goldgate.models.adapter import Adapter, adapter_digest, check_template
from goldgate.models.embedded import EMBEDDED, ensure_model, is_here
from goldgate.prompts import Strategy
from goldgate.subjects.shared_prefix import shared_lengths
from goldgate.subjects.subject import PLAIN, Answer, Progress, sampled_identity
from goldgate.task.examples import Example
from goldgate.task.messages import Message
from goldgate.task.task import Task

if TYPE_CHECKING:
    import torch

    from goldgate.engine.generate import Generated
    from goldgate.engine.loading import Loaded

ENGINE = 2
"""Raised when our code may make the same subject answer the same prompt differently."""
PRECISION = "float32"


@dataclass(frozen=True)
class Who:
    """What a local subject is made of; all of it is known without loading a model.

    Attributes:
        name: The subject's name.
        task: The task.
        cache: The cache folder.
        model: Content digest of the base model, or of the whole model in `folder`.
        adapter: The adapter; None for a prompted base model or an exported model.
        strategy: The prompting strategy.
        constrained: Whether answers are constrained to the task's schema or labels.
        sample: Number of the sample; 0 for the first.
        folder: The folder of an exported model, which has its adapter merged in; None for the task's base model.
    """

    name: str
    task: Task
    cache: Path
    model: str
    adapter: Adapter | None
    strategy: Strategy
    constrained: bool
    sample: int = 0
    folder: Path | None = None


class LocalSubject:
    """A base model, prompted or tuned. An adapter is merged into the weights, in 32-bit floats, before answering."""

    def __init__(self, who: Who) -> None:
        self._who = who

    @property
    def who(self) -> Who:
        """What the subject is made of, for variants of it."""
        return self._who

    @property
    def name(self) -> str:
        return self._who.name

    @cached_property
    def identity(self) -> str:
        """Digest of base, adapter, prompt, decoding, chat template and constraint, independent of any path."""
        who = self._who
        identity = digest(
            {
                "model": who.model,
                "adapter": who.adapter.digest if who.adapter else None,
                "prompt": who.strategy.spec(),
                "decoding": who.task.decoding.model_dump(),
                "template": dict(who.task.template),
                "constrained": _constraint(who.task) if who.constrained else None,
                **who.task.chat,
            }
        )
        return sampled_identity(identity, who.sample) if who.sample else identity

    def sampled(self, sample: int) -> LocalSubject:
        return LocalSubject(replace(self._who, sample=sample))

    def fingerprint(self, example: Example) -> str:
        return self._fingerprint(self._who.strategy.messages(example))

    def _fingerprint(self, messages: Sequence[Message]) -> str:
        return digest([self.identity, self._engine, list(messages)])

    @cached_property
    def _engine(self) -> dict[str, Any]:
        # Library versions are part of the key: without these packages no answer can be looked up or made.
        require("torch", "transformers", *(["peft"] if self._who.adapter else []))
        packages = ["torch", "transformers", "tokenizers"]
        packages += ["peft"] if self._who.adapter else []
        if self._who.constrained and self._who.task.kind == "json":
            require("llguidance")
            packages += ["llguidance"]
        return {
            "engine": ENGINE,
            "precision": PRECISION,
            "merged": self._who.adapter is not None,
            "machine": platform.machine(),
            **{p: _version(p) for p in packages},
        }

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        """Answers in batches. A prompt that is longer than the task allows gets an Answer with an error."""
        from goldgate.models.template import prompt_tokens

        if not examples:
            return
        who = self._who
        who.strategy.prepare(examples)
        loaded = self._load()
        prompts = [who.strategy.messages(e) for e in examples]
        tokens = prompt_tokens(loaded.tokenizer, prompts, who.task.template)
        asked: list[int] = []
        for i, (example, messages) in enumerate(zip(examples, prompts, strict=True)):
            if len(tokens[i]) <= who.task.decoding.max_prompt_tokens:
                asked.append(i)
                continue
            yield self._too_long(example, messages, len(tokens[i]))
            if progress is not None:
                progress(1)
        for i, answered in self._reply(loaded, asked, [tokens[i] for i in asked], progress):
            yield Answer(
                id=examples[i].id,
                prompt_tokens=len(tokens[i]),
                identity=self.identity,
                fingerprint=self._fingerprint(prompts[i]),
                example=examples[i].digest,
                **answered,
            )

    def shared_tokens(self, examples: Sequence[Example]) -> list[int | None] | None:
        """Counts the leading tokens that each prompt shares with other prompts. Loads no weights.

        Args:
            examples: All examples of a split.

        Returns:
            The counts, see `shared_lengths`; None if the model's files are not on this machine.
        """
        from goldgate.models.loading import load_tokenizer
        from goldgate.models.template import prompt_tokens

        who = self._who
        name = who.task.model if who.folder is None else str(who.folder)
        require("transformers")
        if name == EMBEDDED and not is_here(who.cache, EMBEDDED):
            return None
        ref = ensure_model(who.cache, name)
        tokenizer = load_tokenizer(ref.path, ref.digest, who.task.chat_template)
        who.strategy.prepare(examples)
        return shared_lengths(prompt_tokens(tokenizer, [who.strategy.messages(e) for e in examples], who.task.template))

    def gap(self, example: Example, one: str, other: str) -> float:
        """Measures how strongly the model prefers one answer over another where they diverge.

        Args:
            example: The example.
            one: An answer.
            other: Another answer.

        Returns:
            The difference between the logits of the first two tokens that differ, at least 0; infinity if the answers
            do not differ in tokens.
        """
        import math

        from goldgate.engine.generate import Request, generate
        from goldgate.models.template import prompt_tokens

        loaded, who = self._load(), self._who
        who.strategy.prepare([example])
        tokens = prompt_tokens(loaded.tokenizer, [who.strategy.messages(example)], who.task.template)[0]
        a, b = ([*loaded.tokenizer(text, add_special_tokens=False).input_ids, *loaded.end] for text in (one, other))
        at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
        if at is None or who.task.thinking is not None:  # the thoughts diverged long before the answers did
            return math.inf
        request = Request([*tokens, *a[:at]], 0, lambda: _Either(loaded.vocabulary, (a[at], b[at])))
        ((_, made),) = next(generate(loaded, [request], 1))
        return made.logprob - math.log(max(-math.expm1(made.logprob), 1e-300))

    def _reply(
        self, loaded: Loaded, asked: Sequence[int], tokens: Sequence[Sequence[int]], progress: Progress | None
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yields (position, the fields of its Answer that the model decides). A thought without an end counts as cut
        off.
        """
        read = self._reader(loaded)
        for batch in self._generate(loaded, tokens, progress):
            for at, made in batch:
                marked = made.tokens[-1] in loaded.stops
                text = read(made.tokens[:-1] if marked else made.tokens)
                if made.stopped and not marked and text is not None:  # a text ended it
                    text = text.partition(loaded.closing)[0]
                yield (
                    asked[at],
                    {
                        "text": text or "",
                        "finish": "stop" if made.stopped and text is not None else "length",
                        "completion_tokens": len(made.tokens),
                        "seconds": made.seconds,
                        "logprob": made.logprob,
                        "first_token": made.first,
                        "served": PLAIN if made.plain else "",
                    },
                )

    def _reader(self, loaded: Loaded) -> Callable[[Sequence[int]], str | None]:
        """Returns a function from a model's tokens to its answer, which is None if the model never reached one."""
        from goldgate.models.thinking import begins_inside, read_answer

        thinking = self._who.task.thinking
        if thinking is None:
            return partial(loaded.tokenizer.decode, skip_special_tokens=True)
        inside = begins_inside(loaded.tokenizer, self._who.task.template, thinking)
        if inside and self._who.constrained:
            raise UserError(
                "the chat template's prompt ends inside a thought, where a constrained answer cannot start",
                'task.yaml, field "template"',
                "drop +constrained, or switch thinking off: often `template: {enable_thinking: false}`",
            )
        return partial(read_answer, loaded.tokenizer, thinking=thinking, inside=inside)

    def _generate(
        self, loaded: Loaded, tokens: Sequence[Sequence[int]], progress: Progress | None
    ) -> Iterator[list[tuple[int, Generated]]]:
        from goldgate.engine.constrain import JsonGrammar
        from goldgate.engine.generate import Request, generate
        from goldgate.engine.labels import check_room, choose_labels

        task = self._who.task
        if self._who.constrained and task.kind == "label":
            check_room(loaded, task.labels, task.decoding.max_new_tokens)
            return choose_labels(loaded, tokens, task.labels, progress)
        grammar = JsonGrammar(loaded, task.schema or {}) if self._who.constrained else None
        start = grammar.start if grammar else None
        # Like the cache key, the seed depends only on the prompt: the same prompt gives the same sample.
        seed, sample = task.decoding.seed, self._who.sample
        requests = [Request(t, sample_seed(seed, digest(list(t)), sample), start) for t in tokens]
        return generate(loaded, requests, task.decoding.max_new_tokens, task.decoding.temperature, progress)

    def _too_long(self, example: Example, messages: Sequence[Message], count: int) -> Answer:
        limit = self._who.task.decoding.max_prompt_tokens
        return Answer(
            example.id,
            None,
            "error",
            count,
            0,
            0.0,
            None,
            self.identity,
            self._fingerprint(messages),
            example.digest,
            error=f"the prompt has {count} tokens, more than max_prompt_tokens ({limit})",
        )

    def _load(self) -> Loaded:
        from goldgate.engine.loading import load_model
        from goldgate.models.template import template_digest

        who = self._who
        ref = ensure_model(who.cache, who.task.model if who.folder is None else str(who.folder))
        if ref.digest != who.model:
            raise UserError("the model has changed since this run began", str(ref.path), "start the run again")
        if who.adapter is None:
            return load_model(ref.path, ref.digest, chat_template=who.task.chat_template, cache=who.cache)
        if adapter_digest(who.adapter.folder) != who.adapter.digest:
            raise UserError(
                "the adapter has changed since this run began", str(who.adapter.folder), "start the run again"
            )
        loaded = load_model(
            ref.path, ref.digest, who.adapter.folder, who.adapter.digest, who.task.chat_template, who.cache
        )
        check_template(who.adapter, template_digest(loaded.tokenizer, who.task.template))
        return loaded


@cache
def _version(package: str) -> str:
    return version(package)


def sample_seed(seed: int, prompt: str, sample: int) -> int:
    """Returns the seed of one sample of one prompt (63 bits), whatever else the run asks."""
    return int(digest([seed, prompt, sample])[:16], 16) >> 1


def _constraint(task: Task) -> Any:
    return task.schema if task.kind == "json" else list(task.labels)


class _Either:
    """Allows only two tokens."""

    def __init__(self, vocabulary: int, tokens: tuple[int, int]) -> None:
        self._vocabulary, self._tokens = vocabulary, tokens

    def mask(self) -> torch.Tensor:
        import torch

        allowed = torch.zeros(self._vocabulary, dtype=torch.bool)
        allowed[list(self._tokens)] = True
        return allowed

    def accept(self, token: int) -> None:
        pass
