"""The rows that were set aside, one JSON object a line, so that they can be mended and given again."""

from __future__ import annotations

import json
from pathlib import Path

from goldgate.base.files import write_whole
from goldgate.data.account import Account
from goldgate.data.personal import scrub

REJECTS = "rejects.jsonl"
"""Name of the file in golden/<task>."""


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
