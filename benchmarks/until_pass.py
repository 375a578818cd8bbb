"""Seconds until the suite passes on dev: Goldgate's trainer, and trl.SFTTrainer in its place in the same loop.

    python benchmarks/until_pass.py [voice] [--seeds 0 1]

Each is one attempt of `goldgate train TASK --looks 0` with the demo's recipe, on the shipped task in a project of its
own; golden is not looked at. TRL is a `trainer: command` (this file) with its defaults for all that the recipe does not
say: its order, its batches, its schedule. Seconds are those of training, and of answering and judging dev. Of TRL's
training only `train()` is counted, not the start of its process nor the check of what it handed back; of ours all is.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from train_speed import trl_trainer

from goldgate.base.files import read_json
from goldgate.base.hardware import matmul_gflops
from goldgate.engine.token_rows import IGNORED, Row
from goldgate.jobs.demo import demo_project
from goldgate.models.quiet import quiet
from goldgate.scored.baselines import deciding_metrics
from goldgate.task.project import cache_folder
from goldgate.task.task import load_task
from goldgate_trainers.lora.recipe import from_dict

RECIPE = ("epochs=1", "batch=4", "learning_rate=0.0011", "decay=0.5")
_TRAINED = "seconds of train(): "
_BESIDE = {"task", "model", "template", "start"}  # what a command's recipe.json holds beside the recipe


def main() -> None:
    """Prints a line an attempt."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", nargs="?", default="voice")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--trl", nargs=4, metavar=("TRAIN", "RECIPE", "MODEL", "OUT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.trl:
        _train_by_trl(*asked.trl)
        return
    print(f"{asked.task}, {matmul_gflops():.0f} GFLOP/s in fp32, {matmul_gflops('bf16'):.0f} in bf16")
    for seed in asked.seeds:
        for trainer in ("goldgate", "trl"):
            with tempfile.TemporaryDirectory() as folder:
                print(f"seed {seed}  {trainer:10} {_attempt(asked.task, trainer, seed, Path(folder))}", flush=True)


def _attempt(name: str, trainer: str, seed: int, folder: Path) -> str:
    project = demo_project(name, folder, cache_folder(os.environ))
    if trainer == "trl":
        command = [sys.executable, str(Path(__file__).resolve()), "--trl", "{train}", "{recipe}", "{model}", "{out}"]
        with (project.suite(name) / "task.yaml").open("a") as file:
            file.write(f"\ntrain: {json.dumps({'trainer': 'command', 'command': command})}\n")
    settings = [part for setting in (*RECIPE, f"seed={seed}") for part in ("--set", setting)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "goldgate.cli",
            "train",
            name,
            "--looks",
            "0",
            "--attempts",
            "1",
            "--minutes",
            "600",
            "--json",
            *settings,
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(done.returncode)
    run = folder / "runs" / name / json.loads(done.stdout)["run"]
    out = run / "attempts" / "1"
    dev, attempt = read_json(out / "dev.json"), read_json(run / "run.json")["attempts"][0]
    trained = dev["trained"]
    if trainer == "trl":
        trained = float(re.findall(f"{re.escape(_TRAINED)}([0-9.]+)", (out / "stdout.txt").read_text())[-1])
    metric = deciding_metrics(load_task(project, name))[0]
    failing = ", ".join(attempt["failing"])
    return (
        f"{trained + dev['judged']:6.0f} s, {trained:.0f} of them training;"
        f" {metric} {attempt['dev'][metric]:.3f} on dev, {f'fails {failing}' if failing else 'the suite passes'}"
    )


def _train_by_trl(train: str, recipe_file: str, model: str, out: str) -> None:
    """The program that the recipe's command starts."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    asked = read_json(Path(recipe_file))
    recipe = from_dict({k: v for k, v in asked.items() if k not in _BESIDE}, recipe_file)
    given = [json.loads(line) for line in Path(train).read_text("utf-8").splitlines()]
    rows = [Row(r["id"], tuple(r["input_ids"]), r["labels"].count(IGNORED)) for r in given]
    with quiet(), tempfile.TemporaryDirectory() as work:
        tokenizer = AutoTokenizer.from_pretrained(model)
        trainer = trl_trainer(tokenizer, AutoModelForCausalLM.from_pretrained(model), rows, recipe, work)
        begun = time.monotonic()
        trainer.train()
        seconds = time.monotonic() - begun
        trainer.model.save_pretrained(out)
    print(f"{_TRAINED}{seconds:.1f}")


if __name__ == "__main__":
    main()
