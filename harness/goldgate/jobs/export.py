"""`goldgate export`: writes the tuned model as a transformers folder, and checks that it answers like the gated one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.answers.parity import Parity, compare_answers
from goldgate.base.errors import UserError, near_names
from goldgate.champion.record import load_champion
from goldgate.engine.llama import build
from goldgate.jobs.card import adapter_of, card_of_run, describe
from goldgate.jobs.export_gguf import GgufExported, compare_gguf
from goldgate.jobs.parity_file import write_verdict
from goldgate.jobs.progress import Progress
from goldgate.jobs.tested import tested_candidate
from goldgate.jobs.workspace import Workspace
from goldgate.models.adapter import Adapter
from goldgate.models.embedded import ensure_model
from goldgate.models.gguf_file import Form, gguf_name
from goldgate.runs.folder import Run, find_run
from goldgate.runs.part import needed
from goldgate.subjects import serving_digest
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName
from goldgate.task.task import load_task
from goldgate_reports.card import Shipped


@dataclass(frozen=True)
class Chosen:
    """What is exported.

    Attributes:
        work: The task's workspace.
        name: Name of the subject with the adapter.
        adapter: The adapter.
        shipped: The facts of its model card.
        run: The run that trained it; None if its folder is not available.
    """

    work: Workspace
    name: str
    adapter: Adapter
    shipped: Shipped
    run: Run | None


@dataclass(frozen=True)
class Exported:
    """An exported model.

    Attributes:
        task: Name of the task.
        subject: Name of the subject with the adapter.
        folder: The folder that was written.
        known_as: Subject name of the folder.
        identity: Identity of the folder's subject.
        gated: Identity of the subject that was tested.
        parity: Comparison of their answers on dev.
        tested: Whether the subject passed golden.
        gguf: The same model as a GGUF file; None if none was asked for.
    """

    task: str
    subject: str
    folder: Path
    known_as: str
    identity: str
    gated: str
    parity: Parity
    tested: bool
    gguf: GgufExported | None = None

    @property
    def passed(self) -> bool:
        """Whether what was exported answers like the subject that was gated."""
        return self.parity.holds and (self.gguf is None or self.gguf.holds)

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {
            "task": self.task,
            "subject": self.subject,
            "folder": str(self.folder),
            "identity": self.identity,
            "parity": {"split": "dev", **self.parity.to_json()},
            **({} if self.gguf is None else {"gguf": self.gguf.to_json()}),
        }


def run_export(
    project: Project, name: str, to: Path, force: bool, progress: Progress, gguf: Form | None = None
) -> Exported:
    """Exports a task's champion or a run's candidate, then compares the answers of all forms on dev.

    Args:
        project: The project.
        name: Name of a task, for its champion, or a run's id or folder.
        to: The folder to write.
        force: Whether to replace the folder.
        progress: Receives the progress.
        gguf: The form of a GGUF file to write beside it; None for none.

    Returns:
        The exported model, with the comparison.

    Raises:
        UserError: There is nothing to export, it is not what was promoted, or the folder cannot be written.
    """
    from goldgate_trainers.lora.export import check_target, export_merged

    check_target(to, force)
    if gguf is not None:
        build()  # before the minutes that come
    chosen = (_champion if name in project.tasks() else _candidate)(project, name, progress)
    work, task = chosen.work, chosen.work.task
    base = ensure_model(project.cache, task.model)
    with progress.step("merge and write", "the adapter becomes part of the base model's weights"):
        card = card_of_run(chosen.shipped, work, chosen.run, hub=True)
        export_merged(base, chosen.adapter, task, card, to, force=force, gguf=gguf)
    exported = str(
        SubjectName("model", folder=str(to.resolve()), constrained=SubjectName.parse(chosen.name).constrained)
    )
    before = work.scored(chosen.name, "dev", "what was gated")
    after = work.scored(exported, "dev", "what ships")
    pairs = [(e, before.answers[e.id], after.answers[e.id]) for e in work.split("dev")]
    parity = compare_answers(work.subject(chosen.name), pairs, drawn=task.decoding.temperature > 0)
    file = None if gguf is None else to.resolve() / gguf_name(gguf)
    one_file = None if gguf is None or file is None else compare_gguf(work, chosen.name, before.answers, file, gguf)
    if one_file is not None:
        write_verdict(to, chosen.shipped.identity, one_file)
    verdicts = chosen.shipped.verdicts
    return Exported(
        task.name,
        chosen.name,
        to,
        exported,
        work.subject(exported).identity,
        chosen.shipped.identity,
        parity,
        bool(verdicts) and all(verdicts),
        one_file,
    )


def _champion(project: Project, name: str, progress: Progress) -> Chosen:
    task = load_task(project, name)
    champion = load_champion(project, name)
    if champion is None:
        raise UserError(f"nothing is promoted for {name}", hint=f"train it, or export a run: goldgate train {name}")
    champion.check_serving(serving_digest(champion.subject, champion.adapter.get("prompt"), task, project))
    work = Workspace(project, task, progress)
    adapter = _adapter(work, champion.subject)
    subject = work.subject(champion.subject)
    if subject.identity != champion.identity:
        raise UserError(
            "the adapter there is not the one that was promoted",
            str(adapter.folder),
            "bring the champion's adapter back to where champion.json says, or promote again",
        )
    folder = project.runs(name) / champion.run
    shipped = describe(
        work, subject, adapter, champion.run, champion.prompted, champion.verdicts, champion.forced, champion.promoted
    )
    return Chosen(work, champion.subject, adapter, shipped, Run(folder) if (folder / "run.json").is_file() else None)


def _candidate(project: Project, name: str, progress: Progress) -> Chosen:
    try:
        run = find_run(project, name)
    except UserError as error:
        raise UserError(
            f'"{name}" is neither a task nor a run', error.where, near_names(name, project.tasks())
        ) from error
    record, where = run.read(), str(run.path)
    task = needed(record.task, "task", where, "let the run finish")
    prompted = needed(record.prompted, "prompted", where, "let the run finish")
    work = Workspace(project, load_task(project, task), progress)
    candidate, golden = tested_candidate(run)
    adapter = _adapter(work, candidate)
    verdicts = () if golden is None else golden.verdicts
    shipped = describe(work, work.subject(candidate), adapter, run.id, prompted, verdicts, None, "")
    return Chosen(work, candidate, adapter, shipped, run)


def _adapter(work: Workspace, subject: str) -> Adapter:
    adapter = adapter_of(work, subject)
    if adapter is None:
        raise UserError(f"{subject} has no adapter to merge", hint="export a run of `goldgate train`")
    return adapter
