"""The files of an attempt: attempts/<k>/log.json, dev.json and look.json."""

from __future__ import annotations

from goldgate.runs.part import Many, Number, Part


class LogRow(Part):
    """One optimizer step in attempts/<k>/log.json; the last step of an epoch also has the scores on dev."""

    step: int | None = None
    epoch: Number = None
    loss: Number = None
    learning_rate: Number = None
    tokens: Number = None
    tokens_per_second: Number = None
    seconds: Number = None
    dev_loss: Number = None
    dev_score: Number = None


class DevFacts(Part):
    """attempts/<k>/dev.json: the results on dev of the adapter with this digest.

    Attributes:
        adapter: Digest of the adapter.
        chance: The chance of passing golden.
        scores: Metric → estimate.
        failing: The gates that are missed, as written.
        metric: The deciding metric.
        tags: Tag → estimate of the deciding metric.
        trained: Seconds of training.
        judged: Seconds of evaluation.
        reason: Why this recipe.
        continue_from: Number of the attempt that it continued.
    """

    adapter: str
    chance: float
    scores: dict[str, float]
    failing: Many[str]
    metric: str
    tags: dict[str, float]
    trained: float
    judged: float
    reason: str | None = None
    continue_from: int | None = None


class AttemptLook(Part):
    """attempts/<k>/look.json: the one bit that the loop learned about golden.

    Attributes:
        adapter: Digest of the adapter that looked.
        passed: Whether it passed.
    """

    adapter: str
    passed: bool
