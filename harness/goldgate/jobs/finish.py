"""What follows the attempts of `goldgate train`: the record, golden's summary, latency, promotion, the report."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from goldgate.base.files import read_json, write_json
from goldgate.cli.screen import Result, Screen
from goldgate.cli.train_text import Told, result_of
from goldgate.jobs.promote import promote_candidate
from goldgate.jobs.training import Training
from goldgate.jobs.workspace import LATENCY_EXAMPLES, LATENCY_EXAMPLES_QUICK, golden_summary, references
from goldgate.ledger import read_looks, spent
from goldgate.measures import Verdict
from goldgate.models.adapter import read_adapter
from goldgate.runs.folder import write_answers
from goldgate.scored.baselines import Prompted
from goldgate.subjects import how_known
from goldgate_trainers import Attempt, Budget, Outcome, diagnose


def finish(
    training: Training, outcome: Outcome, prompted: Prompted, budget: Budget, screen: Screen, started: float
) -> Result:
    """Everything after the loop: the record, golden's summary, latency, promotion, the report."""
    from goldgate_reports import build_report

    work, run = training.work, training.run
    candidate = training.subject(outcome.best.adapter)
    ending = None if outcome.passed else training.explain(outcome, budget)
    shown = [*prompted.tried, *(training.subject(a.adapter) for a in outcome.attempts), *references(work.task)]
    write_answers(run, work.task, work.split("dev"), {n: work.scored(n) for n in shown})
    looked = read_json(run.folder / "look.json") if outcome.looks else None
    summary = None
    if looked is not None:
        look = {**looked["look"], "spent": spent(read_looks(work.ledger))}
        summary = golden_summary(work, looked["subject"], prompted.name, look, looked["records"], looked["passed"])
        write_json(run.folder / "golden.json", summary)
    timed = LATENCY_EXAMPLES_QUICK if training.quick else LATENCY_EXAMPLES
    latency = work.latency([candidate, prompted.name], timed)
    run.update(
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        prompted=prompted.name,
        baselines=list(prompted.tried),
        untried=dict(prompted.untried),
        incumbent=work.task.incumbent,
        known_by_name=[k for n in shown if (k := how_known(n, work.scored(n).answers.values()))],
        tariffs={n: str(t) for n in shown if (t := work.scored(n).tariff) is not None and t.own},
        linear="linear" if work.task.kind == "label" else None,
        best=outcome.best.k,
        chance=outcome.best.dev.chance,
        attempts=[_attempt(training, a) for a in outcome.attempts],
        budget=_budget(budget),
        spent=_spent(outcome, budget),
        latency=latency,
        steps=screen.steps,
        seconds=round(time.monotonic() - started, 1),
        reason=outcome.reason,
        ending=ending.to_json() if ending else None,
    )
    if outcome.passed and looked is not None:
        verdicts = [Verdict.from_json(r["verdict"]) for r in looked["records"]]
        with screen.step("promote", "the model that passed becomes the champion"):
            promote_candidate(work, run, candidate, prompted.name, verdicts, looked["look"]["name"])
    run.update(status="passed" if outcome.passed else "failed")
    report = build_report(run.folder)
    told = Told(work, run, candidate, prompted.name, summary, report, time.monotonic() - started)
    return result_of(told, outcome, ending)


def _budget(budget: Budget) -> dict[str, Any]:
    named = {"attempts": budget.attempts, "minutes": round(budget.minutes, 1), "looks": budget.most_looks}
    return named if budget.money is None else {**named, "money": budget.money, "machine_hour": budget.machine_hour}


def _spent(outcome: Outcome, budget: Budget) -> dict[str, Any]:
    seconds = sum(a.seconds for a in outcome.attempts)
    named = {"attempts": len(outcome.attempts), "minutes": round(seconds / 60, 1), "looks": outcome.looks}
    cost = budget.cost(seconds)
    return named if cost is None else {**named, "money": round(cost, 4)}


def _attempt(training: Training, attempt: Attempt) -> dict[str, Any]:
    adapter = read_adapter(attempt.adapter)
    # As it ran: where memory was short, with fewer rows a forward pass than were asked for.
    recipe = adapter.note.get("recipe", attempt.recipe.to_dict())
    return {
        "k": attempt.k,
        "subject": training.subject(attempt.adapter),
        "recipe": recipe,
        "seconds": round(attempt.seconds, 1),
        "dev": attempt.dev.scores,
        "chance": attempt.dev.chance,
        "reason": attempt.reason,
        "failing": attempt.dev.failing,
        "seen": diagnose(attempt).seen,
        "setbacks": list(attempt.setbacks),
        "continue_from": attempt.continue_from,
        "adapter": adapter.digest,
    }
