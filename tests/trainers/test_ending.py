"""Why a run ended without a pass: the gates in the way, how far, which examples, and what would help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from goldgate.gates import GateRecord
from goldgate.measures import Measure, Recording, invalid, recording
from goldgate_trainers.loop.attempt import Attempt, DevResult
from goldgate_trainers.loop.ending import CurvePoint, Ending, explain
from goldgate_trainers.loop.facts import TrainFacts
from goldgate_trainers.lora.recipe import Recipe

FACTS = TrainFacts(100, {"dark": 4, "light": 60})
DEV = DevResult(0.1, {"exact_match": 0.8}, ["exact_match >= 0.90"], "exact_match", {"dark": 0.2, "light": 0.95})


def recorded(gate: Callable[[], object]) -> GateRecord:
    made: list[GateRecord] = []
    with recording(Recording(force="observed", record=lambda v, m: made.append(GateRecord.of(v, m, "t.py::t")))):
        gate()
    return made[0]


def accuracy(right: int, n: int, t: float = 0.9) -> GateRecord:
    values = [0.0] * (n - right) + [1.0] * right
    measure = Measure(values, ids=[f"d{i:03d}" for i in range(n)], name="exact_match")
    return recorded(lambda: measure >= t)


def told(
    *gates: GateRecord,
    n_dev: int = 100,
    n_golden: int = 200,
    facts: TrainFacts = FACTS,
    curve: Sequence[CurvePoint] = (),
    dev: DevResult = DEV,
    **last: float,
) -> Ending:
    best = Attempt(1, Recipe(1e-3, 8, 4), "", Path("1"), [{"loss": 0.5, **last}], dev, 60.0, 10.0)
    return explain(gates, best, lambda g: round(n_golden * g.verdict.n / n_dev), 0.025, facts, curve)


def test_a_missed_gate_says_estimate_interval_threshold_distance_and_examples() -> None:
    (gate,) = told(accuracy(80, 100)).gates
    assert gate.startswith("exact_match >= 0.90: 0.800 on dev (95% interval 0.70")
    assert "n = 100); 0.100 short" in gate
    assert gate.endswith("worst on dev: d000, d001, d002, d003, d004")


def test_a_cap_names_the_examples_above_it() -> None:
    tokens = Measure([10.0, 90.0, 20.0, 30.0], ids=["a", "b", "c", "d"], bounds=(0.0, 100.0), name="tokens_out")
    (gate,) = told(recorded(lambda: tokens <= 25.0), n_dev=4).gates
    assert gate.endswith("worst on dev: b, d")


def test_a_threshold_that_golden_cannot_show_is_no_matter_of_training() -> None:
    ending = told(accuracy(40, 40), n_dev=40, n_golden=20)
    assert "no result on 20 examples of golden shows it" in ending.gates[0]
    assert ending.helps == (
        "for exact_match >= 0.90: about 36 golden examples of its slice instead of 20, or a lower"
        " threshold; training cannot change that",
    )


def test_a_gate_that_dev_just_reaches_asks_for_golden_examples() -> None:
    ending = told(accuracy(92, 100), n_golden=100)
    assert "which reaches it; 100 examples of golden show that in " in ending.gates[0]
    assert "the model may be good enough already" in ending.helps[0]
    assert not any("training examples" in help_ for help_ in ending.helps)


def test_the_tags_that_go_wrong_are_named_with_what_they_have_to_learn_from() -> None:
    helps = told(accuracy(80, 100)).helps
    assert "the kinds that go wrong most: dark (0.200 against 0.800; only 4 training examples)" in helps[0]
    assert not any("light" in help_ for help_ in helps)


def test_contradicting_examples_are_named_and_the_rest_counted() -> None:
    pairs = [(f"a{i}", f"b{i}") for i in range(7)]
    helps = told(accuracy(80, 100), facts=TrainFacts(100, {}, pairs)).helps
    assert "a0 and b0, a1 and b1" in helps[0]
    assert "a4 and b4 and 2 pairs more" in helps[0]


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ((0.6, 0.7, 0.8), "more training examples: exact_match on dev still rises with them"),
        ((0.7, 0.8, 0.8), "a larger base model: exact_match on dev hardly rises"),
        ((0.8, 0.8, 0.7), "a larger base model"),
    ],
)
def test_a_learning_curve_tells_data_from_model(scores: tuple[float, ...], says: str) -> None:
    curve = [CurvePoint(n, s) for n, s in zip((25, 50, 100), scores, strict=True)]
    assert says in told(accuracy(80, 100), curve=curve).helps[0]


def test_a_broken_gate_is_named_and_nothing_is_said_of_how_far_it_is() -> None:
    broken = GateRecord.bare(invalid("exact_match >= 0.90", "no example carries it"), "t.py::t")
    assert "no example carries it" in told(broken).gates[0]


def test_where_dev_reaches_everything_it_says_so() -> None:
    assert told(accuracy(100, 100)).gates == (
        "dev reaches every gate; what golden did not show stands in its verdicts",
    )


def test_the_terminal_tells_it_all_and_the_record_keeps_it() -> None:
    ending = told(accuracy(80, 100))
    assert len(ending.lines) == len(ending.gates) + len(ending.helps)
    assert ending.to_json() == {"gates": ending.gates, "helps": ending.helps}


def test_answers_that_break_their_format_point_at_the_template_and_the_length() -> None:
    dev = DevResult(0.1, {"exact_match": 0.5, "schema_valid": 0.6, "stop_rate": 0.7}, ["g"], "exact_match")
    helps = told(accuracy(80, 100), dev=dev).helps
    assert helps[0] == (
        "a look at decoding.max_new_tokens and the template in task.yaml: answers break their format"
        " (schema_valid 60.0%, stop_rate 70.0%)"
    )


def test_what_is_learned_by_heart_asks_for_more_of_it_without_a_curve() -> None:
    helps = told(accuracy(80, 100), dev_loss=1.6).helps
    assert helps[0] == ("more training examples: the training data is memorised (loss 0.5), but dev loss is 1.6")
    assert not any("--curve" in help_ for help_ in helps)
    assert any("`--curve` measures" in help_ for help_ in told(accuracy(80, 100), dev_loss=1.4).helps)
