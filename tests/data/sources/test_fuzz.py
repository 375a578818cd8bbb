"""Properties of reading: what was written is read, and a file that is cut anywhere gives rows, or one clear message."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.sources import Choices, read_rows
from goldgate.data.sources.values import is_empty

QA = Choices((("input", "q"), ("output", "a")))
cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\u200b\ufeff"), min_size=1, max_size=12).filter(
    lambda cell: not is_empty(cell) and cell.strip() == cell and cell[0] not in "[{"
)
pairs = st.lists(st.tuples(cells, cells), min_size=1, max_size=8)


def read(name: str, content: bytes, choices: Choices = QA) -> tuple[list[tuple[Any, Any]], Account]:
    """The inputs and outputs of a file, and its account, in which every row must have its place."""
    with TemporaryDirectory() as folder:
        path, account = Path(folder) / name, Account()
        path.write_bytes(content)
        rows = read_rows(path, choices, account)
    assert account.read.total() == len(rows) + len(account.aside)
    return [(row.input, row.output) for row in rows], account


def refusal(name: str, content: bytes, choices: Choices) -> UserError | None:
    """What refuses a file; None if it is read."""
    try:
        read(name, content, choices)
    except UserError as error:
        return error
    return None


def table(rows: list[tuple[str, str]], delimiter: str, quoting: Any, end: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([("q", "a"), *rows])
    return text.getvalue()


@given(
    pairs,
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=150, deadline=None)
def test_a_table_that_was_written_is_read(
    rows: list[tuple[str, str]], delimiter: str, quoting: Any, end: str, encoding: str
) -> None:
    assume(("q", "a") not in rows)
    choices = Choices(QA.columns, delimiter=delimiter, encoding=None if encoding != "utf-8" else "utf-8")
    found, account = read("f.csv", table(rows, delimiter, quoting, end).encode(encoding), choices)
    assert found == rows
    assert account.aside == []


@given(pairs, st.sampled_from(["f.jsonl", "f.ndjson", "f.json", "f"]), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_json_lines_that_were_written_are_read(
    rows: list[tuple[str, str]], name: str, packed: bool, ascii_only: bool
) -> None:
    lines = "".join(json.dumps({"q": q, "a": a}, ensure_ascii=ascii_only) + "\n" for q, a in rows).encode()
    assert read(f"{name}.gz" if packed else name, gzip.compress(lines) if packed else lines)[0] == rows


CONTENTS: dict[str, bytes] = {
    "f.csv": 'q;a\n"Grüße;\n""x""";y\nzwei;"drei"\n'.encode() * 3,
    "g.csv": 'q,a\n"Grüße",y\nzwei,drei\n'.encode("utf-16"),
    "f.jsonl": '{"q": "Grüße", "a": {"n": [1, 2.5e3, null]}}\n{"q": "x", "a": "y"}\n'.encode() * 2,
    "f.json": '[{"q": "Grüße", "a": {"n": [1, true]}}, {"q": "x", "a": "y"}]'.encode(),
    "f.yaml": 'tests:\n- vars: {q: "Grüße"}\n  assert:\n  - {type: equals, value: x}\n'.encode(),
    "f.csv.gz": gzip.compress("q,a\nGrüße,y\n".encode() * 9),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_that_is_cut_anywhere_gives_rows_or_one_message(name: str) -> None:
    content = CONTENTS[name]
    choices = Choices() if name == "f.yaml" else QA
    for end in range(len(content) + 1):
        error = refusal(name, content[:end], choices)
        assert error is None or (error.hint and error.where and "\n" not in error.what)


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "arrow", "zip"])
def test_a_binary_file_that_is_cut_gives_one_message(kind: str, tmp_path: Path) -> None:
    content = binary(kind, tmp_path)
    for end in range(1, len(content), max(1, len(content) // 40)):
        with pytest.raises(UserError) as caught:
            read(f"cut.{kind}", content[:end])
        assert caught.value.hint


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_bytes_that_were_changed_end_in_rows_or_one_message(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CONTENTS)))
    content = bytearray(CONTENTS[name])
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=4)
    ):
        content[place] = byte
    error = refusal(name, bytes(content), Choices() if name == "f.yaml" else QA)
    assert error is None or error.hint


def binary(kind: str, folder: Path) -> bytes:
    import pandas as pd
    import pyarrow as pa

    path, frame = folder / f"f.{kind}", pd.DataFrame({"q": ["x", "z"], "a": ["y", "w"]})
    if kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path)
    elif kind == "arrow":
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, pa.Schema.from_pandas(frame)) as writer:
            writer.write_table(pa.Table.from_pandas(frame))
    else:
        import zipfile

        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("f.csv", "q,a\nx,y\n" * 50)
    return path.read_bytes()
