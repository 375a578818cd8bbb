"""A run folder of a few lines, for tests that want one page and one doubt: every text and number is an argument."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from goldgate.base.files import write_json
from goldgate.measures import Verdict
from goldgate.runs.attempt import LogRow
from goldgate.runs.golden import DevGateRow, GoldenRecord
from goldgate.runs.part import check_part
from goldgate.runs.record import AttemptFacts, RunRecord
from goldgate_reports.records import Attempt

TUNED = "adapter:runs/small/r1/attempts/1/adapter"
PROMPTED = "base+zero_shot"
Values = Mapping[str, Mapping[str, Sequence[float | None]]]
SCORES = ("subject", "metric", "id", "value", "lo", "hi", "better")
ANSWERS = ("subject", "id", "input", "expected", "text", "finish", "tags")


def write_small(
    folder: Path,
    scores: Values,
    *,
    texts: Mapping[str, Sequence[str | None]] | None = None,
    inputs: Sequence[str] = (),
    expected: Sequence[Any] = (),
    tags: Sequence[Sequence[str]] = (),
    ids: Sequence[str] = (),
    bounds: tuple[float, float] = (0.0, 1.0),
    run: Mapping[str, Any] | None = None,
    golden: Mapping[str, Any] | None = None,
    log: Sequence[Mapping[str, Any]] | None = None,
    gates: Sequence[Mapping[str, Any]] | None = None,
) -> Path:
    """Writes a run folder with one attempt. scores: subject → metric → values; texts: subject → answers."""
    import pandas as pd

    many = max((len(v) for metrics in scores.values() for v in metrics.values()), default=0)
    names = list(ids) or [f"e{i}" for i in range(many)]
    write_json(folder / "run.json", {**run_record(), **(run or {})})
    if golden is not None:
        # Not write_json, which refuses the NaN that some of these tests are about.
        (folder / "golden.json").write_text(json.dumps(golden), "utf-8")
    place = folder / "attempts" / "1"
    place.mkdir(parents=True, exist_ok=True)
    if log is not None:
        (place / "log.json").write_text(json.dumps(list(log)), "utf-8")
    if gates is not None:
        (place / "verdicts.json").write_text(json.dumps(list(gates)), "utf-8")
    pd.DataFrame(
        [
            (subject, metric, id_, value, *bounds, "high")
            for subject, metrics in scores.items()
            for metric, values in metrics.items()
            for id_, value in zip(names, values, strict=True)
        ],
        columns=list(SCORES),
    ).to_parquet(folder / "scores.parquet", index=False)
    said = texts if texts is not None else {subject: ["{}"] * many for subject in scores}
    pd.DataFrame(
        [
            (
                subject,
                id_,
                inputs[i] if i < len(inputs) else f"input {i}",
                json.dumps(expected[i] if i < len(expected) else {}),
                text,
                "stop",
                json.dumps(list(tags[i]) if i < len(tags) else []),
            )
            for subject, answers in said.items()
            for i, (id_, text) in enumerate(zip(names, answers, strict=True))
        ],
        columns=list(ANSWERS),
    ).to_parquet(folder / "answers.parquet", index=False)
    return folder


def run_record() -> dict[str, Any]:
    """A run.json with one attempt and nothing that is optional."""
    return {
        "task": "small",
        "id": "r1",
        "status": "passed",
        "prompted": PROMPTED,
        "best": 1,
        "attempts": [{"k": 1, "subject": TUNED}],
    }


def row(verdict: Verdict, item: str = "suites/small/test_gates.py::test_accuracy") -> dict[str, Any]:
    """A gate as golden.json and verdicts.json hold it."""
    return {"item": item, "verdict": verdict.to_json()}


def run_of(record: Mapping[str, Any]) -> RunRecord:
    """What run.json says where it holds this."""
    return check_part(RunRecord, dict(record), "run.json", "")


def golden_of(record: Mapping[str, Any] | None) -> GoldenRecord | None:
    """What golden.json says where it holds this."""
    return None if record is None else check_part(GoldenRecord, dict(record), "golden.json", "")


def attempt_of(record: Mapping[str, Any], log: Sequence[Any] = (), gates: Sequence[Any] = ()) -> Attempt:
    """An attempt of run.json with the rows of its log and of its gates on dev."""
    facts = check_part(AttemptFacts, dict(record), "run.json", "")
    rows = tuple(check_part(LogRow, row, "log.json", "") for row in log)
    return Attempt(facts, rows, tuple(check_part(DevGateRow, row, "verdicts.json", "") for row in gates))


def golden_record(*rows: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A golden.json of one look."""
    return {
        "look": {"number": 1, "level": 0.025, "name": "3f2a9c1e77b0", "spent": 0.025},
        "split": {"fingerprint": "9d" * 32, "count": 50},
        "subject": TUNED,
        "prompted": PROMPTED,
        "verdicts": list(rows),
        "measures": [],
        "differences": [],
        **more,
    }


class Outline(HTMLParser):
    """What a page is made of: its tags with the names of their attributes, in order, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []
        self.text = ""
        self._style = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "style"

    def handle_comment(self, data: str) -> None:
        self.shape.append(("!--", ()))

    def handle_data(self, data: str) -> None:
        self.text += "" if self._style else data
