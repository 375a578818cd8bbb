"""Run as a program: `goldgate train` with the default recipe, of every kind, in processes that may kill themselves.

    python recipes.py MODEL FOLDER [NAME ..]

FOLDER/<name> is then the project of a run, by the names of CALLS: all of them, or those named. All processes are forked
from one parent, so that the libraries are loaded once. What each printed, and how it ended, is in FOLDER/<name>.json.
"""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from goldgate.cli.main import run
from goldgate.jobs import train
from goldgate.models import embedder
from goldgate.task.examples import Example, Split, card_of, write_card
from goldgate_trainers.lora import optimize
from goldgate_trainers.lora.checkpoints import Checkpoints

KINDS = ("json", "label", "text")
PRECISIONS = ("float32", "bf16")
SIZES = {"train": 200, "dev": 6, "golden": 8}
"""200 training examples are the fewest for which the default recipe has no dropout, and merges its LoRA layers."""
KILLED_AT = 9
"""The step of the second epoch in which a process dies: dev was measured before, and a checkpoint written."""
QUICK = ("batch=40", "micro_batch=40")
"""All that is not the default: five steps an epoch instead of 25, each in one pass."""
THINGS = ("apple", "sky", "grass", "snow", "coal", "sea", "sun", "rose", "moss", "brick", "plum", "sand", "ink", "milk")
PLACES = ("garden", "north", "cellar", "harbour", "attic", "valley", "market", "tower", "river", "forest", "desert")
TIMES = ("dawn", "noon", "dusk")
COLOURS = ("red", "blue", "green")
SETTINGS: dict[str, dict[str, Any]] = {
    "json": {"kind": "json", "schema": "schema.json"},
    "label": {"kind": "label", "labels": list(COLOURS)},
    "text": {"kind": "text"},
}
SCHEMA = {"type": "object", "properties": {"c": {"type": "string"}}, "required": ["c"], "additionalProperties": False}
GATE = "def test_accuracy(candidate):\n    assert candidate.exact_match >= 0.80\n"


@dataclass(frozen=True)
class Call:
    """One process. project: where it runs; words: what is typed after `goldgate train TASK`; dies: in a step."""

    name: str
    kind: str
    words: tuple[str, ...]
    project: str
    dies: int = 0


def call(kind: str, name: str, *settings: str, words: Sequence[str] = (), project: str = "", dies: int = 0) -> Call:
    pairs = tuple(word for pair in (*QUICK, *settings) for word in ("--set", pair))
    return Call(name, kind, ("--attempts", "1", "--looks", "0", *pairs, *words), project or name, dies)


def calls() -> tuple[Call, ...]:
    found = []
    for kind in KINDS:
        for precision in PRECISIONS:
            name = f"{kind}-{precision}"
            for epochs in (1, 3):
                found.append(call(kind, f"{name}-{epochs}", f"precision={precision}", f"epochs={epochs}"))
            again = call(kind, f"{name}-killed", f"precision={precision}", "epochs=3", dies=KILLED_AT)
            found += [again, replace(again, name=f"{name}-resumed", dies=0)]
    low = ("precision=bf16", "epochs=3")
    found += [
        call("text", "packed", *low, "pack=true", "checkpoint_activations=true"),
        call("label", "dropout", *low, "dropout=0.1", "checkpoint_activations=true"),
        call("text", "quantized", *low, "quantize=4bit"),
        call("json", "seeds", "precision=bf16", "epochs=2", words=("--seeds", "2", "--curve")),
    ]
    return tuple(found)


CALLS = calls()


def made(split: str, i: int, kind: str) -> Example:
    place = SIZES["train"] * ("train", "dev", "golden").index(split) + i
    n = len(THINGS)
    words = (THINGS[place % n], PLACES[place // n % len(PLACES)], TIMES[place // n // len(PLACES) % len(TIMES)])
    colour = COLOURS[i % len(COLOURS)]
    return Example(f"{split[0]}{i:03d}", f"{' '.join(words)}", {"c": colour} if kind == "json" else colour)


def prepare(folder: Path, kind: str, model: Path) -> None:
    """Writes the project of a task of this kind."""
    suite, golden = folder / "suites" / kind, folder / "golden" / kind
    suite.mkdir(parents=True)
    golden.mkdir(parents=True)
    settings = {
        "task": kind,
        "instructions": "Name the colour.",
        "model": str(model),
        "baselines": ["zero_shot"],
        "decoding": {"max_new_tokens": 8 if kind == "label" else 2},  # a label is never cut off
    }
    (suite / "task.yaml").write_text(json.dumps(settings | SETTINGS[kind]))
    (suite / "schema.json").write_text(json.dumps(SCHEMA))
    (suite / "test_gates.py").write_text(GATE)
    splits = {name: Split(name, tuple(made(name, i, kind) for i in range(size))) for name, size in SIZES.items()}
    for split in splits.values():
        rows = [json.dumps({"id": e.id, "input": e.input, "output": e.output}) for e in split]
        (golden / f"{split.name}.jsonl").write_text("\n".join(rows) + "\n")
    write_card(golden, card_of(kind, splits, "by a test", "CC0-1.0", "made up"))


def vectors(texts: list[str], cache: Path) -> Any:
    """Stands for the embedding model, which a test cannot fetch."""
    table = np.full((len(texts), embedder.SIZE), 1e-3, np.float32)
    for row, text in zip(table, texts, strict=True):
        for word in text.split():
            row[int(hashlib.sha256(word.encode()).hexdigest(), 16) % embedder.SIZE] += 1.0
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def typed(one: Call, folder: Path) -> None:
    """Runs the command as a person types it, in this process, which may die of it."""
    import torch

    torch.set_num_threads(1)
    os.chdir(folder / one.project)
    os.environ["GOLDGATE_CACHE"] = str(folder / "cache")
    embedder._compute = vectors
    train.machine = lambda: {
        "cores": 2,
        "memory_gb": 8.0,
        "gflops": 80.0,
        "accelerator": "none",
    }  # measuring takes long
    Checkpoints.due = lambda self: True  # type: ignore[method-assign]
    step = optimize._Clock.step

    def dying(self: Any, number: int, *rest: Any) -> None:
        if number == one.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        step(self, number, *rest)

    optimize._Clock.step = dying  # type: ignore[method-assign]
    sys.argv = ["goldgate", "train", one.kind, *one.words, "--json"]
    out, err, status = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            run()
        except SystemExit as left:
            status = int(left.code or 0)
        except BaseException:
            status = -1
            traceback.print_exc()
    said = {"status": status, "out": out.getvalue(), "err": err.getvalue()}
    (folder / f"{one.name}.json").write_text(json.dumps(said))


def in_child(work: Callable[..., Any], *arguments: Any) -> int:
    """The exit status of a forked child that does this work, negative where a signal ended it."""
    child = os.fork()
    if child == 0:
        try:
            work(*arguments)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _main(model: Path, folder: Path, names: Sequence[str]) -> None:
    for library in ("peft", "transformers.trainer", "goldgate_reports", "hypothesis", "pytest", "sklearn.linear_model"):
        __import__(library)
    gc.freeze()  # every search for garbage in a child would go through the libraries again
    for one in CALLS:
        if names and one.name not in names:
            continue
        if not (folder / one.project).exists():
            prepare(folder / one.project, one.kind, model)
        status = in_child(typed, one, folder)
        print(f"{one.name}: {sum(os.times()[2:4]):.0f} s of CPU so far", flush=True)
        if status != (-signal.SIGKILL if one.dies else 0):
            sys.exit(f"{one.name}: the process ended with status {status}")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
