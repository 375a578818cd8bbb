"""The model that proposes instructions: asked through our endpoint code, with its answers kept like all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from goldgate.answers.cache import AnswerCache
from goldgate.answers.collect import collect
from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.subjects.remote import RemoteSubject
from goldgate.task.examples import Example
from goldgate.task.keys import Decoding, Thinking
from goldgate.task.messages import Message
from goldgate.task.subject_name import SubjectName
from goldgate.task.task import Task

DECODING = Decoding(max_new_tokens=8192, max_prompt_tokens=1_000_000)
"""Room for thoughts and long instructions; greedy, so that an interrupted search asks the same again."""


class _Verbatim:
    """The prompt as it is, without the task's instructions."""

    name = "zero_shot"

    def spec(self) -> dict[str, str]:
        return {"name": "verbatim"}

    def messages(self, example: Example) -> list[Message]:
        return [{"role": "user", "content": example.text}]

    def prepare(self, examples: Sequence[Example]) -> None:
        """Does nothing: the prompt is fixed."""


@dataclass
class ReflectionModel:
    """Answers prompts, and counts.

    Attributes:
        name: openai:MODEL@URL.
        task: The task that prompts are searched for.
        cache: Where answers are kept.
        calls: How many prompts were answered, also from the cache.
        seconds: The time that the answers took when they were made.
    """

    name: str
    task: Task
    cache: AnswerCache
    calls: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        # Template arguments are for the task's own model.
        asked = replace(self.task, decoding=DECODING, thinking=Thinking(), template={})
        self._subject = RemoteSubject(SubjectName.parse(f"{self.name}+{_Verbatim.name}"), asked, _Verbatim())

    def __call__(self, prompt: str) -> str:
        """Asks one prompt. Raises UserError if there is no answer, or if it was cut off."""
        example = Example(digest(prompt)[:12], prompt, "")
        answer = collect(self._subject, [example], cache=self.cache).answers[example.id]
        if answer.text is None or answer.finish != "stop":
            why = answer.error or "its answer was cut off"
            raise UserError(
                f"the reflection model proposed nothing: {why}",
                self.name,
                "remove the cause and run again: the answers so far are kept; or drop `reflection` from task.yaml",
            )
        self.calls += 1
        self.seconds += answer.seconds
        return answer.text
