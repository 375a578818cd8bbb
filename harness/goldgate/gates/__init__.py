"""From verdicts to decisions: the chance of passing golden, the power of a gate, and the examples that it needs."""

from goldgate.gates.chance import chance_of_passing
from goldgate.gates.effects import Effect, correlation_of, deciding, effects_of, loses
from goldgate.gates.expected import Expected, expected_effects
from goldgate.gates.planning import examples_needed, showable, successes_needed
from goldgate.gates.power import GatePlan, can_plan, chance_of_other_verdict, counts_right, plan_gate
from goldgate.gates.record import GateRecord
from goldgate.gates.selection import chance_as_chosen
from goldgate.gates.slices import share_of_golden

__all__ = [
    "Effect",
    "Expected",
    "GatePlan",
    "GateRecord",
    "can_plan",
    "chance_as_chosen",
    "chance_of_other_verdict",
    "chance_of_passing",
    "correlation_of",
    "counts_right",
    "deciding",
    "effects_of",
    "examples_needed",
    "expected_effects",
    "loses",
    "plan_gate",
    "share_of_golden",
    "showable",
    "successes_needed",
]
