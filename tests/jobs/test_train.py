"""`goldgate train` from data to champion, on a trainer that writes an adapter whose answers are known beforehand."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from goldgate.answers.cache import answer_cache
from goldgate.champion.record import load_champion
from goldgate.jobs import training
from goldgate.jobs.run_suite import run_suite
from goldgate.ledger import LookKey, mark_opened, open_look, read_looks
from goldgate.models.adapter import adapter_digest
from goldgate.task.strata import read_novelty
from goldgate_trainers import TrainingResult

from ..conftest import ChatServer, completion
from .school import School, looks, record

Typed = Callable[..., tuple[int, str, str]]


def test_a_model_that_passes_becomes_the_champion(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    school((0, 1))
    status, out, err = typed("train", "counts", "--attempts", "1", "--json")
    assert status == 0, err
    said = json.loads(out)
    assert said["passed"]
    assert said["prompted"].startswith("base+zero_shot")
    assert said["measures"]["exact_match"] == {"tuned": pytest.approx(59 / 60), "prompted": 0.5}
    assert Path(said["report"]).is_file()
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert (champion.subject, champion.run) == (said["candidate"], said["run"])
    assert all(champion.verdicts)
    golden = json.loads((Path(said["report"]).parent / "golden.json").read_text())
    assert [0.0 <= r["flips"] < 0.5 for r in golden["verdicts"]] == [True, True]
    assert "another verdict in " in Path(said["report"]).read_text()
    run = record(counts)
    assert (run["status"], run["best"], run["data"]["golden"]["count"]) == ("passed", 1, 60)
    assert run["data"]["dev"]["fingerprint"] == counts.split("dev").fingerprint
    assert run["conditions"]["train"] == counts.split("train").fingerprint
    assert set(run["conditions"]["machine"]) == {"device", "instruction set", "threads"}
    (attempt,) = run["attempts"]
    folder = counts.project.root / attempt["subject"].removeprefix("adapter:")
    assert (attempt["adapter"], attempt["continue_from"]) == (adapter_digest(folder), None)


def test_a_tracker_hears_of_every_attempt_in_the_folder_of_the_run(
    typed: Typed, counts: Any, school: Callable[..., School], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldgate_trainers.lora.tracking.require", lambda name: None)  # as if it were installed
    pupil = school((20, 50), (0, 1))
    status, out, err = typed("train", "counts", "--attempts", "2", "--track", "tensorboard", "--json")
    assert status == 0, err
    folder = Path(json.loads(out)["report"]).parent / "tracking"
    assert [(t.trackers, t.name) for t in pupil.tracked] == [(("tensorboard",), f"attempt-{k}") for k in (1, 2)]
    assert {t.folder.resolve() for t in pupil.tracked} == {folder.resolve()}


def test_the_report_tells_accuracy_by_distance_to_train(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((0, 1))
    _, out, err = typed("train", "counts", "--attempts", "1", "--json")
    assert "golden against train: " in err
    folder = Path(json.loads(out)["report"]).parent
    strata = set(read_novelty(counts.golden).strata["golden"].values())
    assert {r["tag"] for r in json.loads((folder / "golden.json").read_text())["measures"]} >= strata
    page = (folder / "report.html").read_text()
    assert "<h2>By distance to the training data</h2>" in page
    assert all(f'<th scope="row">{s}</th>' in page for s in strata)


def test_what_layouts_do_to_the_verdicts_is_recorded_and_on_the_page(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    counts.laid_out("golden", 6)
    school((0, 6))  # all examples of the first layout
    _, out, _ = typed("train", "counts", "--attempts", "1", "--json")
    folder = Path(json.loads(out)["report"]).parent
    (effect,) = json.loads((folder / "golden.json").read_text())["effects"]
    assert (effect["field"], effect["clusters"], effect["largest"], effect["declared"]) == ("layout", 10, 6, False)
    assert effect["design"] > 5
    assert effect["lost"] == ["exact_match >= 0.70", "exact_match - prompted.exact_match >= 0.10"]
    summary = (folder / "summary.md").read_text()
    assert "2 gates pass only because examples that share a value of layout count one by one" in summary


def test_a_few_lines_tell_verdict_gain_format_cost_who_was_left_out_and_report(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((0, 0))
    status, out, err = typed("train", "counts", "--attempts", "1")
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 7)
    assert lines[0] == "Ship: all 2 gates pass"
    assert lines[1].startswith("exact_match: 100.0% tuned, 50.0% with the best prompt (base+zero_shot")
    assert "+50.0 points" in lines[1]
    assert lines[2] == "schema_valid: 100.0% tuned, 100.0% with the best prompt"
    assert lines[3].startswith("cost of 1,000 answers: ")
    assert lines[4].startswith("  tuned/prompted ")
    assert lines[4].endswith(", with prompt caching too: the prompts are too short for it")
    assert lines[5].startswith("no larger model was compared: name one in task.yaml: `incumbent: openai:MODEL@URL")
    assert "report.html" in lines[6]
    assert "the best prompting baseline" in err


def test_one_row_is_shown_as_it_is_trained_and_what_preflight_found(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((0, 0))
    _, _, err = typed("train", "counts", "--attempts", "1")
    assert "t000 as it is trained, what is learned in brackets: 'prompt\\n[[answer<end>]]'" in err
    assert "t001 and t002 ask the same and expect different outputs" in err


@pytest.mark.parametrize(
    ("config", "status"), [({"n_embd": 64}, 0), ({"text_config": {"hidden_size": 64}}, 0), ({}, 2)]
)
def test_the_width_of_a_base_model_goes_by_several_names(
    typed: Typed, counts: Any, school: Callable[..., School], tmp_path: Path, config: dict[str, Any], status: int
) -> None:
    school((0, 0))
    (tmp_path / "cache" / "base" / "config.json").write_text(json.dumps(config))
    got, _, err = typed("train", "counts", "--attempts", "1")
    assert (got, "does not give a hidden size" in err) == (status, status == 2)


def test_a_budget_that_ends_is_status_1_with_a_report_and_no_champion(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((20, 50))
    status, out, _ = typed("train", "counts", "--attempts", "1", "--json")
    said = json.loads(out)
    assert (status, said["passed"]) == (1, False)
    assert "the budget of 1 attempt is used up" in said["reason"]
    assert Path(said["report"]).is_file()
    assert load_champion(counts.project, "counts") is None
    assert record(counts)["status"] == "failed"


def test_a_run_that_ends_without_a_pass_says_which_gates_how_far_and_what_would_help(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((12, 50))
    status, out, _ = typed("train", "counts", "--attempts", "1")
    assert status == 1
    last = out.splitlines()[7:]
    assert last[0].startswith("  in the way: exact_match >= 0.70: 0.500 on dev (95% interval ")
    assert last[0].endswith("n = 24); 0.200 short; worst on dev: d000, d001, d002, d003, d004")
    assert any(line.startswith("  would help: ") for line in last)
    ending = record(counts)["ending"]
    assert [f"  in the way: {g}" for g in ending["gates"]] + [f"  would help: {h}" for h in ending["helps"]] == last
    (folder,) = (p.parent for p in counts.project.runs("counts").glob("*/run.json"))
    assert "What would most likely help" in (folder / "report.html").read_text()
    assert "What would most likely help" in (folder / "summary.md").read_text()
    assert "g001" not in json.dumps(ending)


def test_the_loop_trains_and_judges_while_golden_and_its_answers_are_away(
    typed: Typed, counts: Any, school: Callable[..., School], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first step until it looks, nothing of the loop may need golden: the file, its cache, runs' answers."""
    made = school((20, 50), (0, 0))
    trains, looks_at = made.__call__, training.Training.look
    cache = answer_cache(counts.project, "golden").path
    hidden = {
        counts.golden / "golden.jsonl": tmp_path / "a",
        cache: tmp_path / "b",
        counts.project.runs("counts") / "golden": tmp_path / "c",
    }
    seen: list[bool] = []

    def bring_back() -> None:
        for path, aside in hidden.items():
            if aside.exists():
                aside.rename(path)

    def train_and_hide(*arguments: Any) -> TrainingResult:
        bring_back()
        result = trains(*arguments)  # which puts the attempt's answers to golden into the cache
        for path, aside in hidden.items():
            if path.exists():
                path.rename(aside)
        return result

    def look(run: training.Training, adapter: Path) -> bool:
        seen.append(all(not path.exists() for path in hidden))
        bring_back()
        return looks_at(run, adapter)

    monkeypatch.setattr(training, "train_adapter", train_and_hide)
    monkeypatch.setattr(training.Training, "look", look)
    status, out, err = typed("train", "counts", "--attempts", "2", "--json")
    assert (status, seen) == (0, [True]), err
    assert "attempts/2/" in json.loads(out)["candidate"]


def test_each_attempt_says_what_was_seen_what_it_changes_and_why(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    made = school((12, 50), (14, 50), (0, 0))
    status, _, err = typed("train", "counts", "--attempts", "3")
    assert status == 0, err
    first, second, third = record(counts)["attempts"]
    assert "the training loss is flat" in second["reason"] or "still falling" in second["reason"]
    assert "more epochs from attempt 1" in second["reason"]
    assert third["recipe"]["learning_rate"] == 2 * first["recipe"]["learning_rate"] or "focus" in third["recipe"]
    for attempt in (second, third):
        assert f"attempt {attempt['k']}: {attempt['reason']}" in err
    assert first["seen"][0].startswith("the training loss is ")
    (folder,) = (p.parent for p in counts.project.runs("counts").glob("*/run.json"))
    assert third["reason"] in html.unescape((folder / "report.html").read_text())
    assert len(made.recipes) == 3


def test_a_pass_has_nothing_in_the_way(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    school((0, 0))
    assert json.loads(typed("train", "counts", "--attempts", "1", "--json")[1])["ending"] is None
    (folder,) = (p.parent for p in counts.project.runs("counts").glob("*/run.json"))
    assert "What would most likely help" not in (folder / "report.html").read_text()


@pytest.mark.parametrize("dev", [0, 20])
def test_without_a_look_dev_alone_speaks(typed: Typed, counts: Any, school: Callable[..., School], dev: int) -> None:
    school((dev, 0))
    status, out, err = typed("train", "counts", "--attempts", "1", "--looks", "0", "--json")
    assert status == 1, err
    said = json.loads(out)
    assert (said["split"], said["passed"], looks(counts)) == ("dev", False, 0)
    assert said["ending"]["gates"]
    assert "answers golden" not in err
    assert load_champion(counts.project, "counts") is None
    (folder,) = (p.parent for p in counts.project.runs("counts").glob("*/run.json"))
    assert not (folder / "golden.json").exists()
    assert (folder / "report.html").is_file()


def test_money_needs_the_price_of_an_hour_and_is_recorded(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    made = school((0, 0))
    status, _, err = typed("train", "counts", "--attempts", "1", "--money", "5")
    assert (status, made.recipes) == (2, [])
    assert "prices: {machine_hour: 1.20}" in err
    counts.settings(prices={"per_million_input": 1.0, "per_million_output": 2.0, "machine_hour": 2.0})
    assert typed("train", "counts", "--attempts", "1", "--money", "5")[0] == 0
    run = record(counts)
    assert run["budget"] == {"attempts": 1, "minutes": 60.0, "looks": 1, "money": 5.0, "machine_hour": 2.0}
    assert run["spent"]["looks"] == 1
    assert run["spent"]["money"] >= 0


def test_parallel_branches_that_wore_the_ledger_out_leave_no_look(
    typed: Typed, counts: Any, school: Callable[..., School], tmp_path: Path
) -> None:
    ledgers = [counts.golden / "looks", tmp_path / "branch"]
    for folder in ledgers:
        open_look(
            folder,
            LookKey("g", folder.name, "s"),
            candidate="a",
            date="2026-01-02",
            commit=None,
            error=0.05,
            write=True,
        )
    for path in ledgers[1].glob("*.json"):
        shutil.copy(path, ledgers[0])
    school((0, 0))
    status, out, _ = typed("train", "counts", "--attempts", "1", "--json")
    assert status == 1
    assert "this run may not look at golden" in json.loads(out)["reason"]
    assert looks(counts) == 2


def test_the_attempt_that_dev_prefers_is_the_one_that_looks(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((20, 50), (0, 0))
    status, out, _ = typed("train", "counts", "--attempts", "2", "--json")
    assert status == 0
    assert "attempts/2/" in json.loads(out)["candidate"]
    assert looks(counts) == 1
    assert [a["k"] for a in record(counts)["attempts"]] == [1, 2]


def test_a_run_can_be_decided_again_without_its_adapter(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((20, 50))
    assert typed("train", "counts", "--attempts", "1")[0] == 1
    run = record(counts)["id"]
    shutil.rmtree(counts.project.runs("counts") / run / "attempts")
    shutil.rmtree(counts.project.cache)
    (folder,) = (counts.project.runs("counts") / "golden").iterdir()
    assert {p.name for p in folder.iterdir()} == {"answers.json", "answers.jsonl.gz"}
    for split in ("dev", "golden"):
        result = run_suite(counts.project, "counts", None, split, ("--answers", run))
        assert [r.verdict.outcome for r in result.records] == ["fail", "fail"]
        assert (
            sum(sum(c.values()) for c in result.answers.values())
            == sum(c["recorded"] for c in result.answers.values())
            > 0
        )
    assert looks(counts) == 1


def test_golden_answers_stay_out_of_the_run(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    school((0, 0))
    assert typed("train", "counts", "--attempts", "1")[0] == 0
    (folder,) = (p.parent for p in counts.project.runs("counts").glob("*/run.json"))
    summary = json.loads((folder / "golden.json").read_text())
    assert (summary["opened"], summary["look"]["number"]) == (False, 1)
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".html", ".md") and path.name != "look.json":  # it has values by id, for the level
            text = path.read_text()
            assert "golden thing" not in text
            assert '"g001"' not in text
    for name in ("answers", "scores"):
        assert set(pd.read_parquet(folder / f"{name}.parquet")["id"]) == {e.id for e in counts.split("dev")}


def test_the_same_command_after_a_pass_is_a_run_of_its_own(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    for _ in range(2):
        school((0, 0))
        assert typed("train", "counts", "--attempts", "1")[0] == 0
    assert len(list(counts.project.runs("counts").glob("*/run.json"))) == 2


def test_settings_and_seed_reach_the_recipe(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    made = school((0, 0))
    words = ("--seed", "7", "--set", "epochs=2", "--set", "rank=4")
    assert typed("train", "counts", "--attempts", "1", *words)[0] == 0
    recipe = made.recipes[0]
    assert (recipe.seed, recipe.epochs, recipe.rank) == (7, 2, 4)
    assert record(counts)["seed"] == 7


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("epoch=2", 'no recipe setting "epoch"\n  did you mean "epochs"?'),
        ("epochs", "--set"),
        ("epochs=many", "epochs"),
    ],
)
def test_a_setting_that_does_not_exist_is_refused_before_anyone_answers(
    typed: Typed, counts: Any, school: Callable[..., School], setting: str, says: str
) -> None:
    made = school((0, 0))
    status, out, err = typed("train", "counts", "--set", setting)
    assert (status, out) == (2, "")
    assert says in err
    assert not made.recipes
    assert "answers dev" not in err
    assert not list(counts.project.root.glob("runs/*/*"))


def test_a_bad_recipe_in_task_yaml_leaves_no_run(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    school((0, 0))
    counts.settings(train={"epoch": 2})
    status, out, err = typed("train", "counts")
    assert (status, out) == (2, "")
    assert 'task.yaml, field "train": no recipe setting "epoch"' in err
    assert not list(counts.project.root.glob("runs/*/*"))


def test_a_suite_that_compares_nothing_cannot_be_trained_for(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((0, 0))
    counts.gates("def helper(candidate):\n    assert candidate.exact_match >= 0.7\n")
    status, out, err = typed("train", "counts", "--attempts", "1")
    assert (status, out) == (2, "")
    assert "the suite recorded no verdict on dev" in err
    assert "pytest suites/counts --candidate adapter:runs/counts/" in err
    assert load_champion(counts.project, "counts") is None


def test_remarks_on_the_data_are_told(typed: Typed, counts: Any, school: Callable[..., School]) -> None:
    path = counts.golden / "train.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows.append({"id": "twin", "input": rows[0]["input"], "output": {"n": 99}})
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    assert typed("prepare", "counts")[0] == 0
    school((0, 0))
    for name in ("base+zero_shot", "base+zero_shot+constrained"):
        counts.cached(name, dev=12, golden=30)
    _, _, err = typed("train", "counts", "--attempts", "1")
    assert "train: 1 inputs occur with two different outputs" in err


TODAY = """
def test_accuracy(candidate):
    assert candidate.exact_match >= 0.70

def test_beats_today(candidate, incumbent, prompted):
    assert candidate.exact_match - incumbent.exact_match >= 0.10
    assert candidate.exact_match - prompted.exact_match >= 0.10
"""


def half_right(counts: Any) -> Callable[[dict[str, Any]], Any]:
    """Answers to the questions of dev and golden, every other one wrong."""
    known = {
        e.text: json.dumps({"n": -1} if i % 2 else e.output)
        for name in ("dev", "golden")
        for i, e in enumerate(counts.split(name))
    }
    return lambda body: completion(known[body["messages"][-1]["content"].splitlines()[-1]])


def test_what_runs_today_is_recorded_and_outlives_its_endpoint(
    typed: Typed, counts: Any, school: Callable[..., School], chat_server: Callable[..., ChatServer]
) -> None:
    school((0, 1))
    server = chat_server(half_right(counts))
    today = f"openai:today@{server.url}+file:PROMPT.md"
    larger = f"openai:larger@{server.url}+zero_shot"
    (counts.suite / "PROMPT.md").write_text("Count the things:\n{input}")
    counts.settings(incumbent=today, baselines=["zero_shot", larger])
    counts.gates(TODAY)
    for name in ("base+zero_shot", "base+zero_shot+constrained"):
        counts.cached(name, dev=20, golden=30)
    status, out, err = typed("train", "counts", "--attempts", "1", "--json")
    assert status == 0, err
    assert json.loads(out)["prompted"] == larger
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert {today, larger} < set(champion.subjects)
    assert set(champion.tried) == {"base+zero_shot", "base+zero_shot+constrained", larger, f"{larger}+constrained"}
    report = Path(json.loads(out)["report"]).read_text()
    assert "what runs in production today" in report
    assert "is identified by name; it answered 20" in report
    server.stop()
    shutil.rmtree(counts.project.cache)
    again = run_suite(counts.project, "counts", None, None)
    assert again.passed, again.output
    assert {sum(c.values()) - c["recorded"] for c in again.answers.values()} == {0}
    assert len(again.answers) == 3


def test_an_incumbent_that_cannot_be_reached_is_met_before_training(
    typed: Typed, counts: Any, school: Callable[..., School], chat_server: Callable[..., ChatServer]
) -> None:
    trained = school((0, 1))
    server = chat_server()
    server.stop()
    counts.settings(incumbent=f"openai:today@{server.url}+zero_shot")
    status, _, err = typed("train", "counts", "--attempts", "1")
    assert status == 2
    assert "cannot be reached" in err
    assert trained.recipes == []


@pytest.mark.parametrize("passes", [True, False])
def test_a_sealed_golden_split_is_told_by_verdicts_alone(
    typed: Typed, counts: Any, school: Callable[..., School], passes: bool
) -> None:
    """Trained on the same answers of dev with other answers of golden, the run says the same everywhere."""
    told = []
    for wrong in (1, 3) if passes else (20, 22):
        shutil.rmtree(counts.project.runs("counts"), ignore_errors=True)
        shutil.rmtree(counts.golden / "looks", ignore_errors=True)
        (counts.suite / "champion.json").unlink(missing_ok=True)
        counts.settings(golden="sealed")
        school((2, wrong))
        status, out, _ = typed("train", "counts", "--attempts", "1", "--json")
        assert status == (0 if passes else 1)
        said = json.loads(out)
        assert said["split"] == "dev"
        (folder,) = (p.parent for p in counts.project.runs("counts").glob("*/run.json"))
        golden = json.loads((folder / "golden.json").read_text())
        assert (golden["measures"], golden["differences"], golden["turned"]) == ([], [], {})
        assert {row["verdict"]["estimate"] for row in golden["verdicts"]} == {None}
        assert "Golden is sealed, so only the verdict is shown." in (folder / "report.html").read_text()
        summary = (folder / "summary.md").read_text()
        assert "golden is sealed, so earlier looks revealed only their verdicts" in summary
        told.append((said["measures"], said["gap"], re.sub(r"\d{8}-\d{6}", "", summary)))
    assert told[0] == told[1]


def test_a_pass_after_golden_was_opened_says_so_everywhere(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    school((12, 40), (0, 0))
    assert typed("train", "counts", "--attempts", "1")[0] == 1
    (look,) = read_looks(counts.golden / "looks")
    assert record(counts)["looks"] == [look.name]
    mark_opened(counts.golden / "looks", look)
    shutil.rmtree(counts.project.runs("counts"))
    school((20, 50), (0, 0))  # the second attempt is another adapter than the one that failed
    status, out, err = typed("train", "counts", "--attempts", "2")
    assert status == 0
    assert out.startswith("Opened: all 2 gates pass, without an error rate until golden is refreshed")
    assert "suite counts passes, opened" in err
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert champion.opened
    assert "opened" in typed("champions")[1]
    (folder,) = (p.parent for p in counts.project.runs("counts").glob("*/run.json"))
    assert json.loads((folder / "golden.json").read_text())["opened"] is True
    assert "Opened: all 2 gates pass, without an error rate" in (folder / "summary.md").read_text()


def test_a_ledger_that_decides_nothing_stops_the_run_before_it_trains(
    typed: Typed, counts: Any, school: Callable[..., School]
) -> None:
    made = school((12, 40))
    assert typed("train", "counts", "--attempts", "1")[0] == 1
    counts.settings(golden="sealed")
    status, _, err = typed("train", "counts", "--attempts", "1")
    assert status == 2
    assert "taken with `golden: closed`" in err
    assert len(made.recipes) == 1


@pytest.mark.parametrize(
    ("quarter", "half", "says"),
    [(20, 16, "more training examples: exact_match on dev still rises"), (12, 12, "a larger base model: exact_match")],
)
def test_a_learning_curve_tells_whether_more_data_would_help(
    typed: Typed, counts: Any, school: Callable[..., School], quarter: int, half: int, says: str
) -> None:
    made = school((12, 50), (quarter, 0), (half, 0))
    status, out, err = typed("train", "counts", "--attempts", "1", "--curve", "--json")
    assert status == 1, err
    assert any(says in help_ for help_ in json.loads(out)["ending"]["helps"])
    assert len(made.recipes) == 3
    assert looks(counts) == 1
    assert len(record(counts)["attempts"]) == 1
