"""Reading a file, an archive or a folder: rows, and an account of what did not become one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from goldgate.base.errors import UserError, joined, near_names
from goldgate.data.account import Account
from goldgate.data.row import Row
from goldgate.data.sources.choices import Choices
from goldgate.data.sources.formats import SUFFIXES, find_format, unpacked
from goldgate.data.sources.hub import FORM, hub_sources, is_of_hub
from goldgate.data.sources.record import Broken, Record, Source, shown
from goldgate.data.sources.rows import Plan, plan_of, row_of
from goldgate.data.sources.shapes import recognise
from goldgate.data.sources.values import ABSENT, find
from goldgate.data.steps import counted

_HEAD = 100  # records that a shape is recognised from
_MOST_FILES = 10_000
_MOST_COLUMNS = 2_000  # keys that are remembered
_MOST_NAMED = 40
_OF_DATASETS = {"dataset_info.json", "state.json"}  # what `datasets` writes beside its Arrow files


def read_rows(path: Path, choices: Choices, account: Account, name: str = "") -> list[Row]:
    """Reads the rows of a file or of all files in a folder.

    Args:
        path: A file of any kind that is read, a gz or zip of one, or a folder.
        choices: The user's decisions.
        account: Receives the rows that were read and set aside, and every decision.
        name: What the file is called in places; empty for its own name.

    Returns:
        The rows in order.

    Raises:
        UserError: Nothing can be read, or a column is missing; with several files, the faults of all of them.
    """
    rows: list[Row] = []
    faults: list[UserError] = []
    with TemporaryDirectory(prefix="goldgate-") as folder:
        for source in _sources(path, name, account):
            try:
                before = sum(account.read.values())
                rows += _read(unpacked(source, Path(folder)), choices, account)
                if sum(account.read.values()) == before:
                    raise UserError("the file has no rows", str(path), "give a file with one example per row")
            except UserError as error:
                if choices.strict:
                    raise
                faults.append(error)
    if faults:
        raise joined(faults)
    return rows


def read_records(path: Path, choices: Choices, account: Account) -> list[Record]:
    """Reads the records of one file as they stand in it, without making them rows.

    Args:
        path: A file of any kind that is read.
        choices: The user's decisions.
        account: Receives the records that were read, and those that could not be.

    Returns:
        The records in order.

    Raises:
        UserError: The file cannot be read.
    """
    if not path.is_file():
        raise UserError("no such file", str(path), "check the path")
    with TemporaryDirectory(prefix="goldgate-") as folder:
        source = unpacked(Source(path, path.name, path.suffix.lower()), Path(folder))
        return list(_records(find_format(source, choices, account).read(source, choices, account), choices, account))


def _sources(path: Path, name: str, account: Account) -> list[Source]:
    if is_of_hub(path):
        return hub_sources(str(path), SUFFIXES, account)
    if "://" in str(path) or str(path).startswith(("http:/", "https:/", "s3:/")):
        hint = f"download the file first; a data set of the Hugging Face hub is {FORM}"
        raise UserError("remote addresses are not read", str(path), hint)
    if path.is_file():
        return [Source(path, name or path.name, path.suffix.lower())]
    if not path.exists():
        raise UserError("no such file", str(path), "check the path given with --from or --golden")
    if not path.is_dir():
        raise UserError("is neither a file nor a folder", str(path), "give a file that can be read twice")
    return _in_folder(path, name or path.name, account)


def _in_folder(folder: Path, name: str, account: Account) -> list[Source]:
    root = folder.resolve()
    found: list[Source] = []
    left: list[str] = []
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if not file.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        if len(found) + len(left) >= _MOST_FILES:
            raise UserError(f"more than {_MOST_FILES} files", str(folder), "give a folder with the examples alone")
        outside = root not in file.resolve().parents
        of_dataset = file.name in _OF_DATASETS and any(file.parent.glob("*.arrow"))
        if outside or of_dataset or file.suffix.lower() not in (*SUFFIXES, ".tab", ".psv", ".feather", ".yml"):
            left.append(f"{inside}{' (a link out of the folder)' if outside else ''}")
        else:
            found.append(Source(file, f"{name}/{inside}", file.suffix.lower()))
    if left:
        account.remarks.append(
            f"{name}: not read: {', '.join(left[:_MOST_NAMED])}{' ..' if len(left) > _MOST_NAMED else ''}"
        )
    if not found:
        raise UserError("no file in the folder can be read", str(folder), f"known: {', '.join(SUFFIXES)}")
    account.decide(
        f"files of {name}", ", ".join(s.name for s in found[:20]), f"{len(found)} files can be read", "--from"
    )
    return found


def _read(source: Source, choices: Choices, account: Account) -> list[Row]:
    records = _records(find_format(source, choices, account).read(source, choices, account), choices, account)
    head = list(islice(records, _HEAD))
    plan = _plan(source, head, choices, account)
    rows: list[Row] = []
    known: dict[str, None] = {}
    with account.step(f"read {source.name}", "every row is accounted for", _rows_in(source, head)) as advance:
        for record in counted(chain(head, records), advance):
            row = row_of(record, plan)
            if isinstance(row, Broken):
                _set_aside(row, choices, account)
            else:
                rows.append(row)
            if len(known) < _MOST_COLUMNS and not record.values.keys() <= known.keys():
                known |= dict.fromkeys(record.values)
    if unused := [key for key in known if not plan.uses(key)]:
        said = "columns not used" if plan.shape is None else f"not mapped from {plan.shape.name}"
        rest = f" and {len(unused) - _MOST_NAMED} more" if len(unused) > _MOST_NAMED else ""
        account.remarks.append(f"{source.name}: {said}: {', '.join(unused[:_MOST_NAMED])}{rest}")
    _say_times(source, rows, plan, account)
    return rows


def _rows_in(source: Source, head: Sequence[Record]) -> int | None:
    """About how many rows a file has, by the lines of its first rows; None if they have no lines."""
    last = head[-1].place if head else None
    if last is None or last.unit != "line" or last.number < _HEAD:
        return None
    with source.path.open("rb") as file:
        start = sum(len(line) for line in islice(file, last.number))
    return round(source.path.stat().st_size * len(head) / max(1, start))


def _records(items: Iterable[Record | Broken], choices: Choices, account: Account) -> Iterator[Record]:
    """The records of a file. Each row is counted as it is read, so the account holds wherever the reading ends."""
    for item in items:
        account.read[item.place.file] += 1
        if isinstance(item, Broken):
            _set_aside(item, choices, account)
        else:
            yield item


def _set_aside(row: Broken, choices: Choices, account: Account) -> None:
    if choices.strict:
        what = f"{row.reason} ({row.detail})" if row.detail else row.reason
        raise UserError(what, str(row.place), "fix the row, or leave out --strict to set such rows aside")
    account.set_aside(row.place, row.reason, row.detail, shown(row.raw))


def _plan(source: Source, head: Sequence[Record], choices: Choices, account: Account) -> Plan:
    """Decides which values are which part of a row."""
    columns = dict(choices.columns)
    plan = plan_of(columns, None if columns else recognise(head), choices)
    if not head:
        return plan
    known = dict.fromkeys(key for record in head for key in record.values)
    if columns:
        missing = [c for c in columns.values() if all(find(record.values, c) is ABSENT for record in head)]
        if missing:
            raise joined([UserError(f'no column "{c}"', source.name, near_names(c, known)) for c in missing])
        account.decide(
            f"columns of {source.name}", ", ".join(f"{part} = {c}" for part, c in columns.items()), "as named", "--map"
        )
    elif plan.shape is None:
        raise UserError(
            "it is not clear which columns hold the inputs and the outputs",
            source.name,
            f"name them with --input COLUMN --output COLUMN; there are: {', '.join(known)}",
        )
    else:
        count = sum(plan.shape.fits(record.values) for record in head)
        reason = f"{count} of the first {len(head)} rows: {plan.shape.signs}"
        account.decide(f"shape of {source.name}", plan.shape.name, reason, "--input and --output")
    return plan


def _say_times(source: Source, rows: Sequence[Row], plan: Plan, account: Account) -> None:
    if "time" in plan.columns and (without := sum(row.time is None for row in rows)):
        account.remarks.append(
            f"{source.name}: {without} of {len(rows)} rows have no time that can be read in one way only (ISO 8601, or"
            " seconds since 1970)"
        )
