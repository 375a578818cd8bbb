"""Finding what may be served for a task: the champion, or a GGUF file of it with a parity verdict."""

from __future__ import annotations

from goldgate.base.errors import UserError
from goldgate.base.fingerprint import short
from goldgate.champion.record import Champion, load_champion
from goldgate.jobs.parity_file import read_verdict
from goldgate.jobs.workspace import Workspace
from goldgate.serve.engine import LlamaEngine, LocalEngine
from goldgate.serve.served import Served
from goldgate.subjects import serving_digest
from goldgate.subjects.gguf import SLOTS, GgufSubject
from goldgate.task.project import Project
from goldgate.task.subject_name import SubjectName
from goldgate.task.task import load_task


def find_served(
    project: Project, name: str, model: str | None = None, slots: int = SLOTS, unverified: bool = False
) -> Served:
    """Finds what is served for a task.

    Args:
        project: The project.
        name: Name of the task.
        model: gguf:FILE for an exported file; None for the champion's adapter on its base model, in this process.
        slots: How many prompts a file answers at once.
        unverified: Whether a file is served although nothing shows that it answers as what was gated.

    Returns:
        The model, whose engine is not started.

    Raises:
        UserError: Nothing is promoted, the champion or the file is not what was gated, or is not there.
    """
    task = load_task(project, name)
    champion = load_champion(project, name)
    if champion is None:
        raise UserError(f"nothing is promoted for {name}", hint=f"train it first: goldgate train {name}")
    champion.check_serving(serving_digest(champion.subject, champion.adapter.get("prompt"), task, project))
    work = Workspace(project, task)
    if model is None:
        return _champion(work, champion)
    if SubjectName.parse(model).kind != "gguf":
        raise UserError(f"{model} is not a GGUF file", "--model", "write gguf:FILE, or leave it out for the champion")
    subject = work.subject(model)
    assert isinstance(subject, GgufSubject)
    subject = subject.with_slots(slots)
    verified = _verified(champion, subject, unverified)
    return Served(task, model, subject.identity, verified, LlamaEngine(subject))


def _champion(work: Workspace, champion: Champion) -> Served:
    subject = work.subject(champion.subject)
    if subject.identity != champion.identity:
        raise UserError(
            "the adapter there is not the one that was promoted",
            champion.subject,
            "bring the champion's adapter back to where champion.json says, or promote again",
        )
    return Served(work.task, champion.subject, subject.identity, "the champion itself", LocalEngine(subject))


def _verified(champion: Champion, subject: GgufSubject, unverified: bool) -> str:
    """What shows that a file answers as the champion; empty if nothing does and that is accepted."""
    verdict = read_verdict(subject.file)
    faults = ["it has none"] if verdict is None else verdict.faults(champion.identity, subject.identity, subject.slots)
    if verdict is not None and not faults:
        return f"{verdict.form}: answers dev as {short(champion.identity)} ({verdict.asked} examples)"
    if unverified:
        return ""
    raise UserError(
        f"no parity verdict covers this file: {'; '.join(faults)}",
        str(subject.file),
        f"write it with `goldgate export {subject.task.name} --to FOLDER --format gguf`, which compares its answers; or"
        " serve it with --unverified, and every answer says so",
    )
