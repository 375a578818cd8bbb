"""The rows that were set aside, one JSON object a line, so that they can be mended and given again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from goldgate.base.files import check_object, parse_json, read_text, write_whole
from goldgate.data.account import Account
from goldgate.data.personal import scrub

REJECTS = "rejects.jsonl"
"""Name of the file in golden/<task>."""


def read_rejects(path: Path) -> list[dict[str, Any]]:
    """Reads the rows that were set aside.

    Args:
        path: The file.

    Returns:
        A row's `file`, its `line` or `row`, `reason`, and where there are any `detail` and `raw`; none if there is no
        such file.

    Raises:
        UserError: A line is no row.
    """
    rows = []
    for number, line in enumerate(read_text(path).split("\n") if path.is_file() else (), 1):
        if line.strip():
            row = parse_json(line, str(path), "take the line out", number)
            check_object(row, f"{path}, line {number}", "take the line out", file=str, reason=str)
            rows.append(row)
    return rows


def write_rejects(path: Path, account: Account, *, after: bool = False) -> None:
    """Writes every row that was set aside, in the order of files and lines, without its personal data and secrets.

    Args:
        path: The file.
        account: The account.
        after: Whether what the file holds is kept before them.

    Raises:
        UserError: The disk is full, or the path cannot be written to.
    """
    lines = [
        json.dumps(
            {
                "file": row.place.file,
                row.place.unit: row.place.number,
                "reason": row.reason,
                **({"detail": scrub(row.detail)} if row.detail else {}),
                **({"raw": scrub(row.raw)} if row.raw is not None else {}),
            },
            ensure_ascii=False,
        )
        for row in sorted(account.aside, key=lambda row: row.place)
    ]
    before = path.read_bytes() if after and path.is_file() else b""
    # What could not be read as characters becomes an escape of JSON.
    write_whole(path, before + "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
