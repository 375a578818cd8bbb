"""Names of subjects round-trip, and their parts are correct."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.task.subject_name import FORMS, PLAIN_BASE, SubjectName, is_whole, kind_of

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
STRATEGY = TEXT.filter(lambda s: "+" not in s)
URL = st.sampled_from(["http://localhost:11434/v1", "https://api.example.com/v1/", "https://10.0.0.7:8000"])
MODEL = TEXT.filter(lambda s: "@http" not in s and "\n" not in s)


def named(kind: str, strategy: str, folder: str, model: str, url: str, constrained: bool) -> SubjectName:
    if kind == "base":
        return SubjectName("base", strategy, constrained=constrained)
    if kind == "endpoint":
        return SubjectName("endpoint", strategy, model=model, url=url, constrained=constrained)
    assume(constrained or not folder.endswith("+constrained"))
    return SubjectName("adapter" if kind == "adapter" else "model", folder=folder, constrained=constrained)


NAMES = st.one_of(
    st.builds(
        named,
        st.sampled_from(["base", "adapter", "model", "endpoint"]),
        STRATEGY.filter(lambda s: s != "constrained"),
        TEXT,
        MODEL,
        URL,
        st.booleans(),
    ),
    st.sampled_from([SubjectName("linear"), SubjectName("champion"), SubjectName("previous")]),
)


@given(NAMES)
def test_a_name_that_is_written_and_read_again_is_the_same(name: SubjectName) -> None:
    assert SubjectName.parse(str(name)) == name


@given(NAMES)
def test_a_text_that_is_read_and_written_again_is_the_same(name: SubjectName) -> None:
    text = str(name)
    assert str(SubjectName.parse(text)) == text
    assert kind_of(text) == name.kind


@given(TEXT)
def test_no_text_is_read_as_a_name_that_is_written_in_another_way(text: str) -> None:
    for begin in ("", "base+", "adapter:", "model:", "openai:m@http://localhost/v1+"):
        try:
            name = SubjectName.parse(begin + text)
        except UserError:
            continue
        assert str(name) == begin + text


@given(NAMES.filter(lambda n: n.kind not in ("linear", "champion", "previous")))
def test_constrained_decoding_is_all_that_plain_and_held_change(name: SubjectName) -> None:
    assume(not name.folder.endswith("+constrained"))
    assert str(name.held) == str(name.plain) + "+constrained"
    assert name.held.plain == name.plain
    assert name.held.constrained
    assert not name.plain.constrained


@pytest.mark.parametrize("kind", ["linear", "champion", "previous"])
def test_what_has_no_prompt_of_its_own_is_never_constrained(kind: str) -> None:
    with pytest.raises(ValueError, match="not the parts of one subject's name"):
        SubjectName.parse(kind).held  # noqa: B018


@pytest.mark.parametrize(
    "parts",
    [
        {"kind": "base", "strategy": "a+b"},
        {"kind": "adapter"},
        {"kind": "adapter", "folder": "a", "strategy": "zero_shot"},
        {"kind": "model", "folder": "m+constrained"},
        {"kind": "endpoint", "strategy": "zero_shot", "model": "m", "url": "localhost"},
    ],
)
def test_parts_that_would_be_written_as_another_name_are_refused(parts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not the parts of one subject's name"):
        SubjectName(**parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("base+zeroshot+x", r"no subject \"base\+zeroshot\+x\""),
        ("linaer", r"no subject \"linaer\"(?s:.*)linear"),
        ("base", r"no subject \"base\""),
        ("adapter:", "need the name of a folder"),
        ("model:+constrained", "need the name of a folder"),
        ("openai:m+zero_shot", "an openai: subject: .*does not name a model, an address and a strategy"),
        ("openai:m@http://example.com/v1+zero_shot", "is not encrypted"),
        ("openai:m@https://user:word@example.com+zero_shot", "which may be a secret"),
    ],
)
def test_what_is_no_name_is_refused_and_told_what_would_be_one(text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        SubjectName.parse(text)
    assert kind_of(text) is None


def test_the_forms_that_messages_show_are_names() -> None:
    shown = [form.replace("MODEL@URL", "m@http://localhost") for form in FORMS]
    assert [str(SubjectName.parse(form)) for form in shown] == shown
    assert str(PLAIN_BASE) in FORMS


@pytest.mark.parametrize(
    ("text", "replaceable"),
    [
        ("adapter:runs/t/1/attempts/1/adapter", True),
        ("model:out", True),
        ("openai:m@http://localhost:8000/v1+zero_shot", True),
        ("openai:m@https://api.example.com/v1+zero_shot", False),
        ("base+few_shot:4", False),
        ("linear", False),
    ],
)
def test_a_folder_and_an_endpoint_on_this_machine_can_be_trained_anew(text: str, replaceable: bool) -> None:
    assert SubjectName.parse(text).replaceable is replaceable


@pytest.mark.parametrize(
    ("entry", "subject"),
    [
        ("few_shot:4", "base+few_shot:4"),
        ("nearest:8+constrained", "base+nearest:8+constrained"),
        ("linear", "linear"),
        ("base+pruned", "base+pruned"),
        ("openai:m@http://localhost/v1+zero_shot", "openai:m@http://localhost/v1+zero_shot"),
    ],
)
def test_a_bare_strategy_among_baselines_is_one_on_the_tasks_model(entry: str, subject: str) -> None:
    assert str(SubjectName.of_baseline(entry)) == subject
    assert is_whole(entry) == (entry == subject)


def test_people_read_an_attempts_number_for_its_adapter() -> None:
    assert SubjectName.parse("adapter:runs/t/1/attempts/3/adapter+constrained").display == "attempt 3"
    assert SubjectName.parse("base+few_shot:4").display == "base+few_shot:4"


def test_an_endpoint_without_its_strategy_is_what_prices_are_given_for() -> None:
    name = SubjectName.parse("openai:m@x@https://api.example.com/v1+file:p.md+constrained")
    assert (name.model, name.endpoint) == ("m@x", "openai:m@x@https://api.example.com/v1")
    assert (name.strategy, name.constrained, name.local) == ("file:p.md", True, False)
    assert SubjectName.parse("linear").endpoint == ""
