"""What a person sees while a job works."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from goldgate.cli.screen import Screen, clock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (8.2, "8 s"),
        (60, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3600, "60 min 00 s"),
        (59.6, "1 min 00 s"),
        (59.4, "59 s"),
        (119.7, "2 min 00 s"),
    ],
)
def test_seconds_as_people_say_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_line_is_said_as_it_is() -> None:
    screen = Screen(Console(file=io.StringIO(), width=20))
    screen.say("[bold]not a mark[/bold] and longer than the width")
    assert screen.console.file.getvalue() == (  # type: ignore[attr-defined]
        "[bold]not a mark[/bold] and longer than the width\n"
    )


def test_a_step_is_one_line_in_a_log() -> None:
    screen = Screen(Console(file=io.StringIO(), width=80))
    with screen.step("train", "the model learns", 10) as advance:
        for done in range(10):
            advance(done, "loss 1.0")
    assert screen.console.file.getvalue() == "train  the model learns\n"  # type: ignore[attr-defined]


def test_brackets_in_names_are_shown_as_they_are() -> None:
    screen = Screen(Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None))
    with screen.step("adapter:[red]/x [/bold]", "in [dim]/[/dim] there", 3) as advance:
        advance(1, "loss [/] 1")
    screen.say("[bold]as it is[/bold]")
    shown = screen.console.file.getvalue()  # type: ignore[attr-defined]
    assert "adapter:[red]/x [/bold]  in [dim]/[/dim] there" in shown
    assert "loss [/] 1" in shown
    assert "[bold]as it is[/bold]" in shown
