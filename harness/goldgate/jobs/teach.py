"""`goldgate prepare --teacher`: a model gives outputs to bare inputs, and only those that hold are trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest
from goldgate.data.account import Account, Refused
from goldgate.data.add import add_read
from goldgate.data.apart import without_golden
from goldgate.data.cleaning.clean import clean_rows
from goldgate.data.closeness import FindPairs
from goldgate.data.folder import changed_folder
from goldgate.data.inputs import read_inputs
from goldgate.data.mask import folded
from goldgate.data.personal import check_secrets, find_in_rows
from goldgate.data.placed import rows_of
from goldgate.data.rejects import REJECTS, write_rejects
from goldgate.data.rewrite import Rewritten
from goldgate.data.row import Row
from goldgate.data.teaching import AGREE, AGREEMENT, TEACHER, Doubt, Judged, judge, write_doubts
from goldgate.data.teaching import FILE as DOUBTS
from goldgate.jobs.before_asking import say_cost, whole_name
from goldgate.jobs.progress import Progress, once_it_takes_long
from goldgate.jobs.workspace import Workspace, counting
from goldgate.ledger import locked
from goldgate.models.embedder import embed
from goldgate.subjects import Answer, Subject, parse_subject
from goldgate.subjects.remote import took_no_temperature
from goldgate.task.examples import SPLITS, Example, Split, load_split, render_output
from goldgate.task.project import Project
from goldgate.task.subject_name import kind_of
from goldgate.task.task import Task

SAMPLES = 5
FEWEST = 3  # samples: of two, one that differs decides nothing
MOST = 20
TEMPERATURE = 0.7
"""The temperature of a teacher's answers where the task's own is 0: then all of them would be the same answer."""
DOUBTFUL = "the teacher is in doubt (doubts.jsonl)"
_KNOWN = "the input of an example"


def teach_rows(
    project: Project,
    task: Task,
    source: Path,
    column: str,
    teacher: str,
    samples: int,
    find_pairs: FindPairs | None,
    progress: Progress,
) -> Rewritten:
    """Asks a teacher for outputs and adds those that hold to train; the others wait for a person in doubts.jsonl.

    Answers are kept as they come, so that the same command asks only for what is missing. Dev and golden get none.

    Args:
        project: The project.
        task: The task.
        source: The file of inputs.
        column: Its column.
        teacher: Name of the subject; an endpoint's may come without a strategy.
        samples: How often each input is asked, FEWEST to MOST.
        find_pairs: Finds inputs that embeddings find alike; None not to look for them.
        progress: Receives the progress.

    Returns:
        How many examples train got, with the account of the rows.

    Raises:
        UserError: The splits are broken, or the number of samples is out of range.
        Refused: The file is broken, holds secrets or has nothing new, or the teacher cannot be asked; the error has the
            account of its rows.
    """
    if not FEWEST <= samples <= MOST:
        raise UserError(f"must be {FEWEST} to {MOST}, not {samples}", "--samples", f"leave it out for {SAMPLES}")
    before = {name: load_split(project, task.name, name) for name in SPLITS}
    account = Account(step=once_it_takes_long(progress))
    try:
        subject, asked = _teacher(project, task, teacher, account)
        rows = _to_ask(project, task, before, source, column, find_pairs, account)
        examples = [_as_example(row) for row in rows]
        answers = _ask(project, asked, subject, examples, samples, before["train"], progress)
        return _add(project, task, before, rows, answers, subject, source, find_pairs, account)
    except UserError as error:
        raise Refused(error, account) from error


def _teacher(project: Project, task: Task, text: str, account: Account) -> tuple[Subject, Task]:
    """The subject, and the task as it is asked: at a temperature at which answers differ."""
    name, decisions = whole_name(text, task)
    for one in decisions:
        account.decide(one.what, one.value, one.reason, "--teacher openai:MODEL@URL+STRATEGY")
    asked = task
    if not task.decoding.temperature:
        reason = "so that the answers to one input can differ; task.yaml has 0"
        account.decide("temperature of the teacher", f"{TEMPERATURE:g}", reason, "decoding.temperature in task.yaml")
        asked = replace(task, decoding=task.decoding.model_copy(update={"temperature": TEMPERATURE}))
    subject = parse_subject(name, asked, project)
    if subject.sampled(1).identity == subject.sampled(2).identity:
        hint = "name a model with a prompt, such as openai:MODEL@URL+few_shot:8"
        raise UserError(f"{name} says the same every time, so it cannot agree with itself", "--teacher", hint)
    return subject, asked


def _to_ask(
    project: Project,
    task: Task,
    before: Mapping[str, Split],
    source: Path,
    column: str,
    find_pairs: FindPairs | None,
    account: Account,
) -> list[Row]:
    """The inputs that no example has and that golden is not near to, clean and without secrets."""
    folder = project.golden(task.name)
    rows = clean_rows(read_inputs(source, column, account), "text").rows
    remedy = "take them out of the file before anybody is asked"
    check_secrets(find_in_rows((row.place, row) for row in rows), remedy)
    known = {folded(e.text): e.id for name in SPLITS for e in before[name]}
    fresh = []
    for row in rows:
        if (there := known.get(folded(row.text))) is None:
            fresh.append(row)
        else:
            account.set_aside(row.place, _KNOWN, f"as {there}")
    golden = rows_of(folder, before["golden"])
    texts = [row.text for row in fresh]
    # What was compared is told when the rows are added.
    pairs = () if find_pairs is None else find_pairs(texts, [[row.text for row in golden]], Account())
    left = without_golden(golden, fresh, account, "text", pairs).rows
    if not left:
        raise UserError("no input is new", str(source), "see above what became of each")
    return left


def _as_example(row: Row) -> Example:
    return Example(f"asked-{digest([row.text])[:12]}", row.input, "")


def _ask(
    project: Project,
    task: Task,
    subject: Subject,
    examples: Sequence[Example],
    samples: int,
    train: Split,
    progress: Progress,
) -> list[list[Answer]]:
    """The answers to each example, one of every sample."""
    typical = sorted((e.output for e in train), key=lambda output: len(render_output(output)))[len(train) // 2]
    say_cost(task, subject, [replace(e, output=typical) for e in examples], progress, samples)
    work, asked = Workspace(project, task, progress), Split("train", tuple(examples))
    found: list[list[Answer]] = [[] for _ in examples]
    for sample in range(1, samples + 1):
        title, why = f"{subject.name} answers, {sample} of {samples}", "only what it repeats is trained on"
        with progress.step(title, why, len(examples)) as advance:
            answers = work.answering.answers(subject.sampled(sample), asked, counting(advance))
        for mine, example in zip(found, examples, strict=True):
            mine.append(answers[example.id])
    return found


def _add(
    project: Project,
    task: Task,
    before: Mapping[str, Split],
    rows: Sequence[Row],
    answers: Sequence[Sequence[Answer]],
    subject: Subject,
    source: Path,
    find_pairs: FindPairs | None,
    account: Account,
) -> Rewritten:
    folder = project.golden(task.name)
    judged = [_judged(project, task, mine) for mine in answers]
    account.remarks += _remarks(subject, answers)
    good, doubts = [], []
    for row, one in zip(rows, judged, strict=True):
        if one.fault:
            doubts.append(Doubt(row.input, one.output, one.fault, subject.name, str(row.place)))
            account.set_aside(row.place, DOUBTFUL, one.fault)
        else:
            notes: dict[str, Any] = {TEACHER: subject.name, AGREEMENT: one.agreement}
            good.append(replace(row, output=one.output, meta=notes))
    told = [f"{subject.name} gave {len(good)} outputs that are right by every rule and that at least {AGREE:.0%} of its"
            f" answers agree on; {len(doubts)} wait for a person"]  # fmt: skip
    if doubts:
        told.append(f"  to decide on them: goldgate review {task.name} --to review.xlsx")
    if good:
        made = add_read(folder, task, before, good, source, account, find_pairs, True, doubts)
        return replace(made, lines=(*told, *made.lines))
    with locked(folder / "looks"), changed_folder(folder) as part:
        write_doubts(part / DOUBTS, doubts)
        write_rejects(part / REJECTS, account, after=True)
    return Rewritten({}, tuple(told), account)


def _judged(project: Project, task: Task, answers: Sequence[Answer]) -> Judged:
    found = judge(task, answers, partial(embed, cache=project.cache))
    if not found.fault and any(map(took_no_temperature, answers)):
        return replace(found, fault="the endpoint took no temperature, so its answers are one answer several times")
    return found


def _remarks(subject: Subject, answers: Sequence[Sequence[Answer]]) -> list[str]:
    """Says so if a temperature seems to be ignored: it was taken, and yet no answer differs."""
    same = all(len({answer.text for answer in mine}) == 1 for mine in answers)
    if not same or kind_of(subject.name) != "endpoint":
        return []
    return [
        f"all answers of {subject.name} to one input were the same, word for word: it is very sure, or it ignores"
        " temperature and seed, and then their agreement means nothing; look at some of them"
    ]
