"""`goldgate cache`: which answers are kept on this machine, and fewer of them on request."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goldgate.answers.cache import CACHE_FILES, AnswerCache, Use
from goldgate.base.errors import UserError


@dataclass(frozen=True)
class Pruned:
    """What pruning a file came to. removed: answers; bytes_before: that the file took."""

    bytes_before: int
    removed: int


@dataclass(frozen=True)
class CacheFile:
    """One file of answers. limit, bytes: what it may take and takes; pruned: None where nothing was to be removed."""

    path: Path
    limit: int
    pruned: Pruned | None
    bytes: int
    uses: tuple[Use, ...]

    @property
    def answers(self) -> int:
        return sum(use.answers for use in self.uses)

    @property
    def reused(self) -> int:
        return sum(use.reused for use in self.uses)

    def to_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "limit": self.limit,
            **({} if self.pruned is None else asdict(self.pruned)),
            "answers": self.answers,
            "bytes": self.bytes,
            "reused": self.reused,
            "uses": [asdict(use) for use in self.uses],
        }


@dataclass(frozen=True)
class Cached:
    """The answers that are kept on this machine."""

    folder: Path
    files: tuple[CacheFile, ...]

    def to_json(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "files": [file.to_json() for file in self.files]}


def run_cache(folder: Path, limit: int, prune: bool, days: float | None, to: int | None) -> Cached:
    """Says what each file of answers holds; prunes it first where asked to. Nothing but these files is touched."""
    if not prune and (days is not None or to is not None):
        raise UserError("nothing is removed without --prune", "--days, --to", "add --prune")
    files = []
    for name in CACHE_FILES:
        cache, pruned = AnswerCache(folder / name, limit), None
        if prune:
            before = cache.disk_bytes()
            pruned = Pruned(before, cache.prune(limit if (days, to) == (None, None) else to, days))
        uses = tuple(cache.uses())
        files.append(CacheFile(cache.path, limit, pruned, cache.disk_bytes(), uses))
    return Cached(folder, tuple(files))
