"""Sections that packages bring end the report; one that fails leaves a notice, never a report unwritten."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from goldgate.base.extensions import REPORT_SECTIONS
from goldgate_reports import build_report

from ..conftest import Install

ENTRY = {REPORT_SECTIONS: {"carbon": "acme_report:section"}}
GOOD = """
def section(folder):
    return "Carbon & <heat>", f"<p><b>12 g</b> for {folder.name}</p>"
"""


@pytest.fixture
def run_folder(passed_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(passed_run, tmp_path / "run")


def built(folder: Path) -> str:
    return build_report(folder).read_text("utf-8")


def test_it_ends_the_report_with_its_html_as_it_is_and_its_title_escaped(install: Install, run_folder: Path) -> None:
    install("acme_report", "1.2", GOOD, ENTRY)
    page = built(run_folder)
    assert "<p><b>12 g</b> for run</p>" in page
    assert "<h2>Carbon &amp; &lt;heat&gt;</h2>" in page
    assert '<a href="#package-1">Carbon &amp; &lt;heat&gt;</a>' in page
    assert page.index('id="facts"') < page.index('id="package-1"') < page.index("</main>")


def test_the_page_s_policy_stays_the_same(install: Install, run_folder: Path) -> None:
    before = built(run_folder)
    install("acme_report", "1.2", GOOD, ENTRY)
    policy = before[before.index("default-src") : before.index("form-action")]
    assert policy in built(run_folder)


def test_sections_come_in_the_order_of_their_names(install: Install, run_folder: Path) -> None:
    install("acme_report", "1.2", GOOD, ENTRY)
    install(
        "other_report", "1.0", GOOD.replace("Carbon", "Audit"), {REPORT_SECTIONS: {"audit": "other_report:section"}}
    )
    page = built(run_folder)
    assert page.index("<h2>Audit") < page.index("<h2>Carbon")


def test_none_is_no_section(install: Install, run_folder: Path) -> None:
    install("acme_report", "1.2", "def section(folder):\n    return None\n", ENTRY)
    assert "package-1" not in built(run_folder)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("def section(folder):\n    raise KeyError('grams\\nof <i>CO2</i>')\n", "KeyError: "),
        ("def section(folder):\n    return 'a title alone'\n", "ValueError: "),
        ("def section(folder):\n    return 'Carbon', 12\n", "TypeError: expected a title and HTML, both str"),
        ("def section(folder):\n    return 'Carbon', '\\ud800'\n", "UnicodeEncodeError: "),
        ("import no_such_module\n", "acme_report:section cannot be imported: ModuleNotFoundError"),
    ],
    ids=["it raises", "no pair", "no text", "a surrogate", "no import"],
)
def test_one_that_fails_leaves_a_line_that_names_the_package_and_the_error(
    install: Install, run_folder: Path, code: str, error: str
) -> None:
    install("acme_report", "1.2", code, ENTRY)
    page = built(run_folder)
    notice = page.split('<p class="notice">')[1].split("</p>")[0]
    assert notice.startswith("acme_report 1.2 could not make its section &#34;carbon&#34;: ")
    assert error in notice
    assert "\n" not in notice
    assert "<i>" not in notice
    assert "<h2>carbon</h2>" in page


def test_two_packages_that_bring_one_name_leave_a_notice_and_the_report(install: Install, run_folder: Path) -> None:
    install("acme_report", "1.2", GOOD, ENTRY)
    install("rival_report", "2.0", GOOD, {REPORT_SECTIONS: {"carbon": "rival_report:section"}})
    page = built(run_folder)
    assert "No section was added: " in page
    assert "two packages provide &#34;carbon&#34;" in page
    assert 'id="facts"' in page
