"""Novelty strata: how similar each example of dev and golden is to train.

They are read from golden/<task>/novelty.json, which `goldgate.data.nearness` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json
from goldgate.base.fingerprint import digest, short
from goldgate.task.examples import COMPUTED, Split, read_card

FILE = "novelty.json"
TWIN_COSINE = 0.95
"""From this cosine similarity on, an example is a twin; golden and train then paraphrase each other."""
FAR = f"{COMPUTED}far"
STRATA = (FAR, f"{COMPUTED}near", f"{COMPUTED}twin")
SPLITS = ("dev", "golden")


@dataclass(frozen=True)
class Novelty:
    """The contents of novelty.json.

    Attributes:
        path: The file.
        fingerprints: Split → fingerprint of the split when the strata were computed.
        strata: Split → example id → one of STRATA.
        compared: Whether golden was free of near-duplicates, or they were signed off, when the file was written.
    """

    path: Path
    fingerprints: Mapping[str, str]
    strata: Mapping[str, Mapping[str, str]]
    compared: bool
    _golden: Mapping[str, Any]

    @property
    def _again(self) -> str:
        return f"rewrite it with `goldgate prepare {self.path.parent.name}`"

    @cached_property
    def digest(self) -> str:
        """Digest of golden's strata. It is part of the suite's digest if the suite's gates name a stratum."""
        return digest(self.strata["golden"])

    @cached_property
    def paraphrases(self) -> Mapping[str, tuple[str, float]]:
        """Golden example id → the closest train example and its cosine similarity, from TWIN_COSINE on. Raises
        UserError if a similarity is missing.
        """
        found = {}
        for id_, row in self._golden.items():
            where = f'{self.path}, field "golden", example {id_}'
            checked = check_object(row, where, self._again, cosine=int | float, by_cosine=str)
            if checked["cosine"] >= TWIN_COSINE:
                found[id_] = (checked["by_cosine"], float(checked["cosine"]))
        return found

    def of(self, split: Split) -> Mapping[str, str]:
        """Looks up the strata of a split.

        Args:
            split: dev or golden, exactly as the strata were computed for.

        Returns:
            Example id → stratum.

        Raises:
            UserError: The split is another, or the file was edited.
        """
        if split.name not in SPLITS or self.fingerprints[split.name] != split.fingerprint:
            raise UserError(
                f"the novelty of these {split.name} examples is unknown: it was computed only for the unchanged"
                " dev and golden splits",
                str(self.path),
                'slice before you change the examples: candidate.on("novelty:far").under(..)',
            )
        strata = self.strata[split.name]
        if strata.keys() != split.by_id.keys():
            raise UserError(
                f"was edited: its {split.name} examples are not those of the split", str(self.path), self._again
            )
        return strata


def read_novelty(folder: Path) -> Novelty:
    """Reads novelty.json.

    Args:
        folder: golden/<task>.

    Returns:
        Its contents.

    Raises:
        UserError: The file is missing or broken, or was computed for other splits than the card describes.
    """
    path, again = folder / FILE, f"write it with `goldgate prepare {folder.name}`"
    if not path.is_file():
        raise UserError("the novelty of dev and golden against train was never computed", str(path), again)
    where = str(path)
    raw = check_object(read_json(path), where, again, splits=dict, dev=dict, golden=dict)
    fingerprints = check_object(raw["splits"], f'{where}, field "splits"', again, train=str, dev=str, golden=str)
    card = read_card(folder).splits
    for name in ("train", *SPLITS):
        if fingerprints[name] != card.get(name, {}).get("fingerprint"):
            raise UserError(
                f"out of date: the {name} split has changed since this was computed"
                f" (fingerprint {short(fingerprints[name])})",
                where,
                again,
            )
    found = {name: _strata(raw[name], f'{where}, field "{name}"', again) for name in SPLITS}
    return Novelty(path, fingerprints, found, raw.get("compared") is True, raw["golden"])


def _strata(rows: Mapping[str, Any], where: str, hint: str) -> dict[str, str]:
    found = {}
    for id_, row in rows.items():
        stratum = COMPUTED + check_object(row, f"{where}, example {id_}", hint, stratum=str)["stratum"]
        if stratum not in STRATA:
            raise UserError(f'no stratum "{stratum}"', f"{where}, example {id_}", hint)
        found[id_] = stratum
    return found
