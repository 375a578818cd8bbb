"""evaluate, report and what a run record lacks, on answers that are cached: what they say and what they write."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.subjects import parse_subject
from goldgate.task.strata import read_novelty

from ..conftest import ChatServer, completion
from .conftest import spoken

Typed = Callable[..., tuple[int, str, str]]
BASE = "base+zero_shot"


# evaluate


def test_every_metric_is_told_with_its_interval(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=6)
    said = spoken(typed, "evaluate", "counts", "--subject", BASE)
    assert said["measures"]["exact_match"]["estimate"] == 18 / 24
    assert {"json_valid", "schema_valid", "field_accuracy", "stop_rate", "cost_per_1k"} <= set(said["measures"])
    for row in said["measures"].values():
        assert row["low"] <= row["estimate"] <= row["high"]
        assert (row["n"], row["missing"]) == (24, 0)
    assert said["identity"] == parse_subject(BASE, counts.task, counts.project).identity


def test_the_text_says_subject_split_and_estimates(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=6)
    status, out, _ = typed("evaluate", "counts", "--subject", BASE)
    assert status == 0
    assert out.startswith(f"{BASE} on dev of counts (95% intervals)\n")
    assert any(line.split()[:2] == ["exact_match", "0.75"] for line in out.splitlines())
    told = out.splitlines()[-1]
    assert told.startswith("  other metrics for gates: field_precision, field_recall, field_f1, ")
    assert "exact_match" not in told


def test_the_champion_is_scored_from_its_committed_answers_without_a_model(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=2, golden=1)
    adapter = counts.adapter("runs/lost")
    counts.cached(adapter, dev=6, golden=2)
    run = counts.run(adapter, {"prompted": BASE, "task": "counts"})
    assert typed("promote", run, "--force", "a test")[0] == 0
    identity = parse_subject(adapter, counts.task, counts.project).identity
    shutil.rmtree(counts.project.root / "runs")
    shutil.rmtree(counts.project.cache)
    said = spoken(typed, "evaluate", "counts", "--subject", "champion")
    assert (said["subject"], said["identity"]) == (adapter, identity)
    assert said["measures"]["exact_match"]["estimate"] == 18 / 24
    assert not list(counts.project.cache.glob("*.sqlite"))


def test_a_champion_that_would_answer_otherwise_today_is_not_scored(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=2, golden=1)
    run = counts.run(BASE, {"prompted": BASE, "task": "counts"})
    assert typed("promote", run, "--force", "a test")[0] == 0
    counts.settings(instructions="Count otherwise.")
    status, _, err = typed("evaluate", "counts", "--subject", "champion")
    assert status == 2
    assert "do not belong to task.yaml as it is now" in err


def test_cost_follows_the_tasks_prices(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=0)
    said = spoken(typed, "evaluate", "counts", "--subject", BASE)
    assert said["measures"]["cost_per_1k"]["estimate"] == pytest.approx((10 * 1.0 + 4 * 2.0) / 1000)
    counts.settings(prices=None)
    assert "cost_per_1k" not in spoken(typed, "evaluate", "counts", "--subject", BASE)["measures"]


@pytest.mark.parametrize("subject", [BASE, f"{BASE}+constrained", "base+few_shot:2"])
def test_a_declared_baseline_may_be_scored_on_golden(typed: Typed, counts: Any, subject: str) -> None:
    counts.settings(baselines=["few_shot:2"])
    counts.cached(subject, golden=15)
    said = spoken(typed, "evaluate", "counts", "--subject", subject, "--split", "golden")
    assert said["measures"]["exact_match"]["estimate"] == 45 / 60
    assert not (counts.golden / "looks").exists()


def test_a_candidate_is_not_scored_on_golden_even_where_its_answers_lie_in_the_cache(typed: Typed, counts: Any) -> None:
    name = counts.adapter("mine")
    for subject in (name, "base+few_shot:5"):
        counts.cached(subject, golden=0)
        status, out, err = typed("evaluate", "counts", "--subject", subject, "--split", "golden")
        assert (status, out) == (2, "")
        assert f"pytest suites/counts --candidate {subject} --split golden" in err


def test_an_adapter_is_scored_on_dev_by_its_content(typed: Typed, counts: Any) -> None:
    name = counts.adapter("mine")
    counts.cached(name, dev=3)
    first = spoken(typed, "evaluate", "counts", "--subject", name)
    counts.adapter("mine", b"trained again")
    counts.cached(name, dev=12)
    second = spoken(typed, "evaluate", "counts", "--subject", name)
    assert first["identity"] != second["identity"]
    assert [s["measures"]["exact_match"]["estimate"] for s in (first, second)] == [21 / 24, 12 / 24]


def test_prepare_says_how_near_golden_is_to_train(typed: Typed, counts: Any) -> None:
    status, out, _ = typed("prepare", "counts")
    assert status == 0
    assert out.splitlines()[-1].startswith("golden against train: ")
    assert spoken(typed, "prepare", "counts")["novelty"] == out.splitlines()[-1]
    assert set(read_novelty(counts.golden).strata["golden"]) == set(counts.split("golden").by_id)


@pytest.mark.parametrize("command", ["promote", "report"])
def test_a_run_that_is_not_there_gets_the_nearest(typed: Typed, counts: Any, command: str) -> None:
    counts.run("adapter:x", {})
    status, out, err = typed(command, "r2")
    assert (status, out) == (2, "")
    assert 'no run "r2"' in err
    assert "r1" in err


@pytest.mark.parametrize("command", ["promote", "report"])
@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_torn_run_record_is_named(typed: Typed, counts: Any, command: str, content: str) -> None:
    counts.run("adapter:x", {})
    path = counts.project.runs("counts") / "r1" / "run.json"
    path.write_text(content)
    status, out, err = typed(command, "r1")
    assert (status, out) == (2, "")
    assert "run.json" in err


def test_a_report_of_a_run_that_is_not_whole_says_what_is_missing(typed: Typed, counts: Any) -> None:
    counts.run("adapter:x", {})
    status, out, err = typed("report", "r1")
    assert (status, out) == (2, "")
    assert "finish it with `goldgate train`" in err
    assert not list(counts.project.root.rglob("report.html"))


def test_golden_is_refreshed_from_a_file(typed: Typed, counts: Any, tmp_path: Path) -> None:
    lines = [
        json.dumps(
            {
                "id": f"n{i}",
                "input": f"new thing {'abcdefg'[i // 8]}{'aeiouyäö'[i % 8]}",
                "output": {"n": i % 7},
                "tags": ["dark", "light"],
            }
        )
        for i in range(40)
    ]
    (tmp_path / "new.jsonl").write_text("\n".join(lines) + "\n")
    said = spoken(typed, "prepare", "counts", "--refresh-golden", "--from", "new.jsonl")
    assert (said["moved"], said["looks"], said["splits"]["golden"]["count"]) == (60, 0, 40)
    assert said["splits"]["dev"]["count"] == 84
    status, out, _ = typed("prepare", "counts")
    assert (status, "golden: 40 examples" in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--refresh-golden",), "--refresh-golden, --input, --output and --map go with --from FILE"),
        (("--map", "input=q"), "--refresh-golden, --input, --output and --map go with --from FILE"),
        (("--input", "q", "--output", "a"), "--refresh-golden, --input, --output and --map go with --from FILE"),
        (("--refresh-golden", "--from", "x.csv", "--input", "q"), "--input and --output go together"),
    ],
)
def test_a_refresh_says_what_it_needs(typed: Typed, counts: Any, words: tuple[str, ...], told: str) -> None:
    status, _, err = typed("prepare", "counts", *words)
    assert status == 2
    assert told in err


def test_train_and_sealed_golden_are_not_scored(typed: Typed, counts: Any) -> None:
    counts.cached("base+zero_shot", golden=10)
    status, _, err = typed("evaluate", "counts", "--subject", "base+zero_shot", "--split", "train")
    assert (status, "scores on train do not show how good a subject is" in err) == (2, True)
    counts.settings(golden="sealed")
    status, out, err = typed("evaluate", "counts", "--subject", "base+zero_shot", "--split", "golden")
    assert (status, out) == (2, "")
    assert "golden is sealed: its numbers are not shown" in err


@pytest.mark.parametrize("minutes", ["0", "-3", "nan"])
def test_a_budget_without_minutes_is_refused(typed: Typed, counts: Any, minutes: str) -> None:
    for words in (("train", "counts"), ("demo", "voice")):
        status, _, err = typed(*words, "--minutes", minutes)
        assert status == 2, err
        assert "minutes" in err


def test_evaluate_says_how_an_endpoint_is_known_what_it_costs_and_what_is_missing(
    typed: Typed, counts: Any, chat_server: Callable[..., ChatServer]
) -> None:
    lost = counts.split("dev").examples[3].text
    server = chat_server(
        lambda body: (400, {}, b"too odd") if body["messages"][-1]["content"] == lost else completion('{"n": 1}')
    )
    name = f"openai:m@{server.url}+zero_shot"
    counts.settings(prices={"per_million_input": 1.0, "subjects": {name.split("+")[0]: {"per_million_input": 3.5}}})
    status, out, err = typed("evaluate", "counts", "--subject", name)
    assert status == 0, err
    assert "1 of 24 answers are missing, the first: HTTP 400: too odd" in out
    assert f"{name} is identified by name; it answered 20" in out
    assert "cost: 3.5 per million input tokens, 0 per million output tokens (task.yaml)" in out


def test_evaluate_says_why_no_question_at_all_was_answered(
    typed: Typed, counts: Any, chat_server: Callable[..., ChatServer]
) -> None:
    server = chat_server(lambda body: (400, {}, b'{"error": {"message": "no such thing here"}}'))
    status, out, err = typed("evaluate", "counts", "--subject", f"openai:m@{server.url}+zero_shot")
    assert (status, out) == (2, "")
    assert "8 questions in a row got no answer; the last error: HTTP 400: no such thing here" in err
    with_a_filter = chat_server(lambda body: completion("x", finish="content_filter", usage=None))
    status, _, err = typed("evaluate", "counts", "--subject", f"openai:m@{with_a_filter.url}+zero_shot")
    assert status == 2
    assert "content filter" in err


def test_evaluate_does_not_guess_what_an_endpoint_does_not_count(
    typed: Typed, counts: Any, chat_server: Callable[..., ChatServer]
) -> None:
    server = chat_server(lambda body: completion('{"n": 1}', usage={"prompt_tokens": 0, "completion_tokens": 0}))
    counts.settings(prices={"per_million_input": 1.0})
    status, out, err = typed("evaluate", "counts", "--subject", f"openai:m@{server.url}+zero_shot")
    assert status == 0, err
    for metric in ("tokens_in", "tokens_out", "cost_per_1k"):
        assert f"  {metric:<16} unknown for all 24 answers" in out
    assert "json_valid       1  " in out
