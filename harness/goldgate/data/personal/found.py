"""A piece of text that is personal data or a secret, and the words around a number that say what it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

DOMAIN = "redacted.example"
"""The domain of stand-ins for e-mail addresses. Nobody can register a name under .example (RFC 2606)."""

_NEAR = 40  # characters before a number in which a word may say what it is
_OTHER = re.compile(
    r"(?:\b|_)(?:order|invoice|inv|purchase|po|ref|reference|ticket|case|claim|policy|tracking|parcel|shipment|serial|"
    r"article|item|sku|product|part|model|version|firmware|build|isbn|issn|ean|upc|gtin|imei|batch|lot|quote|receipt|"
    r"transaction|booking|contract|document|doc|commit|hash|auftrag\w*|rechnung\w*|bestell\w*|artikel\w*|kunden\w*|"
    r"sendung\w*|vertrag\w*|commande|facture|colis|pedido|factura|ordine|fattura|ordre|faktura|zam[oó]wieni\w*)\b"
    r"(?:[\s_.:#=-]|\b(?:no|nr|num|number|nummer|numéro|numero|número|id|code|is|ist|est|es|was|key)\b)*$"
)


@dataclass(frozen=True)
class Found:
    """A piece of a text.

    Attributes:
        kind: What it is ("e-mail address", "AWS access key").
        start: Position of its first character.
        end: Position after its last character.
        secret: Whether it gives access to something, so that it must not stay in the data.
    """

    kind: str
    start: int
    end: int
    secret: bool = False


def before(text: str, start: int) -> str:
    """Returns what stands shortly before a position, in lower case."""
    return text[max(0, start - _NEAR) : start].lower()


def names_other(text: str, start: int) -> bool:
    """Returns whether the words right before a number say that it is an order, an invoice, an article or the like."""
    return _OTHER.search(before(text, start)) is not None


def apart(found: Iterable[Found]) -> list[Found]:
    """Leaves out what overlaps an earlier one of the list, and sorts the rest by position."""
    kept: list[Found] = []
    for one in found:
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)
