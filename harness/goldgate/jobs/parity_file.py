"""The parity verdict of an exported model, kept beside it: `goldgate serve` runs nothing without one."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json, write_json
from goldgate.engine.llama import LIBRARY, build
from goldgate.jobs.export_gguf import GgufExported

FILE = "parity.json"


@dataclass(frozen=True)
class Verdict:
    """How a GGUF file compared with the model that was gated.

    Attributes:
        gated: Identity of the subject that was gated.
        identity: Identity of the file's subject.
        engine: The build of llama.cpp and the machine that the file was compared on.
        form: How its matrices are stored.
        lossless: Whether that form is meant to answer the same.
        holds: Whether it did, with any number of slots.
        slots: The numbers of prompts at once that were compared.
        asked: Number of dev examples.
    """

    gated: str
    identity: str
    engine: str
    form: str
    lossless: bool
    holds: bool
    slots: tuple[int, ...]
    asked: int

    def faults(self, gated: str, identity: str, slots: int) -> list[str]:
        """Lists what speaks against serving the file as what was gated.

        Args:
            gated: Identity of the champion.
            identity: Identity of the file's subject now.
            slots: How many prompts are to be answered at once.

        Returns:
            Reasons; none if the verdict covers it.
        """
        engine = engine_here()
        found = [
            (self.gated != gated, "it was compared with another model than today's champion"),
            (self.identity != identity, "the file, the prompt or the decoding has changed since it was compared"),
            (self.engine != engine, f"it was compared with {self.engine}, and this is {engine}"),
            (not self.holds, "its answers differ from those of the model that was gated"),
            (not self.lossless, f"{self.form} loses a little, and has no verdict of its own"),
            (slots > max(self.slots), f"it was compared with at most {max(self.slots)} prompts at once"),
        ]
        return [reason for speaks, reason in found if speaks]


def engine_here() -> str:
    """The build of llama.cpp and the kind of machine. Raises UserError if llama.cpp is not installed."""
    return f"{LIBRARY} {build()} on {platform.machine()}"


def write_verdict(folder: Path, gated: str, exported: GgufExported) -> None:
    """Writes the verdict beside the file.

    Args:
        folder: The exported folder.
        gated: Identity of the subject that was gated.
        exported: The comparison.
    """
    verdict = Verdict(
        gated,
        exported.identity,
        engine_here(),
        exported.form,
        exported.lossless,
        exported.holds,
        tuple(sorted(exported.parity)),
        exported.asked,
    )
    write_json(folder / FILE, {exported.file.name: asdict(verdict)})


def read_verdict(file: Path) -> Verdict | None:
    """Reads the verdict of a GGUF file.

    Args:
        file: The file.

    Returns:
        The verdict; None if there is none.

    Raises:
        UserError: parity.json is broken.
    """
    path = file.parent / FILE
    if not path.is_file():
        return None
    hint = "export the model again"
    known: Mapping[str, Any] = check_object(read_json(path), str(path), hint)
    if file.name not in known:
        return None
    where = f'{path}, field "{file.name}"'
    raw = check_object(
        known[file.name],
        where,
        hint,
        gated=str,
        identity=str,
        engine=str,
        form=str,
        lossless=bool,
        holds=bool,
        slots=list,
        asked=int,
    )
    if not raw["slots"] or not all(isinstance(one, int) for one in raw["slots"]):
        raise UserError("slots must be a list of numbers", where, hint)
    return Verdict(**{**{name: raw[name] for name in Verdict.__dataclass_fields__}, "slots": tuple(raw["slots"])})
