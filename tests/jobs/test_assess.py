"""`goldgate assess` and `goldgate curve`, as a person types them: what they advise, from which numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.task.examples import card_of, read_split, write_card
from goldgate.task.project import Project

Typed = Callable[..., tuple[int, str, str]]
BASE = "base+zero_shot"
GATE = "def test_accuracy(candidate):\n    assert candidate.exact_match >= {}\n"
WORDS = ("card lost stolen", "refund money back", "limit raise more")
LIKE = "my card was lost or stolen near the old bridge last night"
LABELS = ("card", "refund", "limit")


def said(typed: Typed, *words: str) -> dict[str, Any]:
    status, out, err = typed(*words, "--json")
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def answers(told: dict[str, Any]) -> dict[str, str]:
    return {f["way"]: f["answer"] for f in told["findings"]}


@pytest.fixture
def labels(typed: Typed, tmp_path: Path) -> Callable[..., Path]:
    """labels(n) writes the task "desk" with n train examples; output(i) and time(i) may be given."""

    def make(
        n: int, threshold: float = 0.8, output: Callable[[int], str] = lambda i: LABELS[i % 3], dated: bool = False
    ) -> Path:
        project = Project(tmp_path, tmp_path / "cache")
        suite, folder = project.suite("desk"), project.golden("desk")
        suite.mkdir(parents=True)
        folder.mkdir(parents=True)
        settings = {"task": "desk", "kind": "label", "instructions": "Say what it is about.", "labels": list(LABELS)}
        (suite / "task.yaml").write_text(json.dumps({**settings, "decoding": {"max_new_tokens": 4}}))
        (suite / "test_gates.py").write_text(GATE.format(threshold))
        for name, many in (("train", n), ("dev", 45), ("golden", 9)):
            rows = []
            for i in range(many):
                meta = {"time": f"20{10 + 10 * (i // 3 * 3) // many}-01-01"} if dated else {}
                wanted = output(10 * i // many) if dated else output(i)
                text = f"{LIKE if dated else WORDS[i % 3]} {name}{i}"
                rows.append(json.dumps({"id": f"{name}{i}", "input": text, "output": wanted, "meta": meta}))
            (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
        write_card(
            folder,
            card_of("desk", {s: read_split(folder, s) for s in ("train", "dev", "golden")}, "by a test", "CC0", "-"),
        )
        return project.root

    return make


# A linear model, and the curve


def test_labels_that_a_linear_model_learns_need_no_fine_tuning(typed: Typed, labels: Any) -> None:
    root = labels(240)
    told = said(typed, "assess", "desk")
    assert (told["way"], answers(told)["prompt"], answers(told)["collect"]) == ("linear", "unknown", "no")
    linear = next(f for f in told["findings"] if f["way"] == "linear")
    assert "exact_match on dev 1.000 (95% interval 0.92" in linear["words"]
    assert linear["words"].endswith("needed 0.8")
    assert any("with twice the data (480)" in note for note in told["notes"])
    assert not (root / "golden" / "desk" / "looks").exists()


def test_labels_that_it_does_not_learn_leave_prompting_to_be_tried(typed: Typed, labels: Any) -> None:
    labels(240, output=lambda i: LABELS[(i * i // 7) % 3])
    told = said(typed, "assess", "desk")
    assert (told["way"], answers(told)["linear"]) == (None, "no")
    prompting = told["findings"][0]["words"]
    assert prompting == "not measured; try it with: goldgate evaluate desk --subject base+zero_shot"


def test_the_curve_lists_its_points_and_a_wanted_accuracy_is_judged(typed: Typed, labels: Any) -> None:
    labels(240, output=lambda i: LABELS[(i * i // 7) % 3])
    told = said(typed, "curve", "desk", "--wanted", "0.99")
    assert [p["count"] for p in told["points"]] == [30, 60, 120, 240]
    assert all(p["n"] == 45 for p in told["points"])
    assert told["twice"]["count"] == 480
    assert told["chance"] < 0.05
    status, out, _ = typed("curve", "desk", "--wanted", "0.99")
    assert status == 0
    assert "0.99 is shown to be out of reach" in out


def test_without_wanted_the_suites_gate_says_what_is_needed(typed: Typed, labels: Any) -> None:
    labels(80, threshold=0.7)
    assert said(typed, "curve", "desk")["wanted"] == 0.7


def test_a_curve_needs_labels_and_enough_examples(typed: Typed, labels: Any, counts: Any) -> None:
    status, out, err = typed("curve", "counts")
    assert (status, out) == (2, "")
    assert "needs closed labels" in err
    assert "goldgate train counts --curve" in err
    labels(16)
    status, _, err = typed("curve", "desk")
    assert status == 2
    assert "16 training examples are too few for a learning curve" in err


# Prompting, facts, examples


def test_prompting_that_passes_every_gate_is_enough(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=0)
    told = said(typed, "assess", "counts")
    assert told["way"] == "prompt"
    assert "exact_match 1.000 (95% interval 0.8" in told["findings"][0]["words"]
    assert {q["question"]: q["answer"] for q in told["questions"]}["accuracy needed"] == "exact_match >= 0.8"


def test_what_is_needed_may_be_given_and_decides(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=0)
    assert answers(said(typed, "assess", "counts", "--wanted", "0.99"))["prompt"] == "undecided"


def test_values_that_the_input_lacks_are_retrievals_job(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=20)
    told = said(typed, "assess", "counts")
    assert (told["way"], answers(told)["prompt"], answers(told)["retrieval"]) == ("retrieval", "no", "yes")
    assert 'values of "n", the worst field' in told["findings"][1]["words"]


def test_too_few_examples_are_said_before_anything_is_trained(typed: Typed, counts: Any) -> None:
    status, out, _ = typed("assess", "counts")
    assert status == 0
    assert "[yes] are there too few examples?" in out
    assert "12 training examples; too few below 50" in out
    assert "prompting tried: no answers to dev are recorded or cached" in out


# Change over time


def test_outputs_that_change_for_like_inputs_speak_for_prompts(typed: Typed, labels: Any) -> None:
    labels(240, output=lambda tenth: LABELS[tenth // 5], dated=True)
    found = next(f for f in said(typed, "assess", "desk")["findings"] if f["way"] == "keep_prompting")
    assert found["answer"] == "yes"
    assert "like inputs differ in their outputs more often across time than within it by 0.9" in found["words"]


def test_outputs_that_stay_the_same_do_not(typed: Typed, labels: Any) -> None:
    labels(240, output=lambda tenth: LABELS[0], dated=True)
    found = answers(said(typed, "assess", "desk"))
    assert (found["keep_prompting"], found["linear"]) == ("no", "unknown")
