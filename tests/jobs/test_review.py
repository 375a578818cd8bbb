"""`goldgate review`: questions become a table, decisions change the splits, and nothing is asked twice."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook, load_workbook

from goldgate.models import embedder
from goldgate.task.examples import read_split
from goldgate.task.project import Project
from goldgate.task.task import Task

Typed = Callable[..., tuple[int, str, str]]
THEMES = {"card": "my new card is lost", "rate": "the exchange rate is odd", "fee": "why this high fee today"}


def unlike(*of: object) -> str:
    """Letters that no other text has, so that no two texts are nearly the same."""
    return " ".join(hashlib.sha256(repr((of, n)).encode()).hexdigest()[:30] for n in range(2))


@pytest.fixture
def task(make_task: Callable[..., tuple[Project, Task]], monkeypatch: pytest.MonkeyPatch) -> Project:
    """A task of three labels with a wrong one in every split; the working folder is its project's."""

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        """Texts of one theme lie together, and none so close to another that it says the same."""
        found = []
        for text in texts:
            random = np.random.default_rng(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16))
            theme = next((i for i, said in enumerate(THEMES.values()) if said in text), 3)
            found.append(4.0 * np.eye(embedder.SIZE)[theme] + 0.1 * random.standard_normal(embedder.SIZE))
        table = np.array(found, np.float32)
        return table / np.linalg.norm(table, axis=1, keepdims=True)

    monkeypatch.setattr(embedder, "_compute", compute)
    rows = {
        name: [(f"{text} {unlike(name, i, label)}", label) for label, text in THEMES.items() for i in range(12)]
        for name in ("train", "dev", "golden")
    }
    for name, found in rows.items():
        found.append((f"=my new card is lost too {unlike(name, 99, 'fee')}", "fee"))
    project, _ = make_task({"kind": "label", "labels": sorted(THEMES)}, None, "bank", **rows)
    monkeypatch.chdir(project.root)
    return project


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    head, *rows = load_workbook(path).active.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def decide(path: Path, rows: Sequence[dict[str, Any]], **cells: str) -> Path:
    """Saves a table whose wrong example is decided on so, with blank rows, as a German Excel would."""
    for row in rows:
        if "too" in row["input"]:
            row |= cells
    if path.suffix == ".xlsx":
        book = Workbook()
        for row in [list(rows[0]), *(list(row.values()) for row in reversed(rows))]:
            book.active.append(row)
        book.save(path)
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(reversed(list(rows[0]))), delimiter=";")
            writer.writeheader()
            writer.writerows(reversed(rows))
            file.write("\r\n\r\n")
    return path


def labels(project: Project, split: str) -> list[Any]:
    return [e.output for e in read_split(project.golden("bank"), split) if "too" in e.text]


@pytest.mark.parametrize("name", ["review.csv", "review.xlsx"])
def test_a_decision_changes_its_example_and_is_not_asked_again(typed: Typed, task: Project, name: str) -> None:
    status, out, err = typed("review", "bank", "--to", name)
    assert status == 0, err
    assert "golden: " in out
    rows = table(task.root / name)
    assert {row["split"] for row in rows} == {"train", "dev"}
    assert not [row for row in rows if row["input"].startswith("=")]
    decide(task.root / name, rows, decision="Change", new_output="card", note="a lost card")
    status, out, err = typed("review", "bank", "--apply", name, "--reviewer", "Ann")
    assert status == 0, err
    assert (labels(task, "train"), labels(task, "dev"), labels(task, "golden")) == (["card"], ["card"], ["fee"])
    trail = json.loads((task.golden("bank") / "card.json").read_text())["review"]
    told = {(row["decision"], row["before"], row["after"], row["by"], row["note"]) for row in trail}
    assert told == {("change", "fee", "card", "Ann", "a lost card")}
    assert f"carried out: {len(trail)} change" in out
    assert typed("prepare", "bank")[0] == 0
    assert json.loads((task.golden("bank") / "card.json").read_text())["review"] == trail
    status, out, _ = typed("review", "bank", "--apply", name)
    assert "carried out: nothing new" in out
    assert f"{len(trail)} of the table had been carried out before" in out


@pytest.mark.parametrize(
    ("decision", "new", "left", "accept"),
    [("keep", "", ["fee"], []), ("accept", "card", ["fee"], ["card"]), ("drop", "", [], [])],
)
def test_what_is_kept_accepted_or_dropped(
    typed: Typed, task: Project, decision: str, new: str, left: list[str], accept: list[str]
) -> None:
    typed("review", "bank", "--to", "r.csv")
    decide(task.root / "r.csv", table(task.root / "r.csv"), decision=decision, new_output=new)
    status, _, err = typed("review", "bank", "--apply", "r.csv")
    assert status == 0, err
    assert labels(task, "train") == left
    found = [e for e in read_split(task.golden("bank"), "train") if "too" in e.text]
    assert [list(e.accept) for e in found] == ([accept] if left else [])
    typed("review", "bank", "--to", "again.csv")
    again = table(task.root / "again.csv") if (task.root / "again.csv").exists() else []
    assert not [row for row in again if "too" in row["input"]]


def test_golden_is_asked_about_on_request_and_its_looks_go_on_counting(typed: Typed, task: Project) -> None:
    assert typed("review", "bank", "--to", "g.csv", "--golden")[0] == 0
    rows = table(task.root / "g.csv")
    assert rows[0]["split"] == "golden"
    decide(task.root / "g.csv", [row for row in rows if row["split"] == "golden"], decision="change", new_output="card")
    status, out, err = typed("review", "bank", "--apply", "g.csv")
    assert status == 0, err
    assert labels(task, "golden") == ["card"]
    assert "golden is another split now" in out


def test_all_faults_are_told_at_once_and_nothing_changes(typed: Typed, task: Project) -> None:
    typed("review", "bank", "--to", "r.csv")
    first = table(task.root / "r.csv")[0]
    rows = [first, *({**first, "key": f"q-{i}"} for i in range(3))]
    rows[0] |= {"decision": "change", "new_output": "kard"}
    rows[1] |= {"decision": "perhaps"}
    rows[2] |= {"decision": "change"}
    rows[3] |= {"new_output": "fee"}
    decide(task.root / "bad.csv", rows)
    before = (task.golden("bank") / "train.jsonl").read_bytes()
    status, _, err = typed("review", "bank", "--apply", "bad.csv")
    assert status == 2
    for words in ('unknown decision "perhaps"', "change needs a new_output", "has a new output and no decision"):
        assert words in err
    decide(task.root / "worse.csv", [rows[0], {**rows[0], "key": "q-0", "new_output": "card"}])
    status, _, err = typed("review", "bank", "--apply", "worse.csv")
    assert status == 2
    assert '"kard" is none of the labels' in err
    assert "nothing is asked about q-0" in err
    assert (task.golden("bank") / "train.jsonl").read_bytes() == before


def test_a_table_with_decisions_is_never_written_over(typed: Typed, task: Project) -> None:
    typed("review", "bank", "--to", "r.csv")
    status, _, err = typed("review", "bank", "--to", "r.csv")
    assert status == 2
    assert "decisions in it would be lost" in err
    assert "give either --to FILE or --apply FILE" in typed("review", "bank")[2]


def test_a_sealed_golden_is_not_shown(typed: Typed, task: Project) -> None:
    path = task.suite("bank") / "task.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text()), "golden": "sealed"}))
    status, _, err = typed("review", "bank", "--to", "r.csv", "--golden")
    assert status == 2
    assert "golden is sealed" in err
    assert not (task.root / "r.csv").exists()


def contradict(task: Project, *outputs: str) -> None:
    """Enters rows of one input as set aside, as `init` does."""
    rows = (
        {
            "file": "f.csv",
            "line": n,
            "reason": "contradiction",
            "raw": {"input": "is the rate lost too", "output": output},
        }
        for n, output in enumerate(outputs, 2)
    )
    (task.golden("bank") / "rejects.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_contradiction_that_is_settled_becomes_an_example(typed: Typed, task: Project) -> None:
    contradict(task, "rate", "card", "rate")
    assert "  1 contradiction" in typed("review", "bank", "--to", "r.csv")[1]
    rows = [row for row in table(task.root / "r.csv") if row["kind"] == "contradiction"]
    assert (rows[0]["output"], rows[0]["reason"]) == (
        "rate | card",
        "3 rows contradict each other: f.csv, line 2; f.csv, line 3; f.csv, line 4",
    )
    decide(task.root / "k.csv", [dict(row) for row in rows], decision="keep")
    assert "does not say which output is right" in typed("review", "bank", "--apply", "k.csv")[2]
    decide(task.root / "c.csv", rows, decision="change", new_output="rate")
    status, out, err = typed("review", "bank", "--apply", "c.csv")
    assert status == 0, err
    assert "1 rows whose contradiction is settled were added" in out
    found = [e for name in ("train", "dev") for e in read_split(task.golden("bank"), name) if "rate lost" in e.text]
    assert [e.output for e in found] == ["rate"]
    assert "contradiction" not in typed("review", "bank", "--to", "again.csv")[1]


def test_two_decisions_on_one_example_must_agree(typed: Typed, task: Project) -> None:
    typed("review", "bank", "--to", "r.csv", "--all")
    one = next(row for row in table(task.root / "r.csv") if "too" in row["input"])
    with (task.golden("bank") / "card.json").open() as file:
        assert "review" not in json.load(file)
    decide(task.root / "two.csv", [{**one, "decision": "drop"}, {**one, "decision": "keep"}])
    status, _, err = typed("review", "bank", "--apply", "two.csv")
    assert (status, "is decided on at" in err) == (2, True)


def test_the_page_asks_the_same_and_lets_in_nothing_but_its_own_script(typed: Typed, task: Project) -> None:
    contradict(task, "rate", "card")
    hostile = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\u202e"
    path = task.golden("bank") / "rejects.jsonl"
    path.write_text(path.read_text().replace("is the rate lost too", hostile.encode("unicode_escape").decode()))
    status, out, err = typed("review", "bank", "--to", "review.html")
    assert status == 0, err
    assert "goldgate review bank --apply bank-decisions.csv" in out
    page = (task.root / "review.html").read_text()
    assert typed("review", "bank", "--to", "review.csv")[0] == 0
    assert set(re.findall(r'<article class="question" id="([^"]+)"', page)) == {
        row["key"] for row in table(task.root / "review.csv")
    }
    assert page.count("<script") == 1
    assert "<img" not in page
    assert "⟨U+202E⟩" in page
    script = page.partition("<script>")[2].partition("</script>")[0]
    told = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{told}'" in html.unescape(page)
    assert "default-src 'none'" in html.unescape(page)
    asked = [part for part in page.split("<article")[1:] if 'data-kind="contradiction"' in part]
    assert [re.findall(r'value="(\w+)"', part) for part in asked] == [["change", "drop"]]
    assert "<option>card</option>" in page


def test_decisions_as_the_page_saves_them_are_carried_out(typed: Typed, task: Project) -> None:
    assert typed("review", "bank", "--to", "review.csv")[0] == 0
    row = next(row for row in table(task.root / "review.csv") if "too" in row["input"] and row["split"] == "train")
    cells = [row["key"], row["kind"], row["split"], row["id"], "change", "card", ' "lost", not a fee\r\n']
    head = ["key", "kind", "split", "id", "decision", "new_output", "note"]
    lines = [",".join(head), ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)]
    (task.root / "bank-decisions.csv").write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    status, _, err = typed("review", "bank", "--apply", "bank-decisions.csv", "--reviewer", "Ann")
    assert status == 0, err
    assert labels(task, "train") == ["card"]


def test_a_page_is_written_over_as_little_as_a_table(typed: Typed, task: Project) -> None:
    assert typed("review", "bank", "--to", "r.html")[0] == 0
    assert "decisions in it would be lost" in typed("review", "bank", "--to", "r.html")[2]
    assert "is none of .xlsx, .csv, .html" in typed("review", "bank", "--to", "r.pdf")[2]


def relabel(task: Project, split: str, count: int, label: str) -> None:
    """Gives some examples of a split a label of their own, and the task that label."""
    path = task.golden("bank") / f"{split}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in [row for row in rows if row["output"] == "card"][:count]:
        row["output"] = label
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    yaml = task.suite("bank") / "task.yaml"
    settings = json.loads(yaml.read_text())
    yaml.write_text(json.dumps({**settings, "labels": sorted({*settings["labels"], label})}))


@pytest.mark.parametrize(
    ("decision", "new", "found"),
    [("change", "card", '"Card": "card"'), ("change", "Card", '"card": "Card"'), ("keep", "", '- ["Card", "card"]')],
)
def test_labels_that_look_alike_are_asked_about_and_settled_in_labels_yaml(
    typed: Typed, task: Project, decision: str, new: str, found: str
) -> None:
    relabel(task, "train", 2, "Card")
    assert typed("prepare", "bank")[0] == 0
    mine = '# mine\nmerge:\n  # "x": y\nmissing: []\n'
    (task.golden("bank") / "labels.yaml").write_text(mine)
    assert "  1 look-alike labels" in typed("review", "bank", "--to", "r.csv", "--all")[1]
    (row,) = [row for row in table(task.root / "r.csv") if row["kind"] == "look-alike labels"]
    assert row["output"] == "Card | card"
    decide(task.root / "d.csv", [{**row, "input": "too", "decision": decision, "new_output": new}])
    decide(task.root / "bad.csv", [{**row, "input": "too", "decision": "change", "new_output": "rate"}])
    assert '"rate" is neither of the two' in typed("review", "bank", "--apply", "bad.csv")[2]
    decide(task.root / "drop.csv", [{**row, "input": "too", "decision": "drop", "new_output": ""}])
    assert "keep: they are two labels" in typed("review", "bank", "--apply", "drop.csv")[2]
    assert (task.golden("bank") / "labels.yaml").read_text() == mine
    status, _, err = typed("review", "bank", "--apply", "d.csv")
    assert status == 0, err
    text = (task.golden("bank") / "labels.yaml").read_text()
    assert found in text
    assert text.startswith("# mine\n")
    assert "look-alike" not in typed("review", "bank", "--to", "again.csv", "--all")[1]
    assert typed("prepare", "bank", "--clean")[0] == 0
    left = {e.output for e in read_split(task.golden("bank"), "train")}
    assert ("Card" in left, "card" in left) == {"card": (False, True), "Card": (True, False), "": (True, True)}[new]


def test_a_value_that_is_no_label_is_named_missing(typed: Typed, task: Project) -> None:
    relabel(task, "train", 2, "unknown")
    assert typed("prepare", "bank")[0] == 0
    assert typed("review", "bank", "--to", "r.csv", "--all")[0] == 0
    (row,) = [row for row in table(task.root / "r.csv") if row["kind"] == "look-alike labels"]
    assert row["output"] == "unknown"
    decide(task.root / "d.csv", [{**row, "input": "too", "decision": "drop"}])
    status, _, err = typed("review", "bank", "--apply", "d.csv")
    assert status == 0, err
    assert '- "unknown"' in (task.golden("bank") / "labels.yaml").read_text()


def test_a_labels_yaml_that_lines_cannot_be_added_to_stays_as_it_is(typed: Typed, task: Project) -> None:
    relabel(task, "train", 2, "Card")
    assert typed("prepare", "bank")[0] == 0
    mine = "merge: {x: y}\n"
    (task.golden("bank") / "labels.yaml").write_text(mine)
    assert typed("review", "bank", "--to", "r.csv", "--all")[0] == 0
    (row,) = [row for row in table(task.root / "r.csv") if row["kind"] == "look-alike labels"]
    decide(task.root / "d.csv", [{**row, "input": "too", "decision": "change", "new_output": "card"}])
    status, _, err = typed("review", "bank", "--apply", "d.csv")
    assert status == 2
    assert 'merge: "Card": "card"' in err
    assert (task.golden("bank") / "labels.yaml").read_text() == mine
