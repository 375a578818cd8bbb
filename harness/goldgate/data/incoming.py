"""What `goldgate init` does with rows before they are split: it cleans them, and refuses or replaces secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from goldgate.data.account import Account
from goldgate.data.cleaning.changes import Change, tell
from goldgate.data.cleaning.clean import clean_rows
from goldgate.data.decide import Decided
from goldgate.data.labels import LabelRules
from goldgate.data.personal import StandIns, check_secrets, find_in_rows, scrub
from goldgate.data.row import Row
from goldgate.data.steps import counted

_REMEDY = "take them out of the file, or let stand-ins be put in their place, as for personal data: --redact"


@dataclass(frozen=True)
class Incoming:
    """Rows that may be split.

    Attributes:
        decided: The rows of all files, with what was decided on them.
        changes: What cleaning has changed.
        redactions: Kind of personal data or secret → number of originals that got a stand-in.
    """

    decided: Decided
    changes: Sequence[Change]
    redactions: Mapping[str, int] = field(default_factory=dict)


def prepare_incoming(
    decided: Decided,
    redact: bool,
    account: Account,
    schema: Mapping[str, Any] | None = None,
    labels: LabelRules | None = None,
) -> Incoming:
    """Cleans rows, and refuses secrets or replaces them with all personal data.

    Args:
        decided: The rows of all files.
        redact: Whether personal data and secrets are replaced by stand-ins.
        account: Receives what was changed, as remarks.
        schema: The schema of the outputs, if it is known.
        labels: The confirmed merges of labels, if there are any.

    Returns:
        The rows, in the same order.

    Raises:
        UserError: There are secrets, and they are not to be replaced; or the package phonenumbers is not installed.
    """
    every = decided.every
    with account.step("clean rows", "every change is kept in changes.jsonl", len(every)) as advance:
        cleaned = clean_rows(every, decided.kind, schema, labels, advance)
    rows, changes = cleaned.rows, [replace(change, source=True) for change in cleaned.changes]
    account.remarks += tell(changes)
    account.remarks += [f"left as it is: {what}, {len(places):,} rows" for what, places in cleaned.left.items()]
    redactions: Mapping[str, int] = {}
    if redact:
        stand_ins = StandIns(rows)
        rows, redactions = [stand_ins.replaced(row) for row in rows], stand_ins.counts
        changes = [c for c in changes if scrub([c.before, c.after]) == [c.before, c.after]]
        account.remarks += [f"{kind}: {count:,} replaced by stand-ins" for kind, count in redactions.items()]
    else:
        with account.step("look for secrets", "none may become an example", len(rows)) as advance:
            found = find_in_rows(counted(((row.place, row) for row in rows), advance))
        check_secrets(found, _REMEDY)
    return Incoming(_with(decided, rows), changes, redactions)


def _with(decided: Decided, rows: Sequence[Row]) -> Decided:
    """The same decisions with other rows, in the order of `Decided.every`."""
    left = iter(rows)
    kept = list(islice(left, len(decided.rows)))
    golden, dev = (None if part is None else list(islice(left, len(part))) for part in (decided.golden, decided.dev))
    return replace(decided, rows=kept, golden=golden, dev=dev)
