"""What a promotion believes: it decides again from recorded answers, and a missing record is a refusal."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.base.files import read_json, write_json
from goldgate.champion.record import load_champion
from goldgate.jobs.run_suite import run_suite
from goldgate.ledger import read_looks
from goldgate.runs.folder import answers_folder
from goldgate.task.examples import SPLITS, card_of, read_split, write_card

from .conftest import BASE, looked, passing

Typed = Callable[..., tuple[int, str, str]]
STRONG = "base+few_shot:2"
AGAINST = (
    "def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.80\n\n"
    "def test_gap(candidate, prompted):\n    assert candidate.exact_match - prompted.exact_match >= 0.20\n"
)
ON_CHAMPION = (
    "def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.80\n\n"
    "def test_no_worse(candidate, previous):\n    assert candidate.exact_match - previous.exact_match >= -0.10\n"
)


def folder_of(counts: Any) -> Any:
    """Where the answers of the last look lie."""
    return answers_folder(counts.project, "counts", read_looks(counts.golden / "looks")[-1].name)


def candidate(counts: Any, folder: str) -> None:
    """Tests an adapter of its own that is right on 59 of 60, and writes it as the run's."""
    name = counts.adapter(folder, folder.encode())
    counts.cached(name, dev=1, golden=1)
    looked(counts, name)


@pytest.fixture
def against(counts: Any) -> str:
    """A candidate that is right on 54 of 60, where the best prompting is right on 50 and another baseline on 10."""
    counts.settings(baselines=["zero_shot", "few_shot:2"])
    counts.gates(AGAINST)
    for name, wrong in ((BASE, 20), (STRONG, 4), (f"{STRONG}+constrained", 20), (f"{BASE}+constrained", 20)):
        counts.cached(name, dev=wrong, golden=50 if name == BASE else 10)
    name = str(counts.adapter("runs/counts/r1/attempts/1/adapter"))
    counts.cached(name, dev=2, golden=6)
    return name


def test_without_the_answers_of_the_run_nothing_is_promoted(typed: Typed, counts: Any) -> None:
    passing(counts)
    shutil.rmtree(folder_of(counts))
    status, _, err = typed("promote", "r1")
    assert status == 2
    assert "the run's answers are missing" in err
    assert load_champion(counts.project, "counts") is None


def test_a_lost_outcome_promotes_nothing(typed: Typed, counts: Any) -> None:
    passing(counts)
    for path in (counts.golden / "looks").glob("*.outcome.json"):
        path.unlink()
    status, _, err = typed("promote", "r1")
    assert (status, "the ledger of looks has no golden suite that passed" in err) == (2, True)


def test_a_pass_against_the_champion_of_before_is_not_believed_without_its_answers(typed: Typed, counts: Any) -> None:
    passing(counts, 3)
    assert typed("promote", "r1")[0] == 0
    counts.gates(ON_CHAMPION)
    candidate(counts, "x")  # passes against the first champion
    run = counts.project.runs("counts") / "r1"
    folder, kept = folder_of(counts), {p.name: p.read_bytes() for p in run.glob("*.json")}
    candidate(counts, "y")
    assert typed("promote", "r1")[0] == 0
    for name, content in kept.items():
        (run / name).write_bytes(content)
    assert "previous champion is not today's" in typed("promote", "r1")[2]
    shutil.rmtree(folder)
    status, _, err = typed("promote", "r1")
    assert (status, "the run's answers are missing" in err) == (2, True)


def test_a_look_that_failed_in_part_promotes_nothing_after_the_reference_is_weakened(
    typed: Typed, counts: Any, against: str
) -> None:
    result = run_suite(counts.project, "counts", against, "golden", ("-x",), generate=False)
    assert not result.passed
    counts.cached(STRONG, golden=55)
    looked(counts, against)
    assert typed("promote", "r1")[0] == 2
    assert load_champion(counts.project, "counts") is None


def test_a_forced_promotion_keeps_the_reference_of_the_look(typed: Typed, counts: Any, against: str) -> None:
    look = looked(counts, against)  # its run says that zero_shot is the best prompting, which it is not
    assert read_json(counts.project.runs("counts") / "r1" / "run.json")["prompted"] == BASE
    assert typed("promote", "r1")[0] == 2
    assert typed("promote", "r1", "--force", "urgent")[0] == 0
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert champion.prompted == STRONG
    again = run_suite(counts.project, "counts", None, None, generate=False)
    assert again.look is not None
    assert (again.passed, again.look.name) == (False, look)


def test_a_forced_champion_without_a_look_brings_no_reference_of_its_own(
    typed: Typed, counts: Any, against: str
) -> None:
    counts.run(against, {"prompted": BASE})
    assert typed("promote", "r1", "--force", "urgent")[0] == 0
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert champion.prompted == BASE
    assert not run_suite(counts.project, "counts", None, None, generate=False).passed


def test_a_run_whose_train_split_changed_is_tested_again_before_it_is_promoted(typed: Typed, counts: Any) -> None:
    passing(counts)
    path = counts.golden / "train.jsonl"
    path.write_text(path.read_text().replace('{"n": 1}', '{"n": 2}'))
    splits = {name: read_split(counts.golden, name) for name in SPLITS}
    write_card(counts.golden, card_of("counts", splits, "by a test", "CC0-1.0", "made up"))
    status, _, err = typed("promote", "r1")
    assert status == 2
    assert "does not pass now" in err
    assert "pytest suites/counts --candidate" in err


def test_answers_that_were_edited_promote_nothing(typed: Typed, counts: Any) -> None:
    passing(counts)
    path = folder_of(counts) / "answers.json"
    write_json(path, {**read_json(path), "answers": "0" * 64})
    assert typed("promote", "r1")[0] == 2
    assert load_champion(counts.project, "counts") is None
