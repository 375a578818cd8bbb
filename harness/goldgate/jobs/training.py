"""The work of one run of `goldgate train`: trains attempts, judges them on dev, and takes looks at golden."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from goldgate.answers.replay import SuiteAnswers, write_replay
from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.gates import (
    GateRecord,
    chance_as_chosen,
    chance_of_other_verdict,
    chance_of_passing,
    effects_of,
    share_of_golden,
)
from goldgate.jobs.comparison import references
from goldgate.jobs.curve import learning_curve
from goldgate.jobs.run_suite import run_suite
from goldgate.jobs.workspace import Workspace
from goldgate.ledger import level, named_variations, names_strata, suite_digest
from goldgate.models.embedded import ModelRef
from goldgate.runs.folder import Run, answers_folder
from goldgate.runs.golden import EffectRow, GateRow, LookFacts, LookRecord
from goldgate.runs.record import Looked
from goldgate.scored.baselines import deciding_metrics
from goldgate.scored.scored import Scored
from goldgate.scorers import scorer_versions
from goldgate.task.clusters import clusters_of
from goldgate.task.strata import read_novelty
from goldgate.task.subject_name import SubjectName
from goldgate_trainers import (
    Attempt,
    Budget,
    DevResult,
    Ending,
    Ladder,
    Outcome,
    Plan,
    Progress,
    Recipe,
    TimeLimit,
    Tracking,
    TrainFacts,
    TrainingResult,
    Watch,
    explain,
    marked,
    strategy_for,
    train_adapter,
    train_by_command,
)

_SHOWN = 400  # characters of a note on the screen; attempt.json has the full text
_TAGGED = 5  # with fewer dev examples of a tag, its score means nothing


@dataclass
class Training:
    """One run.

    Attributes:
        work: The task's workspace.
        run: Where the run is recorded.
        model: The base model.
        quick: Whether it is the demo's run.
        prompted: Name of the best prompting baseline.
    """

    work: Workspace
    run: Run
    model: ModelRef
    quick: bool
    prompted: str

    @property
    def name(self) -> str:
        return self.work.task.name

    def subject(self, adapter: Path) -> str:
        """Returns the adapter's subject name, with its path relative to the project."""
        return _subject(self.work, adapter)

    @property
    def judging(self) -> float:
        """Expected seconds for an adapter to answer dev: as many as the best prompting baseline took."""
        return sum(a.seconds for a in self.work.scored(self.prompted, "dev").answers.values())

    def train(self, recipe: Recipe, out: Path, continue_from: Path | None, limit: TimeLimit) -> TrainingResult:
        """Trains one attempt.

        Args:
            recipe: How to train.
            out: The attempt's folder.
            continue_from: Adapter to continue from; None to begin at the base model.
            limit: The time that training may take.

        Returns:
            The adapter and how its training went.
        """
        return train_shown(self.work, self.model, recipe, out, continue_from, limit)

    def judge(self, adapter: Path, number: int) -> DevResult:
        """Runs the suite on dev, and estimates the chance of passing golden at the level of the next look.

        Args:
            adapter: The attempt's adapter.
            number: The attempt's number.

        Returns:
            The scores, the chance and the gates that fail on dev.

        Raises:
            UserError: The suite recorded no verdict.
        """
        subject = self.subject(adapter)
        scored = self.work.scored(subject, "dev", "how good the attempt is, on dev")
        result = run_suite(self.work.project, self.name, subject, "dev", model=self.work.task.model)
        if not result.records:
            raise UserError(
                "the suite recorded no verdict on dev",
                str(self.work.task.folder),
                f"look at it with: pytest suites/{self.name} --candidate {subject}",
            )
        write_json(self.run.attempt(number) / "verdicts.json", [r.to_json() for r in result.records])
        with self.work.progress.step("chance of passing golden", "is a look at golden worth it yet?"):
            chance = chance_of_passing(result.records, len(self.work.split("golden")), self._coming)
        self.work.progress.say(f"  attempt {number}: chance of passing golden {chance:.0%}")
        failing = [r.verdict.gate for r in result.records if r.verdict.outcome != "pass"]
        if not failing and not result.passed:
            failing = list(result.gaps) or ["a test without a gate"]
        metric = deciding_metrics(self.work.task)[0]
        tags = [t for t, count in self.work.split("dev").tag_counts().items() if count >= _TAGGED]
        by_tag = {t: round(scored.on(t).measure(metric).value, 5) for t in tags}
        return DevResult(chance, self.work.estimates(scored), failing, metric, by_tag)

    def chance(self, best: Attempt, done: Sequence[Attempt]) -> float:
        """Corrects an attempt's chance of passing golden for having been chosen by dev among all attempts.

        Args:
            best: The attempt.
            done: All attempts so far, with this one.

        Returns:
            The chance; that of the attempt alone if there is no other.
        """
        others = [self._records(a) for a in done if a.k != best.k]
        if not others:
            return best.dev.chance
        chance = chance_as_chosen(self._records(best), others, len(self.work.split("golden")), self._coming)
        if round(chance, 2) < round(best.dev.chance, 2):
            self.work.progress.say(f"  attempt {best.k}, as the best of {len(done)} on dev: {chance:.0%}")
        return min(chance, best.dev.chance)

    def _records(self, attempt: Attempt) -> list[GateRecord]:
        return [GateRecord.from_json(r) for r in read_json(self.run.attempt(attempt.k) / "verdicts.json")]

    @property
    def _coming(self) -> float:
        """The level of the next look."""
        return level(len(self.work.looks()) + 1, self.work.task.error)

    def look(self, adapter: Path) -> bool:
        """Takes a look: runs the suite on golden. The training loop learns nothing but whether it passed.

        Args:
            adapter: The attempt's adapter.

        Returns:
            Whether the suite passed.

        Raises:
            UserError: The suite did not run as a whole.
        """
        subject = self.subject(adapter)
        # Answers are collected here to show progress; no score is computed before the suite has recorded its look.
        on_dev = run_suite(self.work.project, self.name, subject, "dev")
        for prompt in dict.fromkeys([self.prompted, *_prompts(on_dev.evidence())]):
            self.work.scored(prompt, "golden", "the examples that decide, by prompting alone")
        self.work.scored(subject, "golden", "the examples that decide; training never sees them")
        for reference, why in references(self.work.task).items():
            self.work.scored(reference, "golden", why)
        with self.work.progress.step(f"pytest suites/{self.name}", "the acceptance gate"):
            result = run_suite(self.work.project, self.name, subject, "golden")
        self.work.progress.say(result.output.rstrip())
        if result.look is None or not result.complete:
            raise UserError(
                "the suite did not run as a whole on golden" + "".join(f"; {gap}" for gap in result.gaps),
                str(self.work.task.folder),
                f"see: pytest suites/{self.name} --candidate {subject} --split golden",
            )
        write_replay(
            answers_folder(self.work.project, self.name, result.look.name),
            self.work.task,
            self.work.split("train").fingerprint,
            result.look.name,
            [*result.evidence(), *on_dev.evidence()],
        )
        self.run.update(Looked(looks=tuple(dict.fromkeys([*self.run.read().looks, result.look.name]))))
        looked = LookRecord(
            subject=subject,
            passed=result.passed,
            # Verdicts only: training must not learn which golden examples went wrong.
            records=tuple(_told(r) for r in result.records),
            effects=self._effects(result.records),
            look=LookFacts(number=result.look.number, level=result.look.level, name=result.look.name),
        )
        write_json(self.run.folder / "look.json", looked.to_json())
        return bool(result.passed)

    def explain(self, outcome: Outcome, budget: Budget) -> Ending:
        """Explains from dev and train why the best attempt does not pass.

        Args:
            outcome: The result of the attempts.
            budget: The budget, which says whether there is time for a learning curve.

        Returns:
            The explanation.
        """
        best, curve = outcome.best, []
        if budget.curve:
            left = budget.seconds - sum(a.seconds for a in outcome.attempts)
            on_part = partial(self._on_part, limit=TimeLimit(time.monotonic() + left, self.judging))
            curve = learning_curve(
                self.work, outcome.attempts[0], self.run.folder / "curve", left, on_part, self.subject
            )
        return explain(self._records(best), best, self._on_golden, self._coming, self.facts(best.recipe), curve)

    def _effects(self, records: Sequence[GateRecord]) -> tuple[EffectRow, ...]:
        """What clusters of golden's examples do to the verdicts."""
        found = clusters_of(self.work.split("golden"), self.work.task.strata)
        return tuple(EffectRow(**asdict(e)) for e in effects_of(records, found, deciding_metrics(self.work.task)))

    def _on_golden(self, gate: GateRecord) -> int:
        """Number of golden examples that a gate applies to."""
        task, golden = self.work.task, self.work.split("golden")
        strata = read_novelty(task.data).strata if names_strata(task) else {}
        return round(share_of_golden(gate, self.work.split("dev"), golden, strata) * len(golden))

    def _on_part(self, work: Workspace, recipe: Recipe, out: Path, limit: TimeLimit) -> TrainingResult:
        return train_shown(work, self.model, recipe, out, None, limit)

    def facts(self, recipe: Recipe) -> TrainFacts:
        task = self.work.task
        return TrainFacts.of(self.work.split("train"), strategy_for(task, recipe.prompt), named_variations(task))


@dataclass(frozen=True)
class Mode:
    """How a run chooses its attempts.

    Attributes:
        key: Distinguishes the run from runs in other modes.
        plan: Makes the plan once the run is open.
    """

    key: tuple[str, ...] = ()
    plan: Callable[[Training, Recipe], Plan] = lambda training, recipe: Ladder(training.facts(recipe))


def _prompts(evidence: Sequence[SuiteAnswers]) -> list[str]:
    """The prompts that a suite compared with on dev: for each metric of its gates the best one."""
    roles = [(role, name) for part in evidence for role, (name, _) in part.roles.items()]
    return [name for role, name in roles if role.partition(".")[0] == "prompted"]


def _told(gate: GateRecord) -> GateRow:
    return GateRow(item=gate.item, verdict=gate.verdict, flips=chance_of_other_verdict(gate))


def _subject(work: Workspace, adapter: Path) -> str:
    return str(SubjectName("adapter", folder=str(adapter.resolve().relative_to(work.project.root.resolve()))))


def _watch(work: Workspace) -> Watch:
    """Scores the adapter of an epoch on dev, in the same way and workspace as an attempt."""
    task, dev, metric = work.task, work.split("dev"), deciding_metrics(work.task)[0]

    def score(folder: Path) -> float:
        subject = work.made(_subject(work, folder))
        return Scored(subject.name, work.scores(subject, dev)).measure(metric).value

    return Watch(metric, digest({"dev": dev.fingerprint, "suite": suite_digest(task, scorer_versions(task))}), score)


def train_shown(
    work: Workspace,
    model: ModelRef,
    recipe: Recipe,
    out: Path,
    continue_from: Path | None,
    limit: TimeLimit | None = None,
) -> TrainingResult:
    """Trains an adapter, and reports loss and speed while it does.

    Args:
        work: The task's workspace, whose train split is used.
        model: The base model.
        recipe: How to train.
        out: The adapter's folder.
        continue_from: Adapter to continue from; None to begin at the base model.
        limit: The time that training may take; an external program is terminated after it. None for no limit.

    Returns:
        The adapter and how its training went.
    """
    split, given = work.learned, len(work.split("train"))
    if recipe.trainer == "command":
        seconds = math.inf if limit is None else limit.left
        with work.progress.step(f"attempt {out.name}: {recipe.command[0]}", "your program trains"):
            if limit is not None:
                work.progress.say(f"  the budget ends the program after {max(0, seconds) / 60:.3g} min")
            return train_by_command(model, work.task, split, recipe, out, continue_from, seconds=seconds)
    what = f"attempt {out.name}" if out.parent.name == "attempts" else f"{out.parent.name} {out.name}"
    passes = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
    copies = f" and {len(split) - given} perturbed copies" if len(split) > given else ""
    title = f"{what}: LoRA, {passes} over {given} examples{copies}"
    seen = len(split) + sum(recipe.focus in e.tags for e in split)
    with work.progress.step(title, "the model learns the task", recipe.steps(seen)) as advance:

        def told(p: Progress) -> None:
            advance(p.step, f"loss {p.loss:.3f}  {p.tokens_per_second:.0f} tokens/s")

        tracking = Tracking(work.trackers, out.parents[1] / "tracking", f"attempt-{out.name}")
        result = train_adapter(
            model,
            work.task,
            split,
            recipe,
            out,
            told,
            continue_from,
            work.split("dev"),
            tracking,
            _watch(work),
            limit,
            lambda line: work.progress.say(f"  {line}"),
        )
    row = [marked(result.sample)] if result.sample and out.name == "1" else []
    for line in (*result.setbacks, *result.notes, *row):
        work.progress.say(f"  {line if len(line) <= _SHOWN else line[:_SHOWN] + ' ...'}")
    return result
