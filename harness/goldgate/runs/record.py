"""run.json: what a run of `goldgate train` is, what it has come to so far, and how it ended.

On disk the record is one flat object. Here it has a part for each moment at which it is written: a run in progress has
the first parts, and only a run that has ended has all of them. Every field is therefore optional to a reader, and
`needed` insists on those that a reader cannot do without.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from goldgate.runs.part import Facts, Many, Number, Part
from goldgate.task.task import FieldRule

Status = Literal["running", "passed", "failed"]


class ModelFacts(Part):
    """The base model. digest: of its files."""

    alias: str | None = None
    digest: str | None = None


class SplitFacts(Part):
    """One split of the data. fingerprint: digest of its examples."""

    count: int | None = None
    fingerprint: str | None = None


class LatencyFacts(Part):
    """Seconds that one answer takes, asked one at a time. n: how many were asked."""

    p50: Number = None
    p95: Number = None
    n: int | None = None


class StepTime(Part):
    """One step of the work as the screen names it, and how many seconds it took."""

    name: str = ""
    seconds: Number = None


class Spending(Part):
    """A budget, or what was spent of it. money: in the currency of machine_hour, which is the price of an hour."""

    attempts: int | None = None
    minutes: Number = None
    looks: int | None = None
    money: Number = None
    machine_hour: Number = None


class EndingFacts(Part):
    """Why a run ended without a pass, a sentence each. gates: what stood in the way; helps: what would help."""

    gates: Many[str] = ()
    helps: Many[str] = ()


class PlanFacts(Part):
    """How the attempts were chosen, where they were trained to be compared; empty where each followed the last.

    kind: "seeds", "search" or "base model"; words: what they came to together; asked: how many were asked for; seeds,
    passing, spread: of several seeds; tried, searched, study: of a search; comparison: digest of what the runs of one
    comparison share.
    """

    kind: str | None = None
    words: str = ""
    comparison: str | None = None
    asked: int | None = None
    seeds: Many[int] = ()
    passing: Many[int] = ()
    spread: dict[str, dict[str, Number]] = Field(default_factory=dict)
    tried: int | None = None
    searched: Many[str] = ()
    study: str | None = None


class AttemptFacts(Part):
    """One recipe that was trained and judged on dev.

    k: its number, from 1; recipe: as it ran; dev: metric → estimate; chance: of passing golden, by dev; reason: why
    this recipe; failing: gates that dev's estimates miss; seen: what its losses and answers were like; setbacks: losses
    that exploded; continue_from: number of the attempt that it went on from; adapter: digest of what was trained.
    """

    k: int
    subject: str | None = None
    recipe: Facts | None = None
    seconds: Number = None
    dev: dict[str, Number] = Field(default_factory=dict)
    chance: Number = None
    reason: str | None = None
    failing: Many[str] | None = None
    seen: Many[str] = ()
    setbacks: Many[str] = ()
    continue_from: int | None = None
    adapter: str | None = None


class Opened(Part):
    """What a run has from its first moment. key: digest of all that it depends on, by which it is taken up again."""

    version: int = 1
    task: str | None = None
    id: str | None = None
    key: str | None = None
    status: Status | None = None


class Started(Part):
    """What is settled before the first attempt. fields: the task's rules for comparing fields; suite: its digest."""

    started: str | None = None
    seed: int | None = None
    recipe: Facts | None = None
    model: ModelFacts | None = None
    data: dict[str, SplitFacts] = Field(default_factory=dict)
    suite: str | None = None
    fields: dict[str, FieldRule] = Field(default_factory=dict)
    prices: Facts = Field(default_factory=dict)


class Surroundings(Part):
    """What a run is trained with from now on: it may be taken up with other versions or on another machine.

    git: the commit; conditions: what decides the bytes of an adapter beside the recipe.
    """

    versions: Facts = Field(default_factory=dict)
    machine: Facts = Field(default_factory=dict)
    git: str | None = None
    conditions: Facts | None = None


class Looked(Part):
    """The looks at golden that the run took, by name."""

    looks: Many[str] = ()


class Planned(Part):
    """How the attempts were chosen."""

    plan: PlanFacts | None = None


class Ended(Part):
    """What is known once the attempts are over.

    prompted: the best prompting-only baseline; baselines: all that were tried, untried: name → why not; incumbent: what
    runs in production today; known_by_name: subjects that are known by their name alone; tariffs: prices of a subject's
    own; linear: the linear model's name; best: number of the chosen attempt; chance: that it passes golden, by dev;
    latency: by subject; seconds: in all; reason: why it ended.
    """

    finished: str | None = None
    prompted: str | None = None
    baselines: Many[str] = ()
    untried: dict[str, str] = Field(default_factory=dict)
    incumbent: str | None = None
    known_by_name: Many[str] = ()
    tariffs: dict[str, str] = Field(default_factory=dict)
    linear: str | None = None
    best: int | None = None
    chance: Number = None
    attempts: Many[AttemptFacts] | None = None
    budget: Spending | None = None
    spent: Spending | None = None
    latency: dict[str, LatencyFacts] = Field(default_factory=dict)
    steps: Many[StepTime] = ()
    seconds: Number = None
    reason: str | None = None
    ending: EndingFacts | None = None


class RunRecord(Ended, Planned, Looked, Surroundings, Started, Opened):
    """run.json as it stands."""

    def attempt(self, number: int | None) -> AttemptFacts | None:
        """Returns the attempt with this number; None where there is none."""
        return next((a for a in self.attempts or () if a.k == number), None)

    @property
    def chosen(self) -> AttemptFacts | None:
        """The attempt that the run chose; None before it has."""
        return self.attempt(self.best)


class LogRow(Part):
    """One optimizer step in attempts/<k>/log.json; the last step of an epoch also says how dev stands."""

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
    """attempts/<k>/dev.json: what dev says of the adapter with this digest.

    chance: of passing golden; scores: metric → estimate; failing: gates, as written; metric: the deciding one; tags:
    tag → its estimate; trained, judged: seconds; reason: why this recipe.
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
    """attempts/<k>/look.json: the one bit that the loop learned of golden. adapter: digest of what looked."""

    adapter: str
    passed: bool


__all__ = [
    "AttemptFacts",
    "AttemptLook",
    "DevFacts",
    "Ended",
    "EndingFacts",
    "LatencyFacts",
    "LogRow",
    "Looked",
    "ModelFacts",
    "Opened",
    "PlanFacts",
    "Planned",
    "RunRecord",
    "Spending",
    "SplitFacts",
    "Started",
    "Status",
    "StepTime",
    "Surroundings",
]
