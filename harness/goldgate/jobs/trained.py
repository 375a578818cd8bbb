"""The result of a run of `goldgate train`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from goldgate.jobs.comparison import Best, compare
from goldgate.jobs.workspace import Workspace
from goldgate.runs.choice import ChoiceFacts
from goldgate.runs.folder import Run
from goldgate.runs.golden import DifferenceRow, GoldenRecord
from goldgate.runs.part import known
from goldgate.runs.record import PlanFacts
from goldgate.scored.baselines import deciding_metrics, larger_models
from goldgate.task.subject_name import HOW_TO_ADD
from goldgate.task.task import Task
from goldgate_trainers import Ending, Outcome


@dataclass(frozen=True)
class Trained:
    """A run that has ended.

    Attributes:
        task: The task.
        run: Id of the run.
        passed: Whether its candidate passed golden.
        reason: Why no further attempt was made.
        candidate: Name of the candidate.
        best: The best prompts.
        gates: Number of gates that passed at the look at golden, and number of gates; None if no look was taken.
        opened: Whether golden's examples had been shown.
        split: The split of `rows` and `gaps`: golden, or dev if golden is sealed or no look was taken.
        rows: Estimate by (subject, metric); none for a best prompt that did not answer the split.
        gaps: Paired difference between candidate and reference by (metric, reference), as recorded.
        plan: How the attempts were chosen, as recorded.
        choices: Metric → the best prompt for it and what its choice may have cost, as recorded.
        report: The report's file.
        seconds: Duration of the run.
        attempt: Number of the best attempt.
        attempts: Number of attempts.
        ending: Why it did not pass; None if it did.
        caching: What prompt caching does to the ratio of costs, in words; empty without prices.
        not_compared: Which opponent was left out, in words; empty if none.
        optimized: For each optimised prompt, what its search got beside training, in words.
    """

    task: Task
    run: str
    passed: bool
    reason: str
    candidate: str
    best: Best
    gates: tuple[int, int] | None
    opened: bool
    split: Literal["dev", "golden"]
    rows: Mapping[tuple[str, str], float]
    gaps: Mapping[tuple[str, str], DifferenceRow]
    plan: PlanFacts
    choices: Mapping[str, ChoiceFacts]
    report: Path
    seconds: float
    attempt: int
    attempts: int
    ending: Ending | None
    caching: str = ""
    not_compared: str = ""
    optimized: tuple[str, ...] = ()

    @property
    def prompted(self) -> str:
        """Name of the best prompt by the main metric."""
        return self.best.prompted

    @property
    def metric(self) -> str:
        """The first of the deciding metrics."""
        return deciding_metrics(self.task)[0]

    @property
    def gap(self) -> DifferenceRow:
        """The difference that decides: between the candidate and the best prompting baseline."""
        return self.gaps[self.metric, self.prompted]

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        mine, theirs, rows = self.candidate, self.best, self.rows
        measures = {m: {"tuned": rows[mine, m], "prompted": rows.get((theirs.at(m), m))} for s, m in rows if s == mine}
        return {
            "task": self.task.name,
            "run": self.run,
            "passed": self.passed,
            "reason": self.reason,
            "candidate": mine,
            "prompted": theirs.prompted,
            "choices": {m: choice.to_json() for m, choice in self.choices.items()},
            "opened": self.opened,
            "report": str(self.report),
            "seconds": round(self.seconds, 1),
            "split": self.split,
            "measures": measures,
            "gap": self.gap.to_json(),
            "ending": self.ending.to_json() if self.ending else None,
            "plan": self.plan.to_json(),
            "caching": self.caching,
            "not_compared": self.not_compared,
            **({"optimized": list(self.optimized)} if self.optimized else {}),
        }


def trained(
    work: Workspace,
    run: Run,
    candidate: str,
    best: Best,
    summary: GoldenRecord | None,
    outcome: Outcome,
    ending: Ending | None,
    report: Path,
    seconds: float,
) -> Trained:
    """Collects the result of a run.

    Args:
        work: The task's workspace.
        run: The run.
        candidate: Name of the candidate.
        best: The best prompts.
        summary: The result on golden; None if the run took no look, in which case the numbers are of dev.
        outcome: The result of the attempts.
        ending: Why it did not pass; None if it did.
        report: The report's file.
        seconds: Duration of the run.

    Returns:
        The result.
    """
    from goldgate_reports.caching import cost_ratio

    golden = None if summary is None or summary.sealed else summary
    mine = candidate if summary is None else str(summary.subject)
    numbers = golden or compare(work, mine, best, "dev")
    record = run.read()
    passes = None if summary is None else [bool(row.verdict) for row in summary.verdicts or ()]
    return Trained(
        work.task,
        run.id,
        outcome.passed,
        outcome.reason,
        mine,
        best,
        None if passes is None else (sum(passes), len(passes)),
        bool(summary and summary.opened),
        "golden" if golden else "dev",
        {(str(r.subject), str(r.metric)): known(r.estimate) for r in numbers.measures if r.tag is None},
        {(str(d.metric), str(d.reference)): d for d in numbers.differences},
        record.plan or PlanFacts(),
        record.choices,
        report,
        seconds,
        outcome.best.k,
        len(outcome.attempts),
        ending,
        cost_ratio(record.caching.get(candidate), record.caching.get(best.prompted)),
        "" if larger_models(work.task) else f"no larger model was compared: {HOW_TO_ADD}",
        tuple(f"{n}: {facts.effort(record.trained)}" for n, facts in record.optimized.items()),
    )
