"""Properties of examples: they round-trip, relevant changes alter the digest, and broken files are reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.base.files import write_json
from goldgate.task.examples import (
    COMPUTED,
    SPLITS,
    Example,
    Split,
    card_of,
    load_split,
    read_card,
    read_examples,
    render_output,
    write_card,
)
from goldgate.task.project import Project
from goldgate.task.task import Task

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
values = words | st.integers() | st.booleans() | st.dictionaries(words, st.integers() | words, max_size=3)
example = st.builds(
    Example,
    id=words,
    input=words,
    output=values,
    accept=st.lists(values, max_size=2).map(tuple),
    tags=st.lists(words.filter(lambda tag: not tag.startswith(COMPUTED)), max_size=3, unique=True).map(tuple),
    group=st.none() | words,
)
rows = st.lists(example, min_size=1, max_size=6, unique_by=lambda e: e.id)


def line(e: Example) -> dict[str, Any]:
    return {
        "id": e.id,
        "input": e.input,
        "output": e.output,
        "accept": list(e.accept),
        "tags": list(e.tags),
        "group": e.group,
        "meta": dict(e.meta),
    }


def read(*lines: str) -> tuple[Example, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "dev.jsonl"
        path.write_bytes("\n".join(lines).encode())
        return read_examples(path)


@given(rows, st.booleans(), st.sampled_from(["", "  ", "\r"]))
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_reads_back(examples: list[Example], ascii_only: bool, between: str) -> None:
    lines = [text for e in examples for text in (json.dumps(line(e), ensure_ascii=ascii_only) + between, between)]
    assert read(*lines) == tuple(examples)


@given(rows, st.data())
@settings(max_examples=40, deadline=None)
def test_the_broken_one_of_many_lines_is_the_one_that_is_named(examples: list[Example], data: Any) -> None:
    lines = [json.dumps(line(e)) for e in examples]
    at = data.draw(st.integers(0, len(lines)))
    lines.insert(at, data.draw(st.sampled_from(["{", '{"id": "x",}', "null", "3", '{"id": "x", "input": "y"}', "x"])))
    with pytest.raises(UserError) as caught:
        read(*lines)
    assert caught.value.where.startswith(f"dev.jsonl, line {at + 1}")
    assert caught.value.hint


@given(rows)
def test_an_id_twice_names_both_lines(examples: list[Example]) -> None:
    lines = [json.dumps(line(e)) for e in examples]
    with pytest.raises(UserError, match="is already used on line 1") as caught:
        read(*lines, lines[0])
    assert f"line {len(lines) + 1}, " in caught.value.where


@given(example, words)
def test_the_digest_follows_content_not_name_or_notes(e: Example, other: str) -> None:
    assert replace(e, id=other, meta={"note": other}).digest == e.digest
    assert replace(e, tags=tuple(reversed(e.tags))).digest == e.digest
    for changed in (
        replace(e, input=str(e.input) + other),
        replace(e, output=[e.output]),
        replace(e, accept=(*e.accept, other)),
        replace(e, tags=(*e.tags, other)),
        replace(e, group=(e.group or "") + other),
    ):
        assert changed.digest != e.digest


@given(rows, st.randoms())
def test_a_fingerprint_does_not_know_the_order_of_lines(examples: list[Example], order: Any) -> None:
    shuffled = list(examples)
    order.shuffle(shuffled)
    split = Split("dev", tuple(examples))
    assert Split("dev", tuple(shuffled)).fingerprint == split.fingerprint
    assert Split("golden", tuple(examples)).fingerprint == split.fingerprint
    renamed = replace(examples[0], id=examples[0].id + "x" * 9)
    assert Split("dev", (renamed, *examples[1:])).fingerprint != split.fingerprint


@given(rows)
def test_tags_are_counted_by_example(examples: list[Example]) -> None:
    split = Split("dev", tuple(examples))
    counts = split.tag_counts()
    assert list(counts) == sorted(counts)
    assert sum(counts.values()) == sum(len(e.tags) for e in examples)
    assert all(counts[t] == sum(t in e.tags for e in examples) for t in counts)
    assert (len(split), list(split), split.by_id[examples[0].id]) == (len(examples), examples, examples[0])


@given(values)
def test_an_output_is_rendered_on_one_line_and_read_back(value: Any) -> None:
    text = render_output(value)
    if isinstance(value, str):
        assert text == value
        return
    assert "\n" not in text
    assert json.loads(text) == value


@pytest.mark.parametrize("value", [float("nan"), {"a": float("inf")}])
def test_an_output_that_is_no_json_is_not_rendered(value: Any) -> None:
    with pytest.raises(ValueError):
        render_output(value)


def test_chat_messages_are_one_text_in_order() -> None:
    turns = ({"role": "system", "content": "Be short."}, {"role": "user", "content": "Hello"})
    assert Example("a", turns, "x").text == "Be short.\nHello"
    (back,) = read(json.dumps({"id": "a", "input": list(turns), "output": "x"}))
    assert back.input == turns


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": []}, 'field "input": must be text or chat messages'),
        ({"input": [{"role": "user"}]}, 'field "input": not a chat message'),
        ({"input": [{"role": "user", "content": 3}]}, 'field "input": not a chat message'),
        ({"input": [{"role": "user", "content": "x", "name": "y"}]}, 'field "input": not a chat message'),
        ({"input": None}, 'field "input": must be text'),
        ({"id": 7}, 'field "id": must be text'),
        ({"tags": [1]}, 'field "tags": must be text'),
        ({"accept": "y"}, 'field "accept": must be a list'),
        ({"group": ""}, 'field "group": must be text'),
        ({"meta": []}, 'field "meta": must be an object'),
    ],
)
def test_a_field_of_the_wrong_form_is_named_with_what_to_write(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=r"dev.jsonl, line 1, " + message) as caught:
        read(json.dumps({"id": "a", "input": "x", "output": "y", **change}))
    assert caught.value.hint


# The card


@pytest.fixture
def made(make_task: Callable[..., tuple[Project, Task]]) -> Project:
    project, _ = make_task({"kind": "text"}, train=[("a", "x")], dev=[("b", "y")], golden=[("c", "z")])
    return project


def test_a_card_reads_back(tmp_path: Path) -> None:
    split = Split("dev", (Example("a", "x", "y", tags=("t",)),))
    card = card_of("demo", {"dev": split}, "by hand", "CC0-1.0", "made up")
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card
    assert card.splits["dev"] == {"count": 1, "fingerprint": split.fingerprint, "tags": {"t": 1}}


def test_a_split_that_is_not_one_gets_the_three(made: Project) -> None:
    for name in ("test", "golden.jsonl", "../train", ""):
        with pytest.raises(UserError, match="no split"):
            load_split(made, "demo", name)
    assert [load_split(made, "demo", name).name for name in SPLITS] == list(SPLITS)


def test_a_missing_card_says_how_to_write_one(made: Project) -> None:
    (made.golden("demo") / "card.json").unlink()
    with pytest.raises(UserError, match="the splits have no card") as caught:
        load_split(made, "demo", "dev")
    assert caught.value.hint == "write it with `goldgate prepare demo`"


@pytest.mark.parametrize("content", [[], {}, {"task": "demo"}, "x", None])
def test_what_is_no_card_is_refused(made: Project, content: object) -> None:
    write_json(made.golden("demo") / "card.json", content)
    with pytest.raises(UserError, match="write it again with `goldgate prepare demo`"):
        load_split(made, "demo", "dev")


def test_a_card_that_lacks_the_split_accepts_nothing(made: Project) -> None:
    path = made.golden("demo") / "card.json"
    raw = json.loads(path.read_text())
    del raw["splits"]["dev"]
    write_json(path, raw)
    with pytest.raises(UserError, match="the dev split was changed after its card was written"):
        load_split(made, "demo", "dev")


def test_a_card_whose_tags_were_edited_is_refused(made: Project) -> None:
    path = made.golden("demo") / "card.json"
    raw = json.loads(path.read_text())
    raw["splits"]["golden"]["tags"] = {"easy": 1}
    write_json(path, raw)
    with pytest.raises(UserError, match=r"the card counts the tags of the golden split as \{'easy': 1\}"):
        load_split(made, "demo", "golden")
