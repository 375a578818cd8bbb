"""Measured latencies, stored by who answered and on which machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.files import check_object, read_json, write_json
from goldgate.base.fingerprint import digest
from goldgate.subjects.latency import Timing


class Timings:
    """Timings in the cache, one small file for each identity and machine. Callers hold a lock while they add."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "latency"

    def lookup(self, identity: str, machine: str) -> dict[str, Timing]:
        """Returns example digest → what was measured on that machine.

        Raises:
            UserError: The file is broken.
        """
        path = self._path(identity, machine)
        if not path.is_file():
            return {}
        mend = "delete it: its latencies are then measured again"
        rows = check_object(read_json(path), str(path), mend, timings=dict)["timings"]
        try:
            return {example: Timing(first, last, machine) for example, (first, last) in rows.items()}
        except (TypeError, ValueError) as error:
            raise UserError("contains something that is not a timing", f'{path}, field "timings"', mend) from error

    def add(self, identity: str, machine: str, timings: Mapping[str, Timing]) -> None:
        """Adds timings, replacing older ones of the same examples."""
        rows = {example: [t.first, t.last] for example, t in (self.lookup(identity, machine) | dict(timings)).items()}
        write_json(self._path(identity, machine), {"identity": identity, "machine": machine, "timings": rows})

    def _path(self, identity: str, machine: str) -> Path:
        return self._folder / f"{digest([identity, machine])}.json"
