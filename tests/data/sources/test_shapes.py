"""The files of other programs: recognised by their shape, named, mapped, and told what could not be mapped."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.row import Row
from goldgate.data.sources import Choices, parse_map, read_rows
from goldgate.task.messages import check_messages

SYSTEM = {"role": "system", "content": "Be short."}
ASKED = {"role": "user", "content": "x"}
TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}, ASKED]


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [*messages, {"role": "assistant", "content": "y"}], **more}


def read(
    tmp_path: Path, *records: Any, columns: tuple[tuple[str, str], ...] = (), name: str = "f.jsonl"
) -> tuple[list[Row], Account]:
    path, account = tmp_path / name, Account()
    lines = "".join(json.dumps(record) + "\n" for record in records)
    path.write_text(lines if name.endswith("l") else json.dumps(records))
    rows = read_rows(path, Choices(columns), account)
    assert account.read.total() == len(rows) + len(account.aside)
    return rows, account


CALL = {"id": "c7", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Köln"}'}}


def called(identity: str, content: str = "", **arguments: Any) -> dict[str, Any]:
    """An assistant's call of the tool weather, as it is kept."""
    function = {"name": "weather", "arguments": json.dumps(arguments, ensure_ascii=False)}
    calls = [{"id": identity, "type": "function", "function": function}]
    return {"role": "assistant", "content": content, "tool_calls": calls}


TOOLS: list[tuple[dict[str, Any], Any, Any]] = [
    (
        chat(
            ASKED, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "c7", "content": "3°"}
        ),
        (ASKED, called("c7", city="Köln"), {"role": "tool", "tool_call_id": "c7", "content": "3°"}),
        "y",
    ),
    (
        chat(
            ASKED,
            {
                "role": "assistant",
                "content": None,
                "function_call": {"name": "weather", "arguments": '{"city": "Rome"}'},
            },
            {"role": "function", "name": "weather", "content": "20"},
        ),
        (ASKED, called("call_1", city="Rome"), {"role": "tool", "tool_call_id": "call_1", "content": "20"}),
        "y",
    ),
    (
        {
            "conversations": [
                {"from": "human", "value": "x"},
                {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Rome"}}'},
                {"from": "observation", "value": "20"},
                {"from": "gpt", "value": "y"},
            ]
        },
        (ASKED, called("call_1", city="Rome"), {"role": "tool", "tool_call_id": "call_1", "content": "20"}),
        "y",
    ),
    (
        {"messages": [ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}]},
        "x",
        {"name": "weather", "arguments": {"city": "Köln"}},
    ),
    (
        {"messages": [ASKED, {"role": "assistant", "tool_calls": [CALL, {**CALL, "id": "c8"}]}]},
        "x",
        [{"name": "weather", "arguments": {"city": "Köln"}}] * 2,
    ),
]


@pytest.mark.parametrize(("record", "input_", "output"), TOOLS)
def test_calls_of_tools_are_kept_as_messages_and_as_outputs(
    tmp_path: Path, record: dict[str, Any], input_: Any, output: Any
) -> None:
    (row,), _ = read(tmp_path, record)
    assert (row.input, row.output) == (input_, output)
    if isinstance(row.input, tuple):
        assert check_messages(list(row.input), "here") == row.input
        assert "Rome" in row.text or "Köln" in row.text


SHAPES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("OpenAI chat fine-tuning", chat(ASKED), "x", "y"),
    ("OpenAI chat fine-tuning", chat(SYSTEM, ASKED), (SYSTEM, ASKED), "y"),
    ("OpenAI chat fine-tuning", chat(*TURNS, tools=[]), tuple(TURNS), "y"),
    (
        "OpenAI chat fine-tuning",
        chat({"role": "user", "content": [{"type": "text", "text": "x"}], "name": "Ann"}),
        "x",
        "y",
    ),
    (
        "OpenAI preference fine-tuning",
        {"input": {"messages": [ASKED]}, "preferred_output": [{"role": "assistant", "content": "y"}]},
        "x",
        "y",
    ),
    ("ShareGPT", {"conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "y"}]}, "x", "y"),
    ("texts and labels", {"Text": "x", "Label": "y", "Id": 1}, "x", "y"),
    ("columns of inputs and outputs", {"INPUT": "x", "OUTPUT": "y", "n": 1}, "x", "y"),
    ("Alpaca", {"instruction": "Translate.", "input": "x", "output": "y"}, "Translate.\n\nx", "y"),
    ("Alpaca", {"instruction": "Name one.", "input": "", "output": "y"}, "Name one.", "y"),
    ("LangSmith", {"inputs": {"question": "x"}, "outputs": {"answer": "y"}, "metadata": {}}, "x", "y"),
    (
        "LangSmith",
        {"inputs": {"messages": [SYSTEM, ASKED]}, "outputs": {"n": 1, "m": 2}},
        (SYSTEM, ASKED),
        {"n": 1, "m": 2},
    ),
    (
        "Langfuse",
        {"id": "1", "input": {"q": "x"}, "expectedOutput": {"label": "y"}, "status": "ACTIVE"},
        "x",
        {"label": "y"},
    ),
    ("Langfuse", {"input": "x", "expected_output": "y", "metadata": None}, "x", "y"),
    ("Argilla", {"fields": {"text": "x"}, "responses": {"label": [{"value": "y"}, {"value": "y"}]}}, "x", "y"),
    (
        "Argilla",
        {"fields": {"text": "x"}, "responses": [{"status": "submitted", "values": {"label": {"value": "y"}}}]},
        "x",
        "y",
    ),
    (
        "Label Studio",
        {
            "id": 7,
            "data": {"text": "x"},
            "annotations": [{"result": [{"type": "choices", "from_name": "c", "value": {"choices": ["y"]}}]}],
        },
        "x",
        "y",
    ),
    (
        "Label Studio",
        {
            "data": {"text": "to Rome"},
            "annotations": [
                {"result": [{"type": "labels", "value": {"start": 3, "end": 7, "text": "Rome", "labels": ["city"]}}]}
            ],
        },
        "to Rome",
        [{"label": "city", "text": "Rome", "start": 3, "end": 7}],
    ),
    ("promptfoo tests", {"vars": {"q": "x"}, "assert": [{"type": "equals", "value": "y"}]}, "x", "y"),
    ("OpenAI prompts and completions", {"prompt": "x", "completion": "y"}, "x", "y"),
    ("questions and answers", {"question": "x", "answer": "y", "n": 1}, "x", "y"),
    ("columns of inputs and outputs", {"input": "x", "output": "y", "n": 1}, "x", "y"),
]


@pytest.mark.parametrize("name", ["f.jsonl", "f.json"])
@pytest.mark.parametrize(("shape", "record", "input_", "output"), SHAPES)
def test_a_known_shape_is_named_and_mapped(
    tmp_path: Path, shape: str, record: dict[str, Any], input_: Any, output: Any, name: str
) -> None:
    rows, account = read(tmp_path, record, record, name=name)
    assert [(row.input, row.output) for row in rows] == [(input_, output)] * 2
    (decision,) = [d for d in account.decisions if d.what == f"shape of {name}"]
    assert decision.value == shape
    assert decision.option


NOT_MAPPED = [
    (chat({"role": "tool", "content": "z"}, ASKED), "a chat message of a tool that nobody called"),
    ({"messages": [ASKED, {"role": "assistant", "tool_calls": [{}]}]}, "a call of a tool that cannot be read"),
    (
        chat(ASKED, {"role": "user", "content": "", "tool_calls": [CALL]}),
        "a call of a tool that is not the assistant's",
    ),
    (
        {"messages": [ASKED, {"role": "assistant", "content": "So:", "tool_calls": [CALL]}]},
        "an answer with both text and a call of a tool",
    ),
    (
        {"messages": [ASKED, {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]},
        "a call of a tool that cannot be read",
    ),
    (chat(ASKED, {"role": "assistant", "content": None, "audio": {"id": "a"}}), "a chat message with sound"),
    (chat({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}), "a chat message with an image"),
    ({"messages": [ASKED]}, "a conversation without a question and an answer"),
    ({"messages": [ASKED, ASKED]}, "a conversation that does not end with an answer"),
    ({"messages": [ASKED, {"role": "assistant", "content": "y", "weight": 0}]}, "a last answer of weight 0"),
    (chat({"role": "wizard", "content": "x"}), "a chat message with an unknown role"),
    ({"messages": [ASKED, {"role": "assistant", "content": ""}]}, "an empty output"),
]


@pytest.mark.parametrize(("record", "reason"), NOT_MAPPED)
def test_a_conversation_that_cannot_be_mapped_is_set_aside(tmp_path: Path, record: Any, reason: str) -> None:
    rows, account = read(tmp_path, *[chat(ASKED)] * 20, record)
    assert len(rows) == 20
    (aside,) = account.aside
    assert aside.place.number == 21
    assert aside.reason.startswith(reason)


ANNOTATIONS = [
    ({"fields": {"text": "x"}, "responses": {"label": []}}, "no response of an annotator"),
    (
        {"fields": {"text": "x"}, "responses": {"label": [{"value": "a"}, {"value": "b"}]}},
        "annotators who do not agree",
    ),
    ({"data": {"text": "x"}, "annotations": []}, "no annotation"),
    ({"data": {"text": "x"}, "annotations": [{"was_cancelled": True, "result": []}]}, "no annotation"),
    (
        {"vars": {"q": "x"}, "assert": [{"type": "llm-rubric", "value": "kind"}]},
        "no assertion that says the whole answer",
    ),
    ({"input": "x", "expectedOutput": "y", "status": "ARCHIVED"}, "an archived item"),
    ({"inputs": {"a": "x", "b": "z"}, "outputs": {"y": "y"}}, "inputs with several fields"),
]


@pytest.mark.parametrize(("record", "reason"), ANNOTATIONS)
def test_an_export_without_one_answer_is_set_aside(tmp_path: Path, record: Any, reason: str) -> None:
    rows, account = read(tmp_path, record)
    assert rows == []
    assert account.reasons() == {reason: 1}


def test_the_keys_of_the_own_format_are_kept(tmp_path: Path) -> None:
    own = {"id": "a1", "input": "x", "output": "y", "accept": ["z"], "tags": ["t"], "group": "g", "meta": {"by": "Ann"}}
    for columns in ((), (("input", "input"), ("output", "output"))):
        (row,), _ = read(tmp_path, own, columns=columns)
        assert (row.id, row.accept, row.tags, row.group, row.meta) == ("a1", ("z",), ("t",), "g", {"by": "Ann"})


def test_what_is_not_mapped_is_listed(tmp_path: Path) -> None:
    _, account = read(tmp_path, chat(ASKED, tools=[{"type": "function"}], parallel_tool_calls=False))
    assert "f.jsonl: not mapped from OpenAI chat fine-tuning: tools, parallel_tool_calls" in account.remarks
    alpaca = {"instruction": "Translate.", "input": "x", "output": "y"}
    _, account = read(tmp_path, alpaca, columns=(("input", "input"), ("output", "output")))
    assert "f.jsonl: columns not used: instruction" in account.remarks


def test_a_shape_that_nobody_knows_asks_for_columns(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not clear which columns") as caught:
        read(tmp_path, {"frage": "x", "antwort": "y"})
    assert "--input COLUMN --output COLUMN; there are: frage, antwort" in caught.value.hint


def test_paths_lead_into_objects_lists_and_cells(tmp_path: Path) -> None:
    record = {"data": {"text": "x", "parts": [{"say": "z"}]}, "a.b": "y", "cell": '{"deep": "w"}'}
    for path, found in (("data.text", "x"), ("data.parts.0.say", "z"), ("data.parts[0].say", "z"), ("cell.deep", "w")):
        (row,), account = read(tmp_path, record, columns=(("input", path), ("output", "a.b")))
        assert (row.input, row.output) == (found, "y")
        assert any(remark.startswith("f.jsonl: columns not used: ") for remark in account.remarks)


def test_every_part_can_be_mapped(tmp_path: Path) -> None:
    columns = parse_map(["input=q output=a, tags=t group=c time=when", "accept=or"], None, None)
    record = {"q": "x", "a": "y", "t": "rare; old", "c": 12, "when": "2024-05-01T12:00:00+02:00", "or": '["z"]'}
    (row,), account = read(tmp_path, record, columns=columns)
    assert (row.tags, row.group, row.time, row.accept) == (("rare", "old"), "12", "2024-05-01T10:00:00", ("z",))
    assert not [remark for remark in account.remarks if "not used" in remark]


@pytest.mark.parametrize(
    ("time", "found"),
    [
        ("2024-05-01", "2024-05-01T00:00:00"),
        (1714557600, "2024-05-01T10:00:00"),
        (1714557600000, "2024-05-01T10:00:00"),
        ("1714557600", "2024-05-01T10:00:00"),
        ("01/02/2024", None),
        (True, None),
        (10**30, None),
    ],
)
def test_a_time_has_one_reading_or_none(tmp_path: Path, time: Any, found: str | None) -> None:
    columns = (("input", "q"), ("output", "a"), ("time", "t"))
    (row,), account = read(tmp_path, {"q": "x", "a": "y", "t": time}, columns=columns)
    assert row.time == found
    assert any("1 of 1 rows have no time" in remark for remark in account.remarks) == (found is None)


@pytest.mark.parametrize(
    ("pairs", "input_", "output", "message"),
    [
        (["inpt=q"], None, "a", 'no part "inpt"'),
        (["q"], None, None, "maps nothing"),
        (["input=q input=z"], None, "a", "mapped twice"),
        (["input="], None, "a", "no column is named for input"),
        ([], "q", None, "no column is named for output"),
        (["tags=t"], None, None, "no column is named for input"),
    ],
)
def test_a_map_that_is_wrong_is_refused(pairs: list[str], input_: str | None, output: str | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_map(pairs, input_, output)


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "may").mkdir(parents=True)
    (folder / "a.csv").write_text("q,a\nx,y\n1,2,3\n")
    (folder / "may" / "b.jsonl").write_text('{"q": "z", "a": "w"}\n')
    (folder / "notes.md").write_text("x")
    (folder / ".hidden.csv").write_text("q,a\nx,y\n")
    (tmp_path / "secret.csv").write_text("q,a\ns,s\n")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    account = Account()
    rows = read_rows(folder, Choices((("input", "q"), ("output", "a"))), account)
    assert [(row.input, str(row.place)) for row in rows] == [
        ("x", "export/a.csv, line 2"),
        ("z", "export/may/b.jsonl, line 1"),
    ]
    assert dict(account.read) == {"export/a.csv": 2, "export/may/b.jsonl": 1}
    assert "export: not read: link.csv (a link out of the folder), notes.md" in account.remarks


def test_a_dataset_that_was_saved_to_disk_is_read(tmp_path: Path) -> None:
    """As the package `datasets` saves it: Arrow streams, and descriptions that are no examples."""
    import pyarrow as pa

    folder = tmp_path / "saved"
    folder.mkdir()
    table = pa.table({"q": ["x", "z"], "a": ["y", "w"]})
    for number in range(2):
        path = str(folder / f"data-0000{number}-of-00002.arrow")
        with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    for name in ("dataset_info.json", "state.json"):
        (folder / name).write_text('{"q": "x", "a": "y"}')
    account = Account()
    rows = read_rows(folder, Choices((("input", "q"), ("output", "a"))), account)
    assert [(row.input, row.output) for row in rows] == [("x", "y"), ("z", "w")] * 2
    assert "saved: not read: dataset_info.json, state.json" in account.remarks


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x,y\n1,2\n")
    with pytest.raises(UserError, match="2 faults") as caught:
        read_rows(tmp_path, Choices((("input", "x"), ("output", "a"))), Account())
    assert str(caught.value).count('no column "a"') == 2


@given(st.sampled_from(sorted({shape for shape, *_ in SHAPES})), st.data())
@settings(max_examples=150, deadline=None)
def test_a_record_that_is_broken_inside_ends_in_a_row_or_a_reason(shape: str, data: st.DataObject) -> None:
    good = next(record for name, record, *_ in SHAPES if name == shape)
    bad = broken(json.loads(json.dumps(good)), data)
    with TemporaryDirectory() as folder:
        rows, account = read(Path(folder), *[good] * 20, bad)
    assert len(rows) + len(account.aside) == 21
    assert len(rows) >= 20


def broken(value: Any, data: st.DataObject) -> Any:
    """A record with something else at one place inside."""
    if isinstance(value, dict | list) and value and data.draw(st.integers(0, 4)):
        key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        value[key] = broken(value[key], data)
        return value
    return data.draw(st.sampled_from([None, 3, "x", [], {}, [1], [None], {"role": []}, [{"from": 1}], {"value": {}}]))
