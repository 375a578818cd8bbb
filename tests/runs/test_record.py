"""The run record: records of the first version load, what is wrong in one is named, and parts are written whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.measures import Measure, Recording, invalid, recording
from goldgate.runs.attempt import AttemptLook, DevFacts, LogRow
from goldgate.runs.folder import Run
from goldgate.runs.golden import DevGateRow, GateRow, GoldenRecord, LookRecord, read_verdict
from goldgate.runs.part import VERSION, check_part, needed, read_part, read_parts
from goldgate.runs.record import LatencyFacts, Opened, RunRecord, Surroundings
from goldgate.runs.schema import run_folder_schema, schema_text
from goldgate_reports import load_run

DATA = Path(__file__).parent / "data" / "version_1"
KEPT = sorted(p.name for p in DATA.iterdir())
PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "run-record.schema.json"
MODELS = {
    "run.json": RunRecord,
    "golden.json": GoldenRecord,
    "look.json": LookRecord,
    "dev.json": DevFacts,
    "attempts look.json": AttemptLook,
}


def objects(run: str) -> list[tuple[str, Path]]:
    """Every file of a kept run that holds one object, by the name that its model goes by."""
    inner = [(f"attempts {p.name}" if p.name == "look.json" else p.name, p) for p in (DATA / run).glob("attempts/*/*")]
    return [(n, p) for n, p in [*((p.name, p) for p in (DATA / run).glob("*.json")), *inner] if n in MODELS]


@pytest.mark.parametrize("run", KEPT)
def test_records_written_before_there_was_a_version_load_and_keep_every_key(run: str) -> None:
    assert {name for name, _ in objects(run)} >= {"run.json", "dev.json"}
    for name, path in objects(run):
        raw = json.loads(path.read_text("utf-8"))
        assert "version" not in raw
        assert read_part(MODELS[name], path, "").to_json() == raw, path
    for attempt in (DATA / run / "attempts").iterdir():
        log, gates = attempt / "log.json", attempt / "verdicts.json"
        assert [row.to_json() for row in read_parts(LogRow, log, "")] == json.loads(log.read_text("utf-8"))
        assert [row.to_json() for row in read_parts(DevGateRow, gates, "")] == json.loads(gates.read_text("utf-8"))


@pytest.mark.parametrize("run", KEPT)
def test_the_report_of_a_record_without_a_version_can_be_written(run: str) -> None:
    view = load_run(DATA / run)
    assert view.task == "counts"
    assert view.gates
    assert view.headline.tone == ("ship" if run in ("passed", "sealed", "seeds", "incumbent") else view.headline.tone)


@pytest.mark.parametrize("run", KEPT)
def test_the_published_schema_holds_for_the_kept_records(run: str) -> None:
    schema = json.loads(PUBLISHED.read_text("utf-8"))
    kinds = {path.replace("attempts/<k>/", ""): kind for path, kind in schema["x-files"].items() if "look" not in path}
    kinds["look.json"], kinds["attempts look.json"] = (
        schema["x-files"][name] for name in ("look.json", "attempts/<k>/look.json")
    )
    for name, path in objects(run):
        jsonschema.validate(json.loads(path.read_text("utf-8")), {**kinds[name], "$defs": schema["$defs"]})
    for attempt in (DATA / run / "attempts").iterdir():
        for name in ("log.json", "verdicts.json"):
            value = json.loads((attempt / name).read_text("utf-8"))
            jsonschema.validate(value, {**kinds[name], "$defs": schema["$defs"]})


def test_the_published_schema_is_that_of_the_models() -> None:
    said = "write it again: python -m goldgate.runs.schema > docs/reference/run-record.schema.json"
    assert PUBLISHED.read_text("utf-8") == schema_text(), said


def test_the_schema_refuses_what_the_models_refuse() -> None:
    check = jsonschema.Draft202012Validator(run_folder_schema())
    assert check.is_valid({"task": "t", "status": "running"})
    for wrong in ({"statsu": "running"}, {"status": "done"}, {"attempts": [{}]}, {"seed": "0"}):
        assert not check.is_valid(wrong)


def test_a_record_of_a_newer_version_names_the_file_and_the_version(tmp_path: Path) -> None:
    run = Run(tmp_path / "r1")
    run.update(Opened(task="t"))
    run.path.write_text(json.dumps({"version": VERSION + 1, "task": "t", "of the future": 1}))
    with pytest.raises(UserError) as error:
        run.read()
    assert error.value.where == f'{run.path}, field "version"'
    assert f"version {VERSION + 1}" in error.value.what
    assert "upgrade" in error.value.hint
    with pytest.raises(UserError, match="newer Goldgate"):
        run.update(Opened(status="passed"))
    assert json.loads(run.path.read_text())["version"] == VERSION + 1, "and nothing of it is written over"


@pytest.mark.parametrize("version", ["1", 0, True, 1.5, None, []])
def test_a_version_is_a_whole_number(version: Any) -> None:
    with pytest.raises(UserError, match=r'run\.json, field "version"'):
        check_part(RunRecord, {"version": version}, "run.json", "start a new run")


@pytest.mark.parametrize(
    ("record", "field", "what"),
    [
        ({"statsu": "passed"}, "statsu", 'unknown key "statsu"'),
        ({"attempts": [{"k": 1, "chanse": 0.5}]}, "attempts.chanse", 'unknown key "chanse"'),
        ({"attempts": [{}]}, "attempts.k", '"k" is missing'),
        ({"attempts": {}}, "attempts", "must be a list of objects"),
        ({"seconds": "long"}, "seconds", "must be a valid number, not 'long'"),
        ({"latency": {"base": {"n": 1.5}}}, "latency.base.n", "must be a valid integer, not 1.5"),
        ({"status": "done"}, "status", "must be 'running', 'passed' or 'failed', not 'done'"),
        ({"best": "1"}, "best", "must be a valid integer, not '1'"),
    ],
)
def test_a_fault_is_named_by_file_and_field_with_what_to_do(record: dict[str, Any], field: str, what: str) -> None:
    with pytest.raises(UserError) as error:
        check_part(RunRecord, record, "r1/run.json", "start a new run")
    assert error.value.where == f'r1/run.json, field "{field}"'
    assert error.value.what == what
    assert error.value.hint


@pytest.mark.parametrize(
    ("record", "near"), [({"statsu": 1}, "status"), ({"attempts": [{"k": 1, "chanse": 1}]}, "chance")]
)
def test_an_unknown_key_gets_the_nearest_one(record: dict[str, Any], near: str) -> None:
    with pytest.raises(UserError, match=f'did you mean "{near}"'):
        check_part(RunRecord, record, "run.json", "")


@pytest.mark.parametrize("value", [None, 3, "x", []])
def test_a_file_that_holds_no_object_is_named(tmp_path: Path, value: Any) -> None:
    (tmp_path / "run.json").write_text(json.dumps(value))
    with pytest.raises(UserError, match=r"run\.json: must be an object"):
        Run(tmp_path).read()


@given(st.one_of(st.floats(), st.integers(-(10**9), 10**9), st.none()))
def test_a_number_is_finite_or_was_not_recorded(value: float | None) -> None:
    found = check_part(LatencyFacts, {"p50": value}, "run.json", "").p50
    if value is None or value != value or abs(value) == float("inf"):
        assert found is None
    else:
        assert found == value


@given(st.one_of(st.booleans(), st.text(max_size=3), st.lists(st.integers(), max_size=2)))
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(UserError, match='field "p50"'):
        check_part(LatencyFacts, {"p50": value}, "run.json", "")


def test_a_null_list_or_object_was_not_recorded() -> None:
    made = check_part(RunRecord, {"steps": None, "latency": None, "attempts": None, "git": None}, "run.json", "")
    assert (made.steps, made.latency, made.attempts, made.git) == ((), {}, None, None)


def test_parts_add_up_on_disk_and_a_null_stays_a_null(tmp_path: Path) -> None:
    run = Run(tmp_path / "r1")
    run.update(Opened(task="t", id="r1", key="k", status="running"))
    run.update(Surroundings(versions={"python": "3.11"}, git=None))
    run.update(Opened(status="passed"))
    assert json.loads(run.path.read_text()) == {
        "version": VERSION,
        "task": "t",
        "id": "r1",
        "key": "k",
        "status": "passed",
        "versions": {"python": "3.11"},
        "git": None,
    }


def test_an_old_record_that_goes_on_keeps_what_it_says(tmp_path: Path) -> None:
    shutil.copytree(DATA / "failed", tmp_path / "r1")
    before = json.loads((tmp_path / "r1" / "run.json").read_text())
    Run(tmp_path / "r1").update(Opened(status="running"))
    after = json.loads((tmp_path / "r1" / "run.json").read_text())
    assert after == {**before, "version": VERSION, "status": "running"}


def test_a_field_that_a_reader_needs_is_asked_for_by_name() -> None:
    assert needed(0, "best", "run.json", "") == 0
    with pytest.raises(UserError, match=r'run\.json, field "best": "best" is missing\n  let it end'):
        needed(None, "best", "run.json", "let it end")


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=9), st.booleans())
def test_a_verdict_comes_back_from_the_record_as_it_was(values: list[float], sealed: bool) -> None:
    with recording(Recording(sealed=sealed)):
        verdict = Measure(values, name="m") >= 0.5
    row = GateRow(item="i", verdict=verdict, flips=0.25)
    back = check_part(GateRow, json.loads(json.dumps(row.to_json())), "golden.json", "")
    assert back.verdict.to_json() == verdict.to_json()
    assert (back.item, back.flips) == ("i", 0.25)


@pytest.mark.parametrize("key", ["outcome", "gate", "metric", "op", "threshold", "n", "level", "bounds", "message"])
def test_a_verdict_lacks_nothing(key: str) -> None:
    raw = invalid("gate", "why").to_json()
    del raw[key]
    with pytest.raises(ValueError, match=r"missing|unknown outcome"):
        read_verdict(raw)


def test_what_dev_says_of_an_attempt_has_a_field_in_its_record() -> None:
    from dataclasses import fields

    from goldgate_trainers import DevResult

    assert {f.name for f in fields(DevResult)} <= set(DevFacts.model_fields)
