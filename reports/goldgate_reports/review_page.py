"""The questions of a review as one page that works without a server, and writes the decisions as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from goldgate.base.files import write_whole
from goldgate.data.review.items import Item
from goldgate.data.review.table import check_new
from goldgate.task.task import Task
from goldgate_reports.build import asset, render_page


@dataclass(frozen=True)
class Question:
    """A question as the page shows it.

    Attributes:
        item: The question.
        choices: The decisions that answer it, with what each means.
        output: Its output for a field that it is changed in, character for character; empty if there is no single one.
    """

    item: Item
    choices: tuple[tuple[str, str], ...]
    output: Markup


def write_review_page(path: Path, task: Task, items: Sequence[Item], remarks: Sequence[str]) -> None:
    """Writes the page.

    It is a single file with a script of its own, which its policy allows by its hash, and which stores decisions in the
    browser until they are saved as a table.

    Args:
        path: The file to write.
        task: The task.
        items: The questions.
        remarks: What is not asked, and why.

    Raises:
        UserError: The file is there already or cannot be written.
    """
    check_new(path)
    questions = [
        Question(
            item,
            tuple((name, meaning.replace("new_output", "the new output")) for name, meaning in item.choices.items()),
            Markup("") if item.is_several else escape(item.output),
        )
        for item in items
    ]
    labels = task.labels if task.kind == "label" else ()
    script = asset("review.js")
    page = render_page(
        "review.html.jinja", script=script, task=task, questions=questions, labels=labels, remarks=remarks
    )
    write_whole(path, page)
