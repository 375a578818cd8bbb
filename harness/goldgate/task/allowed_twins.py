"""Near-duplicates of golden examples that a person has signed off: golden/<task>/allowed_twins.json.

A sign-off holds for the two texts that the person saw. Their digests are part of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_object, read_json
from goldgate.base.fingerprint import digest, short
from goldgate.task.examples import SPLITS, Example

FILE = "allowed_twins.json"
_FORM = 'write [{"golden": ID, "split": "train", "twin": ID, "texts": DIGESTS, "reason": WHY}, ..]'
_KEYS = ("golden", "split", "twin", "texts", "reason")


@dataclass(frozen=True)
class Allowed:
    """One pair that may stay.

    Attributes:
        golden: Id of the golden example.
        split: Split of the other example.
        twin: Id of the other example.
        texts: The digests of the golden text and of the other one, as `texts_of` gives them.
        reason: Why the two are different questions.
    """

    golden: str
    split: str
    twin: str
    texts: str
    reason: str


def texts_of(golden: Example, other: Example) -> str:
    """Returns what binds a sign-off to two texts.

    Args:
        golden: The golden example.
        other: The other example.

    Returns:
        The short digests of their inputs with a colon between them.
    """
    return f"{short(digest(golden.text))}:{short(digest(other.text))}"


def line_to_sign(golden: Example, split: str, other: Example) -> str:
    """Returns an entry of the file for two examples, in which the reason is still to be written.

    Args:
        golden: The golden example.
        split: Split of the other example.
        other: The other example.
    """
    entry = Allowed(golden.id, split, other.id, texts_of(golden, other), "")
    return json.dumps(vars(entry), ensure_ascii=False)


def read_allowed(folder: Path) -> tuple[Allowed, ...]:
    """Reads the pairs that are signed off.

    Args:
        folder: golden/<task>.

    Returns:
        The pairs; none if there is no file.

    Raises:
        UserError: The file is broken, or a pair has no reason. The error names the entry and the field.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    rows = read_json(path)
    if not isinstance(rows, list):
        raise UserError(f"must be a list, not {rows!r:.40}", str(path), _FORM)
    return tuple(_entry(row, f"{path}, entry {number}") for number, row in enumerate(rows, 1))


def _entry(row: object, where: str) -> Allowed:
    checked = check_object(row, where, _FORM, **dict.fromkeys(_KEYS, str))
    for key in checked:
        if key not in _KEYS:
            raise UserError(f'unknown key "{key}"', f'{where}, field "{key}"', near_names(key, _KEYS))
    if checked["split"] not in SPLITS:
        raise UserError(
            f'no split "{checked["split"]}"', f'{where}, field "split"', near_names(checked["split"], SPLITS)
        )
    if not checked["reason"].strip():
        raise UserError("a pair is signed off without a reason", f'{where}, field "reason"', "say why the two differ")
    return Allowed(**checked)
