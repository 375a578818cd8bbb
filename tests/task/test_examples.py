"""Examples are read line by line, and every error names the file, line and field."""

import json
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.task.examples import Example, Split, card_of, load_split, read_examples, render_output, write_card
from goldgate.task.project import Project

GOOD = {"id": "a", "input": "x", "output": {"n": 1}}


def _write(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return path


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"id": "b",', r"t.jsonl, line 2: not valid JSON \(.* at column \d+\)"),
        ("[1]", "line 2: a line must be an object, not list"),
        ({**GOOD, "id": "b", "tag": []}, r'line 2, field "tag": unknown key "tag"\n  did you mean "tags"'),
        ({"id": "b", "input": "x"}, 'field "output": "output" is missing'),
        ({**GOOD, "id": ""}, 'field "id": must be text'),
        ({**GOOD, "id": "b", "input": 3}, 'field "input": must be text or chat messages'),
        ({**GOOD, "id": "b", "input": [{"role": "wizard", "content": ""}]}, "unknown role"),
        ({**GOOD, "id": "b", "input": [{"role": "assistant", "content": ""}]}, "last message must be the user's"),
        ({**GOOD, "id": "b", "tags": "x"}, 'field "tags": must be a list'),
        ({**GOOD, "id": "b", "tags": ["novelty:far"]}, 'line 2, field "tags": the tag "novelty:far" is reserved'),
        (GOOD, 'the id "a" is already used on line 1'),
        ('{"id": "b", "input": "x", "output": NaN}', "NaN is not JSON"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_examples(_write(tmp_path / "t.jsonl", GOOD, row))


def test_an_empty_file_has_no_examples(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no examples"):
        read_examples(_write(tmp_path / "t.jsonl", "", "  "))


def test_line_separators_inside_a_text_do_not_break_a_line(tmp_path: Path) -> None:
    text = "one\u2028two\u0085three"
    path = _write(tmp_path / "t.jsonl", json.dumps({**GOOD, "input": text}, ensure_ascii=False))
    assert read_examples(path)[0].input == text


def test_a_relabelled_or_retagged_example_is_another() -> None:
    plain = Example("a", "x", "y")
    others = [
        Example("a", "x", "z"),
        Example("a", "x", "y", tags=("t",)),
        Example("a", "x", "y", accept=("z",)),
        Example("a", "x", "y", group="g"),
    ]
    assert len({e.digest for e in (plain, *others)}) == 5
    assert Example("b", "x", "y", meta={"n": 1}).digest == plain.digest


def test_the_fingerprint_of_a_split_does_not_depend_on_line_order() -> None:
    one, two = Example("a", "x", "y"), Example("b", "x2", "y")
    assert Split("dev", (one, two)).fingerprint == Split("dev", (two, one)).fingerprint
    assert Split("dev", (one,)).fingerprint != Split("dev", (one, two)).fingerprint


def test_a_split_changed_after_its_card_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "cache")
    folder = project.golden("t")
    path = _write(folder / "dev.jsonl", GOOD)
    write_card(folder, card_of("t", {"dev": Split("dev", read_examples(path))}, "by hand", "none", "none"))
    assert len(load_split(project, "t", "dev")) == 1
    _write(path, {**GOOD, "output": {"n": 2}})
    with pytest.raises(UserError, match="changed after its card was written"):
        load_split(project, "t", "dev")
    with pytest.raises(UserError, match="the golden split is missing"):
        load_split(project, "t", "golden")


def test_outputs_are_rendered_on_one_line() -> None:
    assert render_output({"a": "ü", "b": [1, 2]}) == '{"a": "ü", "b": [1, 2]}'
    assert render_output("text\n") == "text\n"
