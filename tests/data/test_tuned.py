"""Files that a vendor's model was tuned with: their system prompt, their validation file, and what golden is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.data.account import Account
from goldgate.data.decide import Wishes
from goldgate.data.row import Place, Row
from goldgate.data.scaffold import Created, Request, init_task
from goldgate.data.sources import Choices
from goldgate.data.split import Sizes, make_splits
from goldgate.prompts.file_prompt import AS_TRAINED
from goldgate.subjects import parse_subject
from goldgate.subjects.remote import RemoteSubject
from goldgate.task.examples import Message
from goldgate.task.project import Project
from goldgate.task.task import load_task

SYSTEM = "You name the animal. Answer with one word."
ANIMALS = ("cat", "dog", "bird", "fish", "cow")
TEXTS = [
    f"{a} {b} {c}"
    for a in ("red", "blue", "green", "old", "new", "big", "tame")
    for b in ANIMALS
    for c in ("runs", "sleeps", "eats", "sings", "jumps", "swims", "flies", "hides")
]
Init = Callable[..., Created]


def chat(text: str, system: str | None = SYSTEM) -> dict[str, list[Message]]:
    told = [] if system is None else [{"role": "system", "content": system}]
    asked = {"role": "user", "content": text}
    return {"messages": [*told, asked, {"role": "assistant", "content": text.split()[1]}]}


def file_of(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture
def init(tmp_path: Path) -> Init:
    def run(rows: list[Any], **more: Any) -> Created:
        source = file_of(tmp_path / "train.jsonl", rows)
        request = Request("mine", source, None, Choices(), Wishes(), None, Sizes(None, 60, 80), seed=1)
        return init_task(Project(tmp_path, tmp_path / "cache"), replace(request, **more))

    return run


def prompt_of(folder: Path, example: Any) -> list[Message]:
    """What a tuned model is asked with the prompt that init has found."""
    project = Project(folder, folder / "cache")
    subject = parse_subject(f"openai:ft:m@https://x/v1+file:{AS_TRAINED}", load_task(project, "mine"), project)
    assert isinstance(subject, RemoteSubject)
    return subject.strategy.messages(example)


def test_a_shared_system_prompt_becomes_the_instructions_and_is_asked_as_it_was_tuned(
    init: Init, tmp_path: Path
) -> None:
    made = init([chat(text) for text in TEXTS])
    assert load_task(Project(tmp_path, tmp_path), "mine").instructions == SYSTEM
    assert {type(e.input) for split in made.splits.values() for e in split} == {str}
    said = [str(decision) for decision in made.account.decisions]
    assert (
        "instructions: the system prompt of the rows (all 280 rows share it, so inputs go without it;"
        " --instructions decides otherwise)" in said
    )
    example = made.splits["dev"].examples[0]
    assert prompt_of(tmp_path, example) == chat(example.text)["messages"][:-1]
    assert any(line.startswith("golden comes from rows that a model was tuned on") for line in made.account.remarks)


@pytest.mark.parametrize("system", [None, "{}", "Fill in {input}."])
def test_what_is_not_shared_stays_where_it_is(init: Init, tmp_path: Path, system: str | None) -> None:
    """No system prompt, one of its own in each row, and one with the sign that stands for the input in a file."""
    made = init([chat(text, system and system.replace("{}", f"Say {text.split()[0]}.")) for text in TEXTS])
    assert SYSTEM not in load_task(Project(tmp_path, tmp_path), "mine").instructions
    example = made.splits["dev"].examples[0]
    expected = chat(example.text.split("\n")[-1], None)["messages"][:-1]
    told = [] if system is None else [dict(example.input[0])]  # type: ignore[call-overload]
    assert prompt_of(tmp_path, example) == [*told, *expected]
    assert any("different ones" in line for line in made.account.remarks) == (system == "{}")


def test_instructions_of_ones_own_leave_the_system_prompt_in_the_inputs(init: Init, tmp_path: Path) -> None:
    made = init([chat(text) for text in TEXTS], instructions="Mine.")
    assert load_task(Project(tmp_path, tmp_path), "mine").instructions == "Mine."
    assert all(e.input[0] == {"role": "system", "content": SYSTEM} for e in made.splits["golden"])
    assert any(d.what == "system prompt" and d.value == "stays in every input" for d in made.account.decisions)


def test_a_validation_file_becomes_dev_and_nothing_of_it_is_trained_on(init: Init, tmp_path: Path) -> None:
    validation = file_of(tmp_path / "validation.jsonl", [chat(text) for text in TEXTS[:50]])
    made = init([chat(text) for text in TEXTS], dev=validation)
    assert {e.text for e in made.splits["dev"]} == set(TEXTS[:50])
    assert not {e.text for name in ("train", "golden") for e in made.splits[name]} & set(TEXTS[:50])
    assert made.account.reasons()["in dev"] == 50
    assert made.account.open == 0
    assert any("dev the dev file" in d.reason for d in made.account.decisions)


def test_three_files_are_three_splits(init: Init, tmp_path: Path) -> None:
    golden, dev = (
        file_of(tmp_path / f"{n}.jsonl", [chat(t) for t in TEXTS[a:b]]) for n, a, b in (("g", 0, 60), ("d", 50, 120))
    )
    made = init([chat(text) for text in TEXTS], golden=golden, dev=dev)
    assert [len(made.splits[name]) for name in ("golden", "dev", "train")] == [60, 60, 160]
    assert made.account.reasons() == {"in golden": 70, "in dev": 60}
    assert any("70 rows of the other files are in golden" in line for line in made.account.remarks)
    assert not any("chosen by it" in line for line in made.account.remarks)


def test_a_long_dev_file_is_cut_aloud() -> None:
    rows = [Row(text, text.split()[1], Place("f", i)) for i, text in enumerate(TEXTS)]
    account = Account()
    account.read["f"] = len(rows)
    made = make_splits(rows[:160], None, Sizes(None, 40, 80), 0, account, kind="label", dev_rows=rows[160:240])
    assert len(made.splits["dev"]) <= 40
    assert any(d.what == "size of dev" and d.option == "--dev-size" for d in account.decisions)
    assert account.reasons()["beyond the size of dev"] >= 40
