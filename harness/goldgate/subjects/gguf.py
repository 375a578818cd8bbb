"""GGUF subjects: an exported model in one file, run by llama.cpp, with the prompt that it was trained with."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from goldgate.base.fingerprint import digest
from goldgate.engine.llama import LlamaServer, build
from goldgate.prompts import Strategy
from goldgate.subjects.local import sample_seed
from goldgate.subjects.subject import Answer, Progress, sampled_identity
from goldgate.task.examples import Example
from goldgate.task.messages import Message
from goldgate.task.task import Task

ENGINE = 1
"""Raised when our code may make the same file answer the same prompt differently."""
SLOTS = 4
"""How many prompts are answered at once unless somebody says otherwise."""


@dataclass(frozen=True)
class GgufSubject:
    """A GGUF file beside the tokenizer of its model.

    Attributes:
        name: The subject's name.
        task: The task.
        file: The GGUF file.
        digest: Digest of its content.
        folder: The exported folder that it lies in, which has the tokenizer.
        folder_digest: Content digest of that folder's model files.
        strategy: The prompting strategy that the model was trained with.
        slots: How many prompts are answered at once.
        sample: Number of the sample; 0 for the first.
    """

    name: str
    task: Task
    file: Path
    digest: str
    folder: Path
    folder_digest: str
    strategy: Strategy
    slots: int = SLOTS
    sample: int = 0

    @cached_property
    def identity(self) -> str:
        """Digest of the file, the prompt, decoding and the chat template, independent of any path."""
        identity = digest(
            {
                "gguf": self.digest,
                "prompt": self.strategy.spec(),
                "decoding": self.task.decoding.model_dump(),
                "template": dict(self.task.template),
                **self.task.chat,
            }
        )
        return sampled_identity(identity, self.sample) if self.sample else identity

    def sampled(self, sample: int) -> GgufSubject:
        return replace(self, sample=sample)

    def with_slots(self, slots: int) -> GgufSubject:
        """The same subject, which answers another number of prompts at once: sums are then made in another order."""
        return replace(self, slots=slots)

    def fingerprint(self, example: Example) -> str:
        return self._fingerprint(self.strategy.messages(example))

    def _fingerprint(self, messages: Sequence[Message]) -> str:
        return digest([self.identity, self._engine, list(messages)])

    @cached_property
    def _engine(self) -> dict[str, Any]:
        return {"engine": ENGINE, "llama.cpp": build(), "slots": self.slots, "machine": platform.machine()}

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        """Yields answers as they are done. A prompt longer than the task allows gets an Answer with an error."""
        if not examples:
            return
        tokenizer, prompts = self.prompts(examples)
        limits = self.task.decoding
        asked = [i for i, (_, tokens) in enumerate(prompts) if len(tokens) <= limits.max_prompt_tokens]
        for i in sorted(set(range(len(examples))) - set(asked)):
            count = len(prompts[i][1])
            error = f"the prompt has {count} tokens, more than max_prompt_tokens ({limits.max_prompt_tokens})"
            yield replace(self._nothing(examples[i], *prompts[i]), error=error)
            if progress is not None:
                progress(1)
        tokens = [prompts[i][1] for i in asked]
        seeds = [self.seed(t) for t in tokens]
        with self.server(max(map(len, tokens), default=0)) as server:
            for at, made in server.complete(tokens, limits.max_new_tokens, limits.temperature, seeds):
                i = asked[at]
                yield replace(
                    self._nothing(examples[i], *prompts[i]),
                    text=tokenizer.decode(made.tokens, skip_special_tokens=True),
                    finish="stop" if made.stopped else "length",
                    completion_tokens=len(made.tokens) + made.stopped,
                    seconds=made.seconds,
                    logprob=made.logprob,
                    first_token=made.first,
                )
                if progress is not None:
                    progress(1)

    def prompts(self, examples: Sequence[Example]) -> tuple[Any, list[tuple[Sequence[Message], list[int]]]]:
        """Renders prompts.

        Args:
            examples: The examples.

        Returns:
            The model's own tokenizer, and each prompt's messages and tokens.
        """
        from goldgate.models.loading import load_tokenizer
        from goldgate.models.template import prompt_tokens

        self.strategy.prepare(examples)
        tokenizer = load_tokenizer(self.folder, self.folder_digest, self.task.chat_template)
        messages = [self.strategy.messages(e) for e in examples]
        return tokenizer, list(zip(messages, prompt_tokens(tokenizer, messages, self.task.template), strict=True))

    def seed(self, tokens: Sequence[int]) -> int:
        """The seed of the answer to a prompt, in 31 bits."""
        return sample_seed(self.task.decoding.seed, digest(tokens), self.sample) & 0x7FFFFFFF

    def server(self, longest: int) -> LlamaServer:
        """llama.cpp with this file, and room for prompts of so many tokens."""
        return LlamaServer(self.file, self.slots, longest + self.task.decoding.max_new_tokens + 8)

    def _nothing(self, example: Example, messages: Sequence[Message], tokens: Sequence[int]) -> Answer:
        return Answer(
            example.id,
            None,
            "error",
            len(tokens),
            0,
            0.0,
            None,
            self.identity,
            self._fingerprint(messages),
            example.digest,
        )
