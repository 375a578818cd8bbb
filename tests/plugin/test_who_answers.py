"""Who is tested when nothing is said, where answers come from, and what is said when they cannot be had."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from filelock import FileLock, Timeout

from goldgate.base.errors import UserError
from goldgate.data.check import rewrite_card
from goldgate.jobs import workspace as workspace_module
from goldgate.subjects import Answer
from goldgate.subjects.replayed import Replayed
from goldgate.task.examples import Example
from goldgate.task.task import load_task

pytest_plugins = ["pytester"]
ONE = "def test_one(candidate):\n    assert candidate.exact_match >= 0.8\n"


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    """Runs the project's suites and returns what was printed."""
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    return result.stdout.str() + result.stderr.str()


class Counting:
    """A subject that counts how often it is asked."""

    name = "base+few_shot:1"
    identity = "counting"
    asked: list[int]

    def __init__(self) -> None:
        self.asked = []

    def fingerprint(self, example: Example) -> str:
        return f"counting {example.id}"

    def answer(self, examples: Sequence[Example], progress: object = None) -> Iterator[Answer]:
        self.asked.append(len(examples))
        for e in examples:
            yield Answer(e.id, str(e.output), "stop", 3, 1, 0.0, None, self.identity, self.fingerprint(e), e.digest)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    subject = Counting()
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: subject)
    return subject


def test_no_candidate_is_a_failure_that_says_what_to_do(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    make().gates(ONE)
    result = pytester.runpytest("suites", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "there is no candidate: task colours has no champion" in text
    assert "pytest --candidate base+zero_shot" in text
    assert "goldgate train colours" in text
    assert "Traceback" not in text


def test_a_subject_that_is_not_known_is_invalid(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(ONE)
    assert 'is invalid: no prompting strategy "zero_shoot"' in run(pytester, "--candidate", "base+zero_shoot")


def test_an_adapter_that_is_not_there_is_invalid(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(ONE)
    assert "is invalid: " in (text := run(pytester, "--candidate", "adapter:nowhere"))
    assert "no such adapter folder" in text


def test_the_champion_is_decided_from_recorded_answers(made: Any, pytester: pytest.Pytester) -> None:
    text = run(pytester)
    assert "answers: 120 recorded, 0 cached, 0 generated" in text
    assert "candidate: adapter:runs/lost/adapter (cccccccccccc)" in text
    assert not made.project.cache.exists()  # nothing is written where everything is recorded


def test_cached_answers_are_counted_as_such(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(ONE)
    made.cached("base+few_shot:1", "dev", wrong=1)
    text = run(pytester, "--candidate", "base+few_shot:1")
    assert "on dev " in text
    assert "answers: 0 recorded, 24 cached, 0 generated" in text


def test_a_champions_answer_must_be_recorded(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make()
    made.champion(missing=3)
    made.gates(ONE)
    text = run(pytester)
    assert "an answer of adapter:runs/lost/adapter was not recorded" in text
    assert "put its adapter back" in text


def test_edited_answers_are_invalid(made: Any, pytester: pytest.Pytester) -> None:
    path = made.suite / "champion_answers.jsonl.gz"
    path.write_bytes(path.read_bytes() + b"\0")
    assert "the champion's answers were edited" in run(pytester)


def test_golden_changed_after_its_card_is_invalid(made: Any, pytester: pytest.Pytester) -> None:
    path = made.project.golden("colours") / "golden.jsonl"
    path.write_text(path.read_text().replace('thing number 7"', 'thing number 8"'))
    assert "the golden split was changed after its card was written" in run(pytester)


def test_a_broken_task_is_invalid(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(ONE)
    path = made.suite / "task.yaml"
    path.write_text(path.read_text().replace('"labels"', '"lables"'))
    assert 'unknown key "lables"' in (text := run(pytester))
    assert 'did you mean "labels"?' in text


def test_a_task_without_tags_fails_its_edge_cases_instead_of_skipping_them(
    make: Callable[..., Any], pytester: pytest.Pytester
) -> None:
    made = make()
    made.cached("base+zero_shot", "golden", 2)
    path = made.project.golden("colours") / "golden.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps({**row, "tags": []}) + "\n" for row in rows), "utf-8")
    rewrite_card(made.project, made.task)
    result = pytester.runpytest(
        "suites", "-p", "no:cacheprovider", "-k", "edge_case", "--split", "golden", "--candidate", "base+zero_shot"
    )
    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.fnmatch_lines(["*no golden example has a tag*"])


def test_a_tag_struck_from_the_card_takes_no_gate_away(made: Any, pytester: pytest.Pytester) -> None:
    made.champion()
    card = made.project.golden("colours") / "card.json"
    card.write_text(card.read_text().replace('"dark": 20', '"dark": 19'))
    text = run(pytester)
    assert "the card counts the tags" in text
    assert "suite colours does not pass" in text


def test_edge_cases_have_the_same_ids_on_every_split(made: Any, pytester: pytest.Pytester) -> None:
    for split in ("dev", "golden"):
        text = run(pytester, "--split", split, "--collect-only", "-q")
        assert "test_edge_case[dark]" in text
        assert "test_edge_case[light]" in text


def test_a_suite_may_choose_its_own_edge_cases(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(
        "import pytest\n\n@pytest.mark.parametrize('edge_case', ['dark'], indirect=True)\n"
        "def test_it(candidate, edge_case):\n    assert candidate.on(edge_case).exact_match >= 0.5\n"
    )
    assert "suite colours passes: its one gate" in run(pytester)


def test_a_subject_is_asked_once_a_session(made: Any, pytester: pytest.Pytester, counting: Counting) -> None:
    made.gates(ONE + "\ndef test_base(candidate, base):\n    assert candidate.exact_match - base.exact_match >= 0\n")
    made.gates(ONE, "test_more.py")
    text = run(pytester, "--candidate", "base+few_shot:1", "--split", "dev")
    assert counting.asked == [24]
    assert "goldgate: base+few_shot:1 answers 24 examples of dev on this machine" in text
    assert "answers: 0 recorded, 0 cached, 24 generated" in text
    assert "answers: 0 recorded, 24 cached, 0 generated" in run(
        pytester, "--candidate", "base+few_shot:1", "--split", "dev"
    )


def test_regenerate_asks_again(made: Any, pytester: pytest.Pytester, counting: Counting) -> None:
    made.gates(ONE)
    for _ in range(2):
        run(pytester, "--candidate", "base+few_shot:1", "--split", "dev", "--regenerate")
    assert counting.asked == [24, 24]


def test_a_failure_to_answer_is_met_once(
    made: Any, pytester: pytest.Pytester, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(examples: Sequence[Example], progress: object = None) -> Iterator[Answer]:
        counting.asked.append(len(examples))
        raise UserError("the engine is out of order", "engine", "mend it")
        yield

    monkeypatch.setattr(counting, "answer", broken)
    made.gates(ONE, "test_more.py")
    text = run(pytester, "--candidate", "base+few_shot:1", "--split", "dev")
    assert counting.asked == [24]
    assert "is invalid: the engine is out of order (engine)" in text


def test_golden_answers_lie_in_a_file_of_their_own(made: Any, pytester: pytest.Pytester, counting: Counting) -> None:
    made.gates(ONE)
    run(pytester, "--candidate", "base+few_shot:1", "--split", "golden")
    assert {p.name for p in made.project.cache.glob("*.sqlite")} == {"golden.sqlite"}


def test_tests_outside_of_suites_have_no_fixture_of_theirs(made: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_elsewhere="def test_it(candidate):\n    pass\n")
    text = pytester.runpytest(".", "-p", "no:cacheprovider").stdout.str()
    assert "fixture 'candidate' not found" in text
    assert "suite colours passes" in text


TWO = "def test_it(candidate, prompted):\n    assert candidate.exact_match - prompted.exact_match >= 0.0\n"


def test_prompted_is_the_best_declared_baseline_on_dev(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    made = make(baselines=["zero_shot", "few_shot:2"])
    made.gates(TWO)
    for name, wrong in (("base+zero_shot", 9), ("base+few_shot:2", 5), ("base+few_shot:2+constrained", 7)):
        made.cached(name, "dev", wrong)
    assert "prompted: base+few_shot:2 (" in run(pytester, "--candidate", "base+zero_shot")


def test_prompted_is_the_champions_where_none_was_chosen_here(made: Any, pytester: pytest.Pytester) -> None:
    made.gates(TWO)
    made.cached("base+few_shot:1", "dev", wrong=0)
    assert "prompted: base+zero_shot (" in run(pytester, "--candidate", "base+few_shot:1")


def test_prompted_follows_the_task_when_its_instructions_change(made: Any, pytester: pytest.Pytester) -> None:
    """Recorded answers to other instructions are no answers to these."""
    path = made.suite / "task.yaml"
    path.write_text(path.read_text().replace("Name the colour.", "Which colour is it?"))
    changed = replace(made, task=load_task(made.project, "colours"))
    made.gates(TWO)
    for name in ("base+zero_shot", "base+zero_shot+constrained"):
        for split in ("dev", "golden"):
            changed.cached(name, split, wrong=3)
    text = run(pytester)
    assert "answers: 60 recorded, 108 cached, 0 generated" in text


def test_a_cost_and_another_subjects_metric_have_no_worst_examples(
    make: Callable[..., Any], pytester: pytest.Pytester
) -> None:
    made = make(prices={"per_million_input": 1.0, "per_million_output": 1.0})
    made.champion()
    made.gates(
        "def test_cost(candidate):\n    assert candidate.cost_per_1k <= 0.001\n\n"
        "def test_other(candidate, prompted):\n    assert prompted.exact_match >= 0.99\n"
    )
    text = run(pytester)
    assert "cost_per_1k <= 0.001 fails" in text
    assert "prompted.exact_match >= 0.99 fails" in text
    assert "worst on dev" not in text


def test_a_model_librarys_warnings_are_not_the_suites(
    made: Any, pytester: pytest.Pytester, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = counting.answer

    def warning(examples: Sequence[Example], progress: object = None) -> Iterator[Answer]:
        warnings.warn("this will change in the next version", FutureWarning, stacklevel=1)
        return answer(examples, progress)

    monkeypatch.setattr(counting, "answer", warning)
    made.gates(ONE)
    assert "meets its one gate" in run(pytester, "--candidate", "base+few_shot:1", "--split", "dev", "-W", "error")


def test_another_adapter_at_the_champions_path_does_not_answer_for_it(made: Any) -> None:
    champion = Replayed("adapter:here", "promoted", Counting, 'champion.json, field "identity"')
    with pytest.raises(UserError, match="not what was promoted"):
        champion.fingerprint(made.splits["dev"].examples[0])
    assert Replayed("x", "counting", Counting, "").fingerprint(made.splits["dev"].examples[0]) == "counting d000"


def test_a_test_without_its_evidence_is_not_called(make: Callable[..., Any], pytester: pytest.Pytester) -> None:
    make().gates(
        "import pytest\n\n@pytest.mark.usefixtures('candidate')\ndef test_it():\n    print('called', 'anyway')\n"
    )
    text = run(pytester)
    assert "there is no candidate" in text
    assert "called anyway" not in text


def test_answers_that_are_there_wait_for_no_lock(made: Any, pytester: pytest.Pytester, counting: Counting) -> None:
    made.gates(ONE)
    run(pytester, "--candidate", "base+few_shot:1", "--split", "dev")
    (made.project.cache / "generate.lock").unlink()
    (made.project.cache / "generate.lock").mkdir()  # nobody can lock it
    text = run(pytester, "--candidate", "base+few_shot:1", "--split", "dev")
    assert "meets its one gate" in text
    assert len(counting.asked) == 1


def test_one_process_at_a_time_generates(
    made: Any, pytester: pytest.Pytester, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, held = counting.answer, []

    def watching(examples: Sequence[Example], progress: object = None) -> Iterator[Answer]:
        lock = FileLock(made.project.cache / "generate.lock")
        try:
            lock.acquire(timeout=0)
        except (Timeout, RuntimeError):
            held.append(True)
        else:
            lock.release()
        return answer(examples, progress)

    monkeypatch.setattr(counting, "answer", watching)
    made.gates(ONE)
    run(pytester, "--candidate", "base+few_shot:1", "--split", "dev")
    assert held == [True]
