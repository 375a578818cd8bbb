"""What `goldgate init` writes: a matching schema, gates on metrics of the task, and examples that round-trip."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.data.account import Account
from goldgate.data.check import check_task_data
from goldgate.data.decide import Wishes, decide
from goldgate.data.infer import infer_schema
from goldgate.data.row import Place, Row
from goldgate.data.scaffold import Request, init_task, write_split
from goldgate.data.sources import Choices
from goldgate.data.split import Sizes
from goldgate.gates import successes_needed
from goldgate.ledger import level
from goldgate.scored.baselines import declared_baselines, larger_models
from goldgate.scorers import scorers_for
from goldgate.subjects import parse_subject
from goldgate.task.examples import Example, Split, read_card, read_examples
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

QA = Choices((("input", "q"), ("output", "a")))
LETTERS = "abcdefghijklmnopqrst"
TEXTS = [f"{a}{b} word" for a in LETTERS for b in LETTERS]
OUTPUTS: dict[str, list[Any]] = {
    "label": ["yes" if i % 3 else "no" for i in range(400)],
    "json": [{"n": i, "ok": bool(i % 2), "of": ["a"] * (i % 3)} for i in range(400)],
    "text": [f"A reply to {t}." for t in TEXTS],
}
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-5, 5) | words
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)
objects = st.dictionaries(st.sampled_from("abcd"), trees, max_size=4)


def init(
    folder: Path, outputs: list[Any], instructions: str | None = None, keep: tuple[str, ...] = ()
) -> tuple[Project, Task]:
    project, task, _ = init_with_remarks(folder, outputs, 60, instructions, keep)
    return project, task


def init_with_remarks(
    folder: Path, outputs: list[Any], golden: int, instructions: str | None = None, keep: tuple[str, ...] = ()
) -> tuple[Project, Task, tuple[str, ...]]:
    source = folder / "rows.jsonl"
    source.write_text("\n".join(json.dumps({"q": q, "a": a}) for q, a in zip(TEXTS, outputs, strict=True)))
    project = Project(folder, folder / "cache")
    request = Request(
        "mine", source, None, replace(QA, keep=frozenset(keep)), Wishes(), instructions, Sizes(None, 60, golden), seed=1
    )
    made = init_task(project, request)
    return project, load_task(project, "mine"), tuple(made.account.remarks)


@given(st.lists(objects, min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_an_inferred_schema_is_valid_and_fits_every_output_it_was_made_from(outputs: list[Any]) -> None:
    schema = infer_schema(outputs).schema
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    for output in outputs:
        assert validator(schema).is_valid(output), output


@given(st.lists(objects, min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_an_inferred_schema_does_not_let_a_new_key_through(outputs: list[Any]) -> None:
    validator = jsonschema.Draft202012Validator(infer_schema(outputs).schema)
    assert not validator.is_valid({**outputs[0], "a key of its own": 1})


def test_a_key_that_is_always_there_is_required_and_another_is_not() -> None:
    schema = infer_schema([{"a": 1, "b": "x"}, {"a": 2}]).schema
    assert schema["required"] == ["a"]
    assert set(schema["properties"]) == {"a", "b"}


def test_keys_stand_as_they_first_stood() -> None:
    keys = [f"k{i}" for i in range(40)]
    assert list(infer_schema([dict.fromkeys(keys, 1), {"late": 1}]).schema["properties"]) == [*keys, "late"]


def test_rare_strings_are_no_closed_set() -> None:
    assert "enum" not in infer_schema([{"city": f"c{i}"} for i in range(100)]).schema["properties"]["city"]
    assert infer_schema([{"size": "SML"[i % 3]} for i in range(100)]).schema["properties"]["size"]["enum"] == [
        "L",
        "M",
        "S",
    ]


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        (["a"] * 50, "text"),
        (["a", "b"] * 5, "label"),
        (["a", {"b": 1}], "json"),
        ([1, 2] * 20, "json"),
        ([str(i) for i in range(200)] * 5, "label"),
        ([str(i) for i in range(1001)] * 5, "text"),
        ([f"intent {i % 70}" for i in range(300)], "label"),
        (["a", "b"] * 50 + [3], "label"),
        ([f"reply number {i}" for i in range(50)] + [3], "text"),
        (['{"a": 1}', '{"a": 2}'] * 20, "json"),
        ([{"a": i} for i in range(50)] + ["no"], "json"),
        (["a long answer that " + "goes on and " * 9 + str(i % 5) for i in range(50)], "text"),
    ],
)
def test_labels_are_a_small_set_that_repeats(outputs: list[Any], kind: str) -> None:
    rows = [Row("x", output, Place("f", i)) for i, output in enumerate(outputs)]
    assert decide(rows, None, Wishes(), Account()).kind == kind


@pytest.mark.parametrize("kind", sorted(OUTPUTS))
def test_a_scaffolded_task_is_whole(tmp_path: Path, kind: str) -> None:
    project, task = init(tmp_path, OUTPUTS[kind])
    assert task.kind == kind
    assert check_task_data(project, task).remarks == ()
    assert read_card(project.golden("mine")).source == "rows.jsonl"
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(".") and p.name != ".gitattributes"]
    for name in map(str, declared_baselines(task)):
        assert parse_subject(name, task, project).identity


@pytest.mark.parametrize("kind", sorted(OUTPUTS))
def test_the_scaffolded_gates_name_metrics_of_the_task(tmp_path: Path, kind: str) -> None:
    _, task = init(tmp_path, OUTPUTS[kind])
    tree = ast.parse((task.folder / "test_gates.py").read_text())
    named = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert named
    assert named <= set(scorers_for(task))
    tests = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    assert all(any(isinstance(n, ast.Compare) for n in ast.walk(t)) for t in tests)
    assert any(a.arg == "linear" for t in tests for a in t.args.args) == (kind == "label")


@pytest.mark.parametrize(
    ("size", "kind", "form", "right"),
    [
        (50, "label", "label_valid >= 0.85", 48),
        (60, "json", "schema_valid >= 0.90", 59),
        (80, "text", "stop_rate >= 0.95", 80),
    ],
)
def test_a_gate_asks_for_no_more_than_golden_can_show(
    tmp_path: Path, size: int, kind: str, form: str, right: int
) -> None:
    """0.95 takes 72 of 72 right: with fewer examples, the highest threshold they can show is written, with a remark."""
    _, task, remarks = init_with_remarks(tmp_path, OUTPUTS[kind], size)
    gates = (task.folder / "test_gates.py").read_text()
    assert f"assert candidate.{form}" in gates
    assert f"# On {size} golden examples, {right} right answers show it" in gates
    assert ("assert candidate.exact_match >= 0.80" in gates) == (kind != "text")
    said = [r for r in remarks if "even if all are right" in r]
    assert len(said) == (size < 72)
    if said:
        assert f"{size} golden examples cannot show {form.split()[0]} >= 0.95" in said[0]
        assert "(that takes 72 of 72)" in said[0]
        assert f"asks for {form.split()[2]}, which {right} right answers show" in said[0]
        assert "With 173 golden examples, a model at 0.99 would show 0.95 in 4 of 5 cases" in said[0]
    for name, threshold in re.findall(r"candidate\.(\w+) >= ([\d.]+)\n", gates):
        assert successes_needed(size, float(threshold), level(1)) is not None, name


@pytest.mark.parametrize("text", ["Do: this # now", "two\nlines", "- a list?", "yes", "'quoted' \"twice\"", "ü {x}"])
def test_instructions_are_kept_to_the_letter(tmp_path: Path, text: str) -> None:
    _, task = init(tmp_path, OUTPUTS["label"], text)
    assert task.instructions == text


def test_labels_that_yaml_would_read_as_something_else_stay_labels(tmp_path: Path) -> None:
    odd = ["yes", "no", "1", "null", "a: b", "#x", "~", "2024-01-02"]
    _, task = init(tmp_path, [odd[i % len(odd)] for i in range(400)], keep=("null",))
    assert task.labels == tuple(sorted(odd))


messages = st.lists(st.builds(dict, role=st.sampled_from(["user", "assistant"]), content=words), max_size=2).map(
    lambda turns: (*turns, {"role": "user", "content": "go on"})
)
example = st.builds(
    Example,
    id=words,
    input=words | messages,
    output=words | objects,
    accept=st.lists(words, max_size=2).map(tuple),
    tags=st.lists(words, max_size=3).map(tuple),
    group=st.none() | words,
    meta=st.dictionaries(words, leaves, max_size=2),
)


@given(st.lists(example, min_size=1, max_size=5, unique_by=lambda e: e.id))
@settings(max_examples=80, deadline=None)
def test_a_split_that_is_written_reads_back(examples: list[Example]) -> None:
    split = Split("dev", tuple(examples))
    with TemporaryDirectory() as folder:
        write_split(Path(folder), split)
        back = read_examples(Path(folder) / "dev.jsonl")
    assert back == split.examples
    assert Split("dev", back).fingerprint == split.fingerprint


def test_what_task_yaml_proposes_in_comments_is_valid_when_it_is_written(tmp_path: Path) -> None:
    """The price of a prompt cache, and a larger model to compare with."""
    project, task = init(tmp_path, OUTPUTS["text"])
    path = task.folder / "task.yaml"
    text = path.read_text("utf-8")
    keys = re.search(r"per_million_cached_input: .+", text)
    assert keys is not None
    price, least = keys[0].split(", ")
    text = text.replace("prices:\n", f"prices:\n  {price}\n  {least}\n").replace("# incumbent:", "incumbent:")
    path.write_text(text.replace("MODEL@URL", "large@https://x.example/v1"), "utf-8")
    again = load_task(project, task.name)
    assert again.prices is not None
    assert (again.prices.per_million_cached_input, again.prices.least_cached_prefix) == (0.01, 1024)
    assert larger_models(task) == ()
    assert larger_models(again) == ("openai:large@https://x.example/v1+zero_shot",)
