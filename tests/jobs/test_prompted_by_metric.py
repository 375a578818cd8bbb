"""The best prompt for each metric, from training to the champion: nothing that a gate compared with is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from goldgate.answers.cache import answer_cache
from goldgate.champion.record import load_champion
from goldgate.jobs.run_suite import run_suite
from goldgate.subjects import Answer, parse_subject

from .conftest import Typed
from .school import School, record

MAIN, FORM = "base+zero_shot", "base+few_shot:2"
GATES = """
def test_beats_prompting(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.10

def test_form(candidate, prompted):
    assert candidate.json_valid - prompted.json_valid >= 0.20
"""


def says(counts: Any, name: str, right: float, broken: float, parts: tuple[str, ...] = ("dev", "golden")) -> None:
    """Caches a prompt's answers: the first share is right, the last share no JSON."""
    subject = parse_subject(name, counts.task, counts.project)
    for part in parts:
        examples = counts.split(part).examples
        texts = [
            json.dumps(e.output) if i < right * len(examples) else "no" if i >= (1 - broken) * len(examples) else "{}"
            for i, e in enumerate(examples)
        ]
        answer_cache(counts.project, part).put_many(
            [
                Answer(e.id, text, "stop", 10, 2, 0.1, None, subject.identity, subject.fingerprint(e), e.digest)
                for e, text in zip(examples, texts, strict=True)
            ]
        )


def test_a_run_and_its_champion_hold_the_best_prompt_for_every_gate(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((0, 0))
    counts.settings(baselines=["zero_shot", "few_shot:2"])
    counts.gates(GATES)
    for name, right, broken in ((MAIN, 0.5, 0.5), (FORM, 0.4, 0.35)):
        says(counts, name, right, broken)
        says(counts, f"{name}+constrained", 0.0, 1.0, ("dev",))
    status, out, err = typed("train", "counts", "--attempts", "1", "--json")
    assert status == 0, err
    assert f"for json_valid the best prompt is {FORM}" in err
    assert "chosen on dev among 4 prompts by 24 examples: the best of them may be up to " in err
    told = json.loads(out)
    assert told["choices"]["json_valid"]["subject"] == FORM
    assert told["choices"]["exact_match"]["subject"] == told["prompted"] == MAIN
    assert 0.0 < told["choices"]["exact_match"]["most"] < 1.0
    assert round(told["measures"]["json_valid"]["prompted"], 2) == 0.65

    run = record(counts)
    golden = json.loads((counts.project.runs("counts") / run["id"] / "golden.json").read_text())
    over = {(row["metric"], row["reference"]): row["estimate"] for row in golden["differences"]}
    assert round(over["json_valid", FORM], 2) == 0.35
    assert ("json_valid", MAIN) not in over
    assert ("exact_match", MAIN) in over
    assert ("cost_per_1k", MAIN) in over

    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert champion.prompted_for == {"json_valid": FORM}
    assert {MAIN, FORM} < set(champion.subjects)
    for path in counts.project.cache.glob("*.sqlite*"):
        path.unlink()
    again = run_suite(counts.project, "counts", None, None, generate=False)
    assert again.passed
    assert [r.verdict.against for r in again.records] == [
        f"prompted = {MAIN} for exact_match",
        f"prompted = {FORM} for json_valid",
    ]
    card = (counts.suite / "champion_card.md").read_text()
    assert "base+few\\_shot:2" in card
