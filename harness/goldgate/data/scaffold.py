"""`goldgate init`: creates suites/<task> and golden/<task> from a file of examples."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, joined
from goldgate.base.files import whole_folder, write_json, write_whole
from goldgate.data.account import Account, Refused
from goldgate.data.cleaning.changes import write_changes
from goldgate.data.closeness import FindPairs
from goldgate.data.decide import Decided, Wishes, decide, labels_of, schema_of
from goldgate.data.graders import Imported, import_graders, read_graders
from goldgate.data.incoming import Incoming, prepare_incoming
from goldgate.data.leaks import check_leaks
from goldgate.data.personal import REDACTIONS, scrub
from goldgate.data.proposal import gates, share_threshold, task_yaml, thresholds
from goldgate.data.rejects import REJECTS, write_rejects
from goldgate.data.row import Row
from goldgate.data.sources import Choices, read_rows
from goldgate.data.sources.hub import name_of
from goldgate.data.split import Made, Sizes, make_splits
from goldgate.data.steps import Step, untold
from goldgate.data.tuned import as_trained, lift_system_prompt, say_what_golden_is
from goldgate.gates.expected import expected_effects
from goldgate.prompts.file_prompt import AS_TRAINED
from goldgate.task.clusters import clusters_of
from goldgate.task.examples import Split, card_of, write_card
from goldgate.task.project import Project
from goldgate.task.task import Kind

GIT_ATTRIBUTES = "* text=auto eol=lf\n*.gz binary\n"
"""Keeps a task's files the same in every checkout, whatever Git on that machine does to line ends."""


@dataclass(frozen=True)
class Request:
    """The arguments of `goldgate init`.

    Attributes:
        task: Name of the new task.
        source: The file or folder of examples.
        golden: A separate file of golden examples; None to split them off from `source`.
        choices: What the user decides about reading.
        wishes: What the user decides about the task.
        instructions: What every prompt says; None for a default by the kind of task.
        sizes: The largest sizes of the splits.
        seed: Seed of the splitting.
        rejects: A file for the rows that are set aside, written also if the command refuses; None for golden/<task>.
        redact: Whether personal data and secrets are replaced by stand-ins.
        by_time: Whether golden gets the newest rows, and dev the newest of the others.
        dev: A separate file of dev examples; None to split them off from `source`.
        graders: A file of a vendor's graders that become gates; None for none.
    """

    task: str
    source: Path
    golden: Path | None
    choices: Choices
    wishes: Wishes
    instructions: str | None
    sizes: Sizes
    seed: int
    rejects: Path | None = None
    redact: bool = False
    by_time: bool = False
    dev: Path | None = None
    graders: Path | None = None

    @property
    def files(self) -> dict[str, Path]:
        """What is read: the split that a file is for, or "" → the file."""
        named = {"": self.source, "golden": self.golden, "dev": self.dev}
        return {name: path for name, path in named.items() if path is not None}


@dataclass(frozen=True)
class Created:
    """A task that was created.

    Attributes:
        kind: Its kind.
        splits: Name → split.
        account: What became of every row.
    """

    kind: Kind
    splits: Mapping[str, Split]
    account: Account


def init_task(project: Project, request: Request, find_pairs: FindPairs | None = None, step: Step = untold) -> Created:
    """Creates a task.

    Args:
        project: The project.
        request: What to create.
        find_pairs: Finds inputs that embeddings find alike; None not to look for them.
        step: Shows what is being done.

    Returns:
        The task, with the account of its rows. Remarks say which common thresholds golden is too small to show.

    Raises:
        UserError: One of the two folders exists.
        Refused: The data is invalid; the error has the account of what was read until then.
    """
    suite, golden = project.suite(request.task), project.golden(request.task)
    for folder in (suite, golden):
        if folder.exists():
            raise UserError("already exists", str(folder), "choose another name, or remove the folder first")
    _check_rejects(request)
    if request.graders is not None:
        read_graders(request.graders)  # a broken file is told before minutes are spent on the examples
    account = Account(step=step)
    try:
        return _create(suite, golden, request, account, find_pairs)
    except UserError as error:
        raise Refused(error, account) from error
    finally:
        if request.rejects is not None:
            write_rejects(request.rejects, account)


def _check_rejects(request: Request) -> None:
    if request.rejects is None:
        return
    path = request.rejects.resolve()
    for given in request.files.values():
        if given.resolve() in (path, *path.parents):
            raise UserError("would overwrite what is read", str(request.rejects), "choose another file for --rejects")


def _create(suite: Path, golden: Path, request: Request, account: Account, find_pairs: FindPairs | None) -> Created:
    """The steps from files to a task, in their order. Each takes rows, returns rows, and accounts for the others."""
    files = _read(request, account)
    lifted = lift_system_prompt(list(files.values()), request.instructions, account)
    files = dict(zip(files, lifted.parts, strict=True))
    request = replace(request, instructions=lifted.prompt or request.instructions)
    rows = decide(files[""], files.get("golden"), request.wishes, account, files.get("dev"))
    incoming = prepare_incoming(rows, request.redact, account)
    decided = incoming.decided
    always = [[row.text for row in part or ()] for part in (decided.golden, decided.dev)]
    made = make_splits(
        decided.rows,
        decided.golden,
        request.sizes,
        request.seed,
        account,
        kind=decided.kind,
        by_time=request.by_time,
        pairs=() if find_pairs is None else find_pairs([row.text for row in decided.rows], always, account),
        dev_rows=decided.dev,
    )
    made = _with_clusters(made, decided, account)
    check_leaks(made.splits)
    account.remarks += made.remarks
    _say_splits(request, made, account)
    say_what_golden_is(request.files, account)
    _write(suite, golden, request, incoming, made, account, as_trained(lifted.prompt, account))
    return Created(decided.kind, made.splits, account)


def _read(request: Request, account: Account) -> dict[str, list[Row]]:
    """The rows of each file, by the split that it is for; the faults of all are told at once."""
    found: dict[str, list[Row]] = {}
    faults = []
    same = len({path.name for path in request.files.values()}) < len(request.files)
    for part, path in request.files.items():
        try:
            name = f"{path.absolute().parent.name}/{path.name}" if same else ""
            found[part] = read_rows(path, request.choices, account, name)
        except UserError as error:
            faults.append(error)
    if faults:
        raise joined(faults)
    _check_used(request.choices, account)
    for part, path in request.files.items():
        if not found[part]:
            first = account.aside[0]
            detail = f" ({scrub(first.detail)})" if first.detail else ""
            raise UserError(
                f"no row can be used; the first: {first.place}: {first.reason}{detail}",
                str(path),
                "mend the file, or say how it is to be read: goldgate init --help",
            )
    return found


def _check_used(choices: Choices, account: Account) -> None:
    """Options that no file is of a kind for must not be passed over in silence."""
    given = (("--sheet", choices.sheet), ("--delimiter", choices.delimiter), ("--encoding", choices.encoding))
    used = {decision.option for decision in account.decisions}
    if idle := [option for option, value in given if value is not None and option not in used]:
        raise UserError("was given, but no file that was read has one", ", ".join(idle), "leave it out")


def _with_clusters(made: Made, decided: Decided, account: Account) -> Made:
    """Keeps the notes that rows brought themselves, and those of the file's other columns whose values several golden
    examples share, and says what these may do.
    """
    found = clusters_of(made.splits["golden"])
    brought = {key for row in decided.every for key in row.meta}
    kept = {c.field for c in found} | brought | {"from", "time"}
    splits = {
        name: Split(name, tuple(replace(e, meta={k: v for k, v in e.meta.items() if k in kept}) for e in split))
        for name, split in made.splits.items()
    }
    for effect in expected_effects(found, len(splits["golden"])):
        account.remarks += [line.strip() for line in effect.lines()]
    return replace(made, splits=splits)


def _say_splits(request: Request, made: Made, account: Account) -> None:
    counts = ", ".join(f"{len(split)} {name}" for name, split in made.splits.items())
    share = request.sizes.golden_share
    golden = "the golden file" if request.golden is not None else "a quarter" if share is None else f"{share:.0%}"
    golden += f", at most {request.sizes.golden}" if share is None else ""
    order = ", the newest rows" if request.by_time else ""
    dev = "a fifth of the rest" if request.dev is None else "the dev file"
    reason = f"golden is {golden}{order}; dev {dev}, at most {request.sizes.dev}"
    account.decide("splits", counts, reason, "--golden-size")
    if request.instructions is None:
        account.decide(
            "instructions",
            "a general sentence",
            "you gave none; say in task.yaml what a person must know",
            "--instructions",
        )


def _write(
    suite: Path, golden: Path, request: Request, incoming: Incoming, made: Made, account: Account, as_tuned: str | None
) -> None:
    kind = incoming.decided.kind
    outputs = [output for split in made.splits.values() for example in split for output in example.answers]
    proposed = thresholds(kind, len(made.splits["golden"]))
    account.remarks += [threshold.remark for threshold in proposed if threshold.remark]
    labels = labels_of(outputs, request.wishes, account) if kind == "label" else ()
    schema = schema_of(_outputs(incoming.decided), request.wishes, account) if kind == "json" else None
    imported = _imported(request, kind, schema, len(made.splits["golden"]), account)
    try:
        with whole_folder(golden) as folder:
            _write_data(folder, request, incoming, made, account)
        with whole_folder(suite) as folder:
            write_whole(folder / ".gitattributes", GIT_ATTRIBUTES)
            if schema is not None:
                write_json(folder / "schema.json", schema)
            write_whole(folder / "task.yaml", task_yaml(request.task, kind, request.instructions, labels, outputs))
            write_whole(folder / "test_gates.py", gates(kind, *proposed, imported.imports, imported.code))
            if as_tuned is not None:
                write_whole(folder / AS_TRAINED, as_tuned)
    except BaseException:
        shutil.rmtree(golden, ignore_errors=True)  # half a task would block a second try of the same command
        raise


def _imported(
    request: Request, kind: Kind, schema: Mapping[str, Any] | None, golden: int, account: Account
) -> Imported:
    """The gates that a vendor's graders become; none without --graders."""
    if request.graders is None:
        return Imported("", "")
    fields = tuple((schema or {}).get("properties", ()))
    return import_graders(request.graders, kind, fields, lambda metric: share_threshold(metric, golden), account)


def _outputs(decided: Decided) -> list[Any]:
    """The outputs of all rows in their order, in which cleaning has ordered keys: the schema has the same order."""
    return [output for row in decided.every for output in (row.output, *row.accept)]


def _write_data(folder: Path, request: Request, incoming: Incoming, made: Made, account: Account) -> None:
    write_whole(folder / ".gitattributes", GIT_ATTRIBUTES)
    write_changes(folder, incoming.changes)
    if incoming.redactions:
        write_json(folder / REDACTIONS, dict(incoming.redactions))
    for split in made.splits.values():
        write_split(folder, split)
    if account.aside:
        write_rejects(folder / REJECTS, account)
    sources = ", ".join(map(name_of, request.files.values()))
    how = f"goldgate init, seed {request.seed}"
    if request.choices.columns:
        how += ", columns " + " and ".join(request.choices.names)
    write_card(folder, card_of(request.task, made.splits, how, "not stated", sources, account.to_json()))


def write_split(folder: Path, split: Split) -> None:
    """Writes <split>.jsonl with one example per line, leaving out empty keys.

    Args:
        folder: golden/<task>.
        split: The split.
    """
    lines = []
    for e in split:
        row: dict[str, Any] = {"id": e.id, "input": e.input, "output": e.output}
        optional = {"accept": list(e.accept), "tags": list(e.tags), "group": e.group, "meta": dict(e.meta)}
        lines.append(json.dumps({**row, **{k: v for k, v in optional.items() if v}}, ensure_ascii=False))
    write_whole(folder / f"{split.name}.jsonl", "\n".join(lines) + "\n")
