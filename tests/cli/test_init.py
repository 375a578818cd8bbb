"""`goldgate init` at the command's door: every row is accounted for, every decision has its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Typed = Callable[..., tuple[int, str, str]]
INIT = ("--input", "q", "--output", "a")
WORDS = [
    f"{a} {b} {c}"
    for a in ("red", "blue", "green", "old", "new", "big", "wild", "tame")
    for b in ("cat", "dog", "bird", "fish", "cow")
    for c in ("runs", "sleeps", "eats", "sings", "jumps", "swims", "flies", "hides")
]
SUM = re.compile(r"rows: (\d+) read = (\d+) kept \+ (\d+) merged \+ (\d+) set aside(?: \+ (\d+) left undecided)?")


def rows(count: int = 240) -> list[tuple[str, str]]:
    return [(words, words.split()[1]) for words in WORDS[:count]]


def write(name: str, pairs: list[tuple[str, str]], *odd: str, delimiter: str = ",") -> Path:
    path = Path(name)
    lines = [f"q{delimiter}a", *(delimiter.join(pair) for pair in pairs), *odd]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def sums(text: str) -> list[int]:
    """The numbers of the account's sum, which must be right."""
    found = SUM.search(text)
    assert found is not None, text
    numbers = [int(number or 0) for number in found.groups()]
    assert numbers[0] == sum(numbers[1:])
    return numbers


def test_the_account_is_whole_where_the_command_succeeds(typed: Typed) -> None:
    write("f.csv", rows(), '"open,cat', "q,a", "one,N/A", "two,   ", "1,2,3", "RED CAT RUNS,cat")
    status, out, err = typed("init", "pets", "--from", "f.csv", *INIT)
    assert status == 0, err
    read, kept, merged, aside, left = sums(out)
    assert (read, merged, left) == (246, 1, 0)
    assert kept + aside == 245
    for line in (
        "1 set aside: a quote that is not closed: f.csv, line 242",
        "1 set aside: the header again: f.csv, line 243",
        "2 set aside: an empty output: f.csv, lines 244-245",
        "1 set aside: another number of cells than the header: f.csv, line 246",
        "1 merged into: same input and output: f.csv, line 2",
    ):
        assert f"  {line}\n" in out
    written = [json.loads(line) for line in Path("golden/pets/rejects.jsonl").read_text().splitlines()]
    assert len(written) == aside
    (row,) = [row for row in written if row["line"] == 244]
    assert row == {
        "file": "f.csv",
        "line": 244,
        "reason": "an empty output",
        "detail": "it is 'N/A'",
        "raw": {"q": "one", "a": "N/A"},
    }
    lines = [len(Path(f"golden/pets/{name}.jsonl").read_text().splitlines()) for name in ("train", "dev", "golden")]
    assert sum(lines) == kept


def test_the_account_is_whole_where_the_command_refuses(typed: Typed) -> None:
    write("f.csv", rows(40) * 5, "one,N/A")
    status, out, err = typed("init", "pets", "--from", "f.csv", *INIT, "--rejects", "rejects.jsonl")
    assert (status, out) == (2, "")
    read, kept, merged, aside, left = sums(err)
    assert (read, kept, merged) == (201, 0, 160)
    assert aside + left == 41
    assert "160 merged into: same input and output: f.csv, lines 42-201" in err
    assert "set aside: an empty output: f.csv, line 202" in err
    assert "\ngoldgate: only " in err
    assert err.endswith("\n  collect more examples\n")
    assert '"reason": "an empty output"' in Path("rejects.jsonl").read_text()
    assert not Path("golden").exists()


def test_every_decision_stands_in_the_card_with_its_option(typed: Typed) -> None:
    write("f.csv", rows(), delimiter=";")
    status, out, _ = typed("init", "pets", "--from", "f.csv", *INIT)
    assert status == 0
    account = json.loads(Path("golden/pets/card.json").read_text())["account"]
    decided = {d["what"]: d for d in account["decisions"]}
    assert decided["delimiter of f.csv"]["value"] == "semicolon"
    assert decided["delimiter of f.csv"]["option"] == "--delimiter"
    assert decided["kind"]["value"] == "label"
    assert {"encoding of f.csv", "columns of f.csv", "labels", "splits", "instructions"} <= decided.keys()
    for decision in account["decisions"]:
        assert decision["reason"]
        assert f"{decision['what']}: {decision['value']}" in out
    assert account["rows"]["read"] == 240
    assert typed("prepare", "pets")[0] == 0
    assert json.loads(Path("golden/pets/card.json").read_text())["account"] == account


def test_json_has_the_account_too(typed: Typed) -> None:
    write("f.csv", rows(), "one,N/A")
    status, out, _ = typed("init", "pets", "--from", "f.csv", *INIT, "--json")
    assert status == 0
    account = json.loads(out)["account"]
    assert account["rows"]["read"] == sum(account["rows"][k] for k in ("kept", "merged", "set_aside", "undecided"))
    assert account["set_aside"]["an empty output"] == 1


@pytest.mark.parametrize(
    "words", [("--map", "input=q", "output=a"), ("--map", "input=q output=a"), ("--map", "input=q", "--output", "a")]
)
def test_columns_are_mapped_in_any_of_three_ways(typed: Typed, words: tuple[str, ...]) -> None:
    write("f.csv", rows())
    status, out, err = typed("init", "pets", "--from", "f.csv", *words)
    assert status == 0, err
    assert "columns of f.csv: input = q, output = a" in out


def test_an_option_that_cuts_golden_says_so(typed: Typed) -> None:
    write("f.csv", rows(160))
    write("g.csv", rows()[160:])
    status, out, err = typed("init", "pets", "--from", "f.csv", "--golden", "g.csv", *INIT, "--golden-size", "30")
    assert status == 0, err
    assert "  size of golden: 30 (the golden file has 80 rows; --golden-size decides otherwise)\n" in out
    assert "50 set aside: beyond the size of golden: g.csv, lines " in out


def test_the_faults_of_both_files_are_told_at_once(typed: Typed) -> None:
    Path("f.csv").write_text("x,a\n1,2\n")
    Path("g.csv").write_text("q,b\n1,2\n")
    status, _, err = typed("init", "pets", "--from", "f.csv", "--golden", "g.csv", *INIT)
    assert status == 2
    assert 'f.csv: no column "q"' in err
    assert 'g.csv: no column "a"' in err


def test_files_of_one_name_in_two_folders_are_told_apart(typed: Typed) -> None:
    for folder, part in (("one", rows()[:160]), ("two", rows()[160:])):
        Path(folder).mkdir()
        write(f"{folder}/f.csv", part)
    status, out, err = typed("init", "pets", "--from", "one/f.csv", "--golden", "two/f.csv", *INIT)
    assert status == 0, err
    assert "  one/f.csv: 160 read\n  two/f.csv: 80 read\n" in out


def test_labels_kind_and_schema_are_decided_by_the_user(typed: Typed) -> None:
    write("f.csv", rows(320))
    status, out, err = typed("init", "few", "--from", "f.csv", *INIT, "--labels", "cat,dog,bird,fish")
    assert status == 0, err
    assert "64 set aside: an output that is none of the labels: f.csv, lines " in out
    status, out, err = typed("init", "free", "--from", "f.csv", *INIT, "--kind", "text")
    assert status == 0, err
    assert "kind: text (as you say; --kind decides otherwise)" in out
    Path("s.json").write_text('{"type": "string", "enum": ["cat", "dog", "bird", "fish"]}')
    status, out, err = typed("init", "set", "--from", "f.csv", *INIT, "--schema", "s.json")
    assert status == 0, err
    assert "64 set aside: an output that does not match the schema: f.csv, lines " in out
    status, _, err = typed("init", "both", "--from", "f.csv", *INIT, "--schema", "s.json", "--kind", "text")
    assert (status, "--schema does not go with kind text" in err) == (2, True)


def test_an_own_file_keeps_ids_tags_groups_and_notes(typed: Typed) -> None:
    lines = [
        {"id": f"own-{i}", "input": q, "output": a, "tags": ["even"] * (i % 2), "meta": {"by": f"p{i}"}}
        for i, (q, a) in enumerate(rows())
    ]
    Path("f.jsonl").write_text("\n".join(map(json.dumps, lines)))
    status, out, err = typed("init", "pets", "--from", "f.jsonl")
    assert status == 0, err
    assert "shape of f.jsonl: Goldgate's own format" in out
    for name in ("train", "dev", "golden"):
        for line in Path(f"golden/pets/{name}.jsonl").read_text().splitlines():
            example: dict[str, Any] = json.loads(line)
            number = int(example["id"].removeprefix("own-"))
            assert example["meta"]["by"] == f"p{number}"
            assert example.get("tags", []) == ["even"] * (number % 2)


def test_conversations_become_chat_inputs(typed: Typed) -> None:
    lines = [
        {"messages": [{"role": "system", "content": "Name the animal."}, {"role": "user", "content": q},
                      {"role": "assistant", "content": a}]}
        for q, a in rows()
    ]  # fmt: skip
    Path("f.jsonl").write_text("\n".join(map(json.dumps, lines)))
    status, out, err = typed("init", "pets", "--from", "f.jsonl", "--instructions", "Answer in one word.")
    assert status == 0, err
    assert "kind: label" in out
    assert "system prompt: stays in every input" in out
    example = json.loads(Path("golden/pets/golden.jsonl").read_text().splitlines()[0])
    assert [message["role"] for message in example["input"]] == ["system", "user"]
    assert typed("prepare", "pets")[0] == 0


def test_free_text_gets_gates_that_it_can_meet(typed: Typed) -> None:
    write("f.csv", [(q, f"The animal that you mean is called {q[::-1]}.") for q, _ in rows()])
    status, out, err = typed("init", "free", "--from", "f.csv", *INIT)
    assert status == 0, err
    gates = Path("suites/free/test_gates.py").read_text()
    assert "exact_match" not in gates
    assert "candidate.style_ok >= " in gates
    assert "candidate.similarity - prompted.similarity" in gates
    task = Path("suites/free/task.yaml").read_text()
    assert "Answer the text." not in task
    assert "max_characters" in task
    assert "instructions: a general sentence (you gave none" in out
    assert typed("prepare", "free")[0] == 0


def test_the_input_file_is_never_changed(typed: Typed) -> None:
    path = write("f.csv", rows(), "one,N/A")
    before = path.read_bytes(), path.stat().st_mtime_ns
    typed("init", "pets", "--from", "f.csv", *INIT)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_names_in_a_file_cannot_steer_the_terminal_or_break_the_card(typed: Typed) -> None:
    lines = [{"q": q, "a": a, "\x1b[2J\u202e": "x", "\ud800": "y"} for q, a in rows()]
    Path("f.jsonl").write_text("\n".join(map(json.dumps, lines)))
    status, out, err = typed("init", "pets", "--from", "f.jsonl", *INIT)
    assert status == 0, err
    assert "f.jsonl: columns not used: \\x1b[2J\\u202e, \\ud800" in out
    assert json.loads(Path("golden/pets/card.json").read_text())


@pytest.mark.parametrize("option", ["--sheet", "--delimiter", "--encoding"])
def test_an_option_that_goes_with_no_file_is_refused(typed: Typed, option: str) -> None:
    import pandas as pd

    name = "f.jsonl" if option == "--delimiter" else "f.csv" if option == "--sheet" else "f.xlsx"
    pd.DataFrame(rows(), columns=["q", "a"]).to_excel("f.xlsx", index=False)
    write("f.csv", rows())
    Path("f.jsonl").write_text("".join(json.dumps({"q": q, "a": a}) + "\n" for q, a in rows()))
    status, _, err = typed("init", "pets", "--from", name, *INIT, option, ";" if option == "--delimiter" else "utf-8")
    assert (status, f"{option}: was given, but no file that was read has one" in err) == (2, True)


def test_rejects_never_overwrite_what_is_read(typed: Typed) -> None:
    path = write("f.csv", rows(), "one,N/A")
    before = path.read_bytes()
    status, _, err = typed("init", "pets", "--from", "f.csv", *INIT, "--rejects", "f.csv")
    assert (status, "would overwrite what is read" in err) == (2, True)
    assert path.read_bytes() == before
