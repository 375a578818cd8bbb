"""A table of hostile and odd files: what is read of each, what is set aside and why, or what refuses it.

For every file of the table: rows read = rows kept + rows set aside, the file is unchanged, and every message says what
to do next.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.sources import Choices, archive, encoding, read_rows

QA = Choices((("input", "q"), ("output", "a")))
Pairs = list[tuple[Any, Any]]


@dataclass(frozen=True)
class Odd:
    """A file, and what becomes of it.

    Attributes:
        about: What is odd about it.
        name: Its name.
        content: Its bytes.
        pairs: The inputs and outputs that are read.
        aside: (line or row, reason) of each row that is set aside.
        refused: Part of the message if the whole file is refused.
        choices: What the user decided.
        said: Part of a decision or remark that must be made.
    """

    about: str
    name: str
    content: str | bytes
    pairs: Pairs = field(default_factory=list)
    aside: tuple[tuple[int, str], ...] = ()
    refused: str = ""
    choices: Choices = QA
    said: str = ""


XY: Pairs = [("x", "y")]
OPEN = "a quote that is not closed"
CELLS = "another number of cells than the header"
JSON = "not valid JSON"
HEADER = "the header again"
EMPTY = "an empty output"
UMLAUT = "q,a\nMüller fährt,ü\n"


def zipped(**members: str | bytes) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "."), content)
    return raw.getvalue()


def sheets(**tables: list[list[Any]]) -> bytes:
    import openpyxl

    book, raw = openpyxl.Workbook(), io.BytesIO()
    book.remove(book.active)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(raw)
    return raw.getvalue()


def many(separator: str, count: int, start: int = 0) -> str:
    return "".join(f"text {i}{separator}label {i % 3}\n" for i in range(start, start + count))


def read_many(separator: str, count: int, start: int = 0) -> Pairs:
    return [(f"text {i}", f"label {i % 3}") for i in range(start, start + count)]


def jsonl(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


TABLE = [
    # Quotes
    Odd("quote open to the end", "f.csv", f'q,a\n{many(",", 3)}"open,z\n{many(",", 150)}',
        read_many(",", 3) + read_many(",", 150), ((5, OPEN),)),
    Odd("quote open to an inch mark", "f.csv",
        f'q,a\n{many(",", 9)}"open,label 1\n{many(",", 150)}a 24",label 2\nx,y\n',
        read_many(",", 9) + read_many(",", 150) + XY, ((11, OPEN), (162, OPEN))),
    Odd("quote open to the next line", "f.csv", f'q,a\n{many(",", 9)}"open,label 1\na 24",label 2\nx,y\n',
        read_many(",", 9) + XY, ((11, OPEN), (12, OPEN))),
    Odd("quote open to a quoted row", "f.csv", f'q,a\n{many(",", 9)}"open,label 1\n{many(",", 9)}"x",y\n',
        read_many(",", 9) + read_many(",", 9) + XY, ((11, "a quote inside a quoted cell that is not doubled"),)),
    Odd("quote not doubled", "f.csv", 'q,a\n"say "hi" to",b\nx,y\n', XY, ((2, "a quote inside a quoted cell"),)),
    Odd("quote open in the first row", "f.csv", f'q,a\n"open,label 1\ntext,label 2\na 24",label 2\n{many(",", 9)}',
        [("text", "label 2"), *read_many(",", 9)], ((2, OPEN), (4, OPEN))),
    Odd("two quotes open", "f.csv", 'q,a\n"one,z\nx,y\n"two,z\nx,y\n', XY + XY, ((2, "a quote"), (4, OPEN))),
    Odd("open quote in the last cell", "f.csv", f'q;a\n{many(";", 5)}x;"y\n{many(";", 5)}',
        read_many(";", 5) * 2, ((7, OPEN),)),
    Odd("a letter over lines", "f.csv", 'q,a\n"Hello,\nI need help, please\nBob",b\nx,y\n',
        [("Hello,\nI need help, please\nBob", "b"), *XY]),
    Odd("a cell of blank lines", "f.csv", 'q,a\n"x\n\n\nx",y\n', [("x\n\n\nx", "y")]),
    Odd("quotes after backslashes", "f.csv", 'q,a\n"say \\"hi\\" to",b\nx,y\n', [('say "hi" to', "b"), *XY],
        said='\\"'),
    # Lines and cells
    Odd("Windows line ends", "f.csv", "q,a\r\nx,y\r\n", XY),
    Odd("old Macintosh line ends", "f.csv", "q,a\rx,y\r", XY),
    Odd("no end of the last line", "f.csv", "q,a\nx,y", XY),
    Odd("blank lines", "f.csv", "q,a\n\nx,y\n\n\n", XY, said="3 blank lines"),
    Odd("too many and too few cells", "f.csv", "q,a\n1,2,3\nx,y\n1\n", XY, ((2, CELLS), (4, CELLS))),
    Odd("a line that repeats the header", "f.csv", "q,a\nx,y\nq,a\nx,y\n q , a \n", XY + XY, ((3, HEADER), (5,
        HEADER))),
    Odd("blank lines above the header", "f.csv", "\n , \nq,a\nx,y\n", XY),
    Odd("a line of separators", "f.csv", "q" + "," * 20_000 + "\n", refused="20001 columns, of which at most 16384"),
    Odd("a header alone", "f.csv", "q,a\n", refused="the file has no rows"),
    Odd("an empty file", "f.csv", "", refused="the file has no rows"),
    Odd("blanks around names", "f.csv", " q , a \nx,y\n", XY),
    Odd("Excel's sep= line", "f.csv", "sep=;\nq;a\nx;y\n", XY, said='the first line says "sep=;"'),
    Odd("NUL in a cell", "f.csv", "q,a\nx\0x,y\n", [("x\0x", "y")]),
    Odd("NUL for every character", "f.csv", b"\0" * 100, refused="holds no text"),
    Odd("marks of direction", "f.csv", "q,a\n\u202ex\u202c,y\n", [("\u202ex\u202c", "y")]),
    # Names of columns
    Odd("two columns of one name", "f.csv", "q,a,q\n1,2,3\n", refused='one name: "q" (columns 1, 3)'),
    Odd("two columns of one name and blanks", "f.csv", "q,a, a\n1,2,3\n", refused='one name: "a" (columns 2, 3)'),
    Odd("two others of one name", "f.csv", "q,n,a,n\nx,1,y,2\n", XY, said="columns with one name"),
    Odd("columns without names", "f.csv", "q,,a,\nx,1,y,2\n", XY, said="2 columns without a name"),
    Odd("another name", "f.csv", "Q,a\nx,y\n", refused='no column "q"'),
    # Delimiters
    *(
        Odd(f"delimiter {d!r}", "f.csv", f"q{d}a\n{many(d, 4)}", read_many(d, 4), said=f"delimiter of f.csv: {said}")
        for d, said in ((";", "semicolon"), ("\t", "tab"), ("|", "pipe"), ("~", "~"), ("^", "^"), ("\x1f", "\\x1f"))
    ),
    Odd("commas in texts between semicolons", "f.csv", "q;a\na, b, c;x\nd, e, f;y\n",
        [("a, b, c", "x"), ("d, e, f", "y")]),
    Odd("commas in a file of tabs", "f.tsv", "q\ta\na, b\tx\n", [("a, b", "x")]),
    Odd("a delimiter that was named", "f.csv", "q:a\nx:y\n", XY, choices=Choices(QA.columns, delimiter=":")),
    # Encodings
    Odd("UTF-8 with a mark", "f.csv", UMLAUT.encode("utf-8-sig"), [("Müller fährt", "ü")], said="byte order mark"),
    *(
        Odd(name, "f.csv", UMLAUT.encode(name), [("Müller fährt", "ü")], said="byte order mark")
        for name in ("utf-16", "utf-32")
    ),
    Odd("UTF-16 without a mark", "f.csv", UMLAUT.encode("utf-16-le"), [("Müller fährt", "ü")], said="a guess"),
    Odd("quotes of cp1252", "f.csv", "q,a\n“x” – x’s…,€\n".encode("cp1252"), [("“x” – x’s…", "€")], said="only quotes"),
    Odd("letters of cp1252", "f.csv", UMLAUT.encode("cp1252"), [("Müller fährt", "ü")], said="a guess"),
    Odd("Cyrillic", "f.csv", ("q,a\n" + "Где мой заказ и когда придёт посылка,да\n" * 5).encode("cp1251"),
        [("Где мой заказ и когда придёт посылка", "да")] * 5, said="cp1251"),
    Odd("an encoding that was named", "f.csv", "q,a\nλ,y\n".encode("iso8859-7"), [("λ", "y")],
        choices=Choices(QA.columns, encoding="iso8859-7")),
    Odd("an encoding that there is not", "f.csv", "q,a\nx,y\n", refused='no text encoding "utf-9"',
        choices=Choices(QA.columns, encoding="utf-9")),
    *(
        Odd(f"an encoding that makes no text, {name}", "f.csv", "q,a\nx,y\n", refused=f'no text encoding "{name}"',
            choices=Choices(QA.columns, encoding=name))
        for name in ("undefined", "idna", "base64", "")
    ),
    Odd("an encoding of no text", "f.csv", "q,a\nx,y\n", refused='no text encoding "hex"',
        choices=Choices(QA.columns, encoding="hex")),
    Odd("one line of another encoding", "f.csv", "q,a\nä,x\nö,y\n".encode() + b"\xfc,z\n", [("ä", "x"), ("ö", "y")],
        ((4, "bytes that are not utf-8"),)),
    Odd("a character cut in half", "f.jsonl", '{"q": "x", "a": "y"}\n{"q": "ä", "a": "y"}\n{"q": "'.encode() + b"\xc3",
        [*XY, ("ä", "y")], ((3, "bytes that are not utf-8"),)),
    # JSON and JSONL
    Odd("one broken line", "f.jsonl", jsonl({"q": "x", "a": "y"}) + '{"q": \n' + jsonl({"q": "x", "a": "y"}), XY + XY,
        ((2, JSON),)),
    Odd("a key twice", "f.jsonl", '{"q": "x", "q": "z", "a": "y"}\n{"q": "x", "a": "y"}\n', XY,
        ((1, "a key that occurs twice"),)),
    Odd("a key twice in depth", "f.jsonl", '{"q": "x", "a": {"n": 1, "n": 2}}\n{"q": "x", "a": "y"}\n', XY,
        ((1, "a key that occurs twice"),)),
    Odd("a key twice in JSON", "f.json", '[{"q": "x", "q": "z", "a": "y"}]', refused='a key that occurs twice "q"'),
    Odd("lines that are no objects", "f.jsonl", '[1]\n"x"\nnull\n{"q": "x", "a": "y"}\n', XY,
        tuple((n, "a line that is not an object") for n in (1, 2, 3))),
    Odd("JSONL called .json", "f.json", jsonl({"q": "x", "a": "y"}, {"q": "x", "a": "y"}), XY + XY, said="JSONL"),
    Odd("JSON called .jsonl", "f.jsonl", '[\n {"q": "x", "a": "y"}\n]', XY, said="format of f.jsonl: JSON"),
    Odd("JSONL called .ndjson", "f.ndjson", jsonl({"q": "x", "a": "y"}), XY),
    Odd("JSONL called .csv", "f.csv", jsonl({"q": "x", "a": "y"}, {"q": "x", "a": "y"}), XY + XY, said="JSONL"),
    Odd("JSON without a suffix", "export", '[{"q": "x", "a": "y"}]', XY),
    Odd("JSON with a wrapper", "f.json", '{"version": 1, "data": [{"q": "x", "a": "y"}]}', XY,
        said="rows of f.json: data"),
    Odd("JSON with two lists", "f.json", '{"one": [{"q": "x"}], "two": [{"q": "x"}]}',
        refused="it holds several: one, two"),
    Odd("a promptfoo configuration", "f.yaml",
        "providers: [{id: a}]\ntests:\n- vars: {q: x}\n  assert: [{type: equals, value: y}]\n", XY, choices=Choices(),
        said="rows of f.yaml: tests (by its name; not read: providers"),
    Odd("deep nesting", "f.jsonl", '{"q": "x", "a": ' + "[" * 9000 + "}\n" + jsonl({"q": "x", "a": "y"}), XY,
        ((1, "nested too deeply"),)),
    Odd("deeper than can be used", "f.jsonl", '{"q": "x", "a": ' + "[" * 60 + "]" * 60 + "}\n" + jsonl({"q": "x",
        "a": "y"}),
        XY, ((1, "a value that is neither text nor JSON"),)),
    Odd("half a character", "f.jsonl", '{"q": "\\ud800", "a": "y"}\n' + jsonl({"q": "x", "a": "y"}), XY,
        ((1, "a value that is neither text nor JSON"),)),
    Odd("no numbers", "f.jsonl", '{"q": "x", "a": NaN}\n{"q": "x", "a": {"n": 1e999}}\n' + jsonl({"q": "x",
        "a": "y"}), XY,
        ((1, "a value that"), (2, "a value that"))),
    Odd("inputs that are no text", "f.jsonl", jsonl({"q": 5, "a": "y"}, {"q": {"t": "x"}, "a": "y"}, {"q": "x",
        "a": "y"}), XY,
        ((1, "an input that is neither text nor"), (2, "an input that is neither text nor"))),
    # Outputs that are none, inputs that are none
    Odd("outputs of blanks", "f.csv", "q,a\nx,   \nx,\u200b\nx,\u00a0\nx,y\n", XY, ((2, EMPTY), (3, EMPTY), (4,
        EMPTY))),
    Odd("words for nothing", "f.csv", "q,a\nx,N/A\nx,null\nx,nan\nx,-\nx,None\nx,#REF!\nx,y\n", XY,
        tuple((n, EMPTY) for n in range(2, 8))),
    Odd("a word that is meant", "f.csv", "q,a\nx,N/A\nx,none\n", [("x", "N/A"), ("x", "none")],
        choices=Choices(QA.columns, keep=frozenset(("n/a",)))),
    Odd("empty inputs", "f.csv", "q,a\n,y\n  ,y\nx,y\n", XY, ((2, "an empty input"), (3, "an empty input"))),
    Odd("inputs for nothing", "f.csv", "q,a\nnull,y\nN/A,y\n?,y\n-,z\n", [("?", "y"), ("-", "z")],
        ((2, "an empty input"), (3, "an empty input"))),
    Odd("an input that is meant", "f.csv", "q,a\nnull,y\n", [("null", "y")],
        choices=Choices(QA.columns, keep=frozenset(("null",)))),
    Odd("a header of two lines", "f.csv", "id,q,a,\n,Response,Response,Other\n1,x,y,\n2,Response,y,\n",
        [("x", "y"), ("Response", "y")], ((2, "the second line of the header"),)),
    Odd("null", "f.jsonl", jsonl({"q": None, "a": "y"}, {"q": "x", "a": None}, {"q": "x", "a": 0}), [("x", 0)],
        ((1, "an empty input"), (2, EMPTY))),
    Odd("missing keys", "f.jsonl", jsonl({"q": "x", "a": "y"}, {"q": "x"}, {"a": "y"}), XY,
        ((2, 'no "a" in the row'), (3, 'no "q" in the row'))),
    # Excel
    Odd("formulas without values", "f.xlsx", sheets(S=[["q", "a"], ["x", "y"], ["x", '=A2&"z"'], ["=A1", "y"]]), XY,
        ((3, "a formula without a computed value"), (4, "a formula without a computed value"))),
    Odd("two sheets", "f.xlsx", sheets(May=[["q", "a"], ["x", "y"]], June=[["q", "a"], ["x", "y"]]), XY + XY,
        said="sheets of f.xlsx: May, June"),
    Odd("a sheet of notes", "f.xlsx", sheets(Notes=[["about"], ["x"]], May=[["q", "a"], ["x", "y"]]), XY,
        said="not read: Notes"),
    Odd("a sheet that was named", "f.xlsx", sheets(May=[["q", "a"], ["z", "y"]], June=[["q", "a"], ["x", "y"]]), XY,
        choices=Choices(QA.columns, sheet="June"), said="not read: May"),
    Odd("a sheet that there is not", "f.xlsx", sheets(May=[["q", "a"], ["x", "y"]]), refused='no sheet "Mai"',
        choices=Choices(QA.columns, sheet="Mai")),
    Odd("a table further down", "f.xlsx", sheets(S=[[], [], [None, "q", "a"], [None, "x", "y"], [], [None, "x",
        None]]), XY,
        ((6, EMPTY),)),
    Odd("numbers and dates", "f.xlsx", sheets(S=[["q", "a"], ["x", 7], ["x", 1.5], ["x", True]]),
        [("x", "7"), ("x", "1.5"), ("x", "TRUE")]),
    Odd("Excel called .csv", "f.csv", sheets(S=[["q", "a"], ["x", "y"]]), XY, said="xlsx"),
    Odd("macros", "f.xlsm", zipped(**{"[Content_Types]__xml": "", "xl/vbaProject__bin": "x"}), refused="holds macros"),
    Odd("what Git LFS keeps", "f.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:4d\n",
        refused="Git LFS"),
    Odd("a page of an error", "f.jsonl", "<!DOCTYPE html><title>404</title>", refused="a page of HTML"),
    Odd("old Excel", "f.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100,
        refused="an Excel file of the old format"),
    # Archives and other kinds
    Odd("gz", "f.csv.gz", gzip.compress(b"q,a\nx,y\n"), XY),
    Odd("gz of JSONL", "f.gz", gzip.compress(jsonl({"q": "x", "a": "y"}).encode()), XY),
    Odd("half a gz", "f.csv.gz", gzip.compress(many(",", 99).encode())[:60], refused="cannot be unpacked"),
    Odd("zip of one", "f.zip", zipped(rows__csv="q,a\nx,y\n"), XY),
    Odd("zip with a path out", "f.zip", zipped(**{"../../rows.csv": "q,a\nx,y\n"}), XY),
    Odd("zip of two", "f.zip", zipped(one__csv="q,a\n", two__csv="q,a\n"), refused="holds 2 files (one.csv, two.csv)"),
    Odd("half a zip", "f.zip", zipped(rows__csv="q,a\nx,y\n")[:40], refused="cannot be unpacked"),
    Odd("zip in a zip", "f.zip", zipped(f__zip=zipped(rows__csv="q,a\n")), refused="an archive in an archive"),
    Odd("a pickle", "f.pkl", b"\x80\x04\x95\x0b", refused="pickles are not read"),
    Odd("a pickle called .csv", "f.csv", b"\x80\x04\x95\x0b", refused="pickles are not read"),
    Odd("a database", "f.csv", b"SQLite format 3\0" + b"\0" * 50, refused="a SQLite database"),
    Odd("half a Parquet file", "f.parquet", b"PAR1" + b"\0" * 50, refused="cannot be read as parquet"),
    Odd("half an Arrow file", "f.arrow", b"ARROW1\0\0" + b"\0" * 50, refused="cannot be read as arrow"),
    Odd("aliases in YAML", "f.yaml", "a: &a [x]\nb: *a\n", refused="aliases"),
    Odd("objects in YAML", "f.yaml", "- !!python/object/apply:os.system [ls]\n", refused="not valid YAML"),
]  # fmt: skip


@pytest.mark.parametrize("odd", TABLE, ids=[odd.about for odd in TABLE])
def test_every_row_of_an_odd_file_is_accounted_for(odd: Odd, tmp_path: Path) -> None:
    path, account = tmp_path / odd.name, Account()
    content = odd.content.encode() if isinstance(odd.content, str) else odd.content
    path.write_bytes(content)
    if odd.refused:
        with pytest.raises(UserError) as caught:
            read_rows(path, odd.choices, account)
        assert odd.refused in str(caught.value)
        assert caught.value.hint
    else:
        rows = read_rows(path, odd.choices, account)
        assert [(row.input, row.output) for row in rows] == odd.pairs
        found = sorted((row.place.number, row.reason) for row in account.aside)
        assert [number for number, _ in found] == [number for number, _ in odd.aside]
        assert all(reason.startswith(due) for (_, reason), (_, due) in zip(found, odd.aside, strict=True)), found
        assert account.read.total() == len(rows) + len(account.aside)
        assert odd.said in "\n".join([*map(str, account.decisions), *account.remarks])
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == [odd.name]


def test_the_table_is_a_corpus() -> None:
    assert len(TABLE) >= 60
    assert len({odd.about for odd in TABLE}) == len(TABLE)


def test_a_line_without_an_end_never_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "LONGEST_LINE", 100)
    good = '{"q": "x", "a": "y"}\n'
    (tmp_path / "f.jsonl").write_text(good + '{"q": "' + "x" * 1000 + '", "a": "y"}\n' + good)
    account = Account()
    assert len(read_rows(tmp_path / "f.jsonl", QA, account)) == 2
    assert [(row.place.number, row.reason) for row in account.aside] == [(2, "a line that is too long")]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_FREE", 1 << 17)
    bomb = b"q,a\n" + b"x" * (1 << 20)
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress(bomb))
    (tmp_path / "f.zip").write_bytes(zipped(rows__csv=bomb))
    (tmp_path / "f.xlsx").write_bytes(zipped(**{"[Content_Types]__xml": "", "xl/workbook__xml": bomb}))
    for name in ("f.csv.gz", "f.zip", "f.xlsx"):
        with pytest.raises(UserError, match="unpacks to more than 200 times its size"):
            read_rows(tmp_path / name, QA, Account())


def test_what_an_archive_may_hold_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 1 << 20)
    (tmp_path / "f.csv.gz").write_bytes(gzip.compress(b"q,a\n" + b"x,y\n" * (1 << 18) + b"z"))
    with pytest.raises(UserError, match="holds more than 1 MiB"):
        read_rows(tmp_path / "f.csv.gz", QA, Account())


@pytest.mark.parametrize("content", ["q,a\nx,y\n1,2,3\n", 'q,a\nx,y\n"open,z\n', "q,a\nx,y\nx,N/A\n"])
def test_strict_stops_at_the_first_row_that_cannot_be_used(tmp_path: Path, content: str) -> None:
    (tmp_path / "f.csv").write_text(content)
    with pytest.raises(UserError) as caught:
        read_rows(tmp_path / "f.csv", Choices(QA.columns, strict=True), Account())
    assert caught.value.where == "f.csv, line 3"


@pytest.mark.parametrize("address", ["https://example.com/f.csv", "s3://bucket/f.csv"])
def test_a_remote_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="remote addresses are not read"):
        read_rows(Path(address), QA, Account())
