"""run.json: what a run of `goldgate train` is, what it has done so far, and how it ended.

On disk the record is one flat object. Here it has a part for each moment when it is written: a run in progress has the
first parts, and only a finished run has all of them. Therefore every field is optional to a reader, and `needed`
insists on those that a reader cannot do without.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from goldgate.runs.caching import CachingFacts
from goldgate.runs.choice import ChoiceFacts
from goldgate.runs.optimized import OptimizedFacts
from goldgate.runs.part import Facts, Many, Number, Part
from goldgate.task.task import FieldRule

Status = Literal["running", "passed", "failed"]


class ModelFacts(Part):
    """The base model.

    Attributes:
        alias: The name that it was requested by.
        digest: Digest of its files.
    """

    alias: str | None = None
    digest: str | None = None


class SplitFacts(Part):
    """One split of the data.

    Attributes:
        count: How many examples.
        fingerprint: Digest of the examples.
    """

    count: int | None = None
    fingerprint: str | None = None


class LatencyFacts(Part):
    """Seconds to one answer, asked one at a time.

    Attributes:
        p50: The median.
        p95: The 95th percentile.
        n: How many examples were asked.
    """

    p50: Number = None
    p95: Number = None
    n: int | None = None


class StepTime(Part):
    """One step of the work, by its name on the screen, and how many seconds it took."""

    name: str = ""
    seconds: Number = None


class Spending(Part):
    """A budget, or what was spent of it.

    Attributes:
        attempts: How many attempts.
        minutes: How many minutes.
        looks: How many looks at golden.
        money: How much money, in the currency of machine_hour.
        machine_hour: The price of an hour.
    """

    attempts: int | None = None
    minutes: Number = None
    looks: int | None = None
    money: Number = None
    machine_hour: Number = None


class EndingFacts(Part):
    """Why a run ended without a pass, one sentence each.

    Attributes:
        gates: What prevented a pass.
        helps: What would help.
    """

    gates: Many[str] = ()
    helps: Many[str] = ()


class PlanFacts(Part):
    """How the attempts were chosen, if they were trained to be compared; empty if each followed from the last.

    Attributes:
        kind: "seeds", "search" or "base model".
        words: The result of all of them, in words.
        comparison: Digest of what the runs of one comparison share.
        asked: How many were requested.
        seeds: The seeds.
        passing: The seeds that pass.
        spread: How the metrics vary over the seeds.
        tried: How many settings a search tried.
        searched: Which settings it searched.
        study: The study's name.
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


class TimeUpFacts(Part):
    """An attempt that had too little time for its recipe.

    Attributes:
        steps: How many optimizer steps were taken.
        planned: How many steps the learning rate schedule was planned for.
        asked: How many steps the recipe asked for.
        settings: Recipe settings that train the same adapter again.
    """

    steps: int
    planned: int
    asked: int
    settings: dict[str, int] = Field(default_factory=dict)


class AttemptFacts(Part):
    """One recipe that was trained and judged on dev.

    Attributes:
        k: Its number, from 1.
        subject: Its subject's name.
        recipe: The recipe as it ran.
        seconds: How long it took.
        dev: Metric → estimate.
        chance: The chance of passing golden, judging by dev.
        reason: Why this recipe.
        failing: The gates that dev's estimates miss.
        seen: What its losses and answers were like.
        setbacks: The times when its loss exploded.
        continue_from: Number of the attempt that it continued.
        adapter: Digest of the adapter.
        time_up: How far it came, if its time ran out.
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
    time_up: TimeUpFacts | None = None


class Opened(Part):
    """What a run has from the start.

    Attributes:
        version: The version of the format.
        task: The task's name.
        id: The run's id.
        key: Digest of everything that the run depends on, by which it is taken up again.
        status: running, passed or failed.
    """

    version: int = 1
    task: str | None = None
    id: str | None = None
    key: str | None = None
    status: Status | None = None


class Started(Part):
    """What is settled before the first attempt.

    Attributes:
        started: When the run started.
        seed: The seed.
        recipe: The recipe.
        model: The base model.
        data: The splits.
        suite: Digest of the suite.
        fields: The task's rules for comparing fields.
        prices: The task's prices.
    """

    started: str | None = None
    seed: int | None = None
    recipe: Facts | None = None
    model: ModelFacts | None = None
    data: dict[str, SplitFacts] = Field(default_factory=dict)
    suite: str | None = None
    fields: dict[str, FieldRule] = Field(default_factory=dict)
    prices: Facts = Field(default_factory=dict)


class Surroundings(Part):
    """What a run is trained with from now on, because it may be taken up with other versions or on another machine.

    Attributes:
        versions: Versions of the libraries.
        machine: The machine.
        git: The commit.
        conditions: Everything that decides the bytes of an adapter, except the recipe.
    """

    versions: Facts = Field(default_factory=dict)
    machine: Facts = Field(default_factory=dict)
    git: str | None = None
    conditions: Facts | None = None


class Looked(Part):
    """The names of the looks at golden that the run took."""

    counted: ClassVar[frozenset[str]] = frozenset({"looks"})
    looks: Many[str] = ()


class Planned(Part):
    """How the attempts were chosen."""

    plan: PlanFacts | None = None


class Ended(Part):
    """What is known once the attempts are over.

    Attributes:
        finished: When the run ended.
        prompted: The best prompting-only baseline.
        choices: Metric → the best prompt for it, for the metrics that judge answers.
        baselines: Every baseline that was tried.
        untried: Baseline → why it was not tried.
        optimized: Baseline with an optimised prompt → how that was searched, and what it says.
        incumbent: What runs in production today.
        known_by_name: Subjects that are identified only by name.
        run_plainly: Subjects whose architecture is run by plain generation.
        tariffs: Prices of a subject's own.
        caching: Subject → what a prompt cache does to its price; empty where there are no token prices.
        linear: Name of the linear model.
        best: Number of the chosen attempt.
        chance: The chance that it passes golden, judging by dev.
        attempts: The attempts.
        budget: The budget.
        spent: What was spent of it.
        latency: Latency by subject.
        steps: How long each step took.
        seconds: How long everything took.
        reason: Why the run ended.
        ending: What prevented a pass, if it ended without one.
    """

    finished: str | None = None
    prompted: str | None = None
    choices: dict[str, ChoiceFacts] = Field(default_factory=dict)
    baselines: Many[str] = ()
    untried: dict[str, str] = Field(default_factory=dict)
    optimized: dict[str, OptimizedFacts] = Field(default_factory=dict)
    incumbent: str | None = None
    known_by_name: Many[str] = ()
    run_plainly: Many[str] = ()
    tariffs: dict[str, str] = Field(default_factory=dict)
    caching: dict[str, CachingFacts] = Field(default_factory=dict)
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
    """run.json as it is."""

    @property
    def trained(self) -> float:
        """Seconds of all attempts together."""
        return sum(a.seconds or 0.0 for a in self.attempts or ())

    def attempt(self, number: int | None) -> AttemptFacts | None:
        """Returns the attempt with a number; None if there is none."""
        return next((a for a in self.attempts or () if a.k == number), None)

    @property
    def chosen(self) -> AttemptFacts | None:
        """The attempt that the run chose; None until it has."""
        return self.attempt(self.best)


__all__ = [
    "AttemptFacts",
    "CachingFacts",
    "Ended",
    "EndingFacts",
    "LatencyFacts",
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
