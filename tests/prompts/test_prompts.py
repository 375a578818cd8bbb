"""Prompting strategies: what the model reads, from train only, and a spec that changes whenever the prompt does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldgate.base.errors import UserError
from goldgate.prompts import FewShot, FilePrompt, Nearest, Pruned, Sources, ZeroShot, parse_strategy
from goldgate.prompts.few_shot import choose_shots
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task

Made = tuple[Project, Task]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "total": {"type": ["number", "null"], "description": "with taxes"},
        "queue": {"enum": ["billing", None]},
        "items": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
    },
}
TAGS = (("even",), ("odd",), ("even",), ("odd", "hard"))
TRAIN = Split(
    "train", tuple(Example(f"t{i}", f"text number {i}", "yes" if i % 3 else "no", tags=TAGS[i % 4]) for i in range(12))
)
ASK = Example("q", "text number 3", "no")


@pytest.fixture
def label_task(make_task: Callable[..., Made]) -> Task:
    return make_task({"kind": "label", "labels": ["yes", "no"]})[1]


def by_last_number(pool: Sequence[str], texts: Sequence[str], many: int) -> np.ndarray:
    """Stands for embeddings: the nearer the numbers, the nearer the texts."""
    known = np.array([int(t.split()[-1]) for t in pool])
    asked = np.array([int(t.split()[-1]) for t in texts])
    return np.argsort(abs(known[None, :] - asked[:, None]), axis=1, kind="stable")[:, :many]


def sources(task: Task) -> Sources:
    return Sources(task, lambda: TRAIN, by_last_number, "embedder")


def test_zero_shot_is_instructions_closed_form_and_input(make_task: Callable[..., Made]) -> None:
    task = make_task({"kind": "json"}, SCHEMA)[1]
    system, user = ZeroShot(task).messages(ASK)
    assert user == {"role": "user", "content": "text number 3"}
    assert system["role"] == "system"
    assert system["content"].startswith("Say what it is.")
    assert "- total: number or null (with taxes)" in system["content"]
    assert "- queue: one of billing, null" in system["content"]
    assert "- items: list of {name: string}" in system["content"]


def test_few_labels_are_listed_and_many_are_not(make_task: Callable[..., Made], label_task: Task) -> None:
    assert "\nyes\nno" in ZeroShot(label_task).messages(ASK)[0]["content"]
    many = make_task({"kind": "label", "labels": [f"label {i}" for i in range(101)]})[1]
    assert "label 7" not in ZeroShot(many).messages(ASK)[0]["content"]


def test_pruned_is_the_name_and_the_input(label_task: Task) -> None:
    assert Pruned(label_task).messages(ASK) == [
        {"role": "system", "content": "demo"},
        {"role": "user", "content": "text number 3"},
    ]


def test_few_shot_puts_the_same_pairs_before_every_input(label_task: Task) -> None:
    strategy = FewShot(label_task, TRAIN, 3)
    one, other = strategy.messages(ASK), strategy.messages(Example("r", "something else", "yes"))
    assert one[:-1] == other[:-1]
    assert [m["role"] for m in one] == ["system", *["user", "assistant"] * 3, "user"]
    texts = {e.text: e.output for e in TRAIN}
    for user, assistant in zip(one[1:-1:2], one[2:-1:2], strict=True):
        assert texts[user["content"]] == assistant["content"]


def test_shots_show_different_tags_and_outputs() -> None:
    shots = choose_shots(TRAIN, 3, seed=0)
    assert {"even", "odd", "hard"} <= {t for s in shots for t in s.tags}
    assert {s.output for s in shots} == {"yes", "no"}


def test_shots_depend_on_the_seed_and_not_on_the_order_of_lines() -> None:
    turned = Split("train", tuple(reversed(TRAIN.examples)))
    assert choose_shots(turned, 4, 0) == choose_shots(TRAIN, 4, 0)
    assert len({tuple(e.id for e in choose_shots(TRAIN, 4, seed)) for seed in range(5)}) > 1


def test_nearest_shows_the_most_alike_last_and_never_the_question_itself(label_task: Task) -> None:
    strategy = Nearest(sources(label_task), 3)
    users = [m["content"] for m in strategy.messages(ASK) if m["role"] == "user"]
    assert users[-1] == ASK.text
    assert ASK.text not in users[:-1]
    numbers = [int(u.split()[-1]) for u in users[:-1]]
    assert set(numbers[-2:]) == {2, 4}
    assert numbers[0] in (1, 5)


def test_preparing_asks_once_for_all(label_task: Task) -> None:
    calls: list[int] = []

    def counted(pool: Sequence[str], texts: Sequence[str], many: int) -> np.ndarray:
        calls.append(len(texts))
        return by_last_number(pool, texts, many)

    strategy = Nearest(Sources(label_task, lambda: TRAIN, counted, "embedder"), 2)
    asked = [Example(f"q{i}", f"is it {i}", "no") for i in range(5)]
    strategy.prepare(asked)
    for example in asked:
        strategy.messages(example)
    assert calls == [5]


def test_chat_inputs_keep_their_turns_and_lend_their_system_message(label_task: Task) -> None:
    turns = (
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Well?"},
    )
    messages = FewShot(label_task, TRAIN, 1).messages(Example("c", turns, "no"))
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert messages[0]["content"].endswith("Be kind.")
    assert messages[-1]["content"] == "Well?"


def test_specs_differ_where_prompts_do(label_task: Task) -> None:
    other = Sources(label_task, lambda: Split("train", TRAIN.examples[:-1]), by_last_number, "embedder")
    names = ("zero_shot", "pruned", "few_shot:2", "few_shot:3", "nearest:2", "nearest:3")
    specs = [parse_strategy(name, sources(label_task)).spec() for name in names]
    specs.append(parse_strategy("nearest:2", other).spec())
    assert all(a != b for i, a in enumerate(specs) for b in specs[:i])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("few_shots:2", "did you mean"),
        ("few_shot:two", "how many"),
        ("nearest:", "how many"),
        ("zero_shot:1", "no prompting"),
        ("few_shot:13", "needs 13"),
        ("nearest:12", "more than 12"),
    ],
)
def test_strategies_that_cannot_be(label_task: Task, name: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        parse_strategy(name, sources(label_task))


def test_a_prompt_file_is_the_system_message_as_it_is(make_task: Callable[..., Made]) -> None:
    task = make_task({"kind": "json"}, SCHEMA)[1]
    (task.folder / "PROMPT.md").write_text("Answer {tersely}.\n")
    asked = parse_strategy("file:PROMPT.md", sources(task)).messages(ASK)
    assert asked == [{"role": "system", "content": "Answer {tersely}."}, {"role": "user", "content": ASK.text}]


def test_a_prompt_file_with_a_place_for_the_input_is_the_users_message(label_task: Task) -> None:
    (label_task.folder / "p.txt").write_text('{"a": 1} {input} and {input}? {0}')
    strategy = parse_strategy("file:p.txt", sources(label_task))
    assert strategy.messages(Example("q", "{input}", "no")) == [
        {"role": "user", "content": '{"a": 1} {input} and {input}? {0}'}
    ]
    assert strategy.messages(ASK)[0]["content"].startswith('{"a": 1} text number 3 and text number 3?')
    chat = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Well?"})
    assert strategy.messages(Example("c", chat, "no")) == [
        chat[0],
        {"role": "user", "content": '{"a": 1} Well? and Well?? {0}'},
    ]


def test_a_prompt_file_that_was_edited_is_another_strategy(label_task: Task) -> None:
    path = label_task.folder / "p.md"
    specs = []
    for text in ("Say it.", "Say it!", "Say it.\n"):
        path.write_text(text)
        specs.append(parse_strategy("file:p.md", sources(label_task)).spec())
    assert specs[0] != specs[1]
    assert specs[0] == specs[2]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("file:../secret", "in the same folder as task.yaml"),
        ("file:/etc/passwd", "in the same folder as task.yaml"),
        ("file:a/b.md", "in the same folder as"),
        ("file:..", "in the same folder as"),
        ("file:", "in the same folder as"),
        ("file:link.md", "in the same folder as"),
        ("file:a\0b", "in the same folder as"),
        ("file:nowhere.md", "no such file"),
        ("file:empty.md", "is empty"),
    ],
)
def test_prompt_files_that_cannot_be(label_task: Task, tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "outside.md").write_text("golden")
    (label_task.folder / "link.md").symlink_to(tmp_path / "outside.md")
    (label_task.folder / "empty.md").write_text(" \n")
    with pytest.raises(UserError, match=says):
        parse_strategy(name, sources(label_task))


def test_strategies_stay_short() -> None:
    """Adding one is a class of under 40 lines, its docstring aside, or the design is wrong."""
    import inspect

    for kind in (ZeroShot, FewShot, FilePrompt, Nearest, Pruned):
        described = len((kind.__doc__ or "").splitlines())
        assert len(inspect.getsource(kind).splitlines()) - described < 40, kind


def test_prompts_load_no_model_library() -> None:
    import subprocess
    import sys

    code = (
        "import goldgate.prompts, goldgate.subjects, goldgate.answers.collect, sys;"
        "print([m for m in ('torch', 'transformers', 'sklearn', 'scipy', 'pandas') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"
