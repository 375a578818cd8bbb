"""From verdicts to decisions: levels, the ledger of looks at golden, the chance of passing, and planning."""

from harness.gates.looks import Look, LookKey, check_named, open_look, read_looks, spent, write_outcome
from harness.gates.planning import examples_needed, showable, successes_needed
from harness.gates.policy import GateRecord, chance_of_passing, level
from harness.gates.suite import names_strata, suite_digest

__all__ = [
    "GateRecord", "Look", "LookKey", "chance_of_passing", "check_named", "examples_needed", "level",
    "names_strata", "open_look", "read_looks", "showable", "spent", "successes_needed", "suite_digest", "write_outcome",
]
