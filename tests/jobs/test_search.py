"""`goldgate search`: what it says, what it writes, and that it leaves nothing else behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from goldgate.base.fingerprint import digest
from goldgate.jobs import workspace as work_module
from goldgate.subjects import Answer
from goldgate.task.examples import Example

Typed = Callable[..., tuple[int, str, str]]
WORDS = [a + b for a in "abcdefgh" for b in "aeiouyäö"]


class Rule:
    """Counts as the project's task does, unless the input shouts "THING"."""

    name = "base+zero_shot"
    identity = digest("rule")

    def sampled(self, sample: int) -> Rule:
        return self

    def fingerprint(self, example: Example) -> str:
        return digest([self.identity, example.text])

    def answer(self, examples: Sequence[Example], progress: Callable[[int], None] | None = None) -> Iterator[Answer]:
        for e in examples:
            pieces = e.text.casefold().split()
            counted = next((WORDS.index(p) % 7 for p in pieces if p in WORDS), 0)
            text = "\x1b[31mnothing" if "THING" in e.text else json.dumps({"n": counted})
            yield Answer(e.id, text, "stop", 3, 1, 0.0, None, self.identity, self.fingerprint(e), e.digest)
            if progress is not None:
                progress(1)


@pytest.fixture
def ruled(counts: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(work_module, "parse_subject", lambda *_: Rule())
    return counts


def test_it_shows_the_smallest_form_that_breaks_the_subject(typed: Typed, ruled: Any) -> None:
    status, out, err = typed("search", "counts", "--subject", "base+zero_shot", "--budget", "120")
    assert status == 0, err
    assert "base+zero_shot answers 24 dev examples right (exact_match); " in out
    assert "letter_case: 1 edit, of 3" in out
    assert "  thing  ->  THING" in out
    assert "not JSON: \\x1b[31mnothing" in out
    assert ruled.left() == set(), "nothing is left where the user works"


def test_as_json_and_into_a_run(typed: Typed, ruled: Any) -> None:
    run = ruled.run("base+zero_shot", {"status": "passed"})
    words = ("search", "counts", "--subject", "base+zero_shot", "--budget", "120")
    status, out, err = typed(*words, "--run", run, "--json")
    assert status == 0, err
    found = json.loads(out)
    path = ruled.project.runs("counts") / run / "counterexamples.json"
    assert json.loads(path.read_text("utf-8")) == found
    assert (found["split"], found["metric"], found["right"]) == ("dev", "exact_match", 24)
    assert found["asked"] <= 120
    one = next(c for c in found["counterexamples"] if c["perturbations"] == ["letter_case"])
    assert "THING" in one["perturbed"]
    assert "THING" not in one["input"]
    assert json.loads(typed(*words, "--json")[1]) == found, "the same answers, the same counterexamples"


def test_a_run_that_is_not_there_is_said_before_anything_is_asked(typed: Typed, ruled: Any) -> None:
    status, _, err = typed("search", "counts", "--subject", "base+zero_shot", "--run", "nowhere")
    assert status == 2
    assert 'no run "nowhere"' in err
    assert not list(ruled.project.cache.glob("*.sqlite"))


def test_a_run_of_another_task_is_not_written_into(typed: Typed, ruled: Any) -> None:
    run = ruled.run("base+zero_shot", {"task": "others"})
    status, _, err = typed("search", "counts", "--subject", "base+zero_shot", "--run", run)
    assert status == 2
    assert "the run belongs to task others, not to counts" in err


def test_a_subject_without_a_right_answer_has_nothing_to_break(typed: Typed, counts: Any) -> None:
    counts.cached("base+zero_shot", dev=24)
    status, out, _ = typed("search", "counts", "--subject", "base+zero_shot")
    assert status == 0
    assert "answers no dev example of counts right (exact_match)" in out


def test_golden_cannot_be_asked_for(typed: Typed, counts: Any) -> None:
    status, _, err = typed("search", "counts", "--subject", "base+zero_shot", "--split", "golden")
    assert status == 2
    assert "No such option" in err
