"""The account of a preparation, in words: rows in = kept + merged + set aside, and every decision."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from goldgate.data.account import Account, Merged, Refused, SetAside, places
from goldgate.data.personal import scrub

_RUNS = 12  # runs of lines that are named for one reason


@contextmanager
def account_of_refusals() -> Iterator[None]:
    """Shows on stderr what became of every row until a command refused."""
    try:
        yield
    except Refused as refused:
        if text := account_text(refused.account):
            print(text, file=sys.stderr)
        raise


def account_text(account: Account) -> str:
    """Words an account, whole.

    Args:
        account: The account.

    Returns:
        Lines without an end: decisions, the sum, why rows were set aside or merged and which, and remarks.
    """
    lines = ["decided:", *(f"  {decision}" for decision in account.decisions)] if account.decisions else []
    if account.read:
        lines += [_sum(account), *(f"  {file}: {count} read" for file, count in account.read.items())]
    sections: list[tuple[str, Sequence[SetAside | Merged]]]
    sections = [("set aside", account.aside), ("merged into", account.merged)]
    for title, rows in sections:
        by_reason: dict[str, list[int]] = {}
        for index, row in enumerate(rows):
            by_reason.setdefault(row.reason, []).append(index)
        for reason, those in sorted(by_reason.items(), key=lambda pair: -len(pair[1])):
            lines.append(f"  {len(those)} {title}: {reason}: {places((rows[i].place for i in those), _RUNS)}")
            if detail := next((d for i in those if (d := getattr(rows[i], "detail", ""))), ""):
                lines.append(f"    such as: {scrub(detail)}")
    return "\n".join(map(_printable, [*lines, *account.remarks]))


def _printable(line: str) -> str:
    """Escapes what would steer a terminal or could not be written to it: names and cells come from somebody's file."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _sum(account: Account) -> str:
    total, merged, aside = sum(account.read.values()), len(account.merged), len(account.aside)
    left = f" + {account.open} left undecided" if account.open else ""
    return f"rows: {total} read = {account.kept} kept + {merged} merged + {aside} set aside{left}"
