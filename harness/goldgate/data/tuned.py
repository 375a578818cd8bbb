"""Files that a vendor's model was tuned with: the system prompt that their rows share, and the prompt to ask it with.

A system prompt that stands in every row is the task's instructions: as part of every input it would be paid for in
every shot, and nobody could change it in one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from goldgate.data.account import Account
from goldgate.data.apart import IN_GOLDEN, NEARLY_IN_GOLDEN
from goldgate.data.row import Row
from goldgate.data.sources.shapes import TUNING
from goldgate.prompts.file_prompt import AS_TRAINED, PLACE

OPTION = "--instructions"
_SHARES_GOLDEN = (
    "golden comes from rows that a model was tuned on. If that model becomes the incumbent, it has seen their outputs,"
    " and a gap over it is no fair measure: give rows that it never saw by --golden FILE, or later by prepare"
    " --refresh-golden"
)
_CHOSE_GOLDEN = (
    "golden has a file of the form that models are tuned with. If the incumbent was chosen by it (a vendor's validation"
    " file), it looks a little better there than on new rows; rows that it never saw are fair to both"
)


@dataclass(frozen=True)
class Lifted:
    """Rows without the system prompt that they share.

    Attributes:
        parts: The rows of each file.
        prompt: The system prompt; None if there is none that all share.
    """

    parts: list[list[Row]]
    prompt: str | None


def lift_system_prompt(parts: Sequence[Sequence[Row]], instructions: str | None, account: Account) -> Lifted:
    """Takes the system prompt out of the inputs, if all rows of all files have the same.

    Args:
        parts: The rows of each file.
        instructions: What the user wants prompts to begin with; then every input keeps its system prompt.
        account: Receives the decision.

    Returns:
        The rows, and the prompt that was taken out of them.
    """
    prompts = Counter(_system_prompt(row) for part in parts for row in part)
    many, found = f"all {prompts.total():,} rows share it", next(iter(prompts), None)
    unchanged = Lifted([list(part) for part in parts], None)
    if len(prompts) > 1 and (stated := {prompt: n for prompt, n in prompts.items() if prompt is not None}):
        most = max(stated.values())
        account.remarks.append(
            f"{sum(stated.values()):,} of {prompts.total():,} rows have a system prompt, {len(stated):,} different"
            f" ones, the most frequent in {most:,}: they stay in the inputs"
        )
        return unchanged
    if len(prompts) != 1 or found is None or PLACE in found:
        return unchanged
    if instructions is not None:
        account.decide("system prompt", "stays in every input", f"{many}, and you gave instructions", OPTION)
        return unchanged
    account.decide("instructions", "the system prompt of the rows", f"{many}, so inputs go without it", OPTION)
    return Lifted([[_without_system_prompt(row) for row in part] for part in parts], found)


def as_trained(prompt: str | None, account: Account) -> str | None:
    """Decides with which prompt a model that was tuned with these rows is asked: as it was tuned, word for word.

    Args:
        prompt: The system prompt that was taken out of the rows.
        account: Says what shape the rows had; receives the decision.

    Returns:
        The text of as_trained.md; None if the rows are not of the form that models are tuned with.
    """
    if not is_tuning(account):
        return None
    held = "their messages and nothing else" if prompt is None else "their system prompt and nothing else"
    account.decide("prompt of a tuned model", AS_TRAINED, f"{held}; goldgate record asks with it, as it was tuned")
    return (PLACE if prompt is None else prompt) + "\n"


def say_what_golden_is(files: Mapping[str, Path], account: Account) -> None:
    """Says what golden's rows are to a model that was tuned with files of this form.

    Args:
        files: The split that a file is for, or "" → the file.
        account: Says what shape the rows had, and which were set aside; receives the remark.
    """
    if not is_tuning(account):
        return
    if "golden" not in files:
        account.remarks.append(_SHARES_GOLDEN)
        return
    if "dev" not in files:
        account.remarks.append(_CHOSE_GOLDEN)
    if seen := sum(row.reason in (IN_GOLDEN, NEARLY_IN_GOLDEN) for row in account.aside):
        account.remarks.append(
            f"{seen:,} rows of the other files are in golden, exactly or nearly: a model that was tuned on them has"
            " seen what golden asks, and looks better there than it is"
        )


def is_tuning(account: Account) -> bool:
    """Whether a file had the shape of those that a vendor's model is tuned with."""
    return any(d.what.startswith("shape of ") and d.value in TUNING for d in account.decisions)


def _system_prompt(row: Row) -> str | None:
    """The system prompt that a row begins with, and that is its only one; None if there is none."""
    if isinstance(row.input, str) or [m["role"] for m in row.input].count("system") != 1:
        return None
    first = row.input[0]
    return first["content"] if first["role"] == "system" else None


def _without_system_prompt(row: Row) -> Row:
    assert not isinstance(row.input, str)
    asked = row.input[1:]
    return replace(row, input=asked[0]["content"] if len(asked) == 1 else asked)
