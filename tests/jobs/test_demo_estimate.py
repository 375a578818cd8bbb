"""What the demo says of its time: by the work that is left, on this machine as it is when nothing else runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from goldgate.base.hardware import matmul_gflops_of_one_thread
from goldgate.jobs import demo_estimate
from goldgate.jobs.demo import demo_project
from goldgate.jobs.demo_estimate import Speed, Work, measure_speed, told, work_of
from goldgate.jobs.demo_subset import choose
from goldgate.task.examples import Example, load_split
from goldgate.task.task import load_task

NAMES = ("base+zero_shot", "base+few_shot:4", "base+nearest:4")


@pytest.fixture
def voice(tmp_path: Path) -> Work:
    return _voice(tmp_path, NAMES)


def _voice(folder: Path, recorded: tuple[str, ...], timed: int = 12, share: float = 1.0) -> Work:
    project = demo_project("voice", folder / "demo", folder / "cache")
    splits = {name: load_split(project, "voice", name) for name in ("train", "dev", "golden")}
    train = splits["train"].examples
    counts = {name: len(split) for name, split in splits.items()}
    learned = train[: round(share * len(train))]
    return work_of(load_task(project, "voice"), learned, 1, counts, recorded, False, timed)


def test_it_is_right_for_the_run_that_was_measured(tmp_path: Path) -> None:
    """docs/results.md: 24 min 42 s at 166 GFLOP/s, all baselines answered and all of train learned, on a busy machine;
    11 min 28 s at 367 with bf16 for training.
    """
    minutes = _voice(tmp_path, ()).minutes(166.0)
    assert 24.7 / 1.5 < minutes < 24.7 * 1.5
    assert 11.5 / 1.5 < _voice(tmp_path, ()).minutes(367.0) < 11.5 * 1.5


def test_what_is_recorded_is_no_work(tmp_path: Path, voice: Work) -> None:
    all_of_it = _voice(tmp_path, ())
    without_nearest = _voice(tmp_path, NAMES[:2])
    assert voice.answers < without_nearest.answers < all_of_it.answers
    assert voice.training == all_of_it.training


def test_half_of_the_examples_is_half_of_the_training(tmp_path: Path, voice: Work) -> None:
    half = _voice(tmp_path, NAMES, share=0.5)
    assert half.training == pytest.approx(voice.training / 2, rel=0.05)


def test_it_says_how_long_and_what_takes_the_time(voice: Work) -> None:
    line = told(voice, Speed(150.0, 150.0, 0.1))
    assert line.startswith(f"about {round(voice.minutes(150.0))} min on this machine (150 GFLOP/s), training about")
    assert "busy" not in line


def test_of_a_busy_machine_it_says_what_an_idle_one_would_take(voice: Work) -> None:
    line = told(voice, Speed(150.0, 12.0, 5.0))
    assert f"about {round(voice.minutes(150.0))} min on this machine if it were idle" in line
    assert "busy now" in line


def test_a_busy_machine_is_judged_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_estimate, "matmul_gflops", lambda: 12.0)
    monkeypatch.setattr(demo_estimate, "matmul_gflops_of_one_thread", lambda: 70.0)
    monkeypatch.setattr(demo_estimate.os, "getloadavg", lambda: (100.0 * (demo_estimate.os.cpu_count() or 1), 0, 0))
    speed = measure_speed()
    assert speed.busy
    assert (speed.now, speed.idle) == (12.0, 70.0 * torch.get_num_threads())
    monkeypatch.setattr(demo_estimate.os, "getloadavg", lambda: (0.0, 0, 0))
    assert measure_speed() == Speed(12.0, 12.0, 0.0)


def test_one_thread_is_measured_alone_and_the_others_come_back() -> None:
    before = torch.get_num_threads()
    assert matmul_gflops_of_one_thread() > 0
    assert torch.get_num_threads() == before


def test_few_examples_hold_every_tag_and_are_the_same_in_any_order() -> None:
    rare = Example("rare", "the only one", "x", tags=("rare",))
    both = Example("both", "two at once", "x", tags=("a", "b"))
    plain = [Example(f"p{i}", f"plain {i}", "x", tags=("a",) if i % 2 else ()) for i in range(30)]
    examples = [*plain[:15], rare, *plain[15:], both]
    chosen = choose(examples, 6)
    assert len(chosen) == 6
    assert {tag for e in chosen for tag in e.tags} == {"rare", "a", "b"}
    assert [e.id for e in chosen] == [e.id for e in examples if e in chosen]
    assert {e.id for e in choose(examples[::-1], 6)} == {e.id for e in chosen}
    assert choose(examples, 100) == tuple(examples)
    assert choose(examples, 2) == (rare, both)
