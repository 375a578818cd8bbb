"""`goldgate plan`, on answers that are cached or recorded: what it says, and that it asks nobody and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.ledger import LookKey, mark_opened, open_look

Typed = Callable[..., tuple[int, str, str]]
BASE = "base+zero_shot"
ROOT = Path(__file__).parents[2]
GATES = "def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.80\n"
SUITE = """
def test_accuracy(candidate):
    assert candidate.exact_match >= 0.60

def test_format(candidate):
    assert candidate.schema_valid >= 0.95

def test_beats_prompting(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.10
"""
MORE = """
def test_edge_case(candidate, edge_case):
    assert candidate.on(edge_case).exact_match.plausible >= 0.50

def test_edge_cases_together(candidate, edge_cases):
    assert candidate.on(edge_cases).field_accuracy >= 0.50

def test_cost(candidate):
    assert candidate.cost_per_1k <= 0.20
"""


def spoken(typed: Typed, *words: str) -> dict[str, Any]:
    status, out, err = typed("plan", *words, "--json")
    assert status == 0, err
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def refused(typed: Typed, *words: str) -> str:
    status, out, err = typed("plan", *words)
    assert (status, out) == (2, "")
    assert "Traceback" not in err
    return err


def files(folder: Path) -> dict[Path, bytes]:
    """Everything but the cache, which marks what was used, and compiled tests."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and not {"cache", "__pycache__"} & set(p.parts)}


def by_gate(said: dict[str, Any]) -> dict[str, Any]:
    return {row["gate"]: row for row in said["gates"]}


@pytest.fixture
def answered(counts: Any) -> Any:
    """The baseline is right on 20 of 24, with constrained decoding on 23."""
    counts.gates(SUITE)
    counts.cached(BASE, dev=4)
    counts.cached(f"{BASE}+constrained", dev=1)
    return counts


# What it says


def test_without_a_champion_the_best_baseline_that_has_answered_is_planned(typed: Typed, answered: Any) -> None:
    answered.gates(SUITE + MORE)
    said = spoken(typed, "counts")
    assert said["subject"] == f"{BASE}+constrained"
    assert (said["golden"], said["look"], said["level"], said["unplanned"]) == (60, 1, 0.025, [])
    rows = by_gate(said)
    accuracy = rows["exact_match >= 0.60"]
    assert accuracy["truth"] == 23 / 24
    assert (accuracy["n"], accuracy["right"], accuracy["reading"]) == (60, 44, "shown")
    assert accuracy["power"] > 0.999
    assert accuracy["flips"] == pytest.approx(2 * accuracy["power"] * (1 - accuracy["power"]))
    difference = rows["exact_match - prompted.exact_match >= 0.10"]
    assert (difference["truth"], difference["right"], difference["examples"], difference["power"]) == (0, None, None, 0)
    assert rows["cost_per_1k <= 0.20"]["power"] == 1.0


def test_a_gate_has_the_examples_of_golden_that_are_in_its_slice(typed: Typed, answered: Any) -> None:
    answered.gates(SUITE + MORE)
    rows = by_gate(spoken(typed, "counts"))
    assert rows["exact_match[dark].plausible >= 0.50"]["n"] == 20
    assert rows["field_accuracy[edge cases] >= 0.50"]["n"] == 40
    smaller = by_gate(spoken(typed, "counts", "--golden", "30"))
    assert [smaller[g]["n"] for g in ("exact_match >= 0.60", "exact_match[dark].plausible >= 0.50")] == [30, 10]


def test_a_tag_that_all_of_dev_carries_may_be_rarer_in_golden(typed: Typed, answered: Any) -> None:
    rows = [json.loads(line) for line in (answered.golden / "dev.jsonl").read_text().splitlines()]
    (answered.golden / "dev.jsonl").write_text("".join(json.dumps({**r, "tags": ["dark"]}) + "\n" for r in rows))
    assert typed("prepare", "counts")[0] == 0
    answered.gates(
        "def test_dark(candidate):\n    assert candidate.on('dark').exact_match.plausible >= 0.5\n\n"
        "def test_all(candidate):\n    assert candidate.exact_match >= 0.5\n"
    )
    assert [row["n"] for row in spoken(typed, "counts")["gates"]] == [20, 60]


def test_a_slice_by_inputs_has_the_share_that_it_has_on_dev(typed: Typed, answered: Any) -> None:
    answered.gates(
        "def test_few(candidate):\n"
        "    few = candidate.where(lambda e: e.id < 'd006', label='few')\n"
        "    assert few.exact_match.plausible >= 0.5\n"
    )
    assert by_gate(spoken(typed, "counts"))["exact_match[few].plausible >= 0.50"]["n"] == 15


def test_a_slice_by_nearness_has_the_examples_of_its_stratum(typed: Typed, answered: Any) -> None:
    assert typed("prepare", "counts")[0] == 0
    path = answered.golden / "novelty.json"
    told = json.loads(path.read_text())
    for split, far in (("dev", 6), ("golden", 33)):
        for k, row in enumerate(told[split].values()):
            row["stratum"] = "far" if k < far else "near"
    path.write_text(json.dumps(told))
    answered.gates("def test_far(candidate):\n    assert candidate.on('novelty:far').exact_match.plausible >= 0.5\n")
    (row,) = spoken(typed, "counts")["gates"]
    assert row["n"] == 33


def test_a_slice_that_golden_lacks_is_not_planned(typed: Typed, answered: Any) -> None:
    rows = [json.loads(line) for line in (answered.golden / "golden.jsonl").read_text().splitlines()]
    for row in rows:
        row["tags"] = [t for t in row["tags"] if t != "dark"]
    (answered.golden / "golden.jsonl").write_text("\n".join(json.dumps(r) for r in rows) + "\n")
    assert typed("prepare", "counts")[0] == 0
    answered.gates(
        "def test_dark(candidate):\n    assert candidate.on('dark').exact_match.plausible >= 0.5\n\n"
        "def test_all(candidate):\n    assert candidate.exact_match >= 0.5\n"
    )
    said = spoken(typed, "counts")
    assert [row["gate"] for row in said["gates"]] == ["exact_match >= 0.50"]
    assert "no golden example is in its slice" in said["unplanned"][0]["why"]
    assert said["chance"] is None


def test_a_threshold_that_no_result_shows_is_marked_with_what_would(typed: Typed, answered: Any) -> None:
    row = by_gate(spoken(typed, "counts"))["schema_valid >= 0.95"]
    assert (row["right"], row["possible"], row["power"]) == (None, False, 0.0)
    status, out, _ = typed("plan", "counts")
    assert status == 0
    line = next(x for x in out.splitlines() if x.split()[:2] == ["schema_valid", "shown"])
    assert "never" in line.split()
    assert "cannot be shown: schema_valid >= 0.95: no result at n = 60 does; 72 of 72 at the best value" in out
    assert "60 examples can show 0.90 (from 59 right)" in out


def test_at_72_examples_it_can_be_shown(typed: Typed, answered: Any) -> None:
    row = by_gate(spoken(typed, "counts", "--golden", "72"))["schema_valid >= 0.95"]
    assert (row["right"], row["possible"]) == (72, True)


def test_a_plausible_gate_that_catches_nothing_is_told(typed: Typed, answered: Any) -> None:
    answered.gates("def test_all(candidate):\n    assert candidate.exact_match.plausible >= 0.5\n")
    _, out, _ = typed("plan", "counts", "--golden", "3")
    assert "passes always: exact_match.plausible >= 0.50 passes whatever the answers are at n = 3" in out


def test_more_examples_are_no_answer_to_a_truth_below_the_threshold(typed: Typed, answered: Any) -> None:
    _, out, _ = typed("plan", "counts", "--truth", "exact_match=0.5")
    assert "not good enough: exact_match >= 0.60: if 0.500 is true, more examples are not the answer" in out
    _, out, _ = typed("plan", "counts", "--truth", "exact_match=0.7")
    assert "too few examples: exact_match >= 0.60" in out


def test_the_truth_is_set_for_every_rate_or_for_one_measure(typed: Typed, answered: Any) -> None:
    answered.gates(SUITE + MORE)
    before = by_gate(spoken(typed, "counts"))
    rows = by_gate(spoken(typed, "counts", "--truth", "0.8"))
    for gate, row in rows.items():
        rate = "prompted" not in gate and "cost" not in gate
        assert row["truth"] == (0.8 if rate else before[gate]["truth"])
    rows = by_gate(
        spoken(
            typed,
            "counts",
            "--truth",
            "0.8",
            "--truth",
            "exact_match - prompted.exact_match=0.25",
            "--truth",
            "exact_match=0.9",
        )
    )
    assert rows["exact_match >= 0.60"]["truth"] == 0.9
    assert rows["exact_match - prompted.exact_match >= 0.10"]["truth"] == 0.25
    assert rows["schema_valid >= 0.95"]["truth"] == 0.8


def test_the_level_is_that_of_the_look(typed: Typed, answered: Any) -> None:
    first, third = spoken(typed, "counts"), spoken(typed, "counts", "--look", "3")
    assert third["level"] == 0.00625
    assert by_gate(third)["exact_match >= 0.60"]["right"] > by_gate(first)["exact_match >= 0.60"]["right"]
    answered.settings(error=0.2)
    assert spoken(typed, "counts")["level"] == 0.1


def test_the_next_look_follows_the_ledger(typed: Typed, answered: Any) -> None:
    look = open_look(
        answered.golden / "looks",
        LookKey("g", "c", "s"),
        candidate="x",
        date="2026-01-01",
        commit=None,
        error=0.05,
        write=True,
    )
    said = spoken(typed, "counts")
    assert (said["look"], said["level"]) == (2, 0.0125)
    assert "golden was opened" not in typed("plan", "counts")[1]
    mark_opened(answered.golden / "looks", look)
    assert "golden was opened: a pass has no error rate" in typed("plan", "counts")[1]


# What it does not do


def test_it_asks_nobody_and_writes_nothing(typed: Typed, counts: Any) -> None:
    """Constrained decoding has not answered, so which baseline is best is not known: that gate alone is not planned."""
    counts.gates(SUITE)
    counts.cached(BASE, dev=4)
    before = files(counts.project.root)
    said = spoken(typed, "counts", "--subject", BASE)
    assert [row["item"].rpartition("::")[2] for row in said["unplanned"]] == ["test_beats_prompting"]
    missing = "the best baseline is not known: base+zero_shot+constrained has not answered dev"
    assert missing in said["unplanned"][0]["why"]
    assert by_gate(said)["exact_match >= 0.60"]["truth"] == 20 / 24
    assert files(counts.project.root) == before


def test_a_latency_that_was_never_measured_is_not_planned(typed: Typed, answered: Any) -> None:
    answered.gates(GATES + "\ndef test_fast(candidate):\n    assert candidate.latency.p95 <= 2\n")
    said = spoken(typed, "counts")
    assert [row["gate"] for row in said["gates"]] == ["exact_match >= 0.80"]
    assert "was never measured on this machine" in said["unplanned"][0]["why"]


def test_the_shipped_suite_is_planned_from_its_recorded_answers(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = spoken(typed, "invoices", "--look", "1")
    rows = by_gate(said)
    assert (said["subject"], said["golden"], said["unplanned"]) == ("champion", 480, [])
    assert rows["exact_match >= 0.80"]["right"] == 402
    assert rows["exact_match[unseen_layout].plausible >= 0.70"]["n"] == 130
    assert 0.0 < said["chance"] < 1.0


# Bad input


def test_where_nobody_has_answered_it_says_what_to_run(typed: Typed, counts: Any) -> None:
    message = refused(typed, "counts")
    assert "no subject has answered dev yet" in message
    assert "goldgate evaluate counts --subject base+zero_shot" in message
    counts.cached(BASE, dev=4)
    message = refused(typed, "counts", "--subject", "base+few_shot:2")
    assert "24 of 24 answers of base+few_shot:2 are neither recorded nor cached" in message
    assert "goldgate evaluate counts --subject base+few_shot:2" in message


def test_an_unknown_task_gets_the_nearest_name(typed: Typed, answered: Any) -> None:
    assert 'no task "count" here\n  did you mean "counts"?' in refused(typed, "count")


def test_a_missing_card_or_split_is_named(typed: Typed, answered: Any) -> None:
    (answered.golden / "card.json").rename(answered.golden / "card.old")
    assert "card.json" in refused(typed, "counts")
    (answered.golden / "card.old").rename(answered.golden / "card.json")
    (answered.golden / "golden.jsonl").unlink()
    assert "the golden split is missing" in refused(typed, "counts")


@pytest.mark.parametrize("text", ["", "def test_nothing():\n    pass\n", "def broken(:\n"])
def test_a_suite_without_a_gate_is_refused(typed: Typed, answered: Any, text: str) -> None:
    answered.gates(text)
    assert "the suite recorded no gate on dev" in refused(typed, "counts")


def test_a_suite_whose_every_gate_errs_says_why(typed: Typed, answered: Any) -> None:
    answered.gates("def test_wrong(candidate):\n    assert candidate.exact_mach >= 0.5\n")
    message = refused(typed, "counts")
    assert 'no gate can be planned: test_wrong is invalid: no metric "exact_mach"' in message
    assert 'did you mean "exact_match"?' in message


def test_an_unknown_subject_gets_the_nearest_name(typed: Typed, answered: Any) -> None:
    assert 'no subject "bas+zero_shot"' in refused(typed, "counts", "--subject", "bas+zero_shot")
    assert "task counts has no champion" in refused(typed, "counts", "--subject", "champion")


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ("95", "a rate is always between 0 and 1: its true value cannot be 95"),
        ("-0.1", "a rate is always between 0 and 1"),
        ("nan", "a rate is always between 0 and 1"),
        ("high", '"high" is not a number'),
        ("", '"" is not a number'),
        ("exact_match=1.5", "exact_match is always between 0 and 1"),
        ("exact_match=", '"" is not a number'),
        ("exact_mach=0.9", 'no gate is on the mean of "exact_mach"\n  did you mean "exact_match"'),
        ("exact_match - prompted.exact_match=2", "is always between -1 and 1"),
    ],
)
def test_a_truth_that_cannot_be_is_refused(typed: Typed, answered: Any, truth: str, message: str) -> None:
    assert message in refused(typed, "counts", f"--truth={truth}")


@pytest.mark.parametrize(
    "words",
    [
        ("--golden", "0"),
        ("--golden", "-3"),
        ("--look", "0"),
        ("--golden", "many"),
        ("--look", "51"),
        ("--golden", "1000001"),
    ],
)
def test_sizes_and_looks_count_from_one_and_end(typed: Typed, answered: Any, words: tuple[str, ...]) -> None:
    assert words[0] in refused(typed, "counts", *words)


def test_a_gate_that_errs_is_listed_and_the_others_are_planned(typed: Typed, answered: Any) -> None:
    answered.gates(SUITE + "\ndef test_wrong(candidate):\n    assert candidate.exact_mach >= 0.5\n")
    said = spoken(typed, "counts")
    assert 'no metric "exact_mach"' in said["unplanned"][0]["why"]
    assert len(said["gates"]) == 3
    _, out, _ = typed("plan", "counts")
    assert "not planned: test_wrong is invalid" in out


# Clusters


def test_a_field_that_dev_shows_to_matter_costs_power(typed: Typed, counts: Any) -> None:
    counts.gates(GATES.replace("0.80", "0.60"))
    counts.cached(BASE, dev=4)
    counts.laid_out("dev", 4)  # the first layout is wrong
    counts.laid_out("golden", 6)
    (effect,) = spoken(typed, "counts")["effects"]
    assert (effect["field"], effect["clusters"], effect["known"], effect["correlation"]) == ("layout", 10, True, 1.0)
    assert effect["effective"] == 10
    assert effect["weaker"][0]["then"] < effect["weaker"][0]["power"]
    _, out, _ = typed("plan", "counts")
    assert "layout: 10 values in golden, design effect 6.0 by dev's answers: 60 examples say as much as 10" in out
    assert "strata: [layout]" in out


def test_a_field_that_dev_does_not_have_is_named_with_an_assumption(typed: Typed, counts: Any) -> None:
    counts.gates(GATES)
    counts.cached(BASE, dev=4)
    counts.laid_out("golden", 6)
    _, out, _ = typed("plan", "counts")
    assert "layout: 10 values in golden: no answers show whether they matter" in out


def test_declared_strata_are_named_and_checked(typed: Typed, counts: Any) -> None:
    counts.gates(GATES)
    counts.settings(strata=["layout"])
    counts.cached(BASE, dev=4)
    err = refused(typed, "counts")
    assert 'no golden example has "layout" in its meta' in err
    counts.laid_out("golden", 6)
    _, out, _ = typed("plan", "counts")
    assert "layout: 10 values in golden, a declared stratum" in out
