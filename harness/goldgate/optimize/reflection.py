"""Instructions from another model, by the library gepa: it reads wrong answers and proposes better instructions.

gepa (Agrawal et al. 2025, MIT licence) decides which instructions are changed and which are kept. Our engine answers,
our scorers mark, and the reflection model is asked through our own endpoint code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.extras import extras_named
from goldgate.optimize.board import Board, Marked
from goldgate.optimize.candidate import Candidate, Parts
from goldgate.task.examples import Example, render_output

KEPT = 3
"""How many of the proposed instructions go into the races, the best first."""
VALIDATED = 24
"""Train examples on which instructions are compared: enough to order them, since the races compare them again."""
_SYSTEM = "system"  # the one text that gepa changes
_SHARES = (100.0, 10.0, 1.0)  # gepa compares one number: a metric counts ten times as much as the next

Reflect = Callable[[str], str]
"""Asks the reflection model. Raises UserError if there is no answer."""


@dataclass
class _Adapter:
    """What gepa asks of the system that it improves.

    Attributes:
        board: Lets candidates answer.
        shots: The shots of every candidate.
    """

    board: Board
    shots: tuple[Example, ...]
    propose_new_texts: None = None

    def evaluate(self, batch: list[Example], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        from gepa.core.adapter import EvaluationBatch

        answered = self.board.answers(Candidate(candidate[_SYSTEM], self.shots), batch)
        pairs = list(zip(batch, answered, strict=True))
        return EvaluationBatch(answered, [_one_number(m) for m in answered], pairs if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        rows = [
            {
                "Input": example.text,
                "Answer": marked.text,
                "Feedback": f"{_judged(marked)}. A right answer is: {render_output(example.output)}",
            }
            for example, marked in eval_batch.trajectories
        ]
        return dict.fromkeys(components_to_update, rows)


@dataclass
class _Asked:
    """The reflection model as gepa calls it. gepa goes on after an error, so the first one is kept and stops it."""

    reflect: Reflect
    failed: list[Exception] = field(default_factory=list)

    def __call__(self, prompt: str | list[dict[str, Any]]) -> str:
        try:
            return self.reflect(prompt if isinstance(prompt, str) else str(prompt[-1]["content"]))
        except UserError as error:
            self.failed.append(error)
            raise

    def stop(self, state: object) -> bool:
        return bool(self.failed)


class _Quiet:
    def log(self, message: str) -> None:
        """Drops gepa's log."""


@extras_named()
def propose(
    board: Board, parts: Parts, systems: Sequence[str], calls: int, seed: int, reflect: Reflect
) -> tuple[str, ...]:
    """Lets the reflection model propose instructions.

    It sees train examples that candidates are not scored on, so that what it copies from them does not look right.

    Args:
        board: Lets candidates answer.
        parts: Train, divided.
        systems: The system messages to start from.
        calls: The most answers.
        seed: Of gepa.
        reflect: Asks the reflection model.

    Returns:
        The best of the proposed system messages, without those to start from.

    Raises:
        UserError: gepa is not installed, or a model does not answer.
    """
    import gepa

    shown = {shot.digest for shot in parts.first}
    seen = [e for e in parts.pool if e.digest not in shown] or list(parts.pool)
    asked = _Asked(reflect)
    validated = parts.asked[: max(1, min(VALIDATED, calls // 4))]
    try:
        result = gepa.optimize(
            seed_candidate={_SYSTEM: systems[0]},
            trainset=seen,
            valset=list(validated),
            adapter=_Adapter(board, parts.first),
            reflection_lm=asked,
            max_metric_calls=calls,
            stop_callbacks=asked.stop,
            logger=_Quiet(),
            seed=seed,
            track_best_outputs=False,
        )
    finally:
        if asked.failed:
            raise asked.failed[0]
    ranked = sorted(range(len(result.candidates)), key=lambda i: -result.val_aggregate_scores[i])
    texts = dict.fromkeys(result.candidates[i][_SYSTEM].strip() for i in ranked)
    return tuple(text for text in texts if text and text not in systems)[:KEPT]


def optimizer() -> str:
    """Returns the name and version of the library, which must be installed."""
    return f"gepa {version('gepa')}"


def _judged(marked: Marked) -> str:
    return "right" if marked.values[0] >= 1 else marked.reason or "wrong"


def _one_number(marked: Marked) -> float:
    shares = _SHARES[: len(marked.values)]
    return sum(s * v for s, v in zip(shares, marked.values, strict=True)) / sum(shares)
