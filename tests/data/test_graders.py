"""A vendor's graders as gates: what is imported means the same, and what is not is named. Nothing of it is executed."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.graders import import_graders
from goldgate.data.proposal import gates, share_threshold, thresholds
from goldgate.task.examples import Example
from goldgate.task.task import Kind

ANSWER, EXPECTED = "{{sample.output_text}}", "{{ item.reference_answer }}"
FOREIGN = "open('/etc/passwd')"


def check(name: str, operation: str, got: str = ANSWER, wanted: str = EXPECTED) -> dict[str, Any]:
    return {"type": "string_check", "name": name, "operation": operation, "input": got, "reference": wanted}


def similar(name: str, metric: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "text_similarity",
        "name": name,
        "evaluation_metric": metric,
        "input": ANSWER,
        "reference": EXPECTED,
        **more,
    }


def made(folder: Path, raw: Any, kind: Kind = "text", name: str = "graders.json") -> tuple[str, list[str]]:
    """The test_gates.py of a task with 200 golden examples, and what was said of the graders."""
    (folder / name).write_text(raw if isinstance(raw, str) else json.dumps(raw))
    account = Account()
    found = import_graders(
        folder / name, kind, ("total", "items"), lambda metric: share_threshold(metric, 200), account
    )
    return gates(kind, *thresholds(kind, 200), found.imports, found.code), account.remarks


def scorers(code: str) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(compile(code, "test_gates.py", "exec"), space)
    return space


def test_texts_are_graded_as_the_vendor_grades_them(tmp_path: Path) -> None:
    criteria = [
        check("Same text", "eq"),
        check("Mentions it", "like"),
        check("mentions it", "ilike"),
        check("No apology", "ne", wanted="Sorry."),
        similar("Close", "fuzzy_match", pass_threshold=0.8),
        similar("Overlap", "rouge_l", pass_threshold=0.5),
    ]
    code, said = made(tmp_path, {"object": "eval", "data_source_config": {}, "testing_criteria": criteria})
    found = scorers(code)
    example = Example("e", "in", "Paris is big", accept=("Lutetia",))
    assert "assert candidate.exact_match >= 0.80" in code
    assert found["grader_mentions_it"](example, "So Paris is big.")
    assert not found["grader_mentions_it"](example, "so PARIS IS BIG")
    assert found["grader_mentions_it_2"](example, "so LUTETIA")
    assert not found["grader_no_apology"](example, "Sorry.")
    assert found["grader_close"](example, "Paris is bog")
    assert not found["grader_close"](example, "London")
    assert found["grader_overlap"](example, "big Paris is, they say")
    assert said[0] == "graders.json: 6 of 6 graders are gates in test_gates.py"
    assert any("does not say which function of rapidfuzz" in line for line in said)
    assert code.count("On 200 golden examples, ") == 6 + 2
    assert "how many examples must pass: this share is proposed" in code


def test_fields_of_json_are_graded_one_by_one(tmp_path: Path) -> None:
    total = "{{sample.output_json.total}}"
    criteria = [
        check("all", "eq"),
        check("total", "eq", total, "{{item.reference_answer.total}}"),
        check("plain", "eq", total, "{{item.total}}"),
        check("first", "ilike", "{{sample.output_json.items[0].name}}", "{{item.items[0].name}}"),
        check("free", "eq", total, "0"),
        check("other", "eq", total, "{{item.amount}}"),
        check("unknown", "eq", "{{sample.output_json.vat}}", "{{item.vat}}"),
        check("text", "like"),
    ]
    code, said = made(tmp_path, criteria, "json")
    found = scorers(code)
    example = Example("e", "in", {"total": 12.5, "items": [{"name": "Tea"}]})
    for name in ("grader_total", "grader_plain"):
        assert found[name](example, '{"total": 12.50}')
        assert not any(found[name](example, text) for text in ("{}", "12.5", '{"total": "12"}', "no JSON", "[1]"))
    assert found["grader_first"](example, '{"items": [{"name": "green TEA"}]}')
    assert found["grader_free"](example, '{"total": 0}')
    assert "  all (string_check): test_accuracy, equals the expected output; JSON is compared field by field" in said[1]
    assert [line.partition(" (")[0] for line in said if "not imported" in line] == [
        "  not imported: other",
        "  not imported: unknown",
        "  not imported: text",
    ]


def test_what_needs_a_judge_or_foreign_code_is_named_and_never_executed(tmp_path: Path) -> None:
    criteria = [
        {"type": "score_model", "name": "Tone", "model": "gpt-5", "input": [], "pass_threshold": 0.7},
        {"type": "label_model", "name": "Polite", "labels": ["a", "b"], "passing_labels": ["a"], "model": "m"},
        {"type": "python", "name": "Code", "source": f"def grade(sample, item):\n    return {FOREIGN}"},
        similar("Meaning", "cosine", pass_threshold=0.8),
        similar("Bleu", "bleu", pass_threshold=0.8),
        similar("Score", "fuzzy_match"),
        check("Two", "eq", "{{item.a}}", "{{item.b}}"),
        check("Mixed", "eq", wanted="The answer is {{item.a}}"),
        {"type": "from_the_future", "name": "New"},
        {"type": "multi", "name": "Both", "graders": {"part": check("part", "eq")}, "calculate_output": "part * 1"},
    ]
    code, said = made(tmp_path, {"data": [{"testing_criteria": criteria}]})
    assert said[0] == "graders.json: 1 of 11 graders are gates in test_gates.py"
    for grader in criteria:
        assert any(line.startswith(f"  not imported: {grader['name']} (") for line in said)
        assert f"\n# - {grader['name']} (" in code
    assert FOREIGN not in code
    assert "grader_part" in scorers(code) or "test_grader_part" in scorers(code)


def test_the_registry_of_evals_is_read(tmp_path: Path) -> None:
    text = """
spell.dev.v0:
  class: evals.elsuite.basic.includes:Includes
  args: {samples_jsonl: spell.jsonl, ignore_case: true}
spell.dev.v1:
  class: evals.elsuite.modelgraded.classify:ModelBasedClassify
spell:
  id: spell.dev.v0
"""
    code, said = made(tmp_path, text, name="spell.yaml")
    assert scorers(code)["grader_spell_dev_v0"](Example("e", "in", "Word"), "a WORD.")
    assert "  not imported: spell.dev.v1 (evals:ModelBasedClassify): it asks another model to judge" in said[2]


@settings(max_examples=25)
@given(st.text(min_size=1), st.text(), st.sampled_from(["eq", "ne", "like", "ilike"]))
def test_names_and_texts_of_a_file_stay_what_they_are(
    tmp_path_factory: pytest.TempPathFactory, name: str, wanted: str, operation: str
) -> None:
    if "{{" in wanted:
        return
    code, _ = made(tmp_path_factory.mktemp("g"), [check(name, operation, wanted=wanted)])
    names = {node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)}
    (scorer,) = [n for n in names if n.startswith("grader_")]
    assert names == {n for n in names if n.startswith("test_")} | {scorer}
    right = {"eq": wanted, "ne": f"{wanted}.", "like": f"({wanted})", "ilike": f"({wanted})"}[operation]
    assert scorers(code)[scorer](Example("e", "in", "out"), right)


@pytest.mark.parametrize("text", ["{}", "[]", "[1", '{"testing_criteria": []}', "3"])
def test_a_file_without_graders_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"holds no grader|not valid JSON"):
        made(tmp_path, text)
