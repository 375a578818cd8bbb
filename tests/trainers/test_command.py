"""A program as the trainer: what it is given, what it may hand back, and how it ends."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.models.adapter import read_adapter
from goldgate.subjects import parse_subject
from goldgate.task.examples import Split
from goldgate_trainers import Recipe, TrainingResult, from_dict, parse_settings, train_by_command
from goldgate_trainers.lora.default_recipe import default_recipe

from .conftest import QUICK, Lesson

EXAMPLE = Path(__file__).parents[2] / "examples" / "peft_trainer.py"
GIVEN = ("{train}", "{recipe}", "{model}", "{out}", "{start}")
HAND_BACK = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2])"


def by(*command: str, **changes: Any) -> Recipe:
    """The quick recipe, for a program."""
    return replace(QUICK, trainer="command", command=command, **changes)


def python(code: str, *arguments: str) -> Recipe:
    return by(sys.executable, "-c", code, *arguments)


def run(lesson: Lesson, out: Path, recipe: Recipe, **more: Any) -> TrainingResult:
    return train_by_command(lesson.model, lesson.task, lesson.train, recipe, out, **{"seconds": 120.0, **more})


@pytest.fixture
def handed_back(trained: TrainingResult, tmp_path: Path) -> Path:
    """An adapter folder, to be spoilt, that a program will hand back."""
    folder = tmp_path / "made"
    shutil.copytree(trained.adapter, folder)
    (folder / "goldgate.json").unlink()
    return folder


def test_the_worked_example_learns_the_lesson(lesson: Lesson, tmp_path: Path) -> None:
    recipe = by(sys.executable, str(EXAMPLE), *GIVEN, epochs=40, learning_rate=0.01, batch=7)
    result = run(lesson, tmp_path / "1", recipe)
    assert result.log[-1]["loss"] < 0.1 < result.log[0]["loss"]
    subject = parse_subject(f"adapter:{result.adapter}", lesson.task, lesson.project)
    answers = {a.id: a.text for a in subject.answer(lesson.train.examples)}
    assert answers == {e.id: e.output for e in lesson.train}
    assert "epoch 39 loss " in (tmp_path / "1" / "stdout.txt").read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_it_goes_on_from_an_adapter(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    recipe = by(sys.executable, str(EXAMPLE), *GIVEN)
    result = run(lesson, tmp_path / "2", recipe, continue_from=trained.adapter)
    assert read_adapter(result.adapter).note["continued"] == trained.digest
    assert result.digest != trained.digest


def test_it_is_given_train_and_recipe_and_nothing_of_golden(lesson: Lesson, handed_back: Path, tmp_path: Path) -> None:
    code = (
        "import json, os, shutil, sys\n"
        "shutil.copytree(sys.argv[1], sys.argv[5])\n"
        "files = {n: open(n).read() for n in os.listdir('.') if os.path.isfile(n)}\n"
        "json.dump([sys.argv[2:], os.getcwd(), files], sys.stdout)\n"
    )
    run(lesson, tmp_path / "1", python(code, str(handed_back), *GIVEN, "{project}", "100% {train}"))
    arguments, folder, files = json.loads((tmp_path / "1" / "stdout.txt").read_text())
    train, recipe, model, out, start, project, whole = arguments
    assert (Path(train).parent, Path(recipe).parent, Path(out).parent) == (Path(folder),) * 3
    assert (model, start, project) == (str(lesson.model.path), "", str(lesson.project.root))
    assert whole == f"100% {train}"
    assert set(files) == {"train.jsonl", "recipe.json", "stdout.txt", "stderr.txt"}
    rows = [json.loads(line) for line in files["train.jsonl"].splitlines()]
    assert {r["id"]: r["messages"][-1] for r in rows} == {
        e.id: {"role": "assistant", "content": e.output} for e in lesson.train
    }
    assert all(len(r["input_ids"]) == len(r["labels"]) for r in rows)
    assert {t for r in rows for t in r["labels"][: r["labels"].index(r["input_ids"][-1]) - 1]} > {-100}
    asked = json.loads(files["recipe.json"])
    assert (asked["learning_rate"], asked["epochs"], asked["rank"], asked["start"]) == (0.02, 2, 4, None)
    assert "golden" not in json.dumps([arguments, files])
    with pytest.raises(UserError, match="does not read golden"):
        train_by_command(
            lesson.model, lesson.task, Split("golden", lesson.train.examples), by("x"), tmp_path / "2", seconds=1.0
        )


def test_what_is_seen_twice_stands_there_twice(lesson: Lesson, handed_back: Path, tmp_path: Path) -> None:
    focused = replace(
        lesson,
        train=Split(
            "train", tuple(replace(e, tags=("dark",)) if i < 2 else e for i, e in enumerate(lesson.train.examples))
        ),
    )
    code = "import shutil, sys; shutil.copytree(*sys.argv[1:3]); print(open(sys.argv[3]).read())"
    recipe = replace(python(code, str(handed_back), "{out}", "{train}"), focus="dark", variations="letter_case")
    run(focused, tmp_path / "1", recipe)
    ids = [json.loads(line)["id"] for line in (tmp_path / "1" / "stdout.txt").read_text().split("\n") if line]
    assert (len(ids), len({i.split("~")[0] for i in ids})) == (9, 7)


def test_a_complete_attempt_is_not_made_again(lesson: Lesson, handed_back: Path, tmp_path: Path) -> None:
    recipe = python(HAND_BACK, str(handed_back), "{out}")
    first = run(lesson, tmp_path / "1", recipe)
    shutil.rmtree(handed_back)
    again = run(lesson, tmp_path / "1", recipe)
    assert (again.digest, again.reused, first.reused) == (first.digest, True, False)
    assert "trained by a program" in " ".join(first.notes)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "import sys; print('no CUDA \\x1b[31m device', file=sys.stderr); sys.exit(3)",
            r"the program failed \(exit status 3\)[\s\S]*it said last: no CUDA  \[31m device",
        ),
        ("pass", "the program wrote no adapter folder"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", r"the program failed \(exit status -9\)"),
    ],
)
def test_a_program_that_fails_is_one_message_and_its_output_stays(
    lesson: Lesson, tmp_path: Path, code: str, says: str
) -> None:
    with pytest.raises(UserError) as caught:
        run(lesson, tmp_path / "1", python(code))
    assert re.search(says, str(caught.value))
    assert not (tmp_path / "1").exists()
    (left,) = tmp_path.glob("1.command.*")
    assert {"stdout.txt", "stderr.txt"} <= {p.name for p in left.iterdir()}


def test_the_next_start_clears_what_a_failed_one_left(lesson: Lesson, handed_back: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        run(lesson, tmp_path / "1", python("raise SystemExit(1)"))
    run(lesson, tmp_path / "1", python(HAND_BACK, str(handed_back), "{out}"))
    assert not list(tmp_path.glob("1.command.*"))


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("/no/such/program",), "the program cannot be started"),
        ((sys.executable, "{outt}"), 'no placeholder {outt}\n  did you mean "out"?'),
    ],
)
def test_a_command_that_cannot_be_is_named(lesson: Lesson, tmp_path: Path, command: tuple[str, ...], says: str) -> None:
    with pytest.raises(UserError) as caught:
        run(lesson, tmp_path / "1", by(*command))
    assert says in str(caught.value)


def test_a_program_that_outlasts_the_budget_is_ended_with_what_it_started(lesson: Lesson, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    started = f"import time; writer = open({str(alive)!r}, 'w'); time.sleep(600)"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {started!r}]).wait()"
    try:
        with pytest.raises(UserError, match="all that the budget had left"):
            run(lesson, tmp_path / "1", python(code), seconds=2.0)
        assert _nobody_writes(reader)
    finally:
        os.close(reader)


def _nobody_writes(reader: int) -> bool:
    """Whether all who opened a pipe to write have ended, or end now; a busy machine may not have come so far as one."""
    try:
        return os.read(reader, 1) == b""
    except BlockingIOError:
        poll = select.poll()  # unlike select(), it takes a descriptor of any number
        poll.register(reader, select.POLLIN)
        return bool(poll.poll(60_000)) and os.read(reader, 1) == b""


def spoil(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Changes the tensors of an adapter folder."""
    from safetensors.torch import load_file, save_file

    path = folder / "adapter_model.safetensors"
    save_file(change(load_file(path)), path)


def configure(folder: Path, **changes: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: spoil(f, lambda t: {k: v * float("nan") for k, v in t.items()}), "are not finite"),
        (lambda f: spoil(f, lambda t: {k: v * 0 for k, v in t.items()}), "training changed nothing"),
        (lambda f: spoil(f, lambda t: dict(list(t.items())[1:])), "do not match"),
        (lambda f: spoil(f, lambda t: {k: v[:, :1].clone() for k, v in t.items()}), "does not fit the base model"),
        (lambda f: (f / "adapter_model.safetensors").write_bytes(b"nonsense"), "weights cannot be read"),
        (lambda f: (f / "adapter_model.bin").write_bytes(b"pickle"), "adapter_model.bin may hold code"),
        (lambda f: (f / "adapter_model.safetensors").unlink(), "adapter_model.safetensors is missing"),
        (lambda f: (f / "adapter_config.json").write_text("["), "not valid JSON"),
        (lambda f: configure(f, init_lora_weights="pissa"), "init_lora_weights is 'pissa'"),
        (lambda f: configure(f, peft_type="IA3"), "not a LoRA adapter but 'IA3'"),
        (lambda f: configure(f, modules_to_save=["lm_head"]), '"modules_to_save" is'),
        (lambda f: configure(f, base_model_name_or_path="meta/other"), "made for another base model, 'meta/other'"),
    ],
)
def test_an_adapter_that_is_none_is_refused(
    lesson: Lesson, handed_back: Path, tmp_path: Path, damage: Callable[[Path], Any], says: str
) -> None:
    damage(handed_back)
    with pytest.raises(UserError) as caught:
        run(lesson, tmp_path / "1", python(HAND_BACK, str(handed_back), "{out}"))
    assert says in str(caught.value)
    assert not (tmp_path / "1").exists()


def test_a_link_is_no_adapter(lesson: Lesson, handed_back: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="wrote no adapter folder"):
        run(lesson, tmp_path / "1", python("import os, sys; os.symlink(*sys.argv[1:3])", str(handed_back), "{out}"))


# recipe


def test_a_recipe_for_a_program_is_read_back(lesson: Lesson) -> None:
    recipe = by("python", "x.py", "{train}")
    assert from_dict(recipe.to_dict(), "here") == recipe
    assert "trainer" not in QUICK.to_dict()
    task = replace(lesson.task, train={"trainer": "command", "command": ["python", "x.py"]})
    assert default_recipe(task, 10, 64).command == ("python", "x.py")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"trainer": "command"}, "go together"),
        ({"command": ["python"]}, "go together"),
        ({"trainer": "command", "command": "python x.py"}, "no shell reads it"),
        ({"trainer": "command", "command": []}, "no shell reads it"),
        ({"trainer": "command", "command": ["python", 3]}, "no shell reads it"),
        ({"trainer": "comand"}, "known: lora, command"),
    ],
)
def test_a_recipe_that_names_no_program_is_refused(lesson: Lesson, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as caught:
        default_recipe(replace(lesson.task, train=settings), 10, 64)
    assert says in str(caught.value)


def test_no_shell_reads_a_command_of_the_command_line() -> None:
    with pytest.raises(UserError, match="no list of texts"):
        parse_settings(["command=rm -rf /"])
