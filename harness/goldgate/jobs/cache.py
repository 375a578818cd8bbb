"""`goldgate cache`: which answers are kept on this machine, and fewer of them on request."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ByteSize

from goldgate.answers.cache import CACHE_FILES, AnswerCache
from goldgate.base.errors import UserError
from goldgate.cli.screen import Result


def run_cache(folder: Path, limit: int, prune: bool, days: float | None, to: int | None) -> Result:
    """Says what each file of answers holds; prunes it first where asked to. Nothing but these files is touched."""
    if not prune and (days is not None or to is not None):
        raise UserError("nothing is removed without --prune", "--days, --to", "add --prune")
    files, lines = [], []
    for name in CACHE_FILES:
        cache = AnswerCache(folder / name, limit)
        row: dict[str, Any] = {"path": str(cache.path), "limit": limit}
        if prune:
            row["bytes_before"] = cache.disk_bytes()
            row["removed"] = cache.prune(limit if (days, to) == (None, None) else to, days)
        uses = cache.uses()
        row |= {
            "answers": sum(u.answers for u in uses),
            "bytes": cache.disk_bytes(),
            "reused": sum(u.reused for u in uses),
            "uses": [asdict(u) for u in uses],
        }
        files.append(row)
        lines += _lines(row)
    return Result({"folder": str(folder), "files": files}, "\n".join(lines))


def _lines(row: dict[str, Any]) -> list[str]:
    head = (
        f"{row['path']}: {row['answers']:,} answers, {_size(row['bytes'])} of {_size(row['limit'])},"
        f" reused {row['reused']:,} times"
    )
    if "removed" in row:
        head += f"; {row['removed']:,} removed, {_size(row['bytes_before'])} before"
    if not row["uses"]:
        return [head]
    width = max(len("subject"), *(len(u["subject"]) for u in row["uses"]))
    table = [f"  {'subject':<{width}}  last used   answers        size  reused"]
    table += [
        f"  {u['subject']:<{width}}  {u['day']}  {u['answers']:7,}  {_size(u['bytes']):>10}  {u['reused']:6,}"
        for u in row["uses"]
    ]
    return [head, *table]


def _size(count: int) -> str:
    return ByteSize(count).human_readable()
