"""Latencies that were measured, kept by who answered and where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.subjects.latency import Timing


class Timings:
    """Timings in the cache, a small file for each identity and machine. The caller holds a lock while it adds."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "latency"

    def lookup(self, identity: str, machine: str) -> dict[str, Timing]:
        """Example digest → what was measured on that machine. Raises UserError for a broken file."""
        path = self._path(identity, machine)
        if not path.is_file():
            return {}
        mend = "delete it: its latencies are then measured again"
        rows = check_object(read_json(path), str(path), mend, timings=dict)["timings"]
        try:
            return {example: Timing(first, last, machine) for example, (first, last) in rows.items()}
        except (TypeError, ValueError) as error:
            raise UserError("holds what is no timing", f'{path}, field "timings"', mend) from error

    def add(self, identity: str, machine: str, timings: Mapping[str, Timing]) -> None:
        """Adds timings, in place of older ones of the same examples."""
        rows = {example: [t.first, t.last] for example, t in (self.lookup(identity, machine) | dict(timings)).items()}
        write_json(self._path(identity, machine), {"identity": identity, "machine": machine, "timings": rows})

    def _path(self, identity: str, machine: str) -> Path:
        return self._folder / f"{digest([identity, machine])}.json"
