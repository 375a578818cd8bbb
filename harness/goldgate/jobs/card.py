"""Gathers the facts of a model card from the champion, the run and the data."""

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
    """Reads the adapter that a subject's name refers to.

    Args:
        work: The task's workspace.
        subject: The subject's name.

    Returns:
        The adapter; None if the subject has none.

    Raises:
        UserError: The adapter is missing or cannot be read.
    """
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
    """Collects the facts at the top of a model card.

    Args:
        work: The task's workspace.
        subject: The model that the card describes.
        adapter: Its adapter, if any.
        run: Id of the run that trained it.
        prompted: Name of the best prompting baseline.
        verdicts: Verdicts of the suite on golden.
        forced: Reason for a forced promotion, if it was forced.
        promoted: Date of the promotion; "" for a model that is not promoted.

    Returns:
        The facts.
    """
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
    """Renders the model card, including the recipe and the golden results if the run's folder is available.

    Args:
        shipped: The facts from `describe`.
        work: The task's workspace.
        run: The run; None if its folder is not available.
        hub: Whether the card is for a model hub.

    Returns:
        The card as Markdown.
    """
    data = read_card(work.project.golden(work.task.name))
    if run is None:
        return model_card(shipped, data, None, None, hub=hub)
    return model_card(shipped, data, run.read(), run.golden(), hub=hub)
