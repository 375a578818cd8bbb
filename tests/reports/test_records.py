"""Reading a run folder: optional entries, their types, and a fault that names file and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate_reports.records import read_records

from .small import PROMPTED, TUNED, golden_record, write_small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scores: dict[str, dict[str, list[float | None]]] = {
        TUNED: {"exact_match": [1.0, None]},
        PROMPTED: {"exact_match": [0.0, 0.5]},
    }
    texts = {TUNED: ["{}", None], PROMPTED: ["{}", "x"]}
    return write_small(tmp_path / "run", scores, texts=texts, tags=[["a"], []], golden=golden_record())


def test_a_missing_answer_is_none_and_not_nan(folder: Path) -> None:
    found = read_records(folder)
    assert found.scores[TUNED]["exact_match"].values == {"e0": 1.0, "e1": None}
    assert found.answers[TUNED]["e1"].text is None
    assert found.answers[PROMPTED]["e1"].text == "x"


def test_columns_carry_their_bounds_and_what_is_better(folder: Path) -> None:
    column = read_records(folder).scores[TUNED]["exact_match"]
    assert (column.bounds, column.better) == ((0.0, 1.0), "high")


def test_tags_are_those_of_the_examples_whoever_answered(folder: Path) -> None:
    assert read_records(folder).tags == {"e0": ("a",), "e1": ()}


def test_a_folder_that_is_no_run_is_said_to_be_none(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match="this is not a run folder"):
            read_records(place)


def test_without_golden_json_there_was_no_look(folder: Path) -> None:
    assert read_records(folder).golden is not None
    (folder / "golden.json").unlink()
    assert read_records(folder).golden is None


@pytest.mark.parametrize(
    ("chosen", "attempts", "best"), [(2, [1, 2, 3], 2), (None, [1, 2, 3], 3), (9, [1, 2], 2), (1, [], None)]
)
def test_the_best_attempt_is_the_chosen_one_or_else_the_last(
    folder: Path, chosen: Any, attempts: list[int], best: int | None
) -> None:
    record = json.loads((folder / "run.json").read_text())
    record |= {"best": chosen, "attempts": [{"k": k} for k in attempts]}
    (folder / "run.json").write_text(json.dumps(record))
    found = read_records(folder).best
    assert (found.number if found else None) == best


def test_an_attempt_without_a_subject_is_called_by_its_number(folder: Path) -> None:
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "attempts": [{"k": 7}]}))
    assert read_records(folder).attempts[0].subject == "attempt 7"


@pytest.mark.parametrize("number", [None, "1", 1.0, True, [1]])
def test_an_attempts_number_is_a_whole_number(folder: Path, number: Any) -> None:
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "attempts": [{"k": number}]}))
    with pytest.raises(UserError, match=r'run\.json, field "attempts\.k"'):
        read_records(folder)


def test_an_attempt_that_was_cut_off_has_neither_log_nor_gates(folder: Path) -> None:
    attempt = read_records(folder).attempts[0]
    assert (attempt.log, attempt.gates) == ((), ())


@pytest.mark.parametrize("name", ["log.json", "verdicts.json"])
@pytest.mark.parametrize("text", ["{}", "3", '["a"]', "null", '[{"step": 1}, 2]'])
def test_a_log_that_is_no_list_of_rows_is_named(folder: Path, name: str, text: str) -> None:
    (folder / "attempts" / "1" / name).write_text(text)
    with pytest.raises(UserError, match=name.replace(".", r"\.")):
        read_records(folder)


@pytest.mark.parametrize("tags", ["not json", "3", "null", None])
def test_tags_that_are_no_list_name_the_example(folder: Path, tags: str | None) -> None:
    import pandas as pd

    path = folder / "answers.parquet"
    frame = pd.read_parquet(path)
    frame.loc[frame.id == "e1", "tags"] = tags
    frame.to_parquet(path)
    with pytest.raises(UserError, match=r'answers\.parquet, id "e1", column "tags"'):
        read_records(folder)


@pytest.mark.parametrize("column", ["subject", "id", "input", "expected", "text", "finish", "tags"])
def test_every_column_of_the_answers_is_needed_and_named(folder: Path, column: str) -> None:
    import pandas as pd

    path = folder / "answers.parquet"
    pd.read_parquet(path).drop(columns=column).to_parquet(path)
    with pytest.raises(UserError, match=rf'answers\.parquet: the column "{column}" is missing'):
        read_records(folder)


def test_columns_that_nobody_asked_for_do_no_harm(folder: Path) -> None:
    import pandas as pd

    before = read_records(folder)
    for name in ("scores.parquet", "answers.parquet"):
        frame = pd.read_parquet(folder / name)
        frame["note"] = "more"
        frame.to_parquet(folder / name)
    assert read_records(folder) == before


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_lines_in_the_files_changes_no_value(folder: Path, order: int) -> None:
    import pandas as pd

    before = read_records(folder)
    for name in ("scores.parquet", "answers.parquet"):
        pd.read_parquet(folder / name).iloc[::order].to_parquet(folder / name)
    after = read_records(folder)
    assert (after.scores, after.answers, after.tags) == (before.scores, before.answers, before.tags)
