"""Reading users' files: the contents of a cell are unchanged in every format."""

from __future__ import annotations

import csv
import json
import math
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.sources import SUFFIXES, Choices, read_rows

QA = Choices((("input", "q"), ("output", "a")), keep=frozenset(("na", "n/a", "null", "none", "nan", "-")))
cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1, max_size=12)
rows = st.lists(st.tuples(cells, cells), min_size=1, max_size=8)
values = st.recursive(
    st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False) | cells,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(cells, inner, max_size=3),
    max_leaves=6,
)


def read(name: str, content: str | bytes) -> list[tuple[str, Any]]:
    """Writes a file and returns the inputs and outputs read from it. No row may be set aside."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return read_file(path)


def read_file(path: Path) -> list[tuple[str, Any]]:
    account = Account()
    rows = read_rows(path, QA, account)
    assert account.aside == []
    assert account.read.total() == len(rows)
    return [(row.text, row.output) for row in rows]


def set_aside(name: str, content: str | bytes) -> tuple[str, str]:
    """Writes a file with one row that cannot be used, and returns its place and the reason."""
    with TemporaryDirectory() as folder:
        path, account = Path(folder) / name, Account()
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        rows = read_rows(path, QA, account)
    (row,) = account.aside
    assert account.read.total() == len(rows) + 1
    return str(row.place), f"{row.reason}: {row.detail}"


@given(rows, st.sampled_from([("f.csv", ","), ("F.CSV", ","), ("f.tsv", "\t")]))
@settings(max_examples=60, deadline=None)
def test_a_table_keeps_every_cell(pairs: list[tuple[str, str]], kind: tuple[str, str]) -> None:
    name, delimiter = kind
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
            writer.writerows([("note", "q", "a"), *(("x", *pair) for pair in pairs)])
        assert read_file(path) == pairs


@given(st.lists(st.tuples(cells, values), min_size=1, max_size=6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_json_keeps_every_value(pairs: list[tuple[str, Any]], ascii_only: bool) -> None:
    objects = [{"q": q, "a": a, "more": None} for q, a in pairs]
    lines = "\n\n".join(json.dumps(o, ensure_ascii=ascii_only) for o in objects) + "\n"
    assert read("f.jsonl", lines) == pairs
    assert read("f.json", json.dumps(objects, ensure_ascii=ascii_only)) == pairs


@pytest.mark.parametrize("cell", ["NA", "null", "None", "nan", "007", "1e5", "TRUE", "2024-01-02", " x ", "N/A", "-"])
def test_a_cell_that_looks_like_something_else_stays_text(cell: str, tmp_path: Path) -> None:
    import pandas as pd

    assert read("f.csv", f"q,a\n{cell},{cell}\n") == [(cell, cell)]
    pd.DataFrame({"q": [cell], "a": [cell]}).to_excel(tmp_path / "f.xlsx", index=False)
    assert read_file(tmp_path / "f.xlsx") == [(cell, cell)]


def test_parquet_keeps_text_and_structs(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"q": ["one", "two"], "a": ["x", "y"], "s": [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}]})
    frame.to_parquet(tmp_path / "f.parquet")
    assert read_file(tmp_path / "f.parquet") == [("one", "x"), ("two", "y")]
    rows = read_rows(tmp_path / "f.parquet", QA.on(input="q", output="s"), Account())
    assert [row.output for row in rows] == [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}]


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    mark = "\ufeff"
    assert read("f.csv", f"{mark}q,a\nx,y\n") == [("x", "y")]
    assert read("f.jsonl", mark + '{"q": "x", "a": "y"}') == [("x", "y")]


def test_columns_are_found_by_name_in_any_order() -> None:
    assert read("f.csv", "a,id,q\ny,1,x\n") == [("x", "y")]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("f.csv", "q,a\nx,y\nz,\n", "f.csv, line 3"),
        ("f.csv", 'q,a\n"x\n\nx",y\nz,\n', "f.csv, line 5"),
        ("f.tsv", "q\ta\nx\t\n", "f.tsv, line 2"),
        ("f.jsonl", '{"q": "x", "a": "y"}\n\n{"q": "z", "a": null}', "f.jsonl, line 3"),
        ("f.json", '[{"q": "x", "a": "y"}, {"q": "z", "a": ""}]', "f.json, row 2"),
        ("f.json", '[{"q": ["x"], "a": "y"}]', "f.json, row 1"),
        ("f.jsonl", '{"q": "x", "a": "y"}\n{"a": "z"}', "f.jsonl, line 2"),
        ("f.jsonl", '{"q": "x", "a": "y"}\n[1]', "f.jsonl, line 2"),
    ],
)
def test_a_row_that_is_none_is_set_aside_by_its_place(name: str, content: str, where: str) -> None:
    assert set_aside(name, content)[0] == where


@pytest.mark.parametrize("falsy", [0, False, 0.0, [], {}])
def test_an_output_that_is_false_or_nothing_in_json_is_still_an_output(falsy: Any) -> None:
    assert read("f.jsonl", json.dumps({"q": "x", "a": falsy})) == [("x", falsy)]


def test_an_unknown_format_lists_those_that_are_read() -> None:
    for name in ("f.doc", "f"):
        with pytest.raises(UserError, match="cannot read") as caught:
            read(name, "x")
        assert all(suffix in caught.value.hint for suffix in SUFFIXES)


@pytest.mark.parametrize(
    "output", ["NaN", "-Infinity", '{"n": 1e999}', '"\\udc00"', '{"\\ud800": 1}', "[" * 60 + "]" * 60, "9" * 5000]
)
def test_what_could_not_be_written_as_json_again_is_refused(output: str) -> None:
    assert set_aside("f.jsonl", f'{{"q": "x", "a": {output}}}')[0] == "f.jsonl, line 1"
    if len(output) < 1000:
        assert set_aside("f.json", f'[{{"q": "x", "a": {output}}}]')[0] == "f.json, row 1"


def test_two_halves_of_a_surrogate_pair_are_one_character() -> None:
    assert read("f.jsonl", '{"q": "\\ud83d\\ude00", "a": "y"}') == [("😀", "y")]


def parquet(folder: Path, *outputs: Any) -> list[Any]:
    import pyarrow as pa
    from pyarrow import parquet as pq

    table = pa.table({"q": [f"x{i}" for i in range(len(outputs))], "a": list(outputs)})
    pq.write_table(table, folder / "f.parquet")
    return [output for _, output in read_file(folder / "f.parquet")]


def test_parquet_keeps_lists_and_writes_dates_as_text(tmp_path: Path) -> None:
    assert parquet(tmp_path, ["a", "b"], []) == [["a", "b"], []]
    assert parquet(tmp_path, {"n": [1, None]}) == [{"n": [1, None]}]
    assert parquet(tmp_path, date(2024, 1, 2)) == ["2024-01-02"]
    assert parquet(tmp_path, datetime(2024, 1, 2, 3, 4)) == ["2024-01-02T03:04:00"]
    assert parquet(tmp_path, Decimal("1.50")) == [1.5]


@pytest.mark.parametrize("outputs", [("y", None), (1.5, None), (1.5, math.nan)])
def test_a_missing_output_of_a_table_is_named(tmp_path: Path, outputs: tuple[Any, ...]) -> None:
    import pandas as pd

    pd.DataFrame({"q": ["x", "z"], "a": outputs}).to_parquet(tmp_path / "f.parquet")
    pd.DataFrame({"q": ["x", "z"], "a": outputs}).to_excel(tmp_path / "f.xlsx", index=False)
    for name, where in (("f.parquet", "f.parquet, row 2"), ("f.xlsx", "f.xlsx, sheet Sheet1, row 3")):
        said = set_aside(name, (tmp_path / name).read_bytes())
        assert said == (where, "an empty output: ")


def test_bytes_are_no_output(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"q": ["x"], "a": [b"ab"]}).to_parquet(tmp_path / "f.parquet")
    assert "bytes is neither text nor JSON" in set_aside("f.parquet", (tmp_path / "f.parquet").read_bytes())[1]


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_excel_file_is_said(tmp_path: Path, share: float) -> None:
    import pandas as pd

    path = tmp_path / "f.xlsx"
    pd.DataFrame({"q": ["x"], "a": ["y"]}).to_excel(path, index=False)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UserError, match="cannot be read as xlsx"):
        read_rows(path, QA, Account())


@pytest.mark.parametrize(
    ("content", "line"), [("q,a\nx,y,z\n", 2), ("q,a\nx,y,z\nv,w\n", 2), ("q,a\nx,y\nz,v,w\n", 3), ("q,a\nx,y\nz\n", 3)]
)
def test_a_row_with_more_or_fewer_cells_than_the_header_is_set_aside(content: str, line: int) -> None:
    where, reason = set_aside("f.csv", content)
    assert where == f"f.csv, line {line}"
    assert reason.startswith("another number of cells than the header")


def test_separators_at_the_end_of_a_row_hold_nothing() -> None:
    assert read("f.csv", "q,a\nx,y,\nz,w,,\n") == [("x", "y"), ("z", "w")]
    assert read("f.csv", "q,a,\nx,y\nz,w,\n") == [("x", "y"), ("z", "w")]
