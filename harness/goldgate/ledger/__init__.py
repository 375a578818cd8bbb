"""The ledger of looks at golden, and the rules for when two looks are the same."""

from goldgate.ledger.levels import level
from goldgate.ledger.looks import Look, LookKey, check_named, locked, read_looks
from goldgate.ledger.opening import check_ledger, looks_left, open_look, spent
from goldgate.ledger.outcomes import has_passed, is_opened, mark_opened, write_outcome
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
