"""From verdicts to decisions: levels, the ledger of looks at golden, the chance of passing, and planning."""

from harness.gates.looks import (
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
from harness.gates.planning import examples_needed, showable, successes_needed
from harness.gates.policy import GateRecord, chance_of_passing, level
from harness.gates.power import GatePlan, can_plan, chance_of_other_verdict, counts_right, plan_gate
from harness.gates.slices import share_of_golden
from harness.gates.suite import named_variations, names_strata, suite_digest

__all__ = [
    "GatePlan", "GateRecord", "Look", "LookKey", "can_plan", "chance_of_other_verdict", "chance_of_passing",
    "check_ledger", "check_named", "counts_right", "examples_needed", "has_passed", "is_opened", "level", "locked",
    "looks_left", "mark_opened", "named_variations", "names_strata", "open_look", "plan_gate", "read_looks",
    "share_of_golden", "showable", "spent", "successes_needed", "suite_digest", "write_outcome",
]
