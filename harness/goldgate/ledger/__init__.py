"""The ledger of looks at golden, and the rules for when two looks are the same."""

from goldgate.ledger.elsewhere import bring_looks, example_prints, known_looks, looks_elsewhere
from goldgate.ledger.levels import level
from goldgate.ledger.looks import Look, LookKey, check_named, locked, read_looks
from goldgate.ledger.opening import check_ledger, find_look, looks_left, open_look, spent, told
from goldgate.ledger.outcomes import (
    Decided,
    Outcome,
    compared_at,
    has_outcome,
    has_passed,
    is_opened,
    mark_opened,
    read_outcome,
    write_gate,
    write_outcome,
)
from goldgate.ledger.suite import named_variations, names_strata, suite_digest

__all__ = [
    "Decided",
    "Look",
    "LookKey",
    "Outcome",
    "bring_looks",
    "check_ledger",
    "check_named",
    "compared_at",
    "example_prints",
    "find_look",
    "has_outcome",
    "has_passed",
    "is_opened",
    "known_looks",
    "level",
    "locked",
    "looks_elsewhere",
    "looks_left",
    "mark_opened",
    "named_variations",
    "names_strata",
    "open_look",
    "read_looks",
    "read_outcome",
    "spent",
    "suite_digest",
    "told",
    "write_gate",
    "write_outcome",
]
