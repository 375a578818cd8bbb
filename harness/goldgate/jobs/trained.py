"""What a run of `goldgate train` came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from goldgate.jobs.workspace import Workspace, compare
from goldgate.runs.folder import Run
from goldgate.runs.golden import DifferenceRow, GoldenRecord
from goldgate.runs.part import known
from goldgate.runs.record import PlanFacts
from goldgate.scored.baselines import deciding_metrics
from goldgate.task.task import Task
from goldgate_trainers import Ending, Outcome


@dataclass(frozen=True)
class Trained:
    """A run that has ended.

    Attributes:
        passed: whether its candidate passed golden.
        reason: why no further attempt was made.
        gates: how many gates passed at the look at golden, and how many there are; None where no look was taken.
        opened: whether golden's examples had been shown.
        split: what the numbers below are of: golden, or dev where golden is sealed or was not looked at.
        rows: (subject, metric) → estimate.
        gaps: (metric, reference) → the paired difference of candidate and reference, as the record has it.
        plan: how the attempts were chosen, as the record has it.
        attempt: number of the best one, of `attempts`.
        ending: why it did not pass; None where it did.
    """

    task: Task
    run: str
    passed: bool
    reason: str
    candidate: str
    prompted: str
    gates: tuple[int, int] | None
    opened: bool
    split: Literal["dev", "golden"]
    rows: Mapping[tuple[str, str], float]
    gaps: Mapping[tuple[str, str], DifferenceRow]
    plan: PlanFacts
    report: Path
    seconds: float
    attempt: int
    attempts: int
    ending: Ending | None

    @property
    def metric(self) -> str:
        """The metric that decides first."""
        return deciding_metrics(self.task)[0]

    @property
    def gap(self) -> DifferenceRow:
        """The difference that decides: candidate and best prompt."""
        return self.gaps[self.metric, self.prompted]

    def to_json(self) -> dict[str, Any]:
        mine, theirs, rows = self.candidate, self.prompted, self.rows
        return {
            "task": self.task.name,
            "run": self.run,
            "passed": self.passed,
            "reason": self.reason,
            "candidate": mine,
            "prompted": theirs,
            "opened": self.opened,
            "report": str(self.report),
            "seconds": round(self.seconds, 1),
            "split": self.split,
            "measures": {m: {"tuned": rows[mine, m], "prompted": rows[theirs, m]} for s, m in rows if s == mine},
            "gap": self.gap.to_json(),
            "ending": self.ending.to_json() if self.ending else None,
            "plan": self.plan.to_json(),
        }


def trained(
    work: Workspace,
    run: Run,
    candidate: str,
    prompted: str,
    summary: GoldenRecord | None,
    outcome: Outcome,
    ending: Ending | None,
    report: Path,
    seconds: float,
) -> Trained:
    """The result of a run. summary: of golden; None where the run took no look, and dev alone speaks."""
    golden = None if summary is None or summary.sealed else summary
    mine = candidate if summary is None else str(summary.subject)
    numbers = golden or compare(work, mine, prompted, "dev")
    passes = None if summary is None else [bool(row.verdict) for row in summary.verdicts or ()]
    return Trained(
        work.task,
        run.id,
        outcome.passed,
        outcome.reason,
        mine,
        prompted,
        None if passes is None else (sum(passes), len(passes)),
        bool(summary and summary.opened),
        "golden" if golden else "dev",
        {(str(r.subject), str(r.metric)): known(r.estimate) for r in numbers.measures if r.tag is None},
        {(str(d.metric), str(d.reference)): d for d in numbers.differences},
        run.read().plan or PlanFacts(),
        report,
        seconds,
        outcome.best.k,
        len(outcome.attempts),
        ending,
    )
