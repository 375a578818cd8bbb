"""`goldgate train`, and the heart of the demo: baselines, attempts, dev verdicts, the look at golden, the report."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.baselines import Prompted, deciding_metrics
from harness.cli.curve import learning_curve
from harness.cli.doctor import machine
from harness.cli.promotion import promote_candidate
from harness.cli.screen import Result, Screen
from harness.cli.train_text import Told, result_of
from harness.cli.work import Work, golden_summary, references
from harness.data.check import check_task_data
from harness.data.novelty import refresh_novelty
from harness.errors import UserError
from harness.examples import render_output
from harness.files import read_json, write_json
from harness.fingerprint import digest
from harness.gates import (
    GateRecord,
    chance_of_other_verdict,
    chance_of_passing,
    check_ledger,
    level,
    looks_left,
    named_variations,
    read_looks,
    spent,
    suite_digest,
)
from harness.measures import Verdict
from harness.plugin.run import run_suite
from harness.project import Project
from harness.replay import write_replay
from harness.runs import (
    Run,
    answers_folder,
    clear_parts,
    git_commit,
    one_training,
    open_run,
    versions,
    write_answers,
)
from harness.scorers import scorer_versions
from harness.subjects import how_known
from harness.subjects.adapter import read_adapter
from harness.subjects.embedded import ModelRef, ensure_model, hidden_size
from harness.task import load_task
from trainers import (
    Attempt,
    Budget,
    DevResult,
    Ending,
    Ladder,
    Outcome,
    Plan,
    Progress,
    Recipe,
    Tracking,
    TrainFacts,
    TrainingResult,
    check_trackers,
    conditions,
    default_recipe,
    demo_recipe,
    diagnose,
    explain,
    first_step,
    from_dict,
    marked,
    parse_settings,
    settled,
    strategy_for,
    train_adapter,
    train_by_command,
    train_until,
)

__all__ = ["Budget", "run_train"]

_SHOWN = 400  # characters of a note on the screen: attempt.json has it whole
_TAGGED = 5  # dev examples of a tag below which its score says nothing


@dataclass
class Training:
    """One run: what is worked on, where it is recorded, and what the base model is. ends: when a trainer that is a
    program is ended, as time.monotonic tells.
    """

    work: Work
    run: Run
    model: ModelRef
    quick: bool
    prompted: str
    ends: float

    @property
    def name(self) -> str:
        return self.work.task.name

    def subject(self, adapter: Path) -> str:
        """The adapter's subject name, with the path as the project sees it."""
        return f"adapter:{adapter.resolve().relative_to(self.work.project.root.resolve())}"

    def train(self, recipe: Recipe, out: Path, continue_from: Path | None) -> TrainingResult:
        """One attempt."""
        return train_shown(self.work, self.model, recipe, out, continue_from, self.ends - time.monotonic())

    def judge(self, adapter: Path, number: int) -> DevResult:
        """The suite on dev, read as observed, and from it the chance of passing golden at the coming look's level."""
        subject = self.subject(adapter)
        scored = self.work.scored(subject, "dev", "how good the attempt is, on dev")
        result = run_suite(self.work.project, self.name, subject, "dev", silent=True, model=self.work.task.model)
        if not result.records:
            raise UserError("the suite recorded no verdict on dev", str(self.work.task.folder),
                            f"look at it with: pytest suites/{self.name} --candidate {subject}")
        write_json(self.run.attempt(number) / "verdicts.json", [r.to_json() for r in result.records])
        coming = level(len(read_looks(self.work.ledger)) + 1, self.work.task.error)
        with self.work.screen.step("chance of passing golden", "is a look at golden worth it yet?"):
            chance = chance_of_passing(result.records, len(self.work.split("golden")), coming)
        self.work.screen.say(f"  attempt {number}: chance of passing golden {chance:.0%}")
        failing = [r.verdict.gate for r in result.records if r.verdict.outcome != "pass"]
        if not failing and not result.passed:
            failing = list(result.gaps) or ["a test without a gate"]
        metric = deciding_metrics(self.work.task)[0]
        tags = [t for t, count in self.work.split("dev").tag_counts().items() if count >= _TAGGED]
        by_tag = {t: round(scored.on(t).measure(metric).value, 5) for t in tags}
        return DevResult(chance, self.work.estimates(scored), failing, metric, by_tag)

    def look(self, adapter: Path) -> bool:
        """The suite on golden: one bit for the loop."""
        subject = self.subject(adapter)
        # Answered here for the progress; no score of them is computed before the suite has recorded its look.
        self.work.scored(self.prompted, "golden", "the examples that decide, by prompting alone")
        self.work.scored(subject, "golden", "the examples that decide; training never sees them")
        for reference, why in references(self.work.task).items():
            self.work.scored(reference, "golden", why)
        with self.work.screen.step(f"pytest suites/{self.name}", "the acceptance gate"):
            result = run_suite(self.work.project, self.name, subject, "golden", silent=True)
        self.work.screen.say(result.output.rstrip())
        if result.look is None or not result.complete:
            raise UserError(
                "the suite did not run as a whole on golden" + "".join(f"; {gap}" for gap in result.gaps),
                str(self.work.task.folder),
                f"see: pytest suites/{self.name} --candidate {subject} --split golden")
        on_dev = run_suite(self.work.project, self.name, subject, "dev", silent=True)
        write_replay(answers_folder(self.work.project, self.name, result.look.name), self.work.task,
                     self.work.split("train").fingerprint, result.look.name, [*result.evidence(), *on_dev.evidence()])
        looks = [*self.run.read().get("looks", []), result.look.name]
        self.run.update(looks=list(dict.fromkeys(looks)))
        write_json(self.run.folder / "look.json", {
            "subject": subject, "passed": result.passed,
            # Verdicts alone: which examples of golden went wrong is nothing that training may read.
            "records": [_told(r) for r in result.records],
            "look": {"number": result.look.number, "level": result.look.level, "name": result.look.name}})
        return bool(result.passed)


    def explain(self, outcome: Outcome, budget: Budget) -> Ending:
        """Why the best attempt does not pass, from dev and train."""
        best, curve = outcome.best, []
        if budget.curve:
            left = budget.seconds - sum(a.seconds for a in outcome.attempts)
            curve = learning_curve(self.work, outcome.attempts[0], self.run.folder / "curve", left, self._on_part,
                                   self.subject)
        records = [GateRecord.from_json(r) for r in read_json(self.run.attempt(best.k) / "verdicts.json")]
        coming = level(len(read_looks(self.work.ledger)) + 1, self.work.task.error)
        return explain(records, best, len(self.work.split("dev")), len(self.work.split("golden")), coming,
                       self.facts(best.recipe), curve)

    def _on_part(self, work: Work, recipe: Recipe, out: Path) -> TrainingResult:
        return train_shown(work, self.model, recipe, out, None, self.ends - time.monotonic())

    def facts(self, recipe: Recipe) -> TrainFacts:
        task = self.work.task
        return TrainFacts.of(self.work.split("train"), strategy_for(task, recipe.prompt), named_variations(task))


@dataclass(frozen=True)
class Mode:
    """How a run chooses its attempts. key: tells its run from those of other modes; plan: made once the run is open."""

    key: tuple[str, ...] = ()
    plan: Callable[[Training, Recipe], Plan] = lambda training, recipe: Ladder(training.facts(recipe))


def _told(gate: GateRecord) -> dict[str, Any]:
    return {"item": gate.item, "verdict": gate.verdict.to_json(), "flips": chance_of_other_verdict(gate)}


def train_shown(work: Work, model: ModelRef, recipe: Recipe, out: Path, continue_from: Path | None,
                seconds: float = math.inf) -> TrainingResult:
    """An adapter, with loss, speed and time left on the screen while it is trained. seconds: after which a trainer that
    is a program is ended.
    """
    split = work.split("train")
    if recipe.trainer == "command":
        with work.screen.step(f"attempt {out.name}: {recipe.command[0]}", "a program of yours trains"):
            return train_by_command(model, work.task, split, recipe, out, continue_from, seconds=seconds)
    title = f"attempt {out.name}: LoRA, {recipe.epochs} epochs over {len(split)} examples"
    seen = len(split) + split.tag_counts().get(recipe.focus, 0)
    with work.screen.step(title, "the model learns the task", recipe.steps(seen)) as advance:
        def told(p: Progress) -> None:
            advance(p.step, f"loss {p.loss:.3f}  {p.tokens_per_second:.0f} tokens/s")

        tracking = Tracking(work.trackers, out.parents[1] / "tracking", f"attempt-{out.name}")
        result = train_adapter(model, work.task, split, recipe, out, told, continue_from, work.split("dev"), tracking)
    row = [marked(result.sample)] if result.sample and out.name == "1" else []
    for line in (*result.setbacks, *result.notes, *row):
        work.screen.say(f"  {line if len(line) <= _SHOWN else line[:_SHOWN] + ' ...'}")
    return result


def run_train(
    project: Project, name: str, budget: Budget, settings: Sequence[str], *, screen: Screen | None = None,
    quick: bool = False, mode: Mode = Mode(), base: str | None = None, track: Sequence[str] = (),
) -> Result:
    """Trains until the golden suite passes or the budget ends; promotes what passed; writes the report either way.

    quick: the demo's recipe, and constrained decoding for the best strategy alone. A run that was killed is taken up
    where it stood. base: a base model instead of task.yaml's, for a run that takes no look; track: trackers that are
    told of every step, in the run's folder. Raises UserError for bad input.
    """
    screen = screen or Screen()
    started, trackers = time.monotonic(), check_trackers(track)
    task = load_task(project, name).on_model(base)
    budget = budget.at_price(task.prices.machine_hour if task.prices else None)
    work = Work(project, task, screen, trackers=trackers)
    with screen.step("check the data", "schema, duplicates, nothing of golden in train"):
        quality = check_task_data(project, task)
    check_ledger(work.ledger, sealed=task.golden == "sealed")  # no training for a look that would be refused
    work.splits.update(quality.splits)
    for remark in quality.remarks:
        screen.say(f"  {remark}")
    with screen.step("fetch the base model", f"{task.model}, once; it stays in {project.cache}"):
        model = ensure_model(project.cache, task.model)
    recipe = _recipe(work, model, settings, quick)  # a bad setting ends here, before there is a run
    with screen.step("how new is golden?", "each example's distance to train, by embedding and by words"):
        novelty = refresh_novelty(project, name, quality.splits)
    screen.say(f"  {novelty}")
    with one_training(project, name):
        return _train(work, model, recipe, budget, settings, quick, mode, started)


def _train(work: Work, model: ModelRef, recipe: Recipe, budget: Budget, settings: Sequence[str], quick: bool,
           mode: Mode, started: float) -> Result:
    screen = work.screen
    run, again = _open(work, model, recipe, [*settings, *mode.key], quick)
    if again:
        clear_parts(run.folder)
        screen.say(f"  run {run.id} is taken up again: what is complete is kept")
        # Worked out anew it could differ: whether bf16 pays is measured.
        recipe = from_dict(run.read().get("recipe", recipe.to_dict()), f'{run.folder / "run.json"}, field "recipe"')
    prompted = work.prompted(everything=not quick)
    _say_baselines(work, prompted)
    for reference, why in references(work.task).items():
        work.scored(reference, "dev", why)
    training = Training(work, run, model, quick, prompted.name, time.monotonic() + budget.seconds)
    if budget.looks is None:
        budget = replace(budget, looks=looks_left(read_looks(work.ledger), work.task.error, budget.attempts))
    plan = mode.plan(training, recipe)
    outcome = _loop(training, recipe, budget, plan)
    run.update(plan=plan.record(outcome.attempts))
    return _finish(training, outcome, prompted, budget, screen, started)


def _open(work: Work, model: ModelRef, recipe: Recipe, settings: Sequence[str], quick: bool) -> tuple[Run, bool]:
    task = work.task
    key = digest({
        "task": task.name, "model": model.digest, "suite": suite_digest(task, scorer_versions(task)),
        "instructions": task.instructions, "decoding": task.decoding.model_dump(), "train": dict(task.train),
        "data": {n: work.split(n).fingerprint for n in ("train", "dev", "golden")}, "settings": list(settings),
        "quick": quick,
    })
    now = datetime.now(UTC)
    run, again = open_run(work.project, task.name, key, now.strftime("%Y%m%d-%H%M%S"))
    if not again:
        run.update(started=now.isoformat(timespec="seconds"), seed=recipe.seed, recipe=recipe.to_dict(),
                   model={"alias": model.alias, "digest": model.digest},
                   data={n: {"count": len(s), "fingerprint": s.fingerprint} for n, s in work.splits.items()},
                   suite=suite_digest(task, scorer_versions(task)),
                   fields={path: rule.model_dump() for path, rule in task.fields.items()},
                   prices=task.prices.model_dump(exclude={"subjects"}) if task.prices else {})
    # A run may be taken up with other versions or on another machine: what is trained from now on depends on them.
    run.update(versions=versions(), machine=machine(), git=git_commit(work.project.root),
               conditions=conditions(model, task, work.split("train")))
    return run, again


def _recipe(work: Work, model: ModelRef, settings: Sequence[str], quick: bool) -> Recipe:
    hidden = hidden_size(model)
    train, changes = work.split("train"), parse_settings(settings)
    if not quick:
        return settled(default_recipe(work.task, len(train), hidden, changes))
    characters = sum(len(e.text) + len(render_output(e.output)) for e in train)
    return settled(demo_recipe(work.task, len(train), hidden, changes, characters=characters))


def _say_baselines(work: Work, prompted: Prompted) -> None:
    metric = deciding_metrics(work.task)[0]
    for name, row in sorted(prompted.tried.items(), key=lambda pair: -pair[1][metric]):
        mark = "  <- the best that prompting does" if name == prompted.name else ""
        work.screen.say(f"  {name:<32} {metric} {row[metric]:.3f} on dev{mark}")
    for name, why in prompted.untried.items():
        work.screen.say(f"  {name:<32} not tried: {why}")


def _loop(training: Training, recipe: Recipe, budget: Budget, plan: Plan) -> Outcome:
    first = first_step(recipe, "the demo's recipe" if training.quick else "the default recipe")
    return train_until(
        first, training.train, training.judge, training.look, training.run.folder, budget,
        told=lambda step, k: training.work.screen.say(f"attempt {k}: {step.reason}"), plan=plan,
    )


def _finish(
    training: Training, outcome: Outcome, prompted: Prompted, budget: Budget, screen: Screen, started: float
) -> Result:
    """Everything after the loop: the record, golden's summary, latency, promotion, the report."""
    from reports import build_report

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
    latency = work.latency([candidate, prompted.name])
    run.update(
        finished=datetime.now(UTC).isoformat(timespec="seconds"), prompted=prompted.name,
        baselines=list(prompted.tried), untried=dict(prompted.untried), incumbent=work.task.incumbent,
        known_by_name=[k for n in shown if (k := how_known(n, work.scored(n).answers.values()))],
        tariffs={n: str(t) for n in shown if (t := work.scored(n).tariff) is not None and t.own},
        linear="linear" if work.task.kind == "label" else None, best=outcome.best.k,
        chance=outcome.best.dev.chance, attempts=[_attempt(training, a) for a in outcome.attempts],
        budget=_budget(budget), spent=_spent(outcome, budget), latency=latency,
        steps=screen.steps, seconds=round(time.monotonic() - started, 1), reason=outcome.reason,
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
    return {"k": attempt.k, "subject": training.subject(attempt.adapter), "recipe": recipe,
            "seconds": round(attempt.seconds, 1), "dev": attempt.dev.scores, "chance": attempt.dev.chance,
            "reason": attempt.reason, "failing": attempt.dev.failing, "seen": diagnose(attempt).seen,
            "setbacks": list(attempt.setbacks), "continue_from": attempt.continue_from,
            "adapter": adapter.digest}
