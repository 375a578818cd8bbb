"""The documentation is current: what is generated equals the code, links lead somewhere, and commands exist."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OUTSIDE = [*ROOT.glob("*.md"), *(ROOT / "examples").rglob("*.md"), *(ROOT / ".github").glob("*.md")]
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if page.name != "plan.md"]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """docs/generate.py."""
    found = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and mkdocs write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_generated_reference_is_current(generate: ModuleType) -> None:
    pages = [str(page.relative_to(ROOT)) for page in generate.stale(write=False)]
    assert pages == [], "run: python docs/generate.py"


def test_a_page_that_lags_behind_the_code_is_found(generate: ModuleType) -> None:
    page = (DOCS / "reference" / "task-yaml.md").read_text("utf-8")
    assert generate.generated(page.replace("`max_group`", "`most_group`")) == page


def test_every_part_is_used_by_a_page(generate: ModuleType) -> None:
    used = {name for page in PAGES for name in re.findall(r"<!-- generate: ([\w-]+) -->", page.read_text("utf-8"))}
    assert used == set(generate.PARTS)


def test_generating_the_reference_loads_nothing_heavy() -> None:
    code = (
        "import sys, runpy; sys.argv = ['generate', '--check']\n"
        "try: runpy.run_path('docs/generate.py', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'transformers', 'peft', 'pandas', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_metric_says_its_range(generate: ModuleType) -> None:
    entries = re.split(r"^### ", generate.metrics(), flags=re.MULTILINE)[1:]
    silent = [
        entry.split("\n")[0] for entry in entries if not re.search(r"^- Range: .*; (higher|lower) is", entry, re.M)
    ]
    assert len(entries) > 20
    assert silent == []


def test_every_key_of_task_yaml_has_a_meaning(generate: ModuleType) -> None:
    rows = [line for line in generate.task_yaml().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_setting_of_the_recipe_is_described() -> None:
    from goldgate_trainers.lora.recipe import Recipe

    table = (DOCS / "reference" / "recipe.md").read_text("utf-8").split("## ")[0]
    described = {
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert described == {field.name for field in fields(Recipe)}


@pytest.mark.parametrize("page", OUTSIDE, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_outside_of_the_site_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


def test_the_readme_is_short_and_shows_a_gate_and_a_terminal_first() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 150
    first_screen = "\n".join(lines[:20])
    assert "assert candidate.style_ok >= 0.85" in first_screen
    assert "docs/images/gate.svg" in first_screen


def test_the_readme_has_each_of_its_two_commands_on_a_line_of_its_own() -> None:
    lines = [line.strip() for line in (ROOT / "README.md").read_text("utf-8").splitlines()]
    assert lines.count("python -m pip install tox && tox run -e demo") == 1
    assert lines.count("python -m pip install tox && tox run") == 1


def test_the_picture_of_the_terminal_shows_the_verdicts_of_today() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "suites/voice", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    table = [
        line.rstrip()
        for line in done.stdout.splitlines()
        if re.search(r" (pass|fail|undecided|not shown below \S+) +\d+$", line)
    ]
    picture = (DOCS / "images" / "gate.svg").read_text("utf-8")
    shown = re.sub(r"<[^>]+>", "", picture).replace("&#160;", " ").replace("&gt;", ">").replace("&lt;", "<")
    assert len(table) == 19
    assert [line for line in table if line not in shown] == []


def test_the_picture_of_the_terminal_loads_nothing_from_the_network() -> None:
    picture = (DOCS / "images" / "gate.svg").read_text("utf-8")
    assert "@font-face" not in picture
    assert "url(http" not in picture


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_goldgate_command_in_the_documentation_exists(page: Path) -> None:
    from goldgate.cli.main import app

    known = {command.callback.__name__ for command in app.registered_commands if command.callback is not None}
    written = set(re.findall(r"(?:^ {4}(?:\$ )?|`)goldgate ([a-z]+)", page.read_text("utf-8"), re.MULTILINE))
    assert written <= known
