"""How near each example of dev and golden is to train, as golden/<task>/novelty.json says; goldgate.data writes it."""

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
FAR = f"{COMPUTED}far"
STRATA = (FAR, f"{COMPUTED}near", f"{COMPUTED}twin")
SPLITS = ("dev", "golden")


@dataclass(frozen=True)
class Novelty:
    """What novelty.json says. fingerprints: of the splits that it was computed from; strata: split → example id → one
    of STRATA.
    """

    path: Path
    fingerprints: Mapping[str, str]
    strata: Mapping[str, Mapping[str, str]]

    @cached_property
    def digest(self) -> str:
        """Of golden's strata: what a look counts where a suite's gates name them."""
        return digest(self.strata["golden"])

    def of(self, split: Split) -> Mapping[str, str]:
        """Example id → stratum. Raises UserError for any split but the dev and the golden that it was computed from."""
        if split.name not in SPLITS or self.fingerprints[split.name] != split.fingerprint:
            raise UserError(
                f"how near these examples of {split.name} are to train is not known: it was computed for"
                " dev and golden as they are",
                str(self.path),
                'slice before you change them: candidate.on("novelty:far").under(..)',
            )
        strata = self.strata[split.name]
        if strata.keys() != split.by_id.keys():
            raise UserError(
                f"was edited: its examples of {split.name} are not those of the split",
                str(self.path),
                f"write it anew with `goldgate prepare {self.path.parent.name}`",
            )
        return strata


def read_novelty(folder: Path) -> Novelty:
    """Reads the file of a task (folder: golden/<task>). Raises UserError where it is missing or broken, or of other
    splits than the card describes.
    """
    path, again = folder / FILE, f"write it with `goldgate prepare {folder.name}`"
    if not path.is_file():
        raise UserError("the distance of dev and golden to train was never computed", str(path), again)
    where = str(path)
    raw = check_object(read_json(path), where, again, splits=dict, dev=dict, golden=dict)
    fingerprints = check_object(raw["splits"], f'{where}, field "splits"', again, train=str, dev=str, golden=str)
    card = read_card(folder).splits
    for name in ("train", *SPLITS):
        if fingerprints[name] != card.get(name, {}).get("fingerprint"):
            raise UserError(
                f"stale: the {name} split is another than the one it was computed from"
                f" (fingerprint {short(fingerprints[name])})",
                where,
                again,
            )
    found = {name: _strata(raw[name], f'{where}, field "{name}"', again) for name in SPLITS}
    return Novelty(path, fingerprints, found)


def _strata(rows: Mapping[str, Any], where: str, hint: str) -> dict[str, str]:
    found = {}
    for id_, row in rows.items():
        stratum = COMPUTED + check_object(row, f"{where}, example {id_}", hint, stratum=str)["stratum"]
        if stratum not in STRATA:
            raise UserError(f'no stratum "{stratum}"', f"{where}, example {id_}", hint)
        found[id_] = stratum
    return found
