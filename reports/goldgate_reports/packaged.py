"""The sections that installed packages add to the end of a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from goldgate.base.errors import UserError
from goldgate.base.extensions import REPORT_SECTIONS, Extension, extensions
from goldgate_reports.words import cut

_LONGEST_ERROR = 300  # characters of a package's error that fit on one line of the notice


@dataclass(frozen=True)
class Section:
    """One section that a package adds.

    Attributes:
        title: Its heading, which is escaped like any other text.
        html: Its content as the package wrote it; empty where it could not be made.
        notice: Why the section could not be made, on one line; empty where it could.
    """

    title: str
    html: Markup
    notice: str = ""


def packaged_sections(run_folder: Path) -> tuple[Section, ...]:
    """Collects the sections that installed packages add to a run's report, in the order of their names.

    The HTML is put into the page unescaped. It comes from an installed package, so it is trusted exactly as the
    package's code is; a package must escape the answers and inputs that it shows. The page's policy applies to it
    too: no script runs, nothing is loaded, and only the report's own style sheet styles it.

    A package that fails costs the report nothing but its own section: a notice takes the section's place.

    Args:
        run_folder: The run folder. Each package's function gets it as its only argument and returns the section's
            title and HTML, or None for no section.

    Returns:
        The sections, each with its HTML or with a notice.
    """
    try:
        found = extensions(REPORT_SECTIONS)
    except UserError as error:
        return (_failed("Sections of installed packages", f"No section was added: {error}"),)
    made = (_section(extension, run_folder) for _, extension in sorted(found.items()))
    return tuple(section for section in made if section is not None)


def _section(extension: Extension, run_folder: Path) -> Section | None:
    try:
        result = extension.load()(run_folder)
        if result is None:
            return None
        title, html = result
        if not (isinstance(title, str) and isinstance(html, str)):
            raise TypeError("expected a title and HTML, both str")
        html.encode("utf-8")  # a lone surrogate would keep the whole report from being written
    except Exception as error:  # a package's code may raise anything
        return _failed(
            extension.name,
            f'{extension.stamp} could not make its section "{extension.name}": {type(error).__name__}: {error}',
        )
    return Section(title, Markup(html))


def _failed(title: str, why: str) -> Section:
    notice, left_out = cut(" ".join(why.split()), _LONGEST_ERROR)
    return Section(title, Markup(""), f"{notice} …" if left_out else notice)
