"""`goldgate train TASK --base-models a,b,c`: the cheapest that dev finds likely to pass is named, and none looks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from goldgate.base.files import write_json
from goldgate.champion.record import load_champion
from goldgate.jobs import train, training
from goldgate.jobs.compare_models import parameters
from goldgate.jobs.run_suite import run_suite
from goldgate.models import embedded
from goldgate_trainers.lora.attempt_folder import read_attempt

from .school import School, looks

Typed = Callable[..., tuple[int, str, str]]
Models = Callable[..., str]


@pytest.fixture
def models(counts: Any, school: Callable[..., School], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Models:
    """models(small=10, large=90): folders with so many parameters, whose best prompt is right on half; as the option's
    value.
    """
    monkeypatch.setattr(train, "ensure_model", embedded.ensure_model)

    def make(**sizes: int) -> str:
        for name, size in sizes.items():
            write_json(tmp_path / name / "config.json", {"hidden_size": 64})
            write_json(tmp_path / name / "tokenizer.json", {})
            save_file({"a": np.zeros((2, size // 2), np.float32)}, tmp_path / name / "model.safetensors")
            for prompted in ("base+zero_shot", "base+zero_shot+constrained"):
                counts.cached(prompted, name, dev=12, golden=30)
        return ",".join(sizes)

    return make


def test_the_cheapest_that_is_likely_to_pass_is_named_and_none_looks(
    typed: Typed, counts: Any, school: Callable[..., School], models: Models
) -> None:
    school((20, 50), (0, 1), (0, 0))
    names = models(small=10_000, middle=20_000, large=90_000)
    status, out, err = typed("train", "counts", "--base-models", names, "--json")
    assert status == 0, err
    said = json.loads(out)
    assert said["cheapest"] == "middle"
    assert [(r["model"], r["likely"]) for r in said["models"]] == [("small", False), ("middle", True), ("large", True)]
    assert [r["parameters"] for r in said["models"]] == [10_000, 20_000, 90_000]
    first = said["models"][0]
    assert first["low"] < first["estimate"] < first["high"]
    assert first["estimate"] == pytest.approx(4 / 24)
    assert first["gigaflops"] == pytest.approx(2e-9 * 10_000 * 14)
    assert (first["latency"], first["n"]) == (0.25, 24)
    assert first["cost_per_1k"] > 0
    assert looks(counts) == 0
    assert load_champion(counts.project, "counts") is None
    assert "answers golden" not in err


def test_what_it_says_to_do_ships_the_adapter_that_was_compared(
    typed: Typed, counts: Any, school: Callable[..., School], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    school((20, 50), (0, 1))
    options = ("--set", "rank=4", "--seed", "3")
    _, out, _ = typed("train", "counts", "--base-models", models(small=10, large=90), *options)
    assert f"to use it, write in {counts.suite / 'task.yaml'}:  model: large\n" in out
    assert "`goldgate train counts --set rank=4 --set seed=3` then continues with its adapter" in out
    counts.settings(model="large")
    monkeypatch.setattr(training, "train_adapter", lambda *given: read_attempt(given[4], "key"))  # trains nothing
    status, out, err = typed("train", "counts", *options, "--json")
    assert status == 0, err
    champion = load_champion(counts.project, "counts")
    assert champion is not None
    assert champion.subject == json.loads(out)["candidate"]
    assert len(list(counts.project.runs("counts").glob("*/run.json"))) == 2
    assert looks(counts) == 1
    assert run_suite(counts.project, "counts", None, None).passed


def test_where_none_is_likely_to_pass_the_nearest_is_told(
    typed: Typed, counts: Any, school: Callable[..., School], models: Models
) -> None:
    school((20, 50), (12, 30))
    status, out, _ = typed("train", "counts", "--base-models", models(small=10, large=90))
    assert status == 1
    assert "none is likely to pass; nearest: large, chance of passing 0%; missed on dev: exact_match.obs" in out
    assert "to use it" not in out


def test_what_was_trained_before_a_kill_is_not_trained_again(
    typed: Typed, counts: Any, school: Callable[..., School], models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = school((0, 1), (0, 0))

    def one(*arguments: Any) -> Any:
        killed.stop = len(killed.recipes) == 1
        return killed(*arguments)

    monkeypatch.setattr(training, "train_adapter", one)
    names = models(small=10, large=90)
    assert typed("train", "counts", "--base-models", names)[0] == 130
    again = school((20, 50))
    status, out, _ = typed("train", "counts", "--base-models", names, "--json")
    assert (status, len(again.recipes)) == (0, 1)
    assert [r["likely"] for r in json.loads(out)["models"]] == [True, False]
    third = school()
    assert json.loads(typed("train", "counts", "--base-models", names, "--json")[1])["cheapest"] == "small"
    assert third.recipes == []
    fourth = school((0, 0), (0, 0))
    typed("train", "counts", "--base-models", names, "--set", "rank=4")
    assert len(fourth.recipes) == 2


def test_a_comparison_and_an_interrupted_run_on_the_same_base_model_share_the_attempt(
    typed: Typed, counts: Any, school: Callable[..., School], models: Models
) -> None:
    names = models(small=10, large=90)
    counts.settings(model="small")
    school((0, 0)).stop = True
    assert typed("train", "counts", "--attempts", "1")[0] == 130
    school((0, 0), (0, 0))
    assert typed("train", "counts", "--base-models", names)[0] == 0
    statuses = [json.loads(p.read_text())["status"] for p in counts.project.runs("counts").glob("*/run.json")]
    assert statuses == ["running", "running"]


@pytest.mark.parametrize(
    ("names", "more", "says"),
    [
        ("small", (), "a comparison needs at least two base models"),
        ("small,small", (), "two of the base models are the same"),
        ("small,smal", (), 'no base model "smal"'),
        ("small,large", ("--seeds", "3"), "--seeds and --base-models"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_trained(
    typed: Typed,
    counts: Any,
    school: Callable[..., School],
    models: Models,
    names: str,
    more: tuple[str, ...],
    says: str,
) -> None:
    made = school()
    models(small=10, large=90)
    status, out, err = typed("train", "counts", "--base-models", names, *more)
    assert (status, out, made.recipes) == (2, "", [])
    assert says in err
    assert not list(counts.project.root.glob("runs/*/*"))


def test_golden_is_never_asked_under_another_base_model(counts: Any) -> None:
    for split in ("golden", None):
        with pytest.raises(ValueError, match="for dev alone"):
            run_suite(counts.project, "counts", "base+zero_shot", split, model="other")  # type: ignore[arg-type]
    assert looks(counts) == 0


def test_real_adapters_on_two_base_models_are_judged_each_on_its_own(
    typed: Typed, counts: Any, tiny_llama: Path, tmp_path: Path
) -> None:
    from transformers import LlamaForCausalLM

    shutil.copytree(tiny_llama, tmp_path / "wide")
    model = LlamaForCausalLM.from_pretrained(tiny_llama)
    model.model.layers[0].mlp.up_proj.weight.data.mul_(0.5)
    model.save_pretrained(tmp_path / "wide")
    counts.settings(template={}, decoding={"max_new_tokens": 4})
    status, out, err = typed("train", "counts", "--base-models", f"{tiny_llama},wide", "--set", "epochs=1", "--json")
    assert status == 1, err
    rows = json.loads(out)["models"]
    assert [r["model"] for r in rows] == [str(tiny_llama), "wide"]
    assert rows[0]["parameters"] == rows[1]["parameters"] == parameters(tiny_llama) > 10_000
    bases = {
        json.loads((counts.project.root / r["subject"].removeprefix("adapter:") / "goldgate.json").read_text())["base"]
        for r in rows
    }
    assert len(bases) == 2
    assert looks(counts) == 0
