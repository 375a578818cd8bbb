"""Who is who in a run: the tuned model, the baselines, the other attempts, and what runs in production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from goldgate.runs.choice import ChoiceFacts
from goldgate.runs.golden import GoldenRecord
from goldgate.task.subject_name import SubjectName, kind_of
from goldgate_reports.records import Records
from goldgate_reports.words import label


@dataclass(frozen=True)
class Subjects:
    """Who is who in a run. `tuned_dev` and `tuned_golden` are one model, which the two records may name differently."""

    tuned_dev: str | None
    tuned_golden: str | None
    prompted: str | None
    linear: str | None
    attempts: Mapping[str, int]
    incumbent: str | None = None
    baselines: tuple[str, ...] = ()
    choices: Mapping[str, ChoiceFacts] = field(default_factory=dict)

    def is_larger(self, subject: str) -> bool:
        """Returns whether a subject is an opponent on another model than the task's own, which as a rule is larger."""
        declared = (*self.baselines, self.incumbent)
        return subject in declared and kind_of(subject) not in ("base", "adapter", "linear")

    def best(self, metric: str) -> str | None:
        """Returns the best prompt for a metric, which its gap is over; by default the best by the main metric."""
        return self.choices[metric].subject if metric in self.choices else self.prompted

    def shown(self, subject: str) -> str:
        """Returns a subject's name for reading: "tuned", an attempt by its number, or the name as it is."""
        if subject in (self.tuned_dev, self.tuned_golden):
            return "tuned"
        if subject in self.attempts:
            return f"attempt {self.attempts[subject]}"
        if kind_of(subject) == "adapter":
            return f"adapter {PurePath(SubjectName.parse(subject).folder).name}"
        return subject

    def role(self, subject: str) -> str:
        """Returns what a subject is in this run."""
        if subject in (self.tuned_dev, self.tuned_golden):
            return "tuned"
        if subject == self.prompted:
            return "the best prompting-only baseline"
        if metrics := [label(m) for m, choice in self.choices.items() if choice.subject == subject]:
            return f"the best prompt for {', '.join(metrics)}"
        if subject == self.linear:
            return "linear model on embeddings"
        if subject == self.incumbent:
            return "what runs in production today"
        return "another attempt" if subject in self.attempts else "prompting only"


def subjects_of(records: Records) -> Subjects:
    """Finds out who is who in a run.

    Args:
        records: What the run folder records.

    Returns:
        The names of the subjects by their role.
    """
    run, golden = records.run, records.golden or GoldenRecord()
    best = records.best
    known = [s for s in (best.subject if best else None, golden.subject) if s in records.scores]
    return Subjects(
        known[0] if known else None,
        golden.subject or (best.subject if best else None),
        run.prompted or golden.prompted,
        run.linear,
        {a.subject: a.number for a in records.attempts},
        run.incumbent,
        tuple(run.baselines),
        run.choices or {m: ChoiceFacts(subject=s) for m, s in golden.prompted_for.items()},
    )
