"""The suite's digest: changing what is asked of golden changes it, changing only the layout does not."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.base.files import write_json
from goldgate.ledger import named_variations, names_strata, suite_digest
from goldgate.perturb import MUST_NOT_CHANGE
from goldgate.task.examples import Card, write_card
from goldgate.task.project import Project
from goldgate.task.task import load_task

TASK = """task: mood
kind: label
instructions: Say the mood.
labels: [good, bad]
gates: shown
"""
GATES = '''"""Gates of mood."""


def test_accuracy(candidate):
    """Support needs it."""
    assert candidate.exact_match >= 0.9


class TestMore:
    """More."""

    def test_stop(self, candidate):
        assert candidate.stop_rate >= 1
'''


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "suites" / "mood"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK)
    (folder / "test_gates.py").write_text(GATES)
    return Project(tmp_path, tmp_path / "cache")


def digest(project: Project, scorers=None) -> str:
    return suite_digest(load_task(project, "mood"), scorers or {"exact_match": 1})


def edit(project: Project, name: str, old: str, new: str) -> None:
    path = project.suite("mood") / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Gates of mood."""\n', "# what must hold\n"),
        ('    """Support needs it."""\n', ""),
        ('    """More."""\n', '    """Even more."""\n'),
        ("assert candidate.exact_match >= 0.9", "assert (candidate.exact_match\n            >= 0.9)  # really"),
        ("0.9", "0.90"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(project: Project, old: str, new: str) -> None:
    before = digest(project)
    edit(project, "test_gates.py", old, new)
    assert digest(project) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">= 0.9", ">= 0.89"),
        (">= 0.9", "<= 0.9"),
        (".exact_match", ".exact_match.plausible"),
        (">= 1", ">= 1.0"),
        ("    assert candidate.exact_match >= 0.9", "    return\n    assert candidate.exact_match >= 0.9"),
    ],
)
def test_a_changed_gate_counts(project: Project, old: str, new: str) -> None:
    before = digest(project)
    edit(project, "test_gates.py", old, new)
    assert digest(project) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [("good, bad", "good, bad, none"), ("gates: shown", "gates: plausible"), ("gates: shown", "error: 0.1")],
)
def test_changed_rules_for_answers_count(project: Project, old: str, new: str) -> None:
    before = digest(project)
    edit(project, "task.yaml", old, new)
    assert digest(project) != before


def test_a_weaker_reference_counts(project: Project) -> None:
    before = digest(project)
    edit(project, "task.yaml", "gates: shown", "baselines: [zero_shot]")
    assert digest(project) != before


def test_what_would_weaken_a_reference_counts(project: Project) -> None:
    """Worse instructions make a weaker baseline, so the difference from it means something else."""
    before = digest(project)
    edit(project, "task.yaml", "Say the mood.", "Name the mood.")
    assert digest(project) != before


def test_code_above_the_suite_and_files_in_it_count_but_not_the_champion(project: Project) -> None:
    seen = [digest(project)]
    (project.root / "conftest.py").write_text("LIMIT = 0.5\n")
    seen.append(digest(project))
    (project.suite("mood") / "limits.toml").write_text("accuracy = 0.5\n")
    seen.append(digest(project))
    (project.suite("mood") / "champion.json").write_text("{}\n")
    (project.suite("mood") / "__pycache__").mkdir()
    (project.suite("mood") / "__pycache__" / "x.pyc").write_bytes(b"0")
    assert len(set(seen)) == 3
    assert digest(project) == seen[-1]


def test_other_code_in_the_folder_and_scorer_versions_count(project: Project) -> None:
    before = digest(project)
    assert digest(project, {"exact_match": 2}) != before
    (project.suite("mood") / "conftest.py").write_text("LIMIT = 0.5\n")
    assert digest(project) != before


def test_a_scorer_that_came_later_counts_where_the_suite_names_it(project: Project) -> None:
    assert digest(project, {"exact_match": 1, "novel": 1}) == digest(project, {"exact_match": 1})
    for new in ("candidate.novel", 'getattr(candidate, "novel")', "candidate.on(novel).stop_rate"):
        edit(project, "test_gates.py", "candidate.stop_rate", new)
        assert digest(project, {"exact_match": 1, "novel": 1}) != digest(project, {"exact_match": 1, "novel": 2})
        edit(project, "test_gates.py", new, "candidate.stop_rate")


def novelty(project: Project, *strata: str, train: str = "t") -> None:
    """Writes a novelty.json that matches the card of the splits."""
    folder = project.golden("mood")
    splits = {"train": "t", "dev": "d", "golden": "g"}
    card = {n: {"count": 1, "fingerprint": f, "tags": {}} for n, f in splits.items()}
    write_card(folder, Card("mood", card, "", "", ""))
    rows = {f"g{i}": {"stratum": s} for i, s in enumerate(strata)}
    write_json(folder / "novelty.json", {"splits": {**splits, "train": train}, "dev": {}, "golden": rows})


@pytest.mark.parametrize(
    "code",
    [
        'candidate.on("novelty:far").stop_rate',
        'candidate.on(f"novelty:{how}").stop_rate',
        'candidate.on("novelty:" + how).stop_rate',
        'candidate.stop_rate.on("novelty:far")',
    ],
)
def test_strata_count_where_the_suite_names_one(project: Project, code: str) -> None:
    """Editing novelty.json changes which examples such a gate covers, so the digest changes."""
    plain = digest(project)
    novelty(project, "far", "near")
    assert digest(project) == plain
    assert not names_strata(load_task(project, "mood"))
    edit(project, "test_gates.py", "candidate.stop_rate", code)
    assert names_strata(load_task(project, "mood"))
    seen = {plain, digest(project)}
    novelty(project, "near", "near")
    assert len({*seen, digest(project)}) == 3


def test_a_docstring_that_speaks_of_strata_names_none(project: Project) -> None:
    before = digest(project)
    edit(project, "test_gates.py", "Support needs it.", "Not on novelty:far yet.")
    assert digest(project) == before


def test_a_suite_that_names_strata_has_no_digest_without_them(project: Project) -> None:
    edit(project, "test_gates.py", "candidate.stop_rate", 'candidate.on("novelty:far").stop_rate')
    with pytest.raises(UserError, match="never computed"):
        digest(project)
    novelty(project, "far", train="older")
    with pytest.raises(UserError, match="out of date: the train split"):
        digest(project)


@pytest.mark.parametrize(
    ("word", "module"),
    [
        ("under", "perturb"),
        ("across", "perturb"),
        ("across", "scored.consistency"),
        ("repeated", "scored.consistency"),
        ("by", "scorers.own"),
    ],
)
def test_how_inputs_are_perturbed_and_answers_agree_counts_where_the_suite_asks_for_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, word: str, module: str
) -> None:
    edit(project, "test_gates.py", "candidate.stop_rate", f"candidate.{word}(x).stop_rate")
    before = digest(project)
    monkeypatch.setattr(importlib.import_module(f"goldgate.{module}"), "VERSION", 99)
    assert digest(project) != before
    edit(project, "test_gates.py", f".{word}(x)", "")
    assert digest(project) == "33e3f6547d3d482e534b6723db636a8273239e4c549b4a19ecf102ccebf93675"


def test_the_digest_is_the_same_on_every_python_version(project: Project) -> None:
    """ast.dump differs between Python versions; this digest was computed on 3.11."""
    assert digest(project) == "33e3f6547d3d482e534b6723db636a8273239e4c549b4a19ecf102ccebf93675"


def test_code_that_does_not_parse_is_named(project: Project) -> None:
    edit(project, "test_gates.py", "def test_accuracy(candidate):", "def test_accuracy(candidate:")
    with pytest.raises(UserError, match=r"test_gates.py, line \d+: not valid Python"):
        digest(project)


@pytest.mark.parametrize("where", ["suites/conftest.py", "conftest.py", "suites/mood/conftest.py"])
def test_code_that_a_suite_may_lean_on_counts_wherever_pytest_finds_it(project: Project, where: str) -> None:
    before = digest(project)
    (project.root / where).write_text("LIMIT = 0.9\n")
    between = digest(project)
    (project.root / where).write_text("LIMIT = 0.5\n")
    assert len({before, between, digest(project)}) == 3


@pytest.mark.parametrize(
    "where",
    [
        ".hidden.py",
        ".pytest_cache/x.txt",
        "__pycache__/test_gates.cpython-311.pyc",
        "__pycache__/x.txt",
        "old.pyc",
        "champion.json",
        "champion_answers.jsonl.gz",
    ],
)
def test_what_is_no_part_of_the_question_does_not_count(project: Project, where: str) -> None:
    before = digest(project)
    path = project.suite("mood") / where
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\x00 not Python")
    assert digest(project) == before


def test_a_file_that_is_no_code_counts_by_its_content(project: Project) -> None:
    before = digest(project)
    (project.suite("mood") / "limits.txt").write_text("0.9")
    between = digest(project)
    (project.suite("mood") / "limits.txt").write_text("0.5")
    assert len({before, between, digest(project)}) == 3


def test_only_a_text_at_the_head_of_a_body_is_a_docstring(project: Project) -> None:
    path = project.suite("mood") / "test_gates.py"
    path.write_text(GATES + "\n\ndef limit():\n    0.9\n    return 1\n")
    one = digest(project)
    path.write_text(GATES + "\n\ndef limit():\n    0.5\n    return 1\n")
    assert digest(project) != one


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("from goldgate.perturb import typos, changed_date", ("typos",)),
        ("from goldgate.perturb import whitespace as wide, letter_case", ("letter_case", "whitespace")),
        ("from goldgate import perturb\nA = perturb.typos", ("typos",)),
        ("A = 'typos'\npadding = 3", ()),
    ],
)
def test_the_variations_are_those_that_the_suite_takes_from_the_edge_cases(
    project: Project, code: str, named: tuple[str, ...]
) -> None:
    (project.suite("mood") / "test_under.py").write_text(code + "\n")
    assert named_variations(load_task(project, "mood")) == named


def test_a_suite_that_takes_all_perturbations_that_must_not_change_an_answer_names_all(project: Project) -> None:
    (project.suite("mood") / "test_under.py").write_text("from goldgate.perturb import MUST_NOT_CHANGE\n")
    assert len(named_variations(load_task(project, "mood"))) == len(MUST_NOT_CHANGE)


def test_perturbations_that_an_imported_module_takes_are_named_too(project: Project) -> None:
    (project.root / "variations.py").write_text("from goldgate.perturb import typos\n")
    (project.suite("mood") / "test_under.py").write_text("from variations import typos\n")
    assert named_variations(load_task(project, "mood")) == ("typos",)


def test_prices_of_tokens_count_and_the_machine_s_does_not(project: Project) -> None:
    path = project.suite("mood") / "task.yaml"
    digests = []
    for prices in (
        "",
        "prices: {per_million_input: 1.0}\n",
        "prices: {per_million_input: 2.0}\n",
        "prices: {per_million_input: 2.0, machine_hour: 3.0}\n",
    ):
        path.write_text(TASK + prices)
        digests.append(digest(project))
    assert len(set(digests[:3])) == 3
    assert digests[3] == digests[2]
