"""`goldgate plan`: what golden can show for each gate of a suite, based on existing answers on dev."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.champion.record import CHAMPION
from goldgate.gates import (
    Expected,
    GatePlan,
    GateRecord,
    can_plan,
    chance_of_passing,
    expected_effects,
    plan_gate,
    share_of_golden,
)
from goldgate.jobs.answering import Sources
from goldgate.jobs.run_suite import run_suite
from goldgate.jobs.workspace import Workspace
from goldgate.ledger import is_opened, level, names_strata
from goldgate.scored.baselines import deciding_metrics, declared_baselines, rank
from goldgate.scored.scored import Scored
from goldgate.subjects import can_constrain
from goldgate.task.clusters import check_strata, clusters_of
from goldgate.task.project import Project
from goldgate.task.strata import read_novelty
from goldgate.task.subject_name import PLAIN_BASE
from goldgate.task.task import load_task


@dataclass(frozen=True)
class Asked:
    """The options of `goldgate plan`.

    Attributes:
        subject: Whose answers to plan from; None for the champion or, without one, the best baseline that has answers.
        truths: Assumed true values: "0.95" for every rate, "METRIC=0.95" for one metric.
        golden: Number of golden examples to plan for; None for the actual number.
        look: Number of the look; None for the next one.
    """

    subject: str | None = None
    truths: Sequence[str] = ()
    golden: int | None = None
    look: int | None = None


@dataclass(frozen=True)
class Planned:
    """What golden can show.

    Attributes:
        task: Name of the task.
        subject: The subject whose estimates on dev are assumed to be true.
        golden: Number of golden examples that is planned for.
        real: Whether golden has that number of examples.
        look: Number of the look that is planned for.
        level: Level of that look.
        chance: Chance that the whole suite passes; None if a gate could not be planned.
        given: Whether assumed truths were given.
        plans: The plan of each gate.
        unplanned: (item, reason) of each gate that could not be planned.
        opened: Whether golden's examples were shown.
        effects: What clusters of golden's examples are expected to do.
    """

    task: str
    subject: str
    golden: int
    real: bool
    look: int
    level: float
    chance: float | None
    given: bool
    plans: Sequence[GatePlan]
    unplanned: Sequence[tuple[str, str]]
    opened: bool
    effects: Sequence[Expected] = ()

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            "task": self.task,
            "subject": self.subject,
            "golden": self.golden,
            "look": self.look,
            "level": self.level,
            "chance": self.chance,
            "gates": [_row(p) for p in self.plans],
            "unplanned": [{"item": i, "why": why} for i, why in self.unplanned],
            "effects": [_effect(e) for e in self.effects],
        }


def run_plan(project: Project, name: str, asked: Asked) -> Planned:
    """Plans every gate of a suite. Calls no model and reads no answers on golden.

    Args:
        project: The project.
        name: Name of the task.
        asked: The options.

    Returns:
        The plan.

    Raises:
        UserError: There are no answers on dev to plan from, no gate can be planned, an option is invalid, or no golden
            example has a declared stratum.
    """
    task = load_task(project, name)
    work = Workspace(project, task, sources=Sources(generate=False))
    dev, golden = work.split("dev"), work.split("golden")
    check_strata(task, golden)
    subject = asked.subject or _best_answered(work)
    if asked.subject not in (None, CHAMPION):
        _scored(work, subject)
    records = _records(project, name, subject)
    number = asked.look or len(work.looks()) + 1
    alpha, total = level(number, task.error), asked.golden or len(golden)
    good = [g for g in records if can_plan(g)]
    truths = _truths(asked.truths, good)
    strata = read_novelty(project.golden(name)).strata if names_strata(task) else {}
    plans, unplanned = [], [(g.item, g.verdict.message.splitlines()[0]) for g in records if not can_plan(g)]
    for gate in good:
        share = share_of_golden(gate, dev, golden, strata)
        if share:
            plans.append(plan_gate(gate, max(1, round(share * total)), alpha, truths.get(gate.verdict.metric)))
        else:
            unplanned.append((gate.item, f"{gate.verdict.metric}: no golden example is in its slice"))
    chance = None if unplanned else chance_of_passing(good, total, alpha)
    return Planned(
        name,
        subject,
        total,
        total == len(golden),
        number,
        alpha,
        chance,
        bool(truths),
        plans,
        unplanned,
        is_opened(work.ledger),
        expected_effects(
            clusters_of(golden, task.strata),
            total,
            clusters_of(dev, task.strata),
            records,
            plans,
            deciding_metrics(task),
        ),
    )


def _scored(work: Workspace, subject: str) -> Scored:
    """A subject's existing answers on dev. Raises UserError if one is missing, or if there is no such subject."""
    who = work.parse(subject)
    try:
        return Scored(subject, work.scores(who, work.split("dev")))
    except UserError as error:
        raise UserError(error.what, error.where, _ask(work.task.name, subject)) from error


def _best_answered(work: Workspace) -> str:
    """The champion, else the best on dev of the declared baselines that have answers. Raises UserError if none has."""
    if work.champion is not None:
        return CHAMPION
    task = work.task
    names = declared_baselines(task)
    constrained = [n.held for n in names if can_constrain(n, task)]
    ranks = {}
    for name in dict.fromkeys(map(str, [*names, *constrained])):
        try:
            scored = _scored(work, name)
        except UserError:
            continue  # it has not answered yet, or is not available here
        ranks[name] = rank(task, scored)
    if not ranks:
        raise UserError(
            "no subject has answered dev yet, so the gates cannot be planned",
            f"task {task.name}",
            _ask(task.name, str(names[0] if names else PLAIN_BASE)),
        )
    return max(ranks, key=lambda n: ranks[n])


def _ask(task: str, subject: str) -> str:
    return f"let a subject answer first: goldgate evaluate {task} --subject {subject}"


def _records(project: Project, name: str, subject: str) -> tuple[GateRecord, ...]:
    """The gates as the suite records them on dev. Raises UserError if there is none that can be planned."""
    candidate = None if subject == CHAMPION else subject
    result = run_suite(project, name, candidate, "dev", generate=False)
    folder = str(project.suite(name))
    if not result.records:
        raise UserError("the suite recorded no gate on dev", folder, f"look at it with: pytest {folder} --split dev")
    if not any(can_plan(g) for g in result.records):
        said, _, hint = result.records[0].verdict.message.partition("\n  ")
        raise UserError(f"no gate can be planned: {said}", folder, hint or f"see: pytest {folder} --split dev")
    return result.records


def _truths(written: Sequence[str], gates: Sequence[GateRecord]) -> dict[str, float]:
    """The assumed truth by metric. A bare number applies to every rate, not to differences, costs or percentiles."""
    means = {
        g.verdict.metric: g.verdict.bounds
        for g in gates
        if (g.threshold, g.bounds) == (g.verdict.threshold, g.verdict.bounds)
    }
    truths: dict[str, float] = {}
    for text in written:
        metric, named, number = text.rpartition("=")
        if named and metric not in means:
            raise UserError(f'no gate is on the mean of "{metric}"', "--truth", near_names(metric, means))
        meant = [metric] if named else [m for m, bounds in means.items() if bounds == (0.0, 1.0)]
        if not meant:
            raise UserError("no gate of this suite is on a rate", "--truth", near_names("", means))
        low, high = means[meant[0]]
        truths |= dict.fromkeys(meant, _number(number, low, high, metric or "a rate"))
    return truths


def _number(text: str, low: float, high: float, metric: str) -> float:
    hint = "write --truth 0.95, or --truth METRIC=0.95"
    try:
        value = float(text)
    except ValueError:
        raise UserError(f'"{text}" is not a number', "--truth", hint) from None
    if not low <= value <= high:
        raise UserError(
            f"{metric} is always between {low:g} and {high:g}: its true value cannot be {value:g}", "--truth", hint
        )
    return value


def _effect(effect: Expected) -> dict[str, Any]:
    weaker = [{"gate": gate, "power": power, "then": then} for gate, power, then in effect.weaker]
    return {**asdict(effect), "effective": effect.effective, "weaker": weaker}


def _row(plan: GatePlan) -> dict[str, Any]:
    gate = plan.gate
    return {
        "gate": plan.written,
        "item": gate.item,
        "metric": gate.verdict.metric,
        "op": gate.verdict.op,
        "threshold": gate.verdict.threshold,
        "reading": gate.verdict.written,
        "n": plan.n,
        "right": plan.right,
        "possible": plan.possible,
        "sure": plan.sure,
        "truth": plan.truth,
        "power": plan.power,
        "examples": plan.examples,
        "refutes": plan.refutes,
        "flips": plan.flips,
        "approximate": gate.verdict.approximate,
    }
