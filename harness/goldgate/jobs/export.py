"""`goldgate export`: the tuned model as one folder for transformers, and whether it answers as what was gated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldgate.answers.parity import NEAR, Parity, compare_answers
from goldgate.base.errors import UserError, near_names
from goldgate.base.fingerprint import short
from goldgate.champion.record import load_champion
from goldgate.cli.screen import Result, Screen
from goldgate.jobs.card import adapter_of, card_of_run, describe
from goldgate.jobs.tested import tested_candidate
from goldgate.jobs.workspace import Work
from goldgate.models.adapter import Adapter
from goldgate.models.embedded import ensure_model
from goldgate.runs.folder import Run, find_run
from goldgate.runs.part import needed
from goldgate.subjects import serving_digest
from goldgate.task.project import Project
from goldgate.task.task import load_task
from goldgate_reports.card import Shipped

_LISTED = 5


@dataclass(frozen=True)
class Chosen:
    """What is exported. name: of the subject with the adapter; run: its folder, None where that is not here."""

    work: Work
    name: str
    adapter: Adapter
    shipped: Shipped
    run: Run | None


def run_export(project: Project, name: str, to: Path, force: bool) -> Result:
    """Exports a task's champion or a run's candidate, then asks both forms dev and compares them answer by answer."""
    from goldgate_trainers.lora.export import check_target, export_merged

    check_target(to, force)
    chosen = _champion(project, name) if name in project.tasks() else _candidate(project, name)
    work, task = chosen.work, chosen.work.task
    base = ensure_model(project.cache, task.model)
    with work.screen.step("merge and write", "the base model with the adapter in its weights"):
        card = card_of_run(chosen.shipped, work, chosen.run, hub=True)
        export_merged(base, chosen.adapter, task, card, to, force=force)
    exported = f"model:{to.resolve()}" + ("+constrained" if chosen.name.endswith("+constrained") else "")
    before = work.scored(chosen.name, "dev", "what was gated")
    after = work.scored(exported, "dev", "what ships")
    pairs = [(e, before.answers[e.id], after.answers[e.id]) for e in work.split("dev")]
    parity = compare_answers(work.subject(chosen.name), pairs, drawn=task.decoding.temperature > 0)
    record = {
        "task": task.name,
        "subject": chosen.name,
        "folder": str(to),
        "identity": work.subject(exported).identity,
        "parity": {
            "split": "dev",
            "same": parity.same,
            "unanswered": parity.unanswered,
            "near": parity.near,
            "different": parity.different,
            "tolerance": NEAR,
            "holds": parity.holds,
        },
    }
    lines = [
        f"{chosen.name} ({short(chosen.shipped.identity)}) is exported to {to}",
        told(parity),
        *([] if all(chosen.shipped.verdicts) and chosen.shipped.verdicts else ["it has not passed golden"]),
        f"gate it as it is: pytest suites/{task.name} --candidate {exported}",
    ]
    return Result(record, "\n".join(lines), parity.holds)


def told(parity: Parity) -> str:
    """The verdict on parity, in words."""
    asked = parity.same + parity.unanswered + len(parity.near) + len(parity.different)
    parts = [
        f"{parity.same} of {asked} answers to dev are the same",
        f"{len(parity.near)} differ by a near-tie (logits within {NEAR:g})",
    ]
    parts += [f"{parity.unanswered} were not answered by either"] if parity.unanswered else []
    head = "parity holds" if parity.holds else "parity does not hold"
    if parity.different:
        listed = ", ".join(parity.different[:_LISTED])
        parts.append(
            f"{len(parity.different)} differ otherwise: {listed}{', ...' if len(parity.different) > _LISTED else ''}"
        )
    return f"{head}: {'; '.join(parts)}"


def _champion(project: Project, name: str) -> Chosen:
    task = load_task(project, name)
    champion = load_champion(project, name)
    if champion is None:
        raise UserError(f"nothing is promoted for {name}", hint=f"train it, or export a run: goldgate train {name}")
    champion.check_serving(serving_digest(champion.subject, champion.adapter.get("prompt"), task, project))
    work = Work(project, task, Screen())
    adapter = _adapter(work, champion.subject)
    subject = work.subject(champion.subject)
    if subject.identity != champion.identity:
        raise UserError(
            "what lies there is not what was promoted",
            str(adapter.folder),
            "bring the champion's adapter back to where champion.json says, or promote again",
        )
    folder = project.runs(name) / champion.run
    shipped = describe(
        work, subject, adapter, champion.run, champion.prompted, champion.verdicts, champion.forced, champion.promoted
    )
    return Chosen(work, champion.subject, adapter, shipped, Run(folder) if (folder / "run.json").is_file() else None)


def _candidate(project: Project, name: str) -> Chosen:
    try:
        run = find_run(project, name)
    except UserError as error:
        raise UserError(
            f'"{name}" is neither a task nor a run', error.where, near_names(name, project.tasks())
        ) from error
    record, where = run.read(), str(run.path)
    task = needed(record.task, "task", where, "let the run finish")
    prompted = needed(record.prompted, "prompted", where, "let the run finish")
    work = Work(project, load_task(project, task), Screen())
    candidate, golden = tested_candidate(run)
    adapter = _adapter(work, candidate)
    verdicts = () if golden is None else golden.verdicts
    shipped = describe(work, work.subject(candidate), adapter, run.id, prompted, verdicts, None, "")
    return Chosen(work, candidate, adapter, shipped, run)


def _adapter(work: Work, subject: str) -> Adapter:
    adapter = adapter_of(work, subject)
    if adapter is None:
        raise UserError(f"{subject} has no adapter to merge", hint="export a run of `goldgate train`")
    return adapter
