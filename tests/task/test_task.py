"""task.yaml: every error is one message with the file, line and key."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.ledger import suite_digest
from goldgate.subjects.resolve import serving_digest
from goldgate.task.project import Project, cache_folder, find_project
from goldgate.task.task import Task, load_task

MakeTask = Callable[..., tuple[Project, Task]]
GOOD = "task: t\nkind: json\ninstructions: Do it.\nschema: schema.json\n"


def _load(folder: Path, text: str, schema: object = None) -> Task:
    suite = folder / "suites" / "t"
    suite.mkdir(parents=True)
    (suite / "task.yaml").write_text(text)
    (suite / "schema.json").write_text(json.dumps({"type": "object"} if schema is None else schema))
    return load_task(Project(folder, folder / "cache"), "t")


def test_a_task_is_read_with_its_schema_and_defaults(tmp_path: Path) -> None:
    task = _load(tmp_path, GOOD + "decoding: {max_new_tokens: 9, temperature: 0}\nfields: {a: {compare: number}}\n")
    assert (task.schema, task.decoding.max_new_tokens, task.error) == ({"type": "object"}, 9, 0.05)
    assert task.fields["a"].compare == "number"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("instuctions: x", r'line 5, field "instuctions": unknown key "instuctions"\n  did you mean "instructions"'),
        ("decoding: {max_tokens: 5}", 'line 5, field "decoding.max_tokens": unknown key .*\n.*max_new_tokens'),
        ("decoding: {temperature: hot}", 'line 5, field "decoding.temperature"'),
        ("fields: {a: {compare: roughly}}", 'line 5, field "fields.a.compare"'),
        ("gates: maybe", 'line 5, field "gates"'),
        ("error: 0.7", 'line 5, field "error"'),
        ("a: [", "line 6: not valid YAML"),
    ],
)
def test_a_fault_names_line_and_key(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        _load(tmp_path, GOOD + line + "\n")


STYLED = "task: t\nkind: text\ninstructions: Do it.\nstyle:\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "  must_match:\n  - fine\n  - '(open'\n",
            r"line 7, field .style.must_match.1.: '\(open' is not a valid regular",
        ),
        ("  must_not_match: ['[[a]']\n", r'line 5, field "style.must_not_match.0": .*Possible nested set'),
        ("  must_not_match: ['a{99999999999999999999}']\n", r"line 5, .*is not a valid regular expression"),
        ("  min_words: 5\n  max_words: 4\n", r'line 4, field "style": min_words 5 is more than max_words 4'),
        ("  max_characters: 0\n", r'line 5, field "style.max_characters"'),
        ("  contractions: false\n", r'line 4, field "style": a style without rules'),
        ("  max_word: 5\n", r'unknown key "max_word"\n  did you mean "max_words"'),
    ],
)
def test_a_rule_of_style_that_cannot_be_kept_or_read_is_refused(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        _load(tmp_path, STYLED + lines)


def test_a_style_without_later_keys_is_dumped_as_before(tmp_path: Path) -> None:
    style = _load(tmp_path, STYLED + "  max_sentences: 2\n").style
    assert style is not None
    assert style.model_dump(mode="json") == {
        "greeting": [],
        "sign_off": "",
        "forbidden": [],
        "banned_words": [],
        "contractions": False,
        "max_sentences": 2,
    }
    assert {"max_words": 9, "must_match": ["a"]}.items() <= style.model_copy(
        update={"max_words": 9, "must_match": ("a",)}
    ).model_dump(mode="json").items()


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='"instructions" is missing'):
        _load(tmp_path, "task: t\nkind: text\n")


def test_an_invalid_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"schema.json, at type: not a valid JSON Schema"):
        _load(tmp_path, GOOD, {"type": "objekt"})


def test_a_schema_outside_the_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must be in the same folder as task.yaml"):
        _load(tmp_path, GOOD.replace("schema.json", "../../x.json"))


def test_labels_are_needed_for_kind_label(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least two different labels"):
        _load(tmp_path, "task: t\nkind: label\ninstructions: x\nlabels: [a, a]\n")


def test_the_folder_and_the_name_must_agree(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='says task "u"'):
        _load(tmp_path, GOOD.replace("task: t", "task: u"))


def test_an_unknown_task_gets_the_nearest_name(tmp_path: Path) -> None:
    _load(tmp_path, GOOD)
    with pytest.raises(UserError, match='no task "tt" here'):
        load_task(Project(tmp_path, tmp_path), "tt")
    with pytest.raises(UserError, match="is not a valid name"):
        load_task(Project(tmp_path, tmp_path), "../t")


def test_the_project_is_the_nearest_folder_with_suites(tmp_path: Path) -> None:
    _load(tmp_path, GOOD)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_project(inner, tmp_path).root == tmp_path
    with pytest.raises(UserError, match="no project here"):
        find_project(tmp_path.parent / "nowhere", tmp_path)


def test_the_cache_follows_the_environment() -> None:
    assert cache_folder({"GOLDGATE_CACHE": "/x"}) == Path("/x")
    assert cache_folder({"XDG_CACHE_HOME": "/y"}) == Path("/y/goldgate")


def test_the_chat_template_is_a_file_beside_it_and_part_of_who_answers(make_task: MakeTask) -> None:
    project, plain = make_task({"kind": "text"})
    (plain.folder / "chat.jinja").write_text("{{ messages }}")
    _, named = make_task({"kind": "text", "chat_template": "chat.jinja", "thinking": {"open": "<t>"}})
    assert plain.chat == {}
    assert named.chat == {"chat_template": "{{ messages }}", "thinking": {"open": "<t>", "close": "</think>"}}
    for told in (partial(serving_digest, "base+zero_shot", None, project=project), partial(suite_digest, scorers={})):
        assert told(task=plain) != told(task=named)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../x.jinja", "must be in the same folder as task.yaml"),
        ("gone.jinja", "gone.jinja"),
        ("empty.jinja", "the chat template is empty"),
    ],
)
def test_a_chat_template_that_cannot_be_read(make_task: MakeTask, name: str, says: str) -> None:
    _, task = make_task({"kind": "text"})
    (task.folder / "empty.jinja").write_text(" \n")
    with pytest.raises(UserError, match=says):
        make_task({"kind": "text", "chat_template": name})
