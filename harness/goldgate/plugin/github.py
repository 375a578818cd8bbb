"""Output for GitHub Actions: the job summary, and annotations on the lines of gates that do not pass."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from goldgate.plugin.spoken import Spoken
from goldgate.plugin.tally import SuiteTally
from goldgate.plugin.terminal import COLUMNS, cells, head, verdict_line

_MOST_ROWS = 500
"""The most rows in a suite's table, because GitHub rejects summaries over 1 MiB."""


def step_summary(suites: Sequence[SuiteTally]) -> str:
    """Renders suites as Markdown: the verdict, the subjects and split, and the table of gates.

    Args:
        suites: The suites.

    Returns:
        The Markdown text.
    """
    return "".join(f"{line}\n" for suite in suites for line in _suite(suite))


def _suite(suite: SuiteTally) -> Iterator[str]:
    text, colour = verdict_line(suite)
    mark = {"green": ":white_check_mark:", "red": ":x:"}.get(colour, ":grey_question:")
    yield f"### {mark} {plain(text)}"
    yield ""
    yield from (f"- {plain(line.strip())}" for line in head(suite.info))
    verdicts = suite.verdicts()
    if verdicts:
        yield ""
        yield _line(COLUMNS)
        yield _line(["---"] * len(COLUMNS))
        yield from (_line([plain(cell) for cell in cells(v)]) for v in verdicts[:_MOST_ROWS])
    if len(verdicts) > _MOST_ROWS:
        yield ""
        yield f"and {len(verdicts) - _MOST_ROWS} more gates"
    yield ""


def _line(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def plain(text: str) -> str:
    """Escapes untrusted text, such as tags and names, so that Markdown shows it as plain text on one line.

    Args:
        text: The text.

    Returns:
        The escaped text.
    """
    from goldgate_reports.words import for_markdown

    return str(for_markdown(" ".join(text.split())))


def error_commands(suites: Sequence[SuiteTally], start: Path, workspace: str | None) -> list[str]:
    """Renders a workflow command, which GitHub shows as an annotation, for each gate that does not pass.

    Args:
        suites: The suites.
        start: Folder that the places of verdicts are relative to.
        workspace: Folder that GitHub's paths are relative to; None to keep the places.

    Returns:
        The commands, one line each.
    """
    return [_error(s, start, workspace) for suite in suites for s in suite.spoken() if not s.verdict]


def _error(spoken: Spoken, start: Path, workspace: str | None) -> str:
    verdict, line = spoken.verdict, spoken.line or 1
    shown = os.path.relpath(start / spoken.path, workspace) if workspace else spoken.path
    title = f"{verdict.gate}: {verdict.outcome}"
    return f"::error file={_property(shown)},line={line},title={_property(title)}::{_data(verdict.message)}"


def _data(text: str) -> str:
    """Escapes text for a workflow command, so that it can neither end the command nor begin another."""
    from goldgate_reports.words import visible

    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
