"""--open-golden: what it shows, what it costs, and that it is written down before anything is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goldgate.base.files import read_json, write_json
from goldgate.champion.record import load_champion

pytest_plugins = ["pytester"]
UNDECLARED = "base+few_shot:1"
ONE_GATE = "def test_it(candidate):\n    assert candidate.exact_match >= 0.80\n"


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    """Runs the project's suites and returns what was printed."""
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return result.stdout.str() + result.stderr.str()


def outcomes(made: Any) -> list[dict[str, Any]]:
    return [read_json(p) for p in made.looks.glob("*.outcome.json")]


@pytest.fixture
def failing(made: Any) -> Any:
    """A champion that errs on golden's first 30 examples, and on dev's first 15."""
    made.gates(ONE_GATE)
    made.champion(wrong=30)
    return made


def test_golden_stays_closed_unless_it_is_opened(failing: Any, pytester: pytest.Pytester) -> None:
    text = run(pytester)
    assert "worst on dev: d000" in text
    assert "worst on golden" not in text
    assert "g000" not in text
    assert [o["opened"] for o in outcomes(failing)] == [False]


def test_opened_golden_shows_its_failing_examples_in_place_of_devs(failing: Any, pytester: pytest.Pytester) -> None:
    text = run(pytester, "--open-golden")
    assert "worst on golden: g000 [dark]  expected red, got green" in text
    assert text.count("worst on golden: ") == 20
    assert "and 10 more of golden" in text
    assert "worst on dev" not in text
    assert [(o["opened"], o["pass"]) for o in outcomes(failing)] == [(True, False)]
    assert "golden was opened: passes carry no error rate until it is refreshed" in text


def test_from_then_on_every_pass_is_opened(made: Any, pytester: pytest.Pytester) -> None:
    assert "suite colours passes: all 4 gates" in run(pytester)
    run(pytester, "--open-golden")
    made.cached(UNDECLARED, "golden", wrong=1)
    for arguments in ((), ("--candidate", UNDECLARED, "--split", "golden")):
        text = run(pytester, *arguments)
        assert "suite colours passes, opened: all 4 gates (2 shown, 2 not contradicted), without an error rate" in text
        assert "chance of a false pass" not in text
        assert "passes up to look" not in text
    assert "on dev: observed" in run(pytester, "--split", "dev")


def test_a_gate_that_passes_says_that_golden_was_opened(made: Any, pytester: pytest.Pytester) -> None:
    made.gates("def test_it(candidate):\n    v = candidate.exact_match >= 0.80\n    assert 0, v.message\n")
    text = run(pytester, "--open-golden")
    assert "hidden here while golden decides (look 1 of golden 79f0, opened)" in text
    assert "passes up to look" not in text


def test_a_gate_report_of_an_opened_split_tells_no_error_rate(made: Any, pytester: pytest.Pytester) -> None:
    run(pytester, "--gate-report=closed.html")
    run(pytester, "--open-golden", "--gate-report=opened.html")
    closed, opened = ((pytester.path / f"{name}.html").read_text() for name in ("closed", "opened"))
    assert "passes up to look" in closed
    assert "passes up to look" not in opened
    assert "opened: golden&#39;s examples were shown, so no error rate holds" in opened
    assert "passes, opened" in opened


def test_opening_is_written_before_an_example_is_shown(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(
        "from pathlib import Path\n\ndef test_it(candidate):\n"
        f"    (path,) = Path({str(made.looks)!r}).glob('*.outcome.json')\n"
        "    assert '\"opened\": true' in path.read_text()\n    assert '\"pass\": null' in path.read_text()\n"
        "    assert candidate.exact_match >= 0.8\n"
    )
    assert "suite colours passes, opened" in run(pytester, "--open-golden")


def test_a_look_that_had_its_outcome_keeps_it_when_it_is_opened_later(made: Any, pytester: pytest.Pytester) -> None:
    run(pytester)
    (before,) = outcomes(made)
    run(pytester, "--open-golden", "-k", "test_accuracy")
    assert outcomes(made) == [{**before, "opened": True}]


def test_in_ci_golden_is_opened_only_where_the_ledger_says_so_already(
    failing: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pytester)
    monkeypatch.setenv("CI", "true")
    text = run(pytester, "--open-golden")
    assert "golden is not opened, and nothing is written in CI" in text
    assert "worst on golden" not in text
    assert [o["opened"] for o in outcomes(failing)] == [False]
    monkeypatch.delenv("CI")
    run(pytester, "--open-golden")
    monkeypatch.setenv("CI", "true")
    assert "worst on golden: g000" in run(pytester, "--open-golden")


def test_a_run_on_dev_opens_nothing(made: Any, pytester: pytest.Pytester) -> None:
    for arguments in (("--split", "dev"), ("--candidate", UNDECLARED)):
        assert "this run is on dev: add --split golden" in run(pytester, "--open-golden", *arguments)
    assert not made.looks.exists()


def test_a_declared_baseline_opens_nothing(made: Any, pytester: pytest.Pytester) -> None:
    """It takes no look, so there is nothing that could say so."""
    made.cached("base+zero_shot", "golden", wrong=30)
    text = run(pytester, "--candidate", "base+zero_shot", "--split", "golden", "--open-golden")
    assert "opening golden needs a look, and this run takes none" in text
    assert "worst on golden" not in text


def test_sealed_golden_is_never_opened(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make(golden="sealed")
    made.champion(wrong=30)
    text = run(pytester, "--open-golden")
    assert "golden is sealed: its examples are not shown" in text
    assert "g000" not in text
    assert not outcomes(made) or not outcomes(made)[0]["opened"]


def test_an_outcome_that_cannot_be_read_decides_nothing(made: Any, pytester: pytest.Pytester) -> None:
    run(pytester)
    (path,) = made.looks.glob("*.outcome.json")
    write_json(path, {k: v for k, v in read_json(path).items() if k != "opened"})
    text = run(pytester)
    assert '"opened" is missing' in text
    assert "passes" not in text.partition("golden suites")[2]


def test_a_champion_record_says_opened_only_where_it_was(made: Any) -> None:
    champion = load_champion(made.project, "colours")
    assert champion is not None
    assert not champion.opened
    path = made.suite / "champion.json"
    write_json(path, {**read_json(path), "opened": True})
    again = load_champion(made.project, "colours")
    assert again is not None
    assert again.opened
