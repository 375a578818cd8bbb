"""evaluate, promote, report and champions, on answers that are cached: what they say and what they write."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cache import answer_cache
from harness.champion import load_champion
from harness.edge_cases import letter_case
from harness.measures import Measure
from harness.novelty import read_novelty
from harness.subjects import Answer, parse_subject

from ..conftest import ChatServer, completion

Typed = Callable[..., tuple[int, str, str]]
BASE = "base+zero_shot"


def verdict(passes: bool) -> dict[str, Any]:
    """One gate of a golden suite, as a run records it."""
    made = Measure([1.0] * 60, name="exact_match").verdict(">=", 0.5 if passes else 0.99)
    return {"item": "test_accuracy", "verdict": made.to_json()}


def spoken(typed: Typed, *words: str) -> dict[str, Any]:
    """What a command that must pass says as JSON."""
    status, out, err = typed(*words, "--json")
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


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
    assert told.startswith("  a gate may ask for more: field_precision, field_recall, field_f1, ")
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
    assert "are not those of task.yaml as it is now" in err


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


def test_a_candidate_is_not_scored_on_golden_even_where_its_answers_lie_in_the_cache(
    typed: Typed, counts: Any
) -> None:
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


# promote


def passing(counts: Any, wrong: int = 0, weights: bytes = b"weights") -> str:
    """A run whose candidate passed golden; its answers and its baseline's are cached."""
    name = counts.adapter("runs/counts/r1/attempts/1/adapter", weights)
    counts.cached(name, dev=wrong, golden=wrong)
    counts.cached(BASE, dev=12, golden=30)
    write_tested(counts, name, True)
    return str(name)


def write_tested(counts: Any, name: str, *passes: bool) -> None:
    """Writes the run of a candidate whose gates came to this on golden."""
    counts.run(name, {"prompted": BASE}, {"look": {"name": "abc"}, "passed": bool(passes) and all(passes),
                                          "verdicts": [verdict(p) for p in passes]})


def test_a_run_that_passed_is_promoted_with_the_answers_that_prove_it(typed: Typed, counts: Any) -> None:
    name = passing(counts, wrong=3)
    said = spoken(typed, "promote", "r1")
    assert (said["champion"], said["forced"]) == (name, None)
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert (champion.subject, champion.run, champion.look, champion.prompted) == (name, "r1", "abc", BASE)
    assert champion.identity == parse_subject(name, counts.task, counts.project).identity
    assert champion.subjects == {name: champion.identity, BASE: champion.prompted_identity}
    assert champion.adapter["digest"]
    assert len(champion.recorded.rows) == 2 * (24 + 60)
    for example in counts.split("golden"):
        assert champion.recorded.lookup(champion.identity, example.digest) is not None


@pytest.mark.parametrize(("change", "says"), [("adapter", "the candidate"), ("gates", "the suite"),
                                              ("golden", "the golden split")])
def test_what_was_changed_after_the_look_is_not_promoted(typed: Typed, counts: Any, change: str, says: str) -> None:
    name = passing(counts)
    if change == "adapter":
        counts.adapter(name.removeprefix("adapter:"), b"other weights")
    if change == "gates":
        counts.gates("def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.10\n")
    if change == "golden":
        path = counts.golden / "golden.jsonl"
        path.write_text("\n".join(path.read_text().splitlines()[1:]))
        assert typed("prepare", "counts")[0] == 0
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert f"{says} changed after the look at golden" in err
    assert f"pytest suites/counts --candidate {name} --split golden" in err
    assert not list(counts.suite.glob("champion*"))


def test_prepare_says_how_near_golden_is_to_train(typed: Typed, counts: Any) -> None:
    status, out, _ = typed("prepare", "counts")
    assert status == 0
    assert out.splitlines()[-1].startswith("golden against train: ")
    assert spoken(typed, "prepare", "counts")["novelty"] == out.splitlines()[-1]
    assert set(read_novelty(counts.golden).strata["golden"]) == set(counts.split("golden").by_id)


def test_champions_tells_who_was_promoted(typed: Typed, counts: Any) -> None:
    assert typed("champions")[1].split() == ["counts", "none"]
    name = passing(counts)
    assert typed("promote", "r1")[0] == 0
    assert name in typed("champions")[1]
    said = spoken(typed, "champions")["counts"]
    assert (said["subject"], said["run"], said["look"], said["forced"]) == (name, "r1", "abc", None)


def test_the_champion_may_be_evaluated_by_that_name(typed: Typed, counts: Any) -> None:
    name = passing(counts, wrong=3)
    typed("promote", "r1")
    said = spoken(typed, "evaluate", "counts", "--subject", "champion")
    assert (said["subject"], said["measures"]["exact_match"]["estimate"]) == (name, 21 / 24)


@pytest.mark.parametrize("verdicts", [[], [False], [True, False]])
def test_a_run_that_did_not_pass_is_not_promoted(typed: Typed, counts: Any, verdicts: list[bool]) -> None:
    name = passing(counts)
    write_tested(counts, name, *verdicts)
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert 'run r1: the golden suite did not pass for this candidate' in err
    assert 'promote with --force "reason"' in err
    assert not list(counts.suite.glob("champion*"))


def test_a_forced_promotion_needs_a_reason_and_keeps_it(typed: Typed, counts: Any) -> None:
    name = passing(counts)
    write_tested(counts, name, False)
    assert typed("promote", "r1", "--force", "")[0] == 2
    assert spoken(typed, "promote", "r1", "--force", "the old one is down")["forced"] == "the old one is down"
    assert spoken(typed, "champions")["counts"]["forced"] == "the old one is down"


def test_the_champion_that_is_replaced_stays_with_its_answers(typed: Typed, counts: Any) -> None:
    passing(counts, wrong=3)
    spoken(typed, "promote", "r1")
    first = load_champion(counts.project, "counts")
    passing(counts, wrong=1, weights=b"trained again")  # at the same path: the first adapter is gone
    spoken(typed, "promote", "r1")
    champion = load_champion(counts.project, "counts")
    assert first is not None
    assert champion is not None
    assert [p["identity"] for p in champion.previous] == [first.identity]
    for split in ("dev", "golden"):
        old = [champion.recorded.lookup(first.identity, e.digest) for e in counts.split(split)]
        assert sum(json.loads(str(a.text if a else a)) == {"n": -1} for a in old) == 3
    spoken(typed, "promote", "r1")  # once more: nobody is his own predecessor
    again = load_champion(counts.project, "counts")
    assert again is not None
    assert [p["identity"] for p in again.previous] == [first.identity]
    assert again.recorded.lookup(first.identity, counts.split("golden").examples[0].digest) is not None


def test_a_run_that_has_not_looked_at_golden_has_no_look(typed: Typed, counts: Any) -> None:
    name = passing(counts)
    (counts.project.runs("counts") / "r1" / "golden.json").unlink()
    assert typed("promote", "r1")[0] == 2
    assert not list(counts.suite.glob("champion*"))
    said = spoken(typed, "promote", "r1", "--force", "urgent")
    assert said["champion"] == name
    assert spoken(typed, "champions")["counts"]["look"] is None


def test_the_champion_before_is_kept(typed: Typed, counts: Any) -> None:
    passing(counts, wrong=3)
    typed("promote", "r1")
    first = load_champion(counts.project, "counts")
    passing(counts, weights=b"better")
    typed("promote", "r1")
    second = load_champion(counts.project, "counts")
    assert first is not None
    assert second is not None
    assert second.identity != first.identity
    assert [p["identity"] for p in second.previous] == [first.identity]


@pytest.mark.parametrize("attempts", [[], [{"k": 2, "subject": "adapter:x"}]])
def test_a_run_without_a_finished_attempt_is_not_promoted(typed: Typed, counts: Any, attempts: list[Any]) -> None:
    counts.run("adapter:x", {"attempts": attempts, "best": None})
    status, _, err = typed("promote", "r1", "--force", "now")
    assert status == 2
    assert "the run has no finished attempt\n  let it train to the end" in err


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


@pytest.mark.parametrize("field", ["task", "prompted"])
def test_a_run_that_was_killed_before_it_was_recorded_is_not_promoted(typed: Typed, counts: Any, field: str) -> None:
    passing(counts)
    path = counts.project.runs("counts") / "r1" / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in record.items() if k != field}))
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert f'run.json, field "{field}": "{field}" is missing\n  ' in err
    assert not list(counts.suite.glob("champion*"))


@pytest.mark.parametrize("change", [
    *({field: None} for field in ("passed", "identity", "suite", "split", "subject", "verdicts", "look")),
    {"split": {}}, {"verdicts": [1]}, {"verdicts": [{"verdict": None}]}, {"verdicts": [{"verdict": {"gate": "x"}}]},
])
def test_what_a_run_lacks_of_golden_is_named(typed: Typed, counts: Any, change: dict[str, Any]) -> None:
    passing(counts)
    path = counts.project.runs("counts") / "r1" / "golden.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert "golden.json, field " in err
    assert "train again" in err
    assert not list(counts.suite.glob("champion*"))


def test_an_adapter_that_is_gone_is_not_promoted(typed: Typed, counts: Any) -> None:
    folder = Path(passing(counts).removeprefix("adapter:"))
    shutil.rmtree(folder)
    status, out, err = typed("promote", "r1")
    assert (status, out) == (2, "")
    assert str(folder) in err
    assert not list(counts.suite.glob("champion*"))


def test_a_report_of_a_run_that_is_not_whole_says_what_is_missing(typed: Typed, counts: Any) -> None:
    counts.run("adapter:x", {})
    status, out, err = typed("report", "r1")
    assert (status, out) == (2, "")
    assert "finish it with `goldgate train`" in err
    assert not list(counts.project.root.rglob("report.html"))


def test_golden_is_refreshed_from_a_file(typed: Typed, counts: Any, tmp_path: Path) -> None:
    lines = [json.dumps({"id": f"n{i}", "input": f"new thing {'abcdefg'[i // 8]}{'aeiouyäö'[i % 8]}",
                         "output": {"n": i % 7}, "tags": ["dark", "light"]}) for i in range(40)]
    (tmp_path / "new.jsonl").write_text("\n".join(lines) + "\n")
    said = spoken(typed, "prepare", "counts", "--refresh-golden", "--from", "new.jsonl")
    assert (said["moved"], said["looks"], said["splits"]["golden"]["count"]) == (60, 0, 40)
    assert said["splits"]["dev"]["count"] == 84
    status, out, _ = typed("prepare", "counts")
    assert (status, "golden: 40 examples" in out) == (0, True)


@pytest.mark.parametrize("words", [
    ("--refresh-golden",), ("--from", "x.jsonl"), ("--input", "q", "--output", "a"),
    ("--refresh-golden", "--from", "x.csv", "--input", "q"),
])
def test_a_refresh_says_what_it_needs(typed: Typed, counts: Any, words: tuple[str, ...]) -> None:
    status, _, err = typed("prepare", "counts", *words)
    assert status == 2
    assert "--refresh-golden needs --from FILE" in err


def test_train_and_sealed_golden_are_not_scored(typed: Typed, counts: Any) -> None:
    counts.cached("base+zero_shot", golden=10)
    status, _, err = typed("evaluate", "counts", "--subject", "base+zero_shot", "--split", "train")
    assert (status, "train's examples teach" in err) == (2, True)
    counts.settings(golden="sealed")
    status, out, err = typed("evaluate", "counts", "--subject", "base+zero_shot", "--split", "golden")
    assert (status, out) == (2, "")
    assert "golden is sealed: its numbers are not told" in err


@pytest.mark.parametrize("minutes", ["0", "-3", "nan"])
def test_a_budget_without_minutes_is_refused(
    typed: Typed, counts: Any, minutes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.cli.demo.matmul_gflops", lambda: 100.0)
    for words in (("train", "counts"), ("demo", "voice")):
        status, _, err = typed(*words, "--minutes", minutes)
        assert status == 2, err
        assert "minutes" in err


def test_a_promotion_records_the_answers_to_perturbed_golden_and_to_samples(typed: Typed, counts: Any) -> None:
    counts.cached(BASE, dev=2, golden=1)
    adapter = counts.adapter("runs/lost")
    counts.cached(adapter, dev=2, golden=1)
    subject = parse_subject(adapter, counts.task, counts.project)
    shouted = [x for e in counts.split("golden") if (x := letter_case.apply(e)) is not None]
    again = subject.sampled(1)
    made = [Answer(e.id, '{"n": 1}', "stop", 9, 3, 0.1, None, who.identity, who.fingerprint(e), e.digest)
            for who, asked in ((subject, shouted), (again, counts.split("golden"))) for e in asked]
    gone = replace(made[0], id="g999", example="0" * 64, fingerprint="of a golden split that is no more")
    answer_cache(counts.project, "golden").put_many([*made, gone])
    assert typed("promote", counts.run(adapter, {"prompted": BASE}), "--force", "a test")[0] == 0
    for _ in range(2):
        champion = load_champion(counts.project, "counts")
        assert champion is not None
        for answer in made:
            found = champion.recorded.lookup(answer.identity, answer.example)
            assert found is not None
            assert found.text == '{"n": 1}'
        assert champion.recorded.lookup(subject.identity, gone.example) is None
        shutil.rmtree(counts.project.cache)  # and once more, where only the record knows them
        counts.cached(BASE, dev=2, golden=1)
        counts.cached(adapter, dev=2, golden=1)
        assert typed("promote", "r1", "--force", "a test")[0] == 0


def test_evaluate_says_how_an_endpoint_is_known_what_it_costs_and_what_is_missing(
        typed: Typed, counts: Any, chat_server: Callable[..., ChatServer]) -> None:
    lost = counts.split("dev").examples[3].text
    server = chat_server(lambda body: (400, {}, b"too odd") if body["messages"][-1]["content"] == lost
                         else completion('{"n": 1}'))
    name = f"openai:m@{server.url}+zero_shot"
    counts.settings(prices={"per_million_input": 1.0, "subjects": {name.split("+")[0]: {"per_million_input": 3.5}}})
    status, out, err = typed("evaluate", "counts", "--subject", name)
    assert status == 0, err
    assert "1 of 24 answers are missing, the first: HTTP 400: too odd" in out
    assert f"{name} is identified by name; it answered 20" in out
    assert "cost: 3.5 a million tokens read, 0 written (task.yaml)" in out
