"""`goldgate init`: from a file of examples to a suite and clean splits."""

import json
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.data.account import Account, Refused
from goldgate.data.check import check_leaks, check_task_data
from goldgate.data.cleaning.clean import clean_rows
from goldgate.data.decide import Wishes, decide
from goldgate.data.infer import infer_schema
from goldgate.data.mask import masked
from goldgate.data.placed import rows_of
from goldgate.data.row import Place, Row
from goldgate.data.scaffold import Request, init_task
from goldgate.data.sources import Choices, read_rows
from goldgate.data.split import Sizes
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import load_task


def _jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(r) for r in rows))
    return path


def _request(source: Path, golden: Path | None = None, task: str = "mine") -> Request:
    return Request(task, source, golden, QA, Wishes(), None, Sizes(None, 60, 80), seed=1)


QA = Choices((("input", "q"), ("output", "a")))
ANIMALS = ["cat", "dog", "bird", "fish", "cow"]
WORDS = [
    f"{a} {b} {c}"
    for a in ["red", "blue", "green", "old", "new", "big"]
    for b in ANIMALS
    for c in ["runs", "sleeps", "eats", "sings", "jumps", "swims", "flies", "hides"]
]


def _labelled(path: Path) -> Path:
    return _jsonl(path, [{"q": w, "a": w.split()[1]} for w in WORDS])


def test_a_labelled_file_becomes_a_task_whose_data_passes_its_own_check(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "cache")
    made = init_task(project, _request(_labelled(tmp_path / "f.jsonl")))
    assert made.kind == "label"
    task = load_task(project, "mine")
    assert task.labels == ("bird", "cat", "cow", "dog", "fish")
    quality = check_task_data(project, task)
    assert {n: len(s) for n, s in quality.splits.items()} == {n: len(s) for n, s in made.splits.items()}
    for split in quality.splits.values():
        assert {e.output for e in split} == set(task.labels)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    source = _labelled(tmp_path / "f.jsonl")
    for name in ("one", "two"):
        init_task(Project(tmp_path / name, tmp_path), _request(source))
    for file in ("train.jsonl", "dev.jsonl", "golden.jsonl", "card.json"):
        one, two = ((tmp_path / n / "golden" / "mine" / file).read_bytes() for n in ("one", "two"))
        assert one == two


def test_rows_of_the_golden_file_never_reach_train_or_dev(tmp_path: Path) -> None:
    source = _labelled(tmp_path / "f.jsonl")
    golden = _jsonl(tmp_path / "g.jsonl", [{"q": f"  {w.upper()} ", "a": w.split()[1]} for w in WORDS[:60]])
    made = init_task(Project(tmp_path, tmp_path / "c"), _request(source, golden))
    seen = {masked(e.text) for name in ("train", "dev") for e in made.splits[name]}
    assert not seen & {masked(w) for w in WORDS[:60]}
    assert made.account.reasons()["in golden"] == 60
    assert made.account.open == 0


def test_nothing_is_left_behind_where_the_data_is_no_good(tmp_path: Path) -> None:
    few = _jsonl(tmp_path / "f.jsonl", [{"q": w, "a": "x"} for w in WORDS[:20]])
    with pytest.raises(Refused, match="a split needs at least 30") as caught:
        init_task(Project(tmp_path, tmp_path / "c"), _request(few))
    account = caught.value.account
    assert account.read.total() == 20 == account.open + len(account.aside) + len(account.merged)
    assert [p.name for p in tmp_path.iterdir()] == ["f.jsonl"]


def test_a_task_that_is_there_already_is_not_overwritten(tmp_path: Path) -> None:
    source, project = _labelled(tmp_path / "f.jsonl"), Project(tmp_path, tmp_path / "c")
    init_task(project, _request(source))
    with pytest.raises(UserError, match="already exists"):
        init_task(project, _request(source))


def test_the_inferred_schema_fits_every_output() -> None:
    import jsonschema

    outputs = [{"intent": "a", "slots": {"x": "1"}}, {"intent": "b", "slots": {"x": ["1", "2"], "y": None}}] * 30
    schema = infer_schema(outputs).schema
    for output in outputs:
        jsonschema.validate(output, schema)
    assert schema["properties"]["intent"]["enum"] == ["a", "b"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"intent": "c", "slots": {}}, schema)


def test_the_kind_follows_the_outputs() -> None:
    assert _kind(["a", "b"] * 10) == "label"
    assert _kind([f"text {i}" for i in range(50)]) == "text"
    assert _kind([{"a": 1}]) == "json"


def _kind(outputs: list[object]) -> str:
    rows = [Row("x", output, Place("f", i)) for i, output in enumerate(outputs)]
    return decide(rows, None, Wishes(), Account()).kind


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.csv", b"q,b\n1,2\n", r'f.csv: no column "a"\n  known: b, q'),
        ("f.csv", b"x,b\n1,2\n", r'2 faults\n  f.csv: no column "q"\n    known: b, x\n  f.csv: no column "a"'),
        ("f.csv", b"q,a\n", "no rows"),
        ("f.json", b'[{"q": "x", "a": 1},\n{"q": ', "f.json, line 2: not valid JSON"),
        ("f.txt", b"x", 'cannot read ".txt" files'),
        ("f.parquet", b"x", "cannot be read as parquet"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_rows(path, QA, Account())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_rows(tmp_path / "nowhere.csv", QA, Account())


def test_an_example_that_differs_in_numbers_alone_is_a_leak() -> None:
    train = Split("train", (Example("t", "Invoice 17 of 3.4.2024", "x"),))
    with pytest.raises(UserError, match="golden example g is also in train"):
        check_leaks({"train": train, "golden": Split("golden", (Example("g", "invoice 99 of 12.11.2023", "y"),))})
    check_leaks({"train": train, "golden": Split("golden", (Example("g", "bill 99", "y"),))})


def test_labels_that_differ_in_blanks_and_composition_alone_are_one(tmp_path: Path) -> None:
    forms = {"cat": ("cat", "cat ", " cat"), "dog": ("d\u00f6g", "do\u0308g", "do\u0308g\u00a0")}
    rows: list[dict[str, object]] = [
        {"q": w, "a": forms.get(w.split()[1], (w.split()[1],) * 3)[i % 3]} for i, w in enumerate(WORDS)
    ]
    project = Project(tmp_path, tmp_path / "cache")
    made = init_task(project, _request(_jsonl(tmp_path / "f.jsonl", rows)))
    assert made.kind == "label"
    assert load_task(project, "mine").labels == ("bird", "cat", "cow", "d\u00f6g", "fish")
    assert {e.output for split in made.splits.values() for e in split} == {"bird", "cat", "cow", "d\u00f6g", "fish"}


def test_columns_whose_values_golden_shares_are_kept_and_named(tmp_path: Path) -> None:
    rows = [
        {"q": w, "a": w.split()[1], "customer": f"c{i % 9}", "ticket": f"t{i}", "note": "x" * 90}
        for i, w in enumerate(WORDS)
    ]
    project = Project(tmp_path, tmp_path / "cache")
    made = init_task(project, _request(_jsonl(tmp_path / "f.jsonl", rows)))
    assert {frozenset(e.meta) for split in made.splits.values() for e in split} == {frozenset({"customer", "from"})}
    said = "\n".join(made.account.remarks)
    assert "customer: 9 values in golden: no answers show whether they matter" in said
    assert "strata: [customer]" in said
    assert not any("ticket" in remark for remark in made.account.remarks if "not used" not in remark)
    assert "f.jsonl: columns not used: customer, ticket, note" in said


def test_what_init_has_cleaned_is_clean(tmp_path: Path) -> None:
    keys = ("intent", "city", "time", "room", "name")
    rows: list[dict[str, object]] = [
        {"q": w, "a": dict.fromkeys((*keys[i % 5 :], *keys[: i % 5])[: 2 + i % 3], w)} for i, w in enumerate(WORDS)
    ]
    project = Project(tmp_path, tmp_path / "cache")
    made = init_task(project, _request(_jsonl(tmp_path / "f.jsonl", rows)))
    task = load_task(project, "mine")
    found = clean_rows([r for s in made.splits.values() for r in rows_of(task.data, s)], "json", task.schema)
    assert found.changes == []
