"""llama.cpp as an engine: a GGUF file in a child process, asked by tokens on the loopback interface."""

from __future__ import annotations

import math
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.extras import require

LIBRARY = "xllamacpp"
_ANSWER = 600.0  # seconds in which an answer must be there


@dataclass(frozen=True)
class Completion:
    """What llama.cpp generated.

    Attributes:
        tokens: The tokens, without the one that ended them.
        stopped: Whether the model ended the answer; False if it was cut off.
        logprob: Mean natural log-probability of the tokens; None if there are none.
        seconds: How long it took once it had a slot.
        first: Seconds from then to the first token.
    """

    tokens: list[int]
    stopped: bool
    logprob: float | None
    seconds: float
    first: float


def build() -> str:
    """The build of llama.cpp, as its package is numbered. Raises UserError if the package is not installed."""
    require(LIBRARY)
    return version(LIBRARY)


def completion_request(prompt: Sequence[int], most: int, temperature: float, seed: int) -> dict[str, Any]:
    """The request for a completion, in the one way in which answers are made: nothing but the temperature samples.

    Args:
        prompt: The tokens of the prompt.
        most: Most tokens of the answer.
        temperature: 0 for the most likely token each time.
        seed: Seed of the sampling.
    """
    return {
        "prompt": list(prompt),
        "n_predict": most,
        "temperature": temperature,
        "seed": seed,
        "samplers": ["temperature"],
        "n_probs": 1,
        "return_tokens": True,
        "cache_prompt": True,
    }


class LlamaServer:
    """llama.cpp's server with one model, for as long as a with statement lasts.

    Args:
        model: The GGUF file.
        slots: How many prompts are answered at once.
        context: Most tokens of a prompt and its answer together.

    Attributes:
        address: Where it listens, on the loopback interface.
        headers: The headers that it answers to.
    """

    def __init__(self, model: Path, slots: int, context: int) -> None:
        self._model, self._slots, self._context = model, slots, context

    def __enter__(self) -> LlamaServer:
        import httpx

        require(LIBRARY)
        threads = max(1, (os.cpu_count() or 2) - 1)  # one core is for who asks
        key = secrets.token_hex(16)
        self._words = tempfile.TemporaryFile("w+", errors="replace")  # a pipe that nobody reads would stop it
        arguments = [str(self._model), *map(str, (self._slots, self._context, threads))]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "goldgate.engine.llama_child", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            # Threads that wait by spinning take the cores from those that work.
            env={**os.environ, "OMP_WAIT_POLICY": "passive", "GOLDGATE_ENGINE_KEY": key},
            text=True,
        )
        assert self._child.stdout is not None
        self.address = self._child.stdout.readline().strip()
        if not self.address.startswith("http://127.0.0.1:"):
            self._child.wait()
            why = self._why()
            self._end()
            raise UserError("llama.cpp cannot load this model", str(self._model), why)
        self.headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.Client(
            base_url=self.address,
            timeout=_ANSWER,
            limits=httpx.Limits(max_connections=self._slots),
            trust_env=False,
            headers=self.headers,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._end()

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._child.poll() is None

    def _end(self) -> None:
        self._child.kill()
        self._child.communicate()
        self._words.close()

    def complete(
        self, prompts: Sequence[Sequence[int]], most: int, temperature: float, seeds: Sequence[int]
    ) -> Iterator[tuple[int, Completion]]:
        """Completes prompts, as many at once as there are slots.

        Args:
            prompts: The tokens of each.
            most: Most tokens of an answer.
            temperature: 0 for the most likely token each time.
            seeds: Seed of each prompt.

        Yields:
            (position, completion), in the order in which they are done.

        Raises:
            UserError: The server ended or refused a prompt.
        """
        with ThreadPoolExecutor(self._slots) as pool:
            asked = {
                pool.submit(self._complete, prompt, most, temperature, seed): at
                for at, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True))
            }
            try:
                for future in as_completed(asked):
                    yield asked[future], future.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _complete(self, prompt: Sequence[int], most: int, temperature: float, seed: int) -> Completion:
        found = self.ask("/completion", completion_request(prompt, most, temperature, seed))
        logprobs = [one["logprob"] for one in found.get("completion_probabilities", ())]
        times = found["timings"]
        return Completion(
            found["tokens"],
            found["stop_type"] == "eos",
            math.fsum(logprobs) / len(logprobs) if logprobs else None,
            (times["prompt_ms"] + times["predicted_ms"]) / 1000,
            times["prompt_ms"] / 1000,
        )

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Asks the server.

        Args:
            path: A path of its API, such as /tokenize.
            body: The request.

        Returns:
            The answer's JSON object.

        Raises:
            UserError: There is no such answer.
        """
        import httpx

        try:
            answer = self._client.post(path, json=body)
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            ended = self._child.poll() is not None
            why = "llama.cpp has ended" if ended else f"llama.cpp did not answer ({type(error).__name__})"
            raise UserError(why, str(self._model), "run it again; if it recurs, the file may be damaged") from error
        if answer.status_code != 200 or not isinstance(found, dict):
            said = found.get("error", {}).get("message", "") if isinstance(found, dict) else ""
            raise UserError(f"llama.cpp refused a prompt: {answer.status_code} {said:.200}", str(self._model))
        return found

    def _why(self) -> str:
        """The last words of a server that did not start."""
        self._words.seek(0)
        said = self._words.read().strip().splitlines()
        return said[-1][:200] if said else "check that the file is complete: goldgate export writes it again"
