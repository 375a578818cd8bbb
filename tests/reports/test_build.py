"""report.html and summary.md: one safe file, every section there, the first screen the same in both."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate_reports import RunView, build_report

SECTIONS = ("gates", "against", "tags", "examples", "training", "facts")


class Page(HTMLParser):
    """The tags, attributes and visible text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.hidden = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = self.hidden and tag not in ("style", "script")

    def handle_data(self, data: str) -> None:
        self.text += "" if self.hidden else data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(passed_run: Path) -> str:
    return build_report(passed_run).read_text("utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_report_lies_in_the_run_folder(passed_run: Path, html: str) -> None:
    assert (passed_run / "report.html").read_text("utf-8") == html
    assert (passed_run / "summary.md").is_file()


def test_every_section_is_there(page: Page) -> None:
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert set(SECTIONS) <= ids
    assert {(a.get("href") or "")[1:] for a in page.named("a")} <= ids


def test_hostile_answers_stay_text(html: str, page: Page) -> None:
    assert not page.named("script")
    assert not page.named("img")
    assert len(page.named("style")) == 1
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert "alert(1)</script>" not in html


def test_control_and_bidirectional_characters_are_written_out(html: str, page: Page) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)
    assert "⟨U+202E⟩evil⟨U+202C⟩ ⟨U+0000⟩⟨U+001B⟩[31m" in page.text


def test_nothing_is_loaded_from_anywhere(html: str, page: Page) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form", "image", "use"}
        assert not {"src", "srcset", "data", "action", "xlink:href", "style"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    css = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in css
    assert "@import" not in css


def test_the_policy_allows_the_one_style_sheet_alone(html: str, page: Page) -> None:
    css = html.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = next(m["content"] for m in page.named("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_a_very_long_answer_is_cut_and_counted(page: Page) -> None:
    assert "x" * 1300 not in page.text
    assert "3,800 more characters" in page.text


def test_drawings_say_their_numbers_in_words(passed_view: RunView, page: Page) -> None:
    drawn = [s for s in page.named("svg") if s.get("role") == "img"]
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert len(drawn) > 11
    for svg in drawn:
        assert set((svg["aria-labelledby"] or "").split()) <= ids
    reached = passed_view.gates[0].estimate
    said = f"Estimate {reached.text}, 95% interval {reached.interval}, threshold 85.0%, reading shown: pass"
    assert said in page.text


def test_no_id_stands_twice(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_each_reading_is_drawn_in_its_own_way(html: str) -> None:
    for reading in ("shown", "plausible", "observed"):
        assert f'class="interval {reading} pass"' in html
    assert html.count('class="dot" d=') > html.count('class="interval observed pass"')  # and in the legend


def test_the_summary_says_the_first_screen(beaten_run: Path) -> None:
    page = Page(build_report(beaten_run).read_text("utf-8"))
    summary = (beaten_run / "summary.md").read_text("utf-8").replace("\\", "")
    first_screen = page.text.split("The verdict rests on")[0]
    for fact in re.findall(
        r"[+−]?\d+(?:[.,]\d+)*(?:%| points| s)?", summary.split("The verdict rests on")[0].replace("**", "")
    ):
        assert fact in first_screen
    assert "# Do not ship: 1 of 11 gates fails" in summary
    assert "The linear model wins:" in summary
    assert "What blocks the release" in summary
    assert "rests on 11 gates: 4 shown" in summary


def test_the_summary_cannot_be_marked_up_by_names(tmp_path: Path, unlooked_run: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(unlooked_run, run)
    record = (run / "run.json").read_text("utf-8")
    (run / "run.json").write_text(record.replace('"task": "invoices"', '"task": "<b>|*x*\\n# y"'), "utf-8")
    build_report(run)
    assert r"**&lt;b>\|\*x\* \# y**" in (run / "summary.md").read_text("utf-8")


def test_a_run_without_a_look_says_so(unlooked_run: Path) -> None:
    page = Page(build_report(unlooked_run).read_text("utf-8"))
    assert "Not shown yet: the run ended without a look at golden" in page.text
    assert "Golden was not looked at, so nothing here has been shown" in page.text
    assert "Reached" in page.text
    assert "Ship" not in page.text


def test_a_broken_run_writes_nothing(tmp_path: Path, unlooked_run: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(unlooked_run, run, ignore=shutil.ignore_patterns("report.html", "summary.md"))
    (run / "answers.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match=r"answers\.parquet.*cannot be read as Parquet"):
        build_report(run)
    assert not list(run.glob("report*"))
    assert not list(run.glob("summary*"))


def test_the_view_holds_what_the_page_says(passed_view: RunView, page: Page) -> None:
    for gate in passed_view.gates:
        assert gate.title in page.text
        assert gate.expression in page.text
    for fact in passed_view.facts:
        for _, value in fact.rows:
            assert value in page.text


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_words_are_readable_in_light_and_dark(html: str) -> None:
    roots = re.findall(r":root \{([^}]*)\}", html)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", root)) for root in roots[:2])
    assert light["paper"] != dark["paper"]
    for scheme in (light, dark):
        for paper in ("paper", "raised"):
            for ink in ("ink", "quiet", "accent", "alarm"):
                assert contrast(scheme[ink], scheme[paper]) >= 4.5
        assert contrast(scheme["alarm"], scheme["alarm-tint"]) >= 4.5
        assert contrast(scheme["accent"], scheme["tint"]) >= 4.5
