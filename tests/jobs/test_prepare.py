"""`goldgate prepare`: what it finds in the data, and what it changes only when it is asked to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.task.project import Project
from goldgate.task.task import Task

from .conftest import spoken

Typed = Callable[..., tuple[int, str, str]]

ANIMALS = ("ape", "bat", "cat", "dog", "eel")
LABELS = {"kind": "label", "labels": [*ANIMALS, "Ape"]}
WAYS = {
    "train": ("a {} sleeps", "look, one {} over there", "two of my {}s ran", "do {}s swim", "I saw the {} today"),
    "dev": ("his {} is grey", "where was that {} born"),
    "golden": ("this {} bites", "is her {} old", "feed our {} now"),
}
PLANTED = {
    "e-mail address": "write to jane.doe@example.com",
    "phone number": "call +49 30 1234567 in the evening",
    "card number": "pay by 4111 1111 1111 1111",
    "IBAN": "send it to DE89 3704 0044 0532 0130 00",
    "US social security number": "mine is 078-05-1120",
    "UK national insurance number": "my number is AB 12 34 56 C",
    "Brazilian CPF": "tenho 529.982.247-25",
    "Spanish DNI or NIE": "soy X1234567L",
    "Italian tax code": "sono RSSMRA85T10A562S",
    "IP address": "from 8.8.8.8 again",
}


class Demo:
    """A task of labels to which rows are added."""

    def __init__(self, make_task: Callable[..., tuple[Project, Task]], tmp_path: Path) -> None:
        splits = {name: [(way.format(a), a) for way in ways for a in ANIMALS] for name, ways in WAYS.items()}
        self.project, self.task = make_task(LABELS, **splits)
        self.folder = self.project.golden("demo")

    def add(self, split: str, *rows: tuple[str, Any]) -> None:
        with (self.folder / f"{split}.jsonl").open("a") as file:
            for n, (input_, output) in enumerate(rows):
                file.write(json.dumps({"id": f"new{n}", "input": input_, "output": output}) + "\n")

    def last(self, split: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / f"{split}.jsonl").read_text().splitlines()[-1])
        return found

    def bytes(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.glob("*.jsonl")}


@pytest.fixture
def demo(
    make_task: Callable[..., tuple[Project, Task]], tmp_path: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> Demo:
    made = Demo(make_task, tmp_path)
    monkeypatch.chdir(made.project.root)
    return made


def test_ten_planted_personal_data_are_all_found_by_line_and_none_is_shown(typed: Typed, demo: Demo) -> None:
    demo.add("train", *((text, "ape") for text in list(PLANTED.values())[3:]))
    demo.add("golden", *((text, "ape") for text in list(PLANTED.values())[:3]))
    before = demo.bytes()
    status, out, err = typed("prepare", "demo")
    assert status == 0, err
    for kind in PLANTED:
        assert f"{kind}: 1 in 1 rows" in out
    assert "golden.jsonl, line 16, input: write to ‹e-mail address›" in out
    assert "train.jsonl, line 26, input: send it to ‹IBAN›" in out
    assert "goldgate prepare demo --redact" in out
    assert not [said for said in ("jane", "1234567", "4111", "DE89", "078", "RSSM", "8.8.8") if said in out]
    assert demo.bytes() == before
    found = spoken(typed, "prepare", "demo")["findings"]["personal"]
    assert {one["kind"]: one["places"] for one in found}["card number"] == ["golden.jsonl, line 18"]


def test_secrets_are_refused_by_line_and_the_card_stays(typed: Typed, demo: Demo) -> None:
    demo.add("train", ("it says password=hunter2, why", "ape"))
    demo.add("dev", ("key AKIA" + "IOSFODNN7EXAMPLE here", "ape"))
    card = (demo.folder / "card.json").read_bytes()
    status, out, err = typed("prepare", "demo")
    assert (status, out) == (2, "")
    assert "train.jsonl, line 26: password named as such" in err
    assert "dev.jsonl, line 11: AWS access key" in err
    assert "goldgate prepare demo --redact" in err
    assert "hunter2" not in err
    assert "AKIA" not in err
    assert (demo.folder / "card.json").read_bytes() == card


def test_redact_puts_the_same_stand_in_everywhere_and_says_what_changed(typed: Typed, demo: Demo) -> None:
    demo.add("train", ("jane.doe@example.com has password=hunter2", "ape"))
    demo.add("golden", ("ask Jane.Doe@example.com please", "ape"))
    status, out, err = typed("prepare", "demo", "--redact")
    assert status == 0, err
    assert demo.last("train")["input"] == "user-a@redacted.example has password=[secret a]"
    assert demo.last("golden")["input"] == "ask user-a@redacted.example please"
    assert "e-mail address: 1 replaced" in out
    assert "golden is another split now: its fingerprint was" in out
    before = demo.bytes()
    said = spoken(typed, "prepare", "demo", "--redact")
    assert (said["changed"], said["findings"]["personal"], demo.bytes()) == ({}, [], before)
    demo.add("dev", ("bob@example.org was here", "ape"))
    assert spoken(typed, "prepare", "demo", "--redact")["changed"] == {"dev": 1}
    assert demo.last("dev")["input"] == "user-b@redacted.example was here"


def test_json_outputs_stay_valid_with_stand_ins(
    typed: Typed, make_task: Callable[..., tuple[Project, Task]], monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {
        "properties": {"email": {"type": "string", "pattern": "^[^@ ]+@[^@ ]+$"}, "phone": {"type": "integer"}},
        "required": ["email", "phone"],
    }
    ways = ("reach {}", "it is {}", "please use {} for this", "{} is mine", "go on with {}", "as ever: {}")
    people = ("ann", "bob", "eve", "kim", "lee", "sue")
    made = [
        (f"{way.format(f'{who}@mail.com')}, phone 555123400{n}", {"email": f"{who}@mail.com", "phone": 5551234000 + n})
        for n, (way, who) in enumerate(zip(ways, people, strict=True))
    ]
    rows = {"train": made[:2], "dev": made[2:4], "golden": made[4:]}
    project, _ = make_task({"kind": "json"}, schema, **rows)
    monkeypatch.chdir(project.root)
    status, _, err = typed("prepare", "demo", "--redact")
    assert status == 0, err
    for name in rows:
        for line in (project.golden("demo") / f"{name}.jsonl").read_text().splitlines():
            row = json.loads(line)
            assert row["output"]["email"] in row["input"]
            assert f"0000{row['output']['phone']:06d}" in row["input"]


def test_clean_changes_only_what_it_is_asked_to_and_can_be_taken_back(typed: Typed, demo: Demo) -> None:
    demo.add("golden", ("is  this\u00a0an\u200b ape?  ", "ape "))
    before, last = demo.bytes(), demo.last("golden")
    status, out, _ = typed("prepare", "demo")
    assert status == 0
    assert "not in clean form: " in out
    assert "invisible characters removed (1)" in out
    assert demo.bytes() == before
    status, out, err = typed("prepare", "demo", "--clean")
    assert status == 0, err
    assert "invisible characters removed: 1 row\n  golden.jsonl, line 16, input: " in out
    assert '"ape " → "ape"' in out
    assert (demo.last("golden")["input"], demo.last("golden")["output"]) == ("is  this an ape?", "ape")
    assert spoken(typed, "prepare", "demo")["findings"]["cleaning"] == {}
    status, out, err = typed("prepare", "demo", "--undo-clean")
    assert status == 0, err
    assert "2 changes were taken back" in out
    assert demo.last("golden") == last
    status, _, err = typed("prepare", "demo", "--undo-clean")
    assert status == 2
    assert "there is no clean-up to take back" in err


def test_lines_that_nothing_is_done_to_stay_byte_for_byte_and_lines_keep_their_numbers(
    typed: Typed, demo: Demo
) -> None:
    path = demo.folder / "dev.jsonl"
    lines = [
        "",
        *path.read_text().splitlines()[:9],
        "  ",
        '{"output":"ape","input":"one\\u200b more","id":"x","tags":[]}',
    ]
    path.write_text("\n".join(lines) + "\n")
    spoken(typed, "prepare", "demo", "--clean")
    assert path.read_text().split("\n")[:-2] == lines[:-1]
    assert path.read_text().splitlines()[-1] == '{"output": "ape", "input": "one more", "id": "x", "tags": []}'
    assert json.loads((demo.folder / "changes.jsonl").read_text())["row"] == "dev.jsonl, line 12"
    spoken(typed, "prepare", "demo", "--undo-clean")
    assert json.loads(path.read_text().splitlines()[-1])["input"] == "one\u200b more"


@pytest.mark.parametrize("added", [("this ape bites\u200b", "ape"), ("password=hunter2", "ape")])
def test_a_change_that_prepare_would_refuse_is_not_begun(typed: Typed, demo: Demo, added: tuple[str, str]) -> None:
    demo.add("train", added, ("a\u200b tame one", "ape"))
    before = demo.bytes()
    status, out, _ = typed("prepare", "demo", "--clean")
    assert (status, out, demo.bytes()) == (2, "", before)
    assert not (demo.folder / "changes.jsonl").exists()


def test_keys_of_json_outputs_are_put_in_the_schemas_order(
    typed: Typed, make_task: Callable[..., tuple[Project, Task]], monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {"properties": {"who": {}, "n": {"type": "number"}}}
    texts = (("ann has one cat",), ("bob owns dogs",), ("eve wants fish", "kim sold birds"))
    rows = {
        name: [(text, {"n": 1.0, "who": text.split()[0]}) for text in some]
        for name, some in zip(("train", "dev", "golden"), texts, strict=True)
    }
    project, _ = make_task({"kind": "json"}, schema, **rows)
    monkeypatch.chdir(project.root)
    said = spoken(typed, "prepare", "demo", "--clean")
    assert said["changed"] == {"train": 1, "dev": 1, "golden": 2}
    assert '"output": {"who": "kim", "n": 1}' in (project.golden("demo") / "golden.jsonl").read_text()


def test_a_redaction_leaves_no_original_in_the_change_log(typed: Typed, demo: Demo) -> None:
    demo.add("train", ("jane.doe@example.com\u200b", "ape"), ("a\u200b tame one", "ape"))
    spoken(typed, "prepare", "demo", "--clean")
    spoken(typed, "prepare", "demo", "--redact")
    log = (demo.folder / "changes.jsonl").read_text()
    assert "jane" not in log
    assert "tame" in log


def test_labels_that_look_alike_or_are_rare_are_reported_and_merged_on_request(typed: Typed, demo: Demo) -> None:
    demo.add("train", ("some large hairy one", "Ape"))
    status, out, _ = typed("prepare", "demo")
    assert status == 0
    assert '"Ape" (1) and "ape" (10) differ in capital letters only' in out
    assert 'labels with fewer than 5 rows: 1\n  "Ape": 1' in out
    assert "golden/demo/labels.yaml" in out
    (demo.task.data / "labels.yaml").write_text("merge:\n  Ape: ape\n")
    assert spoken(typed, "prepare", "demo", "--clean")["findings"]["look_alike_labels"] == []
    assert demo.last("train")["output"] == "ape"


def test_a_wrong_labels_yaml_is_refused(typed: Typed, demo: Demo) -> None:
    (demo.task.data / "labels.yaml").write_text("merged:\n  Ape: ape\n")
    status, _, err = typed("prepare", "demo")
    assert status == 2
    assert 'labels.yaml, line 1: unknown key "merged"' in err


def test_a_merge_into_what_is_no_label_changes_nothing(typed: Typed, demo: Demo) -> None:
    (demo.task.data / "labels.yaml").write_text("merge:\n  ape: monkey\n")
    before = demo.bytes()
    status, _, err = typed("prepare", "demo", "--clean")
    assert status == 2
    assert '"monkey" is not one of the 6 labels' in err
    assert demo.bytes() == before


def test_rows_of_another_language_are_listed(typed: Typed, demo: Demo) -> None:
    demo.add("train", ("Wo ist denn nur der große graue Affe hingelaufen, den ich gestern noch gesehen habe?", "ape"))
    demo.add(
        "dev",
        *((f"the {animal} that I saw yesterday near the old house was very {how} indeed", animal)
          for animal in ANIMALS for how in ("hungry", "friendly", "tired", "loud", "brown")),
    )  # fmt: skip
    found = spoken(typed, "prepare", "demo")["findings"]["languages"]
    assert found["rare"] == {"de": ["train.jsonl, line 26"]}
    assert sum(found["counts"].values()) + found["unsure"] == 76


def test_without_the_model_lengths_are_said_to_be_unmeasured(typed: Typed, demo: Demo) -> None:
    status, out, _ = typed("prepare", "demo")
    assert status == 0
    assert "not looked for: rows that are too long, because the model smollm2-135m is not on this machine yet" in out


def test_too_long_rows_are_named_by_line_in_the_tasks_own_tokenizer(typed: Typed, demo: Demo, tiny_llama: Path) -> None:
    path = demo.task.folder / "task.yaml"
    settings = json.loads(path.read_text())
    settings |= {"model": str(tiny_llama), "train": {"max_length": 64}}
    settings["decoding"] = {"max_new_tokens": 12, "max_prompt_tokens": 90}
    path.write_text(json.dumps(settings))
    demo.add("train", ("a tale of an ape " + "x y " * 60, "ape"))
    demo.add("golden", ("an ape " + "z w " * 60, "ape"))
    found = spoken(typed, "prepare", "demo")["findings"]["too_long"]
    assert {(one["place"], one["part"], one["key"]) for one in found if one["key"] != "max_length"} == {
        ("train.jsonl, line 26", "prompt", "max_prompt_tokens"),
        ("golden.jsonl, line 16", "prompt", "max_prompt_tokens"),
    }
    assert ("train.jsonl, line 26", "example") in {(one["place"], one["part"]) for one in found}
    status, out, _ = typed("prepare", "demo")
    assert status == 0
    assert "tokens, more than max_prompt_tokens (90)" in out


@pytest.mark.parametrize("options", [("--redact", "--clean"), ("--clean", "--undo-clean")])
def test_changes_are_made_one_at_a_time(typed: Typed, demo: Demo, options: tuple[str, ...]) -> None:
    status, _, err = typed("prepare", "demo", *options)
    assert status == 2
    assert "cannot go together" in err


def test_redact_reaches_what_a_teacher_is_in_doubt_about(typed: Typed, demo: Demo) -> None:
    doubt = {
        "input": "ask ann@example.org please",
        "output": None,
        "reason": "r",
        "teacher": "t",
        "place": "x.csv, line 2",
    }
    path = demo.project.golden("demo") / "doubts.jsonl"
    path.write_text(json.dumps(doubt) + "\n")
    status, _, err = typed("prepare", "demo", "--redact")
    assert status == 0, err
    assert "ann@" not in path.read_text()
    assert "@redacted.example please" in path.read_text()
