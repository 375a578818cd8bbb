"""`goldgate cache`: lists the answers that are kept on this machine, and prunes them on request."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goldgate.answers.cache import CACHE_FILES, AnswerCache, Use
from goldgate.base.errors import UserError


@dataclass(frozen=True)
class Pruned:
    """The result of pruning a file.

    Attributes:
        bytes_before: Size of the file before it was pruned.
        removed: Number of answers that were removed.
    """

    bytes_before: int
    removed: int


@dataclass(frozen=True)
class CacheFile:
    """One file of cached answers.

    Attributes:
        path: The file.
        limit: The most bytes it may take.
        pruned: What pruning removed; None if pruning was not requested.
        bytes: Its size now.
        uses: Its answers, counted by use.
    """

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
        """Returns the result as plain JSON values."""
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
    """The answers that are kept on this machine.

    Attributes:
        folder: The cache folder.
        files: Its files of answers.
    """

    folder: Path
    files: tuple[CacheFile, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns the result as plain JSON values."""
        return {"folder": str(self.folder), "files": [file.to_json() for file in self.files]}


def run_cache(folder: Path, limit: int, prune: bool, days: float | None, to: int | None) -> Cached:
    """Reports what each file of cached answers holds, after pruning it if requested. No other file is touched.

    Args:
        folder: The cache folder.
        limit: The most bytes a file may take.
        prune: Whether to remove answers.
        days: Remove answers that were not used for this many days; None for no such limit.
        to: Shrink each file to this many bytes; None for `limit` if `days` is None as well, else for no such limit.

    Returns:
        The files and what they hold.

    Raises:
        UserError: `days` or `to` is given without `prune`.
    """
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
