"""Writes report.html and summary.md into a run folder: each one file, whole or not at all, nothing from a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from goldgate.base.files import write_whole
from goldgate_reports.views import load_run
from goldgate_reports.words import for_html, for_markdown

_HERE = Path(__file__).parent


def build_report(run_folder: Path) -> Path:
    """Writes report.html and summary.md beside run.json and returns the path of report.html.

    Raises UserError naming the file of the run folder that is missing or broken; nothing is written then.
    """
    view = load_run(run_folder)
    page = render_page("report.html.jinja", view=view)
    summary = render_text("summary.md.jinja", view=view)
    write_whole(run_folder / "summary.md", summary)
    path = run_folder / "report.html"
    write_whole(path, page)
    return path


def render_page(template: str, **values: Any) -> str:
    """A page from its template, with the style sheet that its policy allows."""
    css = (_HERE / "assets" / "report.css").read_text("utf-8")
    return _environment(True, for_html).get_template(template).render(css=Markup(css), policy=_policy(css), **values)


def render_text(name: str, **values: Any) -> str:
    """A Markdown document from its template; text of others has no markup of its own."""
    return _environment(False, for_markdown).get_template(name).render(**values)


def _environment(autoescape: bool, finalize: Callable[[Any], Any]) -> Environment:
    """Everything a template prints passes `finalize` first, then (HTML) is escaped: no template can forget either."""
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=autoescape,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _policy(css: str) -> str:
    """Nothing may load or run but the one style sheet, named by its hash; answers are hostile text."""
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
