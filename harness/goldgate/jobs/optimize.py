"""Searches the prompts of `optimized:N` that have not been searched yet, on train alone, and writes the winners."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from goldgate.answers.cache import answer_cache
from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.jobs.workspace import Workspace
from goldgate.optimize.board import Board, Marked
from goldgate.optimize.candidate import Candidate, Parts
from goldgate.optimize.race import VERSION, Found, search
from goldgate.optimize.reflection import optimizer, propose
from goldgate.optimize.reflection_model import ReflectionModel
from goldgate.prompts import Fixed, optimized_count
from goldgate.prompts.strategy import system_texts
from goldgate.prompts.winner import Budget, Course, Spent, Winner, read_winner, searched_for, winner_path, write_winner
from goldgate.runs.optimized import OptimizedFacts, ShotFacts
from goldgate.scored.baselines import deciding_metrics, declared_baselines
from goldgate.subjects.local import LocalSubject
from goldgate.subjects.remote import RemoteSubject
from goldgate.task.examples import Example, Split, render_output
from goldgate.task.subject_name import SubjectName

FORMAT = 1
"""Version of the file's format."""
LEAST = 20
"""The fewest answers of a search, however short its time: the least of task.yaml's `optimize.calls`."""


@dataclass(frozen=True)
class Allowance:
    """How much a search may use.

    Attributes:
        calls: The most answers; None if only the time counts.
        minutes: Its time; None if only the answers count.
        because: Where the budget comes from, in words.
    """

    calls: int | None
    minutes: float | None
    because: str

    def answers(self, seconds: float) -> int:
        """Returns the most answers, given the seconds that one takes."""
        timed = None if self.minutes is None else max(LEAST, int(60 * self.minutes / max(seconds, 1e-6)))
        return min(n for n in (self.calls, timed) if n is not None)

    def __str__(self) -> str:
        calls = None if self.calls is None else f"{self.calls:,} answers"
        minutes = None if self.minutes is None else f"{self.minutes:.3g} min"
        return " or ".join(filter(None, (calls, minutes)))


def search_missing(work: Workspace, names: Iterable[SubjectName], training: Callable[[], Allowance]) -> None:
    """Searches the prompts of those subjects whose prompt has not been searched yet.

    Args:
        work: The task's workspace. Of its splits, the search gets train alone.
        names: Subjects, of any kind.
        training: Returns what training is expected to get; asked for if task.yaml names no budget.

    Raises:
        UserError: A subject does not answer, its search has no budget, or train is too small.
    """
    asked = [name for name in names if name.kind in ("base", "endpoint")]
    for plain in dict.fromkeys(name.plain for name in asked):
        count = optimized_count(plain.strategy)
        if count is None:
            continue
        model = plain.endpoint or work.task.model
        if not winner_path(work.task, count, model).is_file():
            forms = [n for n in (*declared_baselines(work.task), *asked) if n.plain == plain]
            # Only where no plain form is asked for does the search constrain answers: the two share one prompt.
            name = plain.held if all(n.constrained for n in forms) else plain
            _search(work, name, model, count, _allowance(work, name, training))


def optimized_facts(work: Workspace, names: Iterable[str]) -> dict[str, OptimizedFacts]:
    """Returns what a run records about the optimised prompts among some subjects.

    Args:
        work: The task's workspace.
        names: Names of subjects.

    Returns:
        Name of each plain subject with an optimised prompt → how it was searched, and what it says.

    Raises:
        UserError: The file of such a prompt cannot be read.
    """
    plain = dict.fromkeys(SubjectName.parse(name).plain for name in names)
    found = {}
    for name in plain:
        if name.kind in ("base", "endpoint") and (count := optimized_count(name.strategy)) is not None:
            path = winner_path(work.task, count, name.endpoint or work.task.model)
            found[str(name)] = _facts(path.name, read_winner(path), work.split("train"))
    return found


def _facts(file: str, winner: Winner, train: Split) -> OptimizedFacts:
    course, shown = winner.course, [train.by_id[shot.id] for shot in winner.shots]
    return OptimizedFacts(
        file=file,
        digest=winner.digest,
        optimizer=course.optimizer,
        reflection=course.reflection,
        budget=course.budget.calls,
        budget_minutes=course.budget.minutes,
        because=course.budget.because,
        calls=course.spent.calls,
        seconds=course.spent.seconds,
        reflections=course.spent.reflections,
        reflection_seconds=course.spent.reflection_seconds,
        candidates=course.candidates,
        examples=course.examples,
        scores=dict(course.scores),
        first=dict(course.first),
        system=winner.system,
        shots=tuple(ShotFacts(id=e.id, input=e.text, output=render_output(e.output)) for e in shown),
    )


def _allowance(work: Workspace, name: SubjectName, training: Callable[[], Allowance]) -> Allowance:
    asked = work.task.optimize
    if asked.calls is not None or asked.minutes is not None:
        return Allowance(asked.calls, asked.minutes, "task.yaml's optimize")
    if name.endpoint:
        raise UserError(
            f"a search asks {name.endpoint} many questions, which may cost money",
            f'{work.task.folder / "task.yaml"}, field "optimize"',
            "say how many: optimize: {calls: 500}",
        )
    return training()


def _search(work: Workspace, name: SubjectName, model: str, count: int, allowance: Allowance) -> None:
    """Searches a prompt, and writes the winner beside the task's data."""
    task, train, progress = work.task, work.split("train"), work.progress
    seed, texts, reflection = task.optimize.seed, system_texts(task), _reflection_model(work)
    plain = work.made(str(replace(name, strategy="zero_shot")))
    assert isinstance(plain, LocalSubject | RemoteSubject)  # the kinds that search_missing lets through
    progress.say(f"{name}: the prompt is searched on train, within {allowance}: {allowance.because}")
    done, note = 0, ""
    with progress.step(f"search the prompt of {name}", "the strongest opponent that needs no training") as advance:

        def allowed(seconds: float) -> int:
            calls = allowance.answers(seconds)
            told(f"{calls:,} answers, at {seconds:.2f} s each")
            return calls

        def told(line: str) -> None:
            nonlocal note
            note = line
            advance(done, note)

        def ask(candidate: Candidate, examples: Sequence[Example]) -> Sequence[Marked]:
            nonlocal done
            marked = _asked(work, plain, name, candidate, examples)
            done += len(marked)
            advance(done, note)
            return marked

        def write(board: Board, parts: Parts, calls: int) -> Sequence[str]:
            return () if reflection is None else propose(board, parts, texts, calls, seed, reflection)

        found = search(train, count, texts, seed, ask, allowed, told, write)
    path = winner_path(task, count, model)
    weights = plain.who.model if isinstance(plain, LocalSubject) else None
    write_winner(
        path,
        {
            "version": FORMAT,
            "shots_asked": count,
            "system": found.winner.system,
            "shots": [{"id": shot.id, "digest": shot.digest} for shot in found.winner.shots],
            "searched": searched_for(task, model, weights, train.fingerprint).model_dump(),
            "course": _course(work, allowance, found, reflection).model_dump(),
        },
    )
    progress.say(
        f"  {name}: {deciding_metrics(task)[0]} {found.scores[0]:.3f} on {found.examples} examples of train"
        f" (few_shot:{count}: {found.first[0]:.3f}), the best of {found.candidates} prompts after {found.calls:,}"
        f" answers in {found.seconds / 60:.1f} min; commit {path} with the data"
    )


def _reflection_model(work: Workspace) -> ReflectionModel | None:
    """Returns the model that proposes instructions, if task.yaml names one. Raises UserError without the library."""
    name = work.task.optimize.reflection
    if name is None:
        return None
    require("gepa")  # before any question is asked
    return ReflectionModel(name, work.task, answer_cache(work.project, "train"))


def _asked(
    work: Workspace,
    plain: LocalSubject | RemoteSubject,
    name: SubjectName,
    candidate: Candidate,
    examples: Sequence[Example],
) -> list[Marked]:
    """Lets a candidate answer, and scores the answers by the deciding metrics. A missing answer counts as 0."""
    prompt = Fixed(name.strategy, candidate.system, candidate.shots)
    subject: LocalSubject | RemoteSubject
    if isinstance(plain, LocalSubject):
        subject = LocalSubject(replace(plain.who, name=str(name), strategy=prompt))
    else:
        subject = replace(plain, at=name, strategy=prompt)
    scores = work.scores(subject, Split("train", tuple(examples)))
    lost = [a.error for a in scores.answers.values() if a.passing]
    if lost:
        raise UserError(
            f"{len(lost)} of {len(examples)} answers are missing, so prompts cannot be compared; the first: {lost[0]}",
            str(name),
            "remove the cause and run again: the answers so far are kept",
        )
    metrics = deciding_metrics(work.task)
    columns = [scores.values(metric) for metric in metrics]
    reasons = scores.reasons(metrics[0])
    return [
        Marked(tuple(c[e.id] or 0.0 for c in columns), answer.seconds, answer.text or "", reasons.get(e.id, ""))
        for e in examples
        for answer in [scores.answers[e.id]]
    ]


def _course(work: Workspace, allowance: Allowance, found: Found, reflection: ReflectionModel | None) -> Course:
    """How a search went, for its file."""
    metrics = deciding_metrics(work.task)
    helped = Spent(calls=found.calls, seconds=round(found.seconds, 1))
    if reflection is not None:
        more = {"reflections": reflection.calls, "reflection_seconds": round(reflection.seconds, 1)}
        helped = helped.model_copy(update=more)
    return Course(
        optimizer=f"goldgate race {VERSION}" + ("" if reflection is None else f", {optimizer()}"),
        reflection=None if reflection is None else reflection.name,
        seed=work.task.optimize.seed,
        budget=Budget(calls=found.budget, minutes=allowance.minutes, because=allowance.because),
        spent=helped,
        candidates=found.candidates,
        examples=found.examples,
        scores={m: round(v, 5) for m, v in zip(metrics, found.scores, strict=True)},
        first={m: round(v, 5) for m, v in zip(metrics, found.first, strict=True)},
    )
