"""Writes report.html and summary.md into a run folder: two self-contained files, each written whole or not at all."""

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
    """Writes report.html and summary.md into a run folder.

    Args:
        run_folder: The run folder, which holds run.json.

    Returns:
        The path of report.html.

    Raises:
        UserError: A file of the run folder is missing or broken; the error names it, and nothing is written.
    """
    view = load_run(run_folder)
    page = render_page("report.html.jinja", view=view)
    summary = render_text("summary.md.jinja", view=view)
    write_whole(run_folder / "summary.md", summary)
    path = run_folder / "report.html"
    write_whole(path, page)
    return path


def render_page(template: str, **values: Any) -> str:
    """Renders an HTML page.

    Args:
        template: File name of the template.
        values: What the template shows. Text is escaped; only Markup is put in as it is. A `script` is allowed to run.

    Returns:
        The page, with its style sheet and with a policy that allows no other, and no other script.
    """
    css, script = asset("report.css"), values.get("script", Markup(""))
    return _environment(True, for_html).get_template(template).render(css=css, policy=_policy(css, script), **values)


def asset(name: str) -> Markup:
    """Returns the text of a file in assets/, to be put into a page as it is."""
    return Markup((_HERE / "assets" / name).read_text("utf-8"))


def render_text(name: str, **values: Any) -> str:
    """Renders a Markdown document.

    Args:
        name: File name of the template.
        values: What the template shows. Markdown and HTML in text are escaped.

    Returns:
        The document.
    """
    return _environment(False, for_markdown).get_template(name).render(**values)


def _environment(autoescape: bool, finalize: Callable[[Any], Any]) -> Environment:
    """Passes everything a template prints through `finalize`, then escapes it in HTML, so no template can forget to."""
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=autoescape,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _policy(css: str, script: str) -> str:
    """A policy that allows only the one style sheet and the one script, if there is one, by their hashes. The answers
    in the page are untrusted text.
    """
    allowed = {"style-src": css, **({"script-src": script} if script else {})}
    sources = [f"{what} '{_digest(text)}'" for what, text in allowed.items()]
    return "; ".join(["default-src 'none'", *sources, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
