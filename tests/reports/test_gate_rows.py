"""Gates as the report shows them: what each reading carries, what an invalid one hides, and the verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.measures import Measure, Recording, Verdict, invalid, recording
from goldgate_reports.gates import Gate, Look, dev_gates, golden_gates, headline, look_of, title_of
from goldgate_reports.records import Records

from .small import TUNED, attempt_of, golden_of, golden_record, row, run_of

OUTCOMES = ("pass", "fail", "undecided", "invalid")


def records(golden: dict[str, Any] | None, dev: Sequence[dict[str, Any]] = ()) -> Records:
    attempt = attempt_of({"k": 1, "subject": TUNED}, gates=dev)
    return Records(run_of({"best": 1}), golden_of(golden), {}, {}, {}, (attempt,))


def look_in(golden: dict[str, Any]) -> Look:
    made = golden_of(golden)
    assert made is not None
    return look_of(made)


def looked(verdict: Verdict, number: int = 1, **more: Any) -> Gate:
    """The gate as golden's look of that number shows it."""
    look = {"number": number, "level": 0.05 / 2**number, "name": "3f2a", "spent": 0.05 - 0.05 / 2**number}
    return golden_gates(records(golden_record(row(verdict), look=look, **more)))[0]


def right(k: int, n: int, number: int = 1) -> Verdict:
    with recording(Recording(0.05 / 2**number)):
        return Measure([1.0] * k + [0.0] * (n - k), name="exact_match") >= 0.9


@given(st.integers(180, 400), st.integers(0, 12), st.integers(1, 8))
@settings(deadline=None, max_examples=40)
def test_the_report_and_the_gate_say_the_same_reach(n: int, wrong: int, number: int) -> None:
    verdict = right(n - wrong, n, number)
    gate = looked(verdict, number)
    assert gate.outcome == verdict.outcome
    assert gate.carries in verdict.message
    assert bool(gate.carries) == (verdict.outcome == "pass")


@given(st.integers(1, 12))
@settings(deadline=None)
def test_a_pass_carries_at_least_to_its_own_look(number: int) -> None:
    gate = looked(right(600, 600, number), number)
    assert int(gate.carries.removeprefix("passes up to look ").split()[0]) >= number


def test_what_can_never_be_missed_carries_beyond_every_look() -> None:
    assert looked(Measure([0.0] * 5) >= 0.0).carries == "passes up to look 20 and beyond"


def test_a_gate_says_how_likely_a_fresh_golden_set_disagrees() -> None:
    verdict = right(190, 200)
    told = {**row(verdict), "flips": 0.414}
    assert looked(verdict).flips == ""
    assert golden_gates(records(golden_record(told)))[0].flips == "gives another verdict in 41.4% of cases"
    with pytest.raises(UserError, match='field "flips"'):
        golden_gates(records(golden_record({**told, "flips": "often"})))


def test_only_shown_gates_have_a_p_and_a_level() -> None:
    m = Measure([1.0] * 40)
    shown, plausible, observed = looked(m >= 0.8), looked(m.plausible >= 0.8), looked(m.observed >= 0.8)
    assert (shown.tested, bool(shown.p)) == ("look 1, level 0.025", True)
    assert (plausible.tested, plausible.p, plausible.carries) == (
        "look 1, the opposite at level 0.025",
        "",
        "the same at every look",
    )
    assert (observed.tested, observed.p) == ("look 1, by the estimate alone", "")
    assert observed.carries == "met but not shown, so a pass has no error rate"


def test_an_opened_golden_takes_every_reach_away() -> None:
    m = Measure([1.0] * 40)
    for verdict in (m >= 0.8, m.plausible >= 0.8, m.observed >= 0.8):
        assert looked(verdict, opened=True).carries.startswith("opened")


def test_an_invalid_gate_has_no_numbers_and_keeps_its_reason() -> None:
    gate = looked(invalid("test_format", "the ledger lacks a look", "restore it"))
    assert (gate.outcome, gate.estimate.text, gate.chart, gate.carries) == ("invalid", "not recorded", None, "")
    assert "the ledger lacks a look" in gate.message
    said = headline([gate], look_in(golden_record()), (), "passed")
    assert said.reasons == (f"{gate.title}: test_format is invalid: the ledger lacks a look",)


def test_a_gate_knows_its_estimate_on_dev_by_item_metric_and_threshold() -> None:
    golden, dev = Measure([1.0] * 40, name="accuracy"), Measure([1.0, 0.0], name="accuracy")
    same, other = row(dev >= 0.8), row(dev >= 0.7)
    gates = golden_gates(records(golden_record(row(golden >= 0.8)), [other, same]))
    assert gates[0].dev == "50.0%"
    assert golden_gates(records(golden_record(row(golden >= 0.8)), [other]))[0].dev == ""
    elsewhere = row(dev >= 0.8, "test_gates.py::test_other")
    assert golden_gates(records(golden_record(row(golden >= 0.8)), [elsewhere]))[0].dev == ""


def test_gates_on_dev_say_that_they_are_and_carry_nothing() -> None:
    with recording(Recording(force="observed")):
        verdict = Measure([1.0, 1.0]) >= 0.8
    (gate,) = dev_gates(records(None, [row(verdict)]))
    assert (gate.tested, gate.carries, gate.reading, gate.written) == (
        "on dev, by the estimate alone",
        "",
        "observed",
        "shown",
    )
    assert golden_gates(records(None, [row(verdict)])) == ()


def test_a_gate_between_two_measures_says_what_it_is_an_estimate_of() -> None:
    a, b = Measure([1.0] * 9, name="ours"), Measure([0.0] * 9, name="theirs")
    assert looked(a >= b).measures == "ours minus theirs; passes at 0 or more"
    assert looked(a <= b).measures == "theirs minus ours; passes at 0 or more"
    assert looked(a >= 0.1).measures == ""


@given(st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=9), st.booleans())
@settings(deadline=None)
def test_a_run_ships_exactly_when_every_gate_passes(outcomes: list[str], opened: bool) -> None:
    verdict = Measure([1.0] * 40) >= 0.8
    rows = [row(verdict) for _ in outcomes]
    for made, outcome in zip(rows, outcomes, strict=True):
        made["verdict"]["outcome"] = outcome
    golden = golden_record(*rows, opened=opened)
    said = headline(golden_gates(records(golden)), look_in(golden), (), "passed")
    assert (said.tone == "ship") == (set(outcomes) == {"pass"} and not opened)
    assert (said.tone == "stop") == bool({"fail", "invalid"} & set(outcomes))
    assert said.words.startswith("Ship") == (said.tone == "ship")
    if set(outcomes) != {"pass"}:
        assert len(said.reasons) == sum(o != "pass" for o in outcomes)
        for outcome in ("fail", "invalid", "undecided"):
            count = outcomes.count(outcome)
            assert (f"{count} " in said.words) or not count


@given(st.lists(st.sampled_from(["shown", "plausible", "observed"]), min_size=1, max_size=9))
@settings(deadline=None)
def test_the_verdict_says_on_which_readings_it_rests(readings: list[str]) -> None:
    m = Measure([1.0] * 40)
    golden = golden_record(*(row(getattr(m, r) >= 0.8) for r in readings))
    said = headline(golden_gates(records(golden)), look_in(golden), (), "passed").rests_on
    for reading in ("shown", "plausible", "observed"):
        count = readings.count(reading)
        assert (f"{count} {reading} (" in said) == (count > 0)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("running", "the run is not finished"),
        ("passed", "the run ended without a look at golden"),
        ("", "the run ended without a look at golden"),
    ],
)
def test_without_a_look_nothing_is_shown(status: str, words: str) -> None:
    with recording(Recording(force="observed")):
        dev = dev_gates(records(None, [row(Measure([1.0, 1.0]) >= 0.8), row(Measure([0.0, 1.0]) >= 0.8)]))
    said = headline((), None, dev, status)
    assert said.tone == "open"
    assert words in said.words
    assert said.reasons == ("on dev, the estimates reach 1 of 2 gates, which proves nothing",)


def test_a_look_that_compared_nothing_does_not_ship() -> None:
    assert headline((), look_in(golden_record()), (), "passed").tone == "stop"


def test_the_reason_names_estimate_and_interval() -> None:
    gate = looked(right(45, 50))
    said = headline([gate], look_in(golden_record()), (), "passed")
    assert said.reasons == ("Accuracy: exact_match >= 0.90 is undecided: estimate 90.0%, 95% interval 78.2% to 96.7%",)


@pytest.mark.parametrize(
    ("item", "title"),
    [
        ("suites/x/test_gates.py::test_accuracy", "Accuracy"),
        ("test_edge_case[ocr_noise]", "Edge case: ocr noise"),
        ("suites/x/test_gates.py::TestCost::test_beats_prompting", "Beats prompting"),
        ("accuracy", "Accuracy"),
        ("test_gates.py::test_a[x::y]", "A: x::y"),
        ("", ""),
        ("no name at all!", "no name at all!"),
        ("test_line[a\nb]", "Line: a\nb"),
    ],
)
def test_an_item_is_titled_in_words(item: str, title: str) -> None:
    assert title_of(item) == title


@pytest.mark.parametrize("verdict", [None, 3, "pass", {}, {"outcome": "great"}, {"outcome": "pass", "reading": "seen"}])
def test_a_row_that_is_no_gate_names_its_file(verdict: Any) -> None:
    with pytest.raises(UserError, match=r"golden\.json"):
        golden_gates(records(golden_record({"item": "test_x", "verdict": verdict})))


@pytest.mark.parametrize("golden", [{}, {"look": None, "split": None}, {"look": {}, "split": {}}])
def test_a_look_that_says_nothing_is_all_unknown(golden: dict[str, Any]) -> None:
    look = look_in(golden)
    assert (look.number, look.level, look.count, look.opened) == (None, None, None, False)
    assert look.spent == "not recorded"


@pytest.mark.parametrize("bounds", [None, "0..1", [0.0], [0.0, "1"], [0.0, 1.0, 2.0]])
def test_bounds_that_are_none_name_the_file_and_the_gate(bounds: Any) -> None:
    made = row(Measure([1.0] * 40, name="exact_match") >= 0.8)
    made["verdict"]["bounds"] = bounds
    with pytest.raises(UserError, match=r'golden\.json, gate "suites/small/test_gates.py::test_accuracy", .*bounds'):
        records(golden_record(made))
