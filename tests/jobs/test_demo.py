"""`goldgate demo`: a project of its own, whole, without what the shipped tasks have earned."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.champion.record import load_champion
from goldgate.data.check import check_task_data
from goldgate.jobs import demo
from goldgate.jobs.comparison import Best
from goldgate.jobs.demo import SHIPPED, demo_project, differs, shipped_folder
from goldgate.jobs.demo_answers import AUDITED, count_of, place
from goldgate.jobs.demo_estimate import Speed
from goldgate.jobs.trained import Trained
from goldgate.runs.golden import DifferenceRow
from goldgate.runs.record import PlanFacts
from goldgate.scored.baselines import deciding_metrics, declared_baselines
from goldgate.task.examples import load_split, read_split
from goldgate.task.project import find_project
from goldgate.task.task import load_task

FORMATS = ("schema_valid", "label_valid", "style_ok", "stop_rate")
Typed = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("task", SHIPPED)
def test_a_demos_task_is_whole_and_has_earned_nothing(tmp_path: Path, task: str) -> None:
    project = demo_project(task, tmp_path / "demo", tmp_path / "cache")
    assert project.demo
    assert project.tasks() == (task,)
    assert not load_task(project, task).folder.joinpath("champion_answers.jsonl.gz").exists()
    assert load_champion(project, task) is None
    assert not (project.golden(task) / "looks").exists()
    assert (project.suite(task) / "test_gates.py").is_file()
    assert find_project(project.suite(task), tmp_path).root == project.root


@pytest.mark.parametrize("task", SHIPPED)
def test_a_demos_data_passes_its_own_check_and_is_the_shipped_data(tmp_path: Path, task: str) -> None:
    project = demo_project(task, tmp_path / "demo", tmp_path / "cache")
    quality = check_task_data(project, load_task(project, task))
    assert all(len(split) >= 30 for split in quality.splits.values())
    for name in ("train.jsonl", "dev.jsonl", "golden.jsonl", "card.json"):
        assert (project.golden(task) / name).read_bytes() == (shipped_folder() / "golden" / task / name).read_bytes()


def test_three_demos_live_in_one_folder(tmp_path: Path) -> None:
    for task in SHIPPED:
        project = demo_project(task, tmp_path / "demo", tmp_path)
    assert project.tasks() == tuple(sorted(SHIPPED))


def test_examples_of_another_version_are_told_apart(tmp_path: Path) -> None:
    project = demo_project("tickets", tmp_path / "demo", tmp_path)
    assert not differs(project, "tickets")
    card = project.golden("tickets") / "card.json"
    card.write_text(card.read_text().replace('"golden"', '"olden"', 1))
    assert differs(project, "tickets")
    card.unlink()
    assert differs(project, "tickets")


def test_what_was_changed_in_a_demo_stays(tmp_path: Path) -> None:
    project = demo_project("tickets", tmp_path / "demo", tmp_path)
    gates = project.suite("tickets") / "test_gates.py"
    gates.write_text("# mine\n")
    demo_project("tickets", tmp_path / "demo", tmp_path)
    assert gates.read_text() == "# mine\n"


def test_a_copy_that_breaks_off_leaves_no_half_of_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(source: Path, target: Path) -> None:
        if Path(source).name == "golden.jsonl":
            raise RuntimeError("killed")
        copy(source, target)

    copy = shutil.copyfile
    monkeypatch.setattr(demo.shutil, "copyfile", broken)
    with pytest.raises(RuntimeError):
        demo_project("tickets", tmp_path / "demo", tmp_path)
    assert {p.name for p in (tmp_path / "demo").rglob("*") if p.is_file()} == {".goldgate-demo", ".gitattributes"}
    monkeypatch.undo()
    assert demo_project("tickets", tmp_path / "demo", tmp_path).tasks() == ("tickets",)


def test_a_folder_with_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "suites").write_text("x")
    with pytest.raises(UserError, match="choose another with --folder"):
        demo_project("tickets", tmp_path / "mine", tmp_path)
    assert [p.name for p in (tmp_path / "mine").rglob("*")] == ["suites"]


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_is_no_folder_for_a_demo(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="cannot be written") as caught:
        demo_project("voice", tmp_path / place, tmp_path)
    assert str(tmp_path / place) in caught.value.where
    assert (tmp_path / "file").read_text() == "x"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert demo_project("voice", tmp_path / "mine", tmp_path).tasks() == ("voice",)


def test_an_installation_without_the_tasks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "files", lambda package: tmp_path / "harness")
    with pytest.raises(UserError, match="missing from this installation"):
        demo_project("tickets", tmp_path / "demo", tmp_path)


def test_the_wheels_tasks_come_before_a_checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (tmp_path / "harness" / "shipped", tmp_path):
        (folder / "suites").mkdir(parents=True)
        (folder / "golden").mkdir()
    monkeypatch.setattr(demo, "files", lambda package: tmp_path / "harness")
    assert shipped_folder() == tmp_path / "harness" / "shipped"


def test_what_a_shipped_task_has_earned_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(shipped_folder() / "suites", tmp_path / "suites")
    shutil.copytree(shipped_folder() / "golden", tmp_path / "golden")
    for name in ("champion.json", "champion_answers.jsonl.gz"):
        (tmp_path / "suites" / "voice" / name).write_text("{}")
    (tmp_path / "golden" / "voice" / "looks").mkdir(exist_ok=True)
    monkeypatch.setattr(demo, "files", lambda package: tmp_path / "harness" / "goldgate")
    project = demo_project("voice", tmp_path / "demo", tmp_path)
    assert {p.name for p in project.suite("voice").iterdir()} == {"task.yaml", "test_gates.py"}
    assert {p.name for p in project.golden("voice").iterdir()} == {
        "train.jsonl",
        "dev.jsonl",
        "golden.jsonl",
        "card.json",
        "novelty.json",
    }


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been trained; the machine multiplies at 75 GFLOP/s, and nothing recorded is made again."""
    calls: list[Any] = []

    def run_train(project: Any, name: str, budget: Any, settings: Any, **more: Any) -> Trained:
        calls.append((name, project.root, budget, list(settings), more["quick"]))
        task = load_task(project, name)
        metrics = (deciding_metrics(task)[0], *FORMATS)
        rows = {(who, metric): 0.5 for who in ("adapter:a", "base+zero_shot") for metric in metrics}
        references = ("base+zero_shot", "linear")
        gaps = {
            (metrics[0], who): DifferenceRow(metric=metrics[0], reference=who, estimate=0.0, low=-0.1, high=0.1, n=9)
            for who in references
        }
        if task.kind == "label":
            rows["linear", "exact_match"] = 0.5
        spent = "all attempts are used up"
        return Trained(
            task,
            "r1",
            False,
            spent,
            "adapter:a",
            Best("base+zero_shot", {FORMATS[-1]: "base+nearest:4"}),
            None,
            False,
            "dev",
            rows,
            gaps,
            PlanFacts(),
            {},
            Path("r.html"),
            1.0,
            1,
            1,
            None,
        )

    monkeypatch.setattr(demo, "measure_speed", lambda: Speed(75.0, 75.0, 0.0))
    monkeypatch.setattr(demo, "make_again", lambda *_: True)
    monkeypatch.setattr("goldgate.base.hardware.bf16_pays", lambda: False)
    monkeypatch.setattr("goldgate.jobs.train.run_train", run_train)
    return calls


def test_the_demo_trains_its_own_project_and_its_status_is_the_suites(typed: Typed, asked: list[Any]) -> None:
    status, out, err = typed("demo")
    assert status == 1
    assert out.startswith("Not yet: no look was taken; all attempts are used up\n")
    name, root, budget, _, quick = asked[0]
    assert (name, root, quick) == ("voice", Path.cwd() / "goldgate-demo", True)
    assert budget.attempts >= 1
    assert "75 GFLOP/s" in err


def test_a_best_prompt_that_did_not_answer_has_no_value(typed: Typed, asked: list[Any]) -> None:
    _, out, _ = typed("demo", "--json")
    measures = json.loads(out)["measures"]
    assert measures[FORMATS[-1]] == {"tuned": 0.5, "prompted": None}
    assert measures["style_ok"] == {"tuned": 0.5, "prompted": 0.5}


def test_a_machine_half_as_fast_gets_twice_the_time(
    typed: Typed, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("demo", "tickets")
    monkeypatch.setattr(demo, "measure_speed", lambda: Speed(150.0, 150.0, 0.0))
    typed("demo", "tickets")
    slow, fast = (call[2].minutes for call in asked)
    assert slow == pytest.approx(2 * fast)


def test_a_busy_machine_is_given_the_time_that_it_needs(
    typed: Typed, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "measure_speed", lambda: Speed(75.0, 15.0, 4.0))
    _, _, err = typed("demo", "tickets")
    monkeypatch.setattr(demo, "measure_speed", lambda: Speed(75.0, 75.0, 0.0))
    _, _, quiet = typed("demo", "tickets")
    busy, idle = (call[2].minutes for call in asked)
    assert busy == pytest.approx(5 * idle)
    assert "if it were idle" in err
    assert "idle" not in quiet


def test_minutes_that_are_given_hold(typed: Typed, asked: list[Any]) -> None:
    typed("demo", "voice", "--minutes", "2.5", "--folder", "elsewhere")
    assert asked[0][2].minutes == 2.5
    assert Path("elsewhere/suites/voice/task.yaml").is_file()


def test_a_misspelled_demo_gets_the_nearest_and_makes_nothing(typed: Typed, asked: list[Any]) -> None:
    status, out, err = typed("demo", "invoice")
    assert (status, out) == (2, "")
    assert 'did you mean "invoices"' in err
    assert typed("demo", "../voice")[0] == 2
    assert not asked
    assert not list(Path.cwd().iterdir())


def test_few_examples_end_with_status_0_and_say_that_they_show_nothing(typed: Typed, asked: list[Any]) -> None:
    status, out, _ = typed("demo", "--examples", "14")
    assert status == 0
    assert out.startswith("Not yet: ")
    assert not [line for line in out.splitlines() if line.startswith("  ")]
    assert "So few show nothing" in out.splitlines()[-1]
    name, root, budget, settings, _ = asked[0]
    assert (name, root, budget.attempts, settings) == ("voice", Path.cwd() / "goldgate-demo-14", 1, ["epochs=2"])
    told = json.loads(typed("demo", "--examples", "14", "--json")[1])
    assert (told["examples"], told["shows"]) == (14, False)


def test_few_examples_never_lie_among_all_of_them(typed: Typed, asked: list[Any]) -> None:
    typed("demo", "--folder", "here")
    for words in (["--examples", "14"], ["tickets", "--examples", "14"]):
        status, _, err = typed("demo", *words, "--folder", "here")
        assert status == 2
        assert "another number of examples" in err
    typed("demo", "--examples", "14", "--folder", "few")
    assert typed("demo", "--examples", "15", "--folder", "few")[0] == 2
    assert typed("demo", "--folder", "few")[0] == 2
    assert len(asked) == 2
    assert "no verdict, look or champion in it means anything" in Path("few/.goldgate-demo").read_text()


@pytest.mark.parametrize("task", SHIPPED)
def test_few_examples_are_a_whole_task(tmp_path: Path, task: str) -> None:
    project = demo_project(task, tmp_path / "demo", tmp_path / "cache", examples=20)
    quality = check_task_data(project, load_task(project, task))
    assert {name: len(split) for name, split in quality.splits.items()} == {"train": 20, "dev": 20, "golden": 20}
    for name, split in quality.splits.items():
        whole = read_split(shipped_folder() / "golden" / task, name)
        assert set(split.tag_counts()) == set(whole.tag_counts())
        assert {e.digest for e in split} <= {e.digest for e in whole}


def test_recorded_answers_are_there_and_are_to_what_is_asked_today(tmp_path: Path) -> None:
    """What changes a baseline's prompt, its model, or an example makes them another subject's, or to another one."""
    project = demo_project("voice", tmp_path / "demo", tmp_path / "cache")
    given = place(project, "voice", shipped_folder() / "golden" / "voice", regenerate=False)
    assert given is not None
    task = load_task(project, "voice")
    sizes = {split: len(load_split(project, "voice", split)) for split in ("dev", "golden")}
    there = count_of(project, given)
    assert {f"{b} on dev": sizes["dev"] for b in declared_baselines(task)}.items() <= there.items()
    best = [who for who in there if who.endswith(" on golden")]  # for one metric or another
    assert best
    assert {there[who] for who in best} == {sizes["golden"]}


def test_a_demo_says_what_is_recorded_and_makes_some_again(
    typed: Typed, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    def make_again(project: Any, given: Any, count: int, *_: Any) -> bool:
        counts.append(count)
        return True

    monkeypatch.setattr(demo, "make_again", make_again)
    _, _, err = typed("demo")
    assert "Recorded with the task, not generated here: 114 answers of base+zero_shot on dev" in err
    typed("demo", "--audit", "9")
    typed("demo", "--audit", "0")
    assert counts == [AUDITED, 9]


def test_recorded_answers_that_this_machine_does_not_give_are_not_used(
    typed: Typed, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "make_again", lambda *_: False)
    _, _, err = typed("demo")
    assert "all of them are generated here instead" in err
    assert not Path("goldgate-demo/golden/voice/recorded").exists()


def test_regenerate_leaves_no_recorded_answer(typed: Typed, asked: list[Any]) -> None:
    typed("demo")
    assert Path("goldgate-demo/golden/voice/recorded").is_dir()
    _, _, err = typed("demo", "--regenerate")
    assert not Path("goldgate-demo/golden/voice/recorded").exists()
    assert "Recorded" not in err
