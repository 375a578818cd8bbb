"""`goldgate choose`: which of many inputs without outputs are worth labelling next, for train alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goldgate.base.errors import UserError
from goldgate.base.extras import require
from goldgate.base.files import write_whole
from goldgate.data.account import Account, Refused
from goldgate.data.choosing import Pick, typical, uncertain
from goldgate.data.closeness import sample
from goldgate.data.inputs import read_inputs
from goldgate.data.row import Row
from goldgate.jobs.progress import Progress, Silent, once_it_takes_long
from goldgate.models.embedder import embed
from goldgate.subjects.linear import fit_linear
from goldgate.task.examples import SPLITS, Example, load_split
from goldgate.task.project import Project
from goldgate.task.strata import TWIN_COSINE
from goldgate.task.task import Task, load_task

ENOUGH = 5
"""Train examples of a label, on average, from which on the linear model knows what it does not know."""
_BLOCK = 512  # inputs that are compared with all examples at once
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Worth:
    """An input that is worth labelling.

    Attributes:
        text: The input.
        place: Where it stands.
        reason: Why it was chosen.
    """

    text: str
    place: str
    reason: str


@dataclass(frozen=True)
class ChosenInputs:
    """The inputs that were chosen, the most useful first.

    Attributes:
        task: Name of the task.
        to: The file that they were written to.
        chosen: The inputs.
        way: How they were chosen, and why so.
        account: What became of every row that was read; a row that could have been chosen counts as kept.
    """

    task: str
    to: Path
    chosen: tuple[Worth, ...]
    way: str
    account: Account

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        chosen = [asdict(one) for one in self.chosen]
        account = self.account.to_json()
        return {"task": self.task, "to": str(self.to), "chosen": chosen, "way": self.way, "account": account}


def run_choose(
    project: Project, name: str, source: Path, column: str, count: int, to: Path, progress: Progress | None = None
) -> ChosenInputs:
    """Chooses inputs to label and writes them to a file whose outputs are to be filled in.

    Args:
        project: The project.
        name: Name of the task.
        source: File of inputs in any format that `init` reads.
        column: The column of the inputs.
        count: How many to choose.
        to: The file to write: .csv or .jsonl.
        progress: Receives the progress.

    Returns:
        The inputs.

    Raises:
        UserError: There is no such task, or the file cannot be written.
        Refused: The file is broken, or nothing in it is new; the error has the account of its rows.
    """
    require("sentence_transformers", "sklearn")
    if to.suffix not in (".csv", ".jsonl") or to.exists():
        raise UserError("is there already, or is neither .csv nor .jsonl", str(to), "name a new file with --to")
    task, account = load_task(project, name), Account(step=once_it_takes_long(progress or Silent()))
    try:
        rows = _fresh(project, task, source, column, account, progress or Silent())
    except UserError as error:
        raise Refused(error, account) from error
    account.kept = len(rows)
    train = load_split(project, name, "train")
    picks, way = _picked(task, [row.text for row in rows], train.examples, count, project.cache)
    chosen = tuple(Worth(rows[p.at].text, str(rows[p.at].place), _reason(p)) for p in picks)
    write_whole(to, _as_csv(chosen) if to.suffix == ".csv" else _as_lines(chosen))
    return ChosenInputs(name, to, chosen, way, account)


def _fresh(project: Project, task: Task, source: Path, column: str, account: Account, progress: Progress) -> list[Row]:
    """The rows whose inputs no example has, exactly or nearly, and no row before them."""
    seen = read_inputs(source, column, account)
    there = [e for split in SPLITS for e in load_split(project, task.name, split)]
    texts = set(sample([row.text for row in seen]))
    left = [row for row in seen if row.text in texts]
    for row in seen:
        if row.text not in texts:
            account.set_aside(row.place, "not in the sample that was embedded")
    with progress.step("embed inputs", "to choose what is typical and new", len(left) + len(there)) as advance:
        known = embed([e.text for e in there], project.cache)
        vectors = embed([row.text for row in left], project.cache, lambda done: advance(len(there) + done))
    new = []
    for start in range(0, len(left), _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ known.T
        for row, nearest, most in zip(left[start:], cosines.argmax(axis=1), cosines.max(axis=1), strict=False):
            if most >= TWIN_COSINE:
                account.set_aside(row.place, "nearly an example", f"as {there[int(nearest)].id}")
            else:
                new.append(row)
    if not new:
        raise UserError("no input is new", str(source), "see above what became of each")
    return new


def _picked(
    task: Task, texts: Sequence[str], train: Sequence[Example], count: int, cache: Path
) -> tuple[list[Pick], str]:
    vectors, known = embed(texts, cache), embed([e.text for e in train], cache)
    labels = len(task.labels) if task.kind == "label" else 0
    if labels and len(train) >= ENOUGH * labels and len({e.output for e in train}) > 1:
        picks = uncertain(vectors, fit_linear(task, train, cache), count)
        return picks, "what the linear model is least sure of, spread over the inputs"
    why = f"train has fewer than {ENOUGH} examples of a label" if labels else "the outputs are no labels"
    return typical(vectors, np.asarray(known), count), f"what is typical of inputs that train has none like: {why}"


def _reason(pick: Pick) -> str:
    if pick.torn is None:
        return f"typical of {pick.like:,} inputs"
    return f"between {pick.torn[0]} and {pick.torn[1]}"


def _as_lines(chosen: Sequence[Worth]) -> str:
    rows = ({"input": one.text, "output": "", "reason": one.reason, "from": one.place} for one in chosen)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _as_csv(chosen: Sequence[Worth]) -> str:
    """A table for a spreadsheet. What would be a formula there begins with a blank, which `prepare --from` removes."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["input", "output", "reason", "from"])
    for one in chosen:
        cells = (one.text, "", one.reason, one.place)
        writer.writerow([f" {cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return file.getvalue()
