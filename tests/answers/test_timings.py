"""Timings: kept by who answered and where; made into measures; those of two machines are never compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldgate.answers.timings import Timings
from goldgate.base.errors import UserError
from goldgate.scorers import timed_measure
from goldgate.subjects.latency import Timing

HERE, THERE = "this machine, 2 cores", "that machine, 64 cores"


def _timings(seconds: list[float | None], machine: str = HERE) -> list[Timing]:
    return [Timing(None if s is None else s / 2, s, machine) for s in seconds]


def _measure(metric: str, timings: list[Timing], name: str = "latency"):  # type: ignore[no-untyped-def]
    return timed_measure(metric, timings, name=name, ids=[str(i) for i in range(len(timings))])


def test_timings_are_kept_by_identity_and_machine(tmp_path: Path) -> None:
    store = Timings(tmp_path)
    store.add("me", HERE, {"a": Timing(0.1, 0.2, HERE)})
    store.add("me", HERE, {"b": Timing(None, None, HERE)})
    store.add("me", THERE, {"a": Timing(9.0, 9.0, THERE)})
    assert store.lookup("me", HERE) == {"a": Timing(0.1, 0.2, HERE), "b": Timing(None, None, HERE)}
    assert store.lookup("you", HERE) == {}


def test_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    store = Timings(tmp_path)
    store.add("me", HERE, {"a": Timing(0.1, 0.2, HERE)})
    (path,) = (tmp_path / "latency").iterdir()
    path.write_text('{"timings": {"a": 3}}', encoding="utf-8")
    with pytest.raises(UserError, match=r"not a timing[\s\S]*delete it"):
        store.lookup("me", HERE)


def test_latency_goes_to_the_last_token_and_first_token_to_the_first() -> None:
    timings = _timings([1.0, 2.0, 3.0])
    assert _measure("latency", timings).value == pytest.approx(2.0)
    assert _measure("first_token", timings).value == pytest.approx(1.0)


def test_seconds_of_two_machines_are_not_subtracted() -> None:
    ours, theirs = _measure("latency", _timings([1.0] * 5)), _measure("latency", _timings([2.0] * 5, THERE))
    with pytest.raises(UserError, match=f"one was measured on {THERE}, the other on {HERE}"):
        _ = ours <= theirs
    assert (ours - _measure("latency", _timings([2.0] * 5))).value == pytest.approx(-1.0)


def test_one_measure_is_of_one_machine() -> None:
    with pytest.raises(UserError, match="measured partly on"):
        _measure("latency", [*_timings([1.0]), *_timings([1.0], THERE)])
    with pytest.raises(UserError, match="none of its examples was timed"):
        _measure("latency", [])


def test_a_mean_of_seconds_is_not_gated_with_an_answer_missing_and_a_percentile_counts_it_as_endless() -> None:
    measure = _measure("latency", _timings([1.0] * 99 + [None]))
    with pytest.raises(UserError, match="latency has no upper limit"):
        measure.verdict("<=", 2.0)
    assert measure.p50.verdict("<=", 2.0).outcome == "pass"
    assert _measure("latency", _timings([1.0] * 90 + [None] * 10)).p95.verdict("<=", 2.0).outcome != "pass"


def test_seventy_two_quick_answers_show_a_p95_and_seventy_one_do_not() -> None:
    assert _measure("latency", _timings([1.0] * 72)).p95.verdict("<=", 1.5).outcome == "pass"
    assert _measure("latency", _timings([1.0] * 71)).p95.verdict("<=", 1.5).outcome == "undecided"
