"""The ledger of looks at golden, and what makes two looks the same."""

from goldgate.ledger.levels import level
from goldgate.ledger.looks import (
    Look,
    LookKey,
    check_ledger,
    check_named,
    has_passed,
    is_opened,
    locked,
    looks_left,
    mark_opened,
    open_look,
    read_looks,
    spent,
    write_outcome,
)
from goldgate.ledger.suite import named_variations, names_strata, suite_digest

__all__ = [
    "Look",
    "LookKey",
    "check_ledger",
    "check_named",
    "has_passed",
    "is_opened",
    "level",
    "locked",
    "looks_left",
    "mark_opened",
    "named_variations",
    "names_strata",
    "open_look",
    "read_looks",
    "spent",
    "suite_digest",
    "write_outcome",
]
