"""One run of `goldgate train` at work: attempts that are trained, judged on dev, and looked at on golden."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import collect
from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.gates import GateRecord, chance_of_other_verdict, chance_of_passing, share_of_golden
from goldgate.jobs.curve import learning_curve
from goldgate.jobs.workspace import Work, references
from goldgate.ledger import level, named_variations, names_strata, read_looks, suite_digest
from goldgate.models.embedded import ModelRef
from goldgate.plugin.run import run_suite
from goldgate.runs.folder import Run, answers_folder
from goldgate.scored.baselines import deciding_metrics
from goldgate.scored.replay import write_replay
from goldgate.scored.scored import Scored
from goldgate.scored.values import Scores
from goldgate.scorers import Context, scorer_versions
from goldgate.subjects import parse_subject
from goldgate.task.strata import read_novelty
from goldgate_trainers import (
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
    Watch,
    explain,
    learned_from,
    marked,
    strategy_for,
    train_adapter,
    train_by_command,
)

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
        return _subject(self.work, adapter)

    def train(self, recipe: Recipe, out: Path, continue_from: Path | None) -> TrainingResult:
        """One attempt."""
        return train_shown(self.work, self.model, recipe, out, continue_from, self.ends - time.monotonic())

    def judge(self, adapter: Path, number: int) -> DevResult:
        """The suite on dev, read as observed, and from it the chance of passing golden at the coming look's level."""
        subject = self.subject(adapter)
        scored = self.work.scored(subject, "dev", "how good the attempt is, on dev")
        result = run_suite(self.work.project, self.name, subject, "dev", silent=True, model=self.work.task.model)
        if not result.records:
            raise UserError(
                "the suite recorded no verdict on dev",
                str(self.work.task.folder),
                f"look at it with: pytest suites/{self.name} --candidate {subject}",
            )
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
                f"see: pytest suites/{self.name} --candidate {subject} --split golden",
            )
        on_dev = run_suite(self.work.project, self.name, subject, "dev", silent=True)
        write_replay(
            answers_folder(self.work.project, self.name, result.look.name),
            self.work.task,
            self.work.split("train").fingerprint,
            result.look.name,
            [*result.evidence(), *on_dev.evidence()],
        )
        looks = [*self.run.read().get("looks", []), result.look.name]
        self.run.update(looks=list(dict.fromkeys(looks)))
        write_json(
            self.run.folder / "look.json",
            {
                "subject": subject,
                "passed": result.passed,
                # Verdicts alone: which examples of golden went wrong is nothing that training may read.
                "records": [_told(r) for r in result.records],
                "look": {"number": result.look.number, "level": result.look.level, "name": result.look.name},
            },
        )
        return bool(result.passed)

    def explain(self, outcome: Outcome, budget: Budget) -> Ending:
        """Why the best attempt does not pass, from dev and train."""
        best, curve = outcome.best, []
        if budget.curve:
            left = budget.seconds - sum(a.seconds for a in outcome.attempts)
            curve = learning_curve(
                self.work, outcome.attempts[0], self.run.folder / "curve", left, self._on_part, self.subject
            )
        records = [GateRecord.from_json(r) for r in read_json(self.run.attempt(best.k) / "verdicts.json")]
        coming = level(len(read_looks(self.work.ledger)) + 1, self.work.task.error)
        return explain(records, best, self._on_golden, coming, self.facts(best.recipe), curve)

    def _on_golden(self, gate: GateRecord) -> int:
        """How many examples of golden a gate is on."""
        task, golden = self.work.task, self.work.split("golden")
        strata = read_novelty(task.data).strata if names_strata(task) else {}
        return round(share_of_golden(gate, self.work.split("dev"), golden, strata) * len(golden))

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


def _subject(work: Work, adapter: Path) -> str:
    return f"adapter:{adapter.resolve().relative_to(work.project.root.resolve())}"


def _watch(work: Work) -> Watch:
    """How an epoch's adapter answers dev: scored as an attempt is, from the same cache."""
    task, dev, metric = work.task, work.split("dev"), deciding_metrics(work.task)[0]

    def score(folder: Path) -> float:
        name = _subject(work, folder)
        answers = collect(
            parse_subject(name, task, work.project), dev.examples, cache=answer_cache(work.project, "dev")
        ).answers
        return Scored(name, Scores(Context(task, work.project.cache), dev, answers)).measure(metric).value

    return Watch(metric, digest({"dev": dev.fingerprint, "suite": suite_digest(task, scorer_versions(task))}), score)


def train_shown(
    work: Work, model: ModelRef, recipe: Recipe, out: Path, continue_from: Path | None, seconds: float = math.inf
) -> TrainingResult:
    """An adapter, with loss, speed and time left on the screen while it is trained. seconds: after which a trainer that
    is a program is ended.
    """
    split = work.split("train")
    if recipe.trainer == "command":
        with work.screen.step(f"attempt {out.name}: {recipe.command[0]}", "a program of yours trains"):
            return train_by_command(model, work.task, split, recipe, out, continue_from, seconds=seconds)
    what = f"attempt {out.name}" if out.parent.name == "attempts" else f"{out.parent.name} {out.name}"
    learned = learned_from(split, recipe)
    of_all = f" of {len(split)}" if len(learned) < len(split) else ""
    title = f"{what}: LoRA, {recipe.epochs} epochs over {len(learned)}{of_all} examples"
    seen = len(learned) + sum(recipe.focus in e.tags for e in learned)
    with work.screen.step(title, "the model learns the task", recipe.steps(seen)) as advance:

        def told(p: Progress) -> None:
            advance(p.step, f"loss {p.loss:.3f}  {p.tokens_per_second:.0f} tokens/s")

        tracking = Tracking(work.trackers, out.parents[1] / "tracking", f"attempt-{out.name}")
        result = train_adapter(
            model, work.task, split, recipe, out, told, continue_from, work.split("dev"), tracking, _watch(work)
        )
    row = [marked(result.sample)] if result.sample and out.name == "1" else []
    for line in (*result.setbacks, *result.notes, *row):
        work.screen.say(f"  {line if len(line) <= _SHOWN else line[:_SHOWN] + ' ...'}")
    return result
