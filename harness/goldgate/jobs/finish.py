"""What `goldgate train` does after its attempts: record, golden summary, latency, promotion and report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from goldgate.base.files import write_json
from goldgate.jobs.comparison import Best, choices, golden_summary, references
from goldgate.jobs.optimize import optimized_facts
from goldgate.jobs.promote import promote_candidate
from goldgate.jobs.trained import Trained, trained
from goldgate.jobs.training import Training
from goldgate.jobs.workspace import LATENCY_EXAMPLES, LATENCY_EXAMPLES_QUICK, Workspace
from goldgate.ledger import read_looks, spent
from goldgate.models.adapter import read_adapter
from goldgate.runs.caching import CachingFacts
from goldgate.runs.folder import write_answers
from goldgate.runs.golden import GoldenRecord, LookRecord
from goldgate.runs.part import read_part
from goldgate.runs.record import AttemptFacts, Ended, EndingFacts, LatencyFacts, Opened, Spending, StepTime, TimeUpFacts
from goldgate.scored.baselines import Prompted, deciding_metrics, larger_models
from goldgate.subjects import how_known, how_run
from goldgate.task.subject_name import kind_of
from goldgate.task.task import Task
from goldgate_trainers import Attempt, Budget, Outcome, diagnose


def finish(
    training: Training,
    outcome: Outcome,
    prompted: Prompted,
    budget: Budget,
    steps: Sequence[Mapping[str, Any]],
    started: float,
) -> Trained:
    """Completes a run after its last attempt: records it, promotes a model that passed, and writes the report.

    Args:
        training: The run.
        outcome: The result of its attempts.
        prompted: The prompting baselines.
        budget: The budget it had.
        steps: Durations of its steps; a live list, which still grows until it is recorded.
        started: `time.monotonic()` at its start.

    Returns:
        The result of the run.
    """
    from goldgate_reports import build_report

    work, run = training.work, training.run
    candidate = training.subject(outcome.best.adapter)
    ending = None if outcome.passed else training.explain(outcome, budget)
    shown = [*prompted.tried, *(training.subject(a.adapter) for a in outcome.attempts), *references(work.task)]
    write_answers(run, work.task, work.split("dev"), {n: work.scored(n) for n in shown})
    looked = read_part(LookRecord, run.folder / "look.json", "train again") if outcome.looks else None
    best = Best.of(work.task, prompted)
    summary = None if looked is None else _write_summary(training, looked, best)
    with work.progress.step("how good is the choice of prompts?", "dev is small: another one may be better"):
        chosen = choices(work, prompted, on_golden=summary is not None)
    run.update(
        Ended(
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            prompted=prompted.name,
            choices=chosen,
            baselines=tuple(prompted.tried),
            untried=dict(prompted.untried),
            optimized=optimized_facts(work, [*prompted.tried, *references(work.task)]),
            incumbent=work.task.incumbent,
            **_told(work, shown),
            linear="linear" if work.task.kind == "label" else None,
            best=outcome.best.k,
            chance=outcome.chance,
            attempts=tuple(_attempt(training, a) for a in outcome.attempts),
            budget=_budget(budget),
            spent=_spent(outcome, budget),
            latency=_latency(training, [candidate, prompted.name, *_beside(work.task, prompted)]),
            steps=tuple(StepTime.model_validate(step) for step in steps),
            seconds=round(time.monotonic() - started, 1),
            reason=outcome.reason,
            ending=EndingFacts(gates=ending.gates, helps=ending.helps) if ending else None,
        )
    )
    if outcome.passed and looked is not None:
        _promote(training, looked, candidate, prompted.name)
    run.update(Opened(status="passed" if outcome.passed else "failed"))
    report = build_report(run.folder)
    return trained(work, run, candidate, best, summary, outcome, ending, report, time.monotonic() - started)


def _told(work: Workspace, shown: Sequence[str]) -> dict[str, Any]:
    """What the report says about subjects besides their scores: how each is known and run, and what its tokens cost."""
    return {
        "known_by_name": tuple(k for n in shown if (k := how_known(n, work.scored(n).answers.values()))),
        "run_plainly": tuple(k for n in shown if (k := how_run(n, work.scored(n).answers.values()))),
        "tariffs": {n: str(t) for n in shown if (t := work.scored(n).tariff) is not None and t.own},
        "caching": {n: CachingFacts(**asdict(c)) for n in shown if (c := work.caching(n)) is not None},
    }


def _latency(training: Training, names: Sequence[str]) -> dict[str, LatencyFacts]:
    count = LATENCY_EXAMPLES_QUICK if training.quick else LATENCY_EXAMPLES
    rows = training.work.latency(dict.fromkeys(names), count)
    return {n: LatencyFacts.model_validate(row) for n, row in rows.items()}


def _beside(task: Task, prompted: Prompted) -> list[str]:
    """The opponents in the report's overview, besides `prompted`: the best prompt of the task's own model, the best of
    another model, and the references.
    """
    metrics = deciding_metrics(task)
    ranked = sorted(prompted.tried, key=lambda n: [prompted.tried[n][m] for m in metrics], reverse=True)
    small, large = [n for n in ranked if kind_of(n) == "base"], [n for n in ranked if n in larger_models(task)]
    return list(dict.fromkeys([*small[:1], *large[:1], *references(task)]))


def _write_summary(training: Training, looked: LookRecord, best: Best) -> GoldenRecord:
    # The demo's golden answers are recorded for the prompts that gates need; others would take it minutes.
    ask = not training.quick
    summary = golden_summary(training.work, looked, best, spent(read_looks(training.work.ledger)), ask=ask)
    write_json(training.run.folder / "golden.json", summary.to_json())
    return summary


def _promote(training: Training, looked: LookRecord, candidate: str, prompted: str) -> None:
    work, verdicts = training.work, [row.verdict for row in looked.records]
    with work.progress.step("promote", "the model that passed becomes the champion"):
        look = looked.look.name if looked.look else None
        promote_candidate(work, training.run, candidate, prompted, verdicts, look)


def _budget(budget: Budget) -> Spending:
    named = Spending(attempts=budget.attempts, minutes=round(budget.minutes, 1), looks=budget.most_looks)
    if budget.money is None:
        return named
    return named.model_copy(update={"money": budget.money, "machine_hour": budget.machine_hour})


def _spent(outcome: Outcome, budget: Budget) -> Spending:
    seconds = sum(a.seconds for a in outcome.attempts)
    named = Spending(attempts=len(outcome.attempts), minutes=round(seconds / 60, 1), looks=outcome.looks)
    cost = budget.cost(seconds)
    return named if cost is None else named.model_copy(update={"money": round(cost, 4)})


def _attempt(training: Training, attempt: Attempt) -> AttemptFacts:
    adapter = read_adapter(attempt.adapter)
    # The recipe as it ran, which has fewer rows per forward pass than requested if memory was short.
    recipe = adapter.note.get("recipe", attempt.recipe.to_dict())
    return AttemptFacts(
        k=attempt.k,
        subject=training.subject(attempt.adapter),
        recipe=recipe,
        seconds=round(attempt.seconds, 1),
        dev=dict(attempt.dev.scores),
        chance=attempt.dev.chance,
        reason=attempt.reason,
        failing=tuple(attempt.dev.failing),
        seen=tuple(diagnose(attempt).seen),
        setbacks=tuple(attempt.setbacks),
        continue_from=attempt.continue_from,
        adapter=adapter.digest,
        time_up=None if attempt.time_up is None else TimeUpFacts(**asdict(attempt.time_up)),
    )
