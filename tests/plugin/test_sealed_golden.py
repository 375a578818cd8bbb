"""golden: sealed shows verdicts alone. Two candidates with the same verdicts must look the same in every channel."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.base.files import read_json
from goldgate.jobs.run_suite import run_suite

pytest_plugins = ["pytester"]
NEAR, FAR = 7, 8  # wrong of 60, and 4 of dev: both leave `exact_match >= 0.80` undecided and pass the others


@pytest.fixture
def sealed(make: Callable[..., Any]) -> Any:
    return make(golden="sealed")


def shown(pytester: pytest.Pytester, made: Any, wrong: int, *arguments: str, again: bool = False) -> str:
    """What the first run prints of a champion that errs so often; the time that it took does not count."""
    if not again:  # other answers at the same look would be invalid
        shutil.rmtree(made.looks, ignore_errors=True)
    made.champion(wrong=wrong)
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    text = result.stdout.str() + result.stderr.str()
    return re.sub(r"in \d+\.\d+s|, recorded now", "", text)


@pytest.mark.parametrize("arguments", [(), ("-vv",), ("-l", "--tb=long"), ("-rA",), ("-s",)])
def test_the_terminal_tells_verdicts_alone(sealed: Any, pytester: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    near = shown(pytester, sealed, NEAR, *arguments)
    assert shown(pytester, sealed, FAR, *arguments) == near
    assert "exact_match >= 0.80 is undecided" in near
    assert "golden is sealed, so only the verdict is shown; n = 60 (look 1 of golden" in near
    assert re.search(r"exact_match >= 0.80 +- +sealed +0.80 +shown +undecided +60", near)
    assert "golden is sealed: only verdicts are shown" in near
    assert "worst on dev: d000" in near


def test_closed_golden_tells_the_two_apart(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make()
    assert shown(pytester, made, NEAR) != shown(pytester, made, FAR)


def test_junit_tells_verdicts_alone(sealed: Any, pytester: pytest.Pytester) -> None:
    files = []
    for wrong in (NEAR, FAR):
        shown(pytester, sealed, wrong, "--junitxml=out.xml")
        files.append(re.sub(r'(time|timestamp)="[^"]*"', "", (pytester.path / "out.xml").read_text()))
    assert files[0] == files[1]
    names = [p.attrib["name"] for p in ET.fromstring(files[0]).iter("property")]
    assert names.count("goldgate.sealed") == names.count("goldgate.verdict") == 4
    assert not {"goldgate.estimate", "goldgate.interval", "goldgate.p"} & set(names)


def test_githubs_summary_and_annotations_tell_verdicts_alone(
    sealed: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("CI", "false")
    told = []
    for wrong in (NEAR, FAR):
        summary = pytester.path / f"{wrong}.md"
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        told.append(shown(pytester, sealed, wrong) + summary.read_text().replace(", recorded now", ""))
    assert told[0] == told[1]
    assert "::error" in told[0]
    assert "| sealed |" in told[0]


@pytest.mark.parametrize(
    "read",
    [
        "candidate.exact_match.value",
        "candidate.exact_match.interval()[0]",
        "candidate.values('exact_match')['g000']",
        "candidate.answers['g000'].text",
        "candidate.confusion().top(1)[0]",
        "candidate.exact_match.where(lambda x: x == 1).n",
        "candidate.where(lambda e, a: a.text == e.output).exact_match.n",
        "(candidate.exact_match - prompted.exact_match).value",
        "candidate.on('dark').exact_match.p50.value",
    ],
)
def test_a_test_cannot_read_the_numbers(sealed: Any, pytester: pytest.Pytester, read: str) -> None:
    sealed.gates(f"def test_it(candidate, prompted):\n    assert {read} > 2\n")
    near = shown(pytester, sealed, NEAR)
    assert "is invalid: golden is sealed: the numbers of" in near
    assert shown(pytester, sealed, FAR) == near


def test_a_measure_and_a_verdict_print_no_number(sealed: Any, pytester: pytest.Pytester) -> None:
    sealed.gates(
        "def test_it(candidate):\n    m = candidate.exact_match\n    print(m, m.plausible)\n"
        "    print(vars(m >= 0.8), m.verdict('>=', 0.8).message)\n    assert 0, repr(m)\n"
    )
    near = shown(pytester, sealed, NEAR)
    assert "exact_match (sealed, n = 60)" in near
    assert shown(pytester, sealed, FAR) == near


def test_dev_and_baselines_choosing_stay_open(sealed: Any, pytester: pytest.Pytester) -> None:
    sealed.champion(wrong=NEAR)
    sealed.cached("base+zero_shot", "dev", wrong=10)
    sealed.cached("base+zero_shot+constrained", "dev", wrong=8)
    sealed.cached("base+few_shot:1", "golden", wrong=1)
    sealed.cached("base+zero_shot+constrained", "golden", wrong=40)
    text = shown(pytester, sealed, NEAR, "--split", "dev")
    assert re.search(r"exact_match.observed >= 0.80 +0\.\d{3}", text)
    (sealed.suite / "champion.json").unlink()
    result = pytester.runpytest("suites", "--candidate", "base+few_shot:1", "--split", "golden")
    assert "suite colours passes: all 4 gates" in result.stdout.str()


def test_a_declared_baseline_is_sealed_too(sealed: Any, pytester: pytest.Pytester) -> None:
    texts = []
    for wrong in (30, 33):
        for path in sealed.project.cache.glob("golden.sqlite*"):
            path.unlink()
        sealed.cached("base+zero_shot", "golden", wrong=wrong)
        texts.append(shown(pytester, sealed, 0, "--candidate", "base+zero_shot", "--split", "golden"))
    assert "exact_match >= 0.80 fails" in texts[0]
    assert texts[0] == texts[1]


def test_records_of_a_run_hold_no_values(sealed: Any) -> None:
    sealed.champion(wrong=NEAR)
    result = run_suite(sealed.project, "colours", None, "golden")
    assert [r.values for r in result.records] == [{}] * 4
    assert all(r.verdict.sealed for r in result.records)
    on_dev = run_suite(sealed.project, "colours", None, "dev")
    assert all(r.values for r in on_dev.records)


def test_the_ledger_and_the_outcome_tell_verdicts_alone(sealed: Any, pytester: pytest.Pytester) -> None:
    shown(pytester, sealed, NEAR)
    (look,) = sealed.looks_taken()
    assert look["sealed"] is True
    (path,) = sealed.looks.glob("*.outcome.json")
    assert {key for row in read_json(path)["gates"] for key in row} == {
        "gate",
        "outcome",
        "item",
        "place",
        "op",
        "threshold",
        "reading",
        "over",
    }


@pytest.mark.parametrize(("first", "then"), [("sealed", "closed"), ("closed", "sealed")])
def test_sealed_or_closed_is_fixed_by_the_first_look(
    make: Callable[..., Any], pytester: pytest.Pytester, first: str, then: str
) -> None:
    """Else one could look with numbers and claim the exact error, or take a sealed look and read it afterwards."""
    made = make(golden=first)
    shown(pytester, made, NEAR)
    path = made.suite / "task.yaml"
    path.write_text(path.read_text().replace(first, then))
    made.cached("base+zero_shot", "golden", wrong=30)
    for arguments in ((), ("--candidate", "base+zero_shot", "--split", "golden")):
        text = shown(pytester, made, NEAR, *arguments, again=True)
        assert f"look at this golden split was taken with `golden: {first}`" in text
        assert "0.883" not in text
    assert len(made.looks_taken()) == 1


def test_the_gate_report_tells_verdicts_alone(sealed: Any, pytester: pytest.Pytester) -> None:
    pages = []
    for wrong in (NEAR, FAR):
        shown(pytester, sealed, wrong, "--gate-report=gates.html")
        pages.append((pytester.path / "gates.html").read_text().replace(", recorded now", ""))
    assert pages[0] == pages[1]
    assert "undecided" in pages[0].lower()
