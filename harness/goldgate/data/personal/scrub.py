"""Texts without their personal data and secrets, for samples and for rows that are set aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goldgate.data.personal.find import changed, found_in
from goldgate.data.personal.found import Found


def scrub(raw: Any) -> Any:
    """Takes personal data and secrets out of a row that is kept for people to look at.

    Args:
        raw: The row as it was read: text, bytes or a JSON value.

    Returns:
        The same with "‹e-mail address›" and the like in place of what was found; bytes become text.
    """
    if isinstance(raw, bytes):
        raw = raw.decode("utf-8", "replace")
    return changed(raw, lambda lead, text: masked_text(text, found_in(lead, text)))


def masked_text(text: str, found: Sequence[Found]) -> str:
    """Writes the kind of what was found in its place.

    Args:
        text: A text.
        found: What was found in it, in order.

    Returns:
        The text with "‹kind›" for each.
    """
    for one in reversed(found):
        text = f"{text[: one.start]}‹{one.kind}›{text[one.end :]}"
    return text
