"""The facts of a model card, gathered from champion, run and data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from goldgate.jobs.workspace import Workspace
from goldgate.measures import Verdict
from goldgate.models.adapter import Adapter, read_adapter
from goldgate.models.embedded import licence_of, model_digest, public_name
from goldgate.runs.folder import Run
from goldgate.subjects import Subject
from goldgate.task.examples import Example, read_card
from goldgate.task.subject_name import SubjectName
from goldgate_reports.card import Shipped, model_card
from goldgate_trainers.lora.batches import strategy_for


def adapter_of(work: Workspace, subject: str) -> Adapter | None:
    """The adapter that a subject's name says; None for a subject without one. Raises UserError where it is gone."""
    name = SubjectName.parse(subject)
    if name.kind != "adapter":
        return None
    folder = Path(name.folder)
    return read_adapter(folder if folder.is_absolute() else work.project.root / folder)


def describe(
    work: Workspace,
    subject: Subject,
    adapter: Adapter | None,
    run: str,
    prompted: str,
    verdicts: Sequence[Verdict],
    forced: str | None,
    promoted: str,
) -> Shipped:
    """What the card says first. promoted: the day, "" for a model that is not promoted."""
    task = work.task
    ask = [] if adapter is None else strategy_for(task, adapter.prompt).messages(Example("card", "{input}", ""))
    return Shipped(
        task.name,
        task.kind,
        public_name(task.model),
        model_digest(work.project.cache, task.model),
        licence_of(task.model),
        subject.identity,
        adapter.digest if adapter else "none",
        run,
        prompted,
        verdicts,
        forced,
        promoted,
        ask,
        task.template,
        task.decoding.model_dump(mode="json"),
    )


def card_of_run(shipped: Shipped, work: Workspace, run: Run | None, *, hub: bool = False) -> str:
    """The model card, with the recipe and golden's numbers where the run's folder is there."""
    data = read_card(work.project.golden(work.task.name))
    if run is None:
        return model_card(shipped, data, None, None, hub=hub)
    return model_card(shipped, data, run.read(), run.golden(), hub=hub)
