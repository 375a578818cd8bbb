"""Whether a GGUF file answers as the model that was gated, one prompt at a time and several at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.answers.parity import Parity, compare_answers
from goldgate.jobs.workspace import Workspace
from goldgate.models.gguf_file import Form
from goldgate.models.template import render
from goldgate.subjects import Answer
from goldgate.subjects.gguf import GgufSubject
from goldgate.task.examples import Split

SLOTS = (1, 4, 16)
"""How many prompts are answered at once: sums are made in another order each time, which tips near-ties over."""


@dataclass(frozen=True)
class GgufExported:
    """A GGUF file and how its answers compare with those of the model that was gated.

    Attributes:
        file: The file.
        form: How its matrices are stored.
        identity: Identity of its subject.
        prompts: How many dev prompts llama.cpp's own template and tokenizer turn into the same tokens as ours.
        asked: Number of dev examples.
        parity: Number of slots → the comparison.
    """

    file: Path
    form: Form
    identity: str
    prompts: int
    asked: int
    parity: Mapping[int, Parity]

    @property
    def name(self) -> str:
        """The subject's name."""
        return f"gguf:{self.file}"

    @property
    def lossless(self) -> bool:
        """Whether the file is meant to answer the same. A lossy form needs a verdict of its own."""
        return self.form != "q8_0"

    @property
    def holds(self) -> bool:
        """Whether prompts are the same and, in a form that loses nothing, answers alike."""
        alike = all(p.holds for p in self.parity.values()) if self.lossless else True
        return self.prompts == self.asked and alike

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            "file": str(self.file),
            "form": self.form,
            "identity": self.identity,
            "prompts": {"same": self.prompts, "asked": self.asked},
            "parity": {str(slots): parity.to_json() for slots, parity in self.parity.items()},
            "lossless": self.lossless,
            "holds": self.holds,
        }


def compare_gguf(work: Workspace, gated: str, answers: Mapping[str, Answer], file: Path, form: Form) -> GgufExported:
    """Asks a GGUF file all of dev, with each number of slots.

    Args:
        work: The task's workspace.
        gated: Name of the subject that was gated.
        answers: Its answers to dev by example id.
        file: The GGUF file, in the folder that was exported.
        form: How its matrices are stored.

    Returns:
        The comparison.

    Raises:
        UserError: llama.cpp is not installed, or cannot load the file.
    """
    subject, dev = work.subject(f"gguf:{file}"), work.split("dev")
    assert isinstance(subject, GgufSubject)
    drawn = work.task.decoding.temperature > 0
    found = {}
    with work.progress.step("compare prompts", "llama.cpp must write them as the model was trained"):
        prompts = same_prompts(subject, dev)
    for slots in SLOTS:
        why = "in batches, sums are made in another order"
        with work.progress.step(f"dev, {slots} at once", why, len(dev)) as advance:
            done: dict[str, Answer] = {}
            for answer in subject.with_slots(slots).answer(dev.examples):
                done[answer.id] = answer
                advance(len(done))
        pairs = [(e, answers[e.id], done[e.id]) for e in dev]
        found[slots] = compare_answers(work.subject(gated), pairs, drawn=drawn)
    return GgufExported(file, form, subject.identity, prompts, len(dev), found)


def same_prompts(subject: GgufSubject, dev: Split) -> int:
    """Counts the prompts that have the same tokens if llama.cpp writes them from the messages.

    Args:
        subject: The subject of a GGUF file.
        dev: The examples.

    Returns:
        How many of them do.

    Raises:
        UserError: llama.cpp cannot read the chat template.
    """
    tokenizer, prompts = subject.prompts(dev.examples)
    same = 0
    with subject.server(max(len(tokens) for _, tokens in prompts)) as server:
        for messages, tokens in prompts:
            asked = {"messages": list(messages), "chat_template_kwargs": dict(subject.task.template)}
            written = server.ask("/apply-template", asked).get("prompt")
            if written != render(tokenizer, messages, subject.task.template):
                continue
            read = server.ask("/tokenize", {"content": written, "parse_special": True, "add_special": False})
            same += read.get("tokens") == tokens
    return same
