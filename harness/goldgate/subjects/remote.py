"""Remote subjects: a model behind an OpenAI-compatible endpoint, with a prompting strategy.

Such a model is identified by its name only, and what answers under a name may change from one day to the next.
Therefore every answer carries its date and what the endpoint said about itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from threading import Event
from typing import Any
from weakref import finalize

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.models.thinking import after_thought
from goldgate.prompts import Strategy
from goldgate.subjects.endpoint import PARALLEL, Endpoint, NoAnswer, Refused, key_for
from goldgate.subjects.local import sample_seed
from goldgate.subjects.refusal import Said
from goldgate.subjects.subject import Answer, Finish, Progress, sampled_identity
from goldgate.task.examples import Example
from goldgate.task.messages import Message
from goldgate.task.subject_name import SubjectName, kind_of
from goldgate.task.task import Task

ENGINE = 1
"""Raised when our code may ask the same subject the same prompt differently."""
LOST_IN_A_ROW = 8
"""After so many unanswered questions in a row, the endpoint itself counts as broken."""
_FINISH: Mapping[str, Finish] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "stop_sequence"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "model_length"), "length"),
}
_FILTERED = ("content_filter", "safety")
_SPOKEN = ("text", "output_text")  # the parts of a content that are the answer; the others are thoughts and references


@dataclass(frozen=True)
class RemoteSubject:
    """A model at an address. The key is read from the environment on the first request, and stored nowhere else."""

    at: SubjectName
    task: Task
    strategy: Strategy
    sample: int = 0

    def __post_init__(self) -> None:
        if self.at.constrained and self.task.kind == "label":
            raise UserError(
                f'"{self.name}": unlike a local model, an endpoint cannot be constrained to a list of labels',
                hint="drop +constrained: an answer that is not one of the labels counts as wrong",
            )

    @property
    def name(self) -> str:
        return str(self.at)

    @cached_property
    def identity(self) -> str:
        """Digest of name, address, prompt, decoding, template arguments and constraint; not of weights, and not of the
        key.
        """
        identity = digest(
            {
                "openai": self.at.model,
                "url": self.at.address.url,
                "prompt": self.strategy.spec(),
                "decoding": self.task.decoding.model_dump(),
                "template": dict(self.task.template),
                "constrained": self.task.schema if self.at.constrained else None,
                **{key: value for key, value in self.task.chat.items() if key == "thinking"},
            }
        )
        return sampled_identity(identity, self.sample) if self.sample else identity

    def sampled(self, sample: int) -> RemoteSubject:
        return replace(self, sample=sample)

    def fingerprint(self, example: Example) -> str:
        return self._fingerprint(self.strategy.messages(example))

    def _fingerprint(self, messages: Sequence[Message]) -> str:
        return digest([self.identity, ENGINE, list(messages)])

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        """Yields answers as they arrive. A question without an answer after all attempts gets an Answer that says why.

        Raises:
            UserError: The endpoint cannot be reached, refuses every question, or fails LOST_IN_A_ROW times in a row.
                The answers that are on their way by then are yielded first, because they are paid for.
        """
        if not examples:
            return
        self.strategy.prepare(examples)
        endpoint, over, row = self._endpoint, Event(), _Row(self.at.address.url)
        stopped: UserError | None = None
        with ThreadPoolExecutor(PARALLEL) as pool:
            asked = [pool.submit(self._ask, endpoint, over, example) for example in examples]
            try:
                for future in as_completed(asked):
                    if future.cancelled():
                        continue
                    try:
                        answer = future.result()
                        if stopped is None:
                            row.add(answer)
                    except UserError as error:
                        stopped = stopped or error
                        over.set()
                        for waiting in asked:
                            waiting.cancel()
                        continue
                    yield answer
                    if progress is not None:
                        progress(1)
            finally:
                over.set()
                pool.shutdown(wait=True, cancel_futures=True)
        if stopped is not None:
            raise stopped

    @cached_property
    def _endpoint(self) -> Endpoint:
        """The connection, which stays open as long as the subject lives."""
        endpoint = Endpoint(self.at.address, key_for(self.at.address, os.environ))
        finalize(self, endpoint.close)
        return endpoint

    def _ask(self, endpoint: Endpoint, over: Event, example: Example) -> Answer:
        messages = self.strategy.messages(example)
        nothing = Answer(
            example.id,
            None,
            "error",
            0,
            0,
            0.0,
            None,
            self.identity,
            self._fingerprint(messages),
            example.digest,
            date=datetime.now(UTC).date().isoformat(),
        )
        try:
            asked = endpoint.ask(self._body(messages), over)
            said = read_completion(asked.body)
            self._check_limits(said)
        except NoAnswer as error:
            return replace(nothing, error=error.why, passing=error.passing, refused=isinstance(error, Refused))
        said["served"] = ", ".join(part for part in (said["served"], _as_asked(asked.without)) if part)
        return replace(nothing, seconds=asked.seconds, **self._without_thought(said))

    def _without_thought(self, said: dict[str, Any]) -> dict[str, Any]:
        """Removes the thought that some servers leave in the answer.

        If the prompt already holds the opening tag, only the closing tag shows that there was a thought. A thought
        without an end was cut off.
        """
        if (thinking := self.task.thinking) is None:
            return said
        answer = after_thought(said["text"], thinking, inside=thinking.close in said["text"])
        return {**said, "text": answer} if answer is not None else {**said, "text": "", "finish": "length"}

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        decoding, openai = self.task.decoding, self.at.address.openai
        limit = "max_completion_tokens" if openai else "max_tokens"  # OpenAI's newer models accept only the first
        body: dict[str, Any] = {
            "model": self.at.model,
            "messages": list(messages),
            limit: decoding.max_new_tokens,
            "temperature": decoding.temperature,
        }
        if decoding.temperature > 0:
            # 31 bits: servers store the seed in a 32-bit integer.
            body["seed"] = sample_seed(decoding.seed, digest(list(messages)), self.sample) & 0x7FFFFFFF
        if self.task.template and not openai:
            body["chat_template_kwargs"] = dict(self.task.template)
        if self.at.constrained:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": self.task.name, "schema": self.task.schema, "strict": True},
            }
        return body

    def _check_limits(self, said: Mapping[str, Any]) -> None:
        limits = self.task.decoding
        for what, count, limit in (
            ("max_prompt_tokens", said["prompt_tokens"], limits.max_prompt_tokens),
            ("max_new_tokens", said["completion_tokens"], limits.max_new_tokens),
        ):
            if count is not None and count > limit:
                raise NoAnswer(f"{count} tokens, more than {what} ({limit})", passing=False)


def read_completion(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the fields of an Answer from a chat completion.

    Args:
        raw: The JSON object of the response.

    Returns:
        The fields by name.

    Raises:
        NoAnswer: It is not a completion, or a filter of the endpoint kept the answer back.
    """
    choice = _part(raw, "choices", list)[:1]
    if not choice or not isinstance(choice[0], dict):
        raise NoAnswer('the answer has no "choices"', passing=True)
    message = _part(choice[0], "message", dict)
    text = _text_of(message.get("content"))
    if text is None:
        text = message.get("refusal")
    finish = choice[0].get("finish_reason")
    finish = finish.lower() if isinstance(finish, str) else finish
    if finish in _FILTERED:
        why = f"a content filter of the endpoint kept the answer back (finish_reason {finish})"
        raise Refused(why, Said(why))
    if not isinstance(finish, str) or finish not in _FINISH:
        raise NoAnswer(f"it ended for an unknown reason ({finish!r:.40})", passing=True)
    if text is None and finish == "length":
        text = ""  # cut off before its first word, inside a thought that the server does not return
    if not isinstance(text, str):
        raise NoAnswer("the answer has no text", passing=True)
    usage = raw.get("usage")
    told = [raw.get("model"), raw.get("system_fingerprint")]
    return {
        "text": text.encode("utf-8", "replace").decode("utf-8"),  # half a surrogate pair cannot be stored
        "finish": _FINISH[finish],
        "prompt_tokens": _count(usage, "prompt_tokens", 1),
        "completion_tokens": _count(usage, "completion_tokens", 1 if text else 0),
        "shared_tokens": _cached(usage),
        "served": " ".join(f"{t:.60}" for t in told if isinstance(t, str) and t.isprintable()),
    }


def _part(raw: Mapping[str, Any], key: str, kind: type) -> Any:
    if not isinstance(raw.get(key), kind):
        raise NoAnswer(f'the answer has no "{key}"', passing=True)
    return raw[key]


def _count(usage: Any, key: str, least: int) -> int | None:
    """Reads a token count. One that is not there or cannot be is unknown (None): as 0, the answer would look free."""
    value = usage.get(key) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= least else None


def _cached(usage: Any) -> int | None:
    """Reads how many prompt tokens came from the endpoint's cache, under the names that vendors give them; None if it
    does not say, contradicts itself, or says what cannot be.
    """
    details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
    named = [(details, "cached_tokens"), (usage, "cached_tokens"), (usage, "prompt_cache_hit_tokens")]
    found = {n for part, key in named if (n := _count(part, key, 0)) is not None}
    prompt = _count(usage, "prompt_tokens", 1)
    return found.pop() if len(found) == 1 and prompt is not None and max(found) <= prompt else None


def _text_of(content: Any) -> Any:
    """Returns the text of a content that is a list of parts, without its thoughts; any other content as it is."""
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        return content
    spoken = [part.get("text") for part in content if part.get("type") in _SPOKEN]
    refused = [part.get("refusal") for part in content if part.get("type") == "refusal"]
    texts = spoken or refused
    return "".join(texts) if texts and all(isinstance(text, str) for text in texts) else None


def _as_asked(without: Mapping[str, str | None]) -> str:
    """Says which parameters the endpoint was asked without, because it does not take them."""
    if not without:
        return ""
    ways = [f"with {other} for {name}" if other else f"without {name}" for name, other in sorted(without.items())]
    return f"asked {' and '.join(ways)}"


def took_no_temperature(answer: Answer) -> bool:
    """Whether an endpoint was asked without the temperature, because it does not take one."""
    _, asked, how = answer.served.rpartition("asked ")
    return bool(asked) and "temperature" in how


@dataclass
class _Row:
    """How many questions in a row got no answer, at one address."""

    url: str
    lost: int = 0
    answered: bool = False

    def add(self, answer: Answer) -> None:
        """Counts an answer. A refusal counts until the first answer: later it is about its own question.

        Raises:
            UserError: LOST_IN_A_ROW questions in a row got no answer.
        """
        self.answered = self.answered or answer.text is not None
        self.lost = self.lost + 1 if answer.passing and not (answer.refused and self.answered) else 0
        if self.lost == LOST_IN_A_ROW:
            raise UserError(
                f"{self.lost} questions in a row got no answer; the last error: {answer.error}",
                self.url,
                "change what it refuses and run again"
                if answer.refused
                else "try again later: the answers so far are kept",
            )


def how_known(name: str, answers: Iterable[Answer]) -> str:
    """Describes how a remote subject is identified, wherever its answers count.

    Args:
        name: The subject's name.
        answers: Its answers.

    Returns:
        One sentence without a full stop; empty for a subject that is not remote.
    """
    if kind_of(name) != "endpoint":
        return ""
    there = [a for a in answers if a.text is not None]
    dates = sorted({a.date for a in there if a.date})
    served = sorted({a.served for a in there if a.served})
    when = f"; it answered {dates[0]}" + (f" to {dates[-1]}" if len(dates) > 1 else "") if dates else ""
    uncounted = sum(None in (a.prompt_tokens, a.completion_tokens) for a in there)
    cost = f"; it does not report the tokens of {uncounted} of its {len(there)} answers, whose cost is unknown"
    return (
        f"{name} is identified by name{when}" + (f" as {', '.join(served)}" if served else "") + cost * bool(uncounted)
    )
