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
from goldgate.data.readers import SUFFIXES, read_pairs

cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1, max_size=12)
rows = st.lists(st.tuples(cells, cells), min_size=1, max_size=8)
values = st.recursive(
    st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False) | cells,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(cells, inner, max_size=3),
    max_leaves=6,
)


def read(name: str, content: str | bytes) -> list[tuple[str, Any]]:
    """Writes a file and returns the inputs and outputs read from it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return [(p.input, p.output) for p in read_pairs(path, "q", "a")]


@given(rows, st.sampled_from([("f.csv", ","), ("F.CSV", ","), ("f.tsv", "\t")]))
@settings(max_examples=60, deadline=None)
def test_a_table_keeps_every_cell(pairs: list[tuple[str, str]], kind: tuple[str, str]) -> None:
    name, delimiter = kind
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
            writer.writerows([("note", "q", "a"), *(("x", *pair) for pair in pairs)])
        assert [(p.input, p.output) for p in read_pairs(path, "q", "a")] == pairs


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
    assert [(p.input, p.output) for p in read_pairs(tmp_path / "f.xlsx", "q", "a")] == [(cell, cell)]


def test_parquet_keeps_text_and_structs(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"q": ["one", "two"], "a": ["x", "y"], "s": [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}]})
    frame.to_parquet(tmp_path / "f.parquet")
    assert [p.output for p in read_pairs(tmp_path / "f.parquet", "q", "a")] == ["x", "y"]
    assert [p.output for p in read_pairs(tmp_path / "f.parquet", "q", "s")] == [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}]


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    mark = "\ufeff"
    assert read("f.csv", f"{mark}q,a\nx,y\n") == [("x", "y")]
    assert read("f.jsonl", mark + '{"q": "x", "a": "y"}') == [("x", "y")]


def test_columns_are_found_by_name_in_any_order() -> None:
    assert read("f.csv", "a,id,q\ny,1,x\n") == [("x", "y")]


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("f.csv", "q,a\nx,y\nz,\n", 'f.csv, row 2, column "a"'),
        ("f.tsv", "q\ta\nx\t\n", 'f.tsv, row 1, column "a"'),
        ("f.jsonl", '{"q": "x", "a": "y"}\n\n{"q": "z", "a": null}', 'f.jsonl, line 3, column "a"'),
        ("f.json", '[{"q": "x", "a": "y"}, {"q": "z", "a": ""}]', 'f.json, row 2, column "a"'),
        ("f.json", '[{"q": ["x"], "a": "y"}]', 'f.json, row 1, column "q"'),
        ("f.jsonl", '{"q": "x", "a": "y"}\n{"a": "z"}', "f.jsonl, line 2"),
        ("f.jsonl", '{"q": "x", "a": "y"}\n[1]', "f.jsonl, line 2"),
    ],
)
def test_a_fault_names_file_row_and_column_and_what_to_do(name: str, content: str, where: str) -> None:
    with pytest.raises(UserError) as caught:
        read(name, content)
    assert caught.value.where == where
    assert caught.value.hint


@pytest.mark.parametrize("falsy", [0, False, 0.0, [], {}])
def test_an_output_that_is_false_or_nothing_in_json_is_still_an_output(falsy: Any) -> None:
    assert read("f.jsonl", json.dumps({"q": "x", "a": falsy})) == [("x", falsy)]


@pytest.mark.parametrize("content", [b"\xff\xfeq\x00", "q,a\nM\xfcller,x\n".encode("latin-1")])
def test_another_encoding_is_said(content: bytes) -> None:
    for name in ("f.csv", "f.jsonl"):
        with pytest.raises(UserError, match="not UTF-8"):
            read(name, content)


def test_an_unknown_format_lists_those_that_are_read() -> None:
    for name in ("f.doc", "f"):
        with pytest.raises(UserError, match="cannot read") as caught:
            read(name, "x")
        assert all(suffix in caught.value.hint for suffix in SUFFIXES)


@pytest.mark.parametrize(
    "output", ["NaN", "-Infinity", '{"n": 1e999}', '"\\udc00"', '{"\\ud800": 1}', "[" * 60 + "]" * 60, "9" * 5000]
)
def test_what_could_not_be_written_as_json_again_is_refused(output: str) -> None:
    for name, content in (("f.jsonl", f'{{"q": "x", "a": {output}}}'), ("f.json", f'[{{"q": "x", "a": {output}}}]')):
        with pytest.raises(UserError) as caught:
            read(name, content)
        assert caught.value.where.startswith(name)
        assert caught.value.hint


def test_two_halves_of_a_surrogate_pair_are_one_character() -> None:
    assert read("f.jsonl", '{"q": "\\ud83d\\ude00", "a": "y"}') == [("😀", "y")]


def parquet(folder: Path, *outputs: Any) -> list[Any]:
    import pyarrow as pa
    from pyarrow import parquet as pq

    table = pa.table({"q": [f"x{i}" for i in range(len(outputs))], "a": list(outputs)})
    pq.write_table(table, folder / "f.parquet")
    return [p.output for p in read_pairs(folder / "f.parquet", "q", "a")]


def test_parquet_keeps_lists_and_writes_dates_as_text(tmp_path: Path) -> None:
    assert parquet(tmp_path, ["a", "b"], []) == [["a", "b"], []]
    assert parquet(tmp_path, {"n": [1, None]}) == [{"n": [1, None]}]
    assert parquet(tmp_path, date(2024, 1, 2)) == ["2024-01-02"]
    assert parquet(tmp_path, datetime(2024, 1, 2, 3, 4)) == ["2024-01-02T03:04:00"]
    assert parquet(tmp_path, Decimal("1.50")) == [1.5]


@pytest.mark.parametrize("outputs", [("y", None), (1.5, None), (1.5, math.nan)])
def test_a_missing_output_of_a_table_is_named(tmp_path: Path, outputs: tuple[Any, ...]) -> None:
    import pandas as pd

    with pytest.raises(UserError, match=r'f.parquet, row 2, column "a": the output is empty'):
        parquet(tmp_path, *outputs)
    pd.DataFrame({"q": ["x", "z"], "a": outputs}).to_excel(tmp_path / "f.xlsx", index=False)
    with pytest.raises(UserError, match=r'f.xlsx, row 2, column "a": the output is empty'):
        read_pairs(tmp_path / "f.xlsx", "q", "a")


def test_bytes_are_no_output(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="bytes is neither text nor JSON"):
        parquet(tmp_path, b"ab")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_truncated_excel_file_is_said(tmp_path: Path, share: float) -> None:
    import pandas as pd

    path = tmp_path / "f.xlsx"
    pd.DataFrame({"q": ["x"], "a": ["y"]}).to_excel(path, index=False)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UserError, match="cannot be read as xlsx"):
        read_pairs(path, "q", "a")


@pytest.mark.parametrize("content", ["q,a\nx,y,z\n", "q,a\nx,y,\nz,w,\n", "q,a\nx,y,z\nv,w\n", "q,a\nx,y\nz,v,w\n"])
def test_a_row_with_more_fields_than_the_header_is_refused(content: str) -> None:
    with pytest.raises(UserError) as caught:
        read("f.csv", content)
    assert caught.value.where.endswith("f.csv")
