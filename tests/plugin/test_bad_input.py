"""Bad input at pytest's door: the item fails as invalid with one message, no traceback, and no look is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from goldgate.base.files import write_json
from goldgate.models.embedded import EMBEDDED_DIGEST

pytest_plugins = ["pytester"]
ONE = "def test_one(candidate):\n    assert candidate.exact_match >= 0.8\n"
Make = Callable[..., Any]


def invalid(pytester: pytest.Pytester, *arguments: str) -> str:
    """Runs the suites: their one item must fail as invalid. Returns what was printed."""
    result = pytester.runpytest("suites", "-p", "no:cacheprovider", *arguments)
    result.assert_outcomes(failed=1)
    text = result.stdout.str() + result.stderr.str()
    assert "test_one is invalid: " in text
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    assert not list(pytester.path.rglob("looks/*.json"))
    return text


@pytest.fixture
def one(make: Make) -> Any:
    """A task with one gate and without a champion."""
    made = make()
    made.gates(ONE)
    return made


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no examples in the file"),
        ("\n \n", "no examples in the file"),
        ('{"id": "a", "input": "x", "output": "red"}\nnot json\n', "not valid JSON"),
        ('{"id": "a", "input": "x", "output": "red"}\n{"id": "b", "input"\n', "dev.jsonl, line 2"),
        ('{"id": "a", "input": "x"}\n', '"output" is missing'),
        ('{"id": "a", "input": "x", "output": "red", "tag": []}\n', 'did you mean "tags"?'),
        (None, "the dev split is missing"),
    ],
)
def test_a_split_that_is_no_good(one: Any, pytester: pytest.Pytester, content: str | None, says: str) -> None:
    path = one.project.golden("colours") / "dev.jsonl"
    path.unlink()
    if content is not None:
        path.write_text(content)
    text = invalid(pytester, "--candidate", "base+zero_shot")
    assert says in text
    assert "dev.jsonl" in text


def test_golden_that_is_missing_spends_no_look(one: Any, pytester: pytest.Pytester) -> None:
    (one.project.golden("colours") / "golden.jsonl").unlink()
    text = invalid(pytester, "--candidate", "base+zero_shot", "--split", "golden")
    assert "the golden split is missing" in text


@pytest.mark.parametrize("card", ["{", "{}", None])
def test_a_card_that_is_no_good(one: Any, pytester: pytest.Pytester, card: str | None) -> None:
    path = one.project.golden("colours") / "card.json"
    path.unlink()
    if card is not None:
        path.write_text(card)
    assert "card" in invalid(pytester, "--candidate", "base+zero_shot")


def test_an_unknown_key_in_task_yaml_names_line_and_nearest(one: Any, pytester: pytest.Pytester) -> None:
    raw = json.loads((one.suite / "task.yaml").read_text())
    (one.suite / "task.yaml").write_text(json.dumps({**raw, "instuctions": "x"}, indent=1))
    text = invalid(pytester, "--candidate", "base+zero_shot")
    assert 'unknown key "instuctions"' in text
    assert 'did you mean "instructions"?' in text
    assert 'field "instuctions"' in text


def test_a_base_model_that_cannot_be_found_offline(
    make: Make, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    make(model="no-one/no-such-model").gates(ONE)
    text = invalid(pytester, "--candidate", "base+zero_shot")
    assert "no-one/no-such-model" in text
    assert 'field "model"' in text


def test_an_adapter_made_for_another_base_model(one: Any, pytester: pytest.Pytester) -> None:
    folder = pytester.path / "mine"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    write_json(folder / "adapter_config.json", {"r": 4})
    write_json(folder / "goldgate.json", {"base": "b" * 64, "alias": "qwen3-8b", "prompt": "pruned"})
    for split in ("dev", "golden"):
        text = invalid(pytester, "--candidate", "adapter:mine", "--split", split)
        assert "the adapter was made for another base model (qwen3-8b, bbbbbbbbbbbb)" in text
        assert f"not for the task's (smollm2-135m, {EMBEDDED_DIGEST[:12]})" in text


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        ("base+few_shot:99", "99"),
        ("nonsense", 'no subject "nonsense"'),
        ("base+nearest", "nearest"),
        ("adapter:nowhere", "no such adapter folder"),
    ],
)
def test_a_candidate_that_does_not_exist(one: Any, pytester: pytest.Pytester, subject: str, says: str) -> None:
    assert says in invalid(pytester, "--candidate", subject)


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "candidate.exact_match",
        "candidate.exact_match.verdict('>=', 0.5)",
        "assert candidate.exact_match.value >= 0.5",
        "print(candidate)",
    ],
)
def test_a_test_that_compares_nothing(one: Any, pytester: pytest.Pytester, body: str) -> None:
    one.cached("base+few_shot:1", "dev", wrong=0)
    one.gates(f"def test_one(candidate):\n    {body}\n")
    assert "compares nothing" in invalid(pytester, "--candidate", "base+few_shot:1")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GOLDGATE_CACHE_MAX", "plenty", "GOLDGATE_CACHE_MAX: 'plenty' is not a size"),
        ("GOLDGATE_CACHE", __file__, "is a file"),
    ],
)
def test_a_cache_that_cannot_be_is_said_without_a_traceback(
    one: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    result = pytester.runpytest("suites", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    text = result.stdout.str()
    assert says in text
    assert "Error: " not in text
    assert "items.py" not in text
