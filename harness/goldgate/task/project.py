"""A project: the nearest folder upward that holds suites/, and the cache of the user who works in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_name

CACHE_BYTES = 2**30
"""Over half a million short answers; more than the examples of a few years of runs on one machine."""
DEMO_MARK = ".goldgate-demo"  # the demo's own project may write looks where CI is set


@dataclass(frozen=True)
class Project:
    """Where things lie. root: the folder that holds suites/; cache: models, embeddings and answers of this user;
    cache_bytes: what each file of answers in it may take.
    """

    root: Path
    cache: Path
    cache_bytes: int = CACHE_BYTES

    @property
    def demo(self) -> bool:
        """Whether this is the demo's own project."""
        return (self.root / DEMO_MARK).exists()

    def suite(self, task: str) -> Path:
        return self.root / "suites" / check_name(task, "task")

    def golden(self, task: str) -> Path:
        return self.root / "golden" / check_name(task, "task")

    def runs(self, task: str) -> Path:
        return self.root / "runs" / check_name(task, "task")

    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks that have a task.yaml."""
        return tuple(sorted(p.parent.name for p in (self.root / "suites").glob("*/task.yaml")))

    def check_task(self, name: str) -> str:
        """The name, if a task of that name is here; UserError with the near names where it is not."""
        check_name(name, "task")
        if not (self.suite(name) / "task.yaml").is_file():
            raise UserError(f'no task "{name}" here', str(self.root / "suites"), near_names(name, self.tasks()))
        return name


def find_project(start: Path, cache: Path, cache_bytes: int = CACHE_BYTES) -> Project:
    """The nearest folder from `start` upward with suites/*/task.yaml; UserError where there is none."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if any((folder / "suites").glob("*/task.yaml")):
            return Project(folder, cache, cache_bytes)
    raise UserError(
        "no project here: no folder from here upward holds suites/<task>/task.yaml",
        str(start),
        "run `goldgate demo` to see one, or `goldgate init TASK --from FILE --input COL --output COL` to start yours",
    )


def suite_files(folder: Path) -> list[Path]:
    """The files that say what a suite asks, beside task.yaml, which counts by what it says: the conftest.py files above
    its folder up to the project's root, then those in its folder, but hidden ones and the champion's: that is what is
    tested, and no part of the test.
    """
    above = [p for p in (folder.parent / "conftest.py", folder.parent.parent / "conftest.py") if p.is_file()]
    return above + sorted(p for p in folder.rglob("*") if p.is_file() and not _ignored(p.relative_to(folder)))


def _ignored(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return hidden or path.name == "task.yaml" or path.name.startswith("champion") or path.suffix == ".pyc"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """The user's cache: GOLDGATE_CACHE, else XDG_CACHE_HOME/goldgate, else ~/.cache/goldgate. Raises UserError where
    a file stands in its place or above it, or where it cannot be reached.
    """
    if own := environ.get("GOLDGATE_CACHE"):
        cache = Path(own).expanduser()
    elif base := environ.get("XDG_CACHE_HOME"):
        cache = Path(base) / "goldgate"
    else:
        cache = Path.home() / ".cache" / "goldgate"
    try:
        nearest = next((p for p in (cache, *cache.parents) if p.exists()), cache)
    except OSError as error:
        raise UserError(
            f"the cache cannot be reached ({error.strerror})",
            str(cache),
            "set GOLDGATE_CACHE to a folder that you may write to",
        ) from error
    if nearest.is_file():
        raise UserError(f"the cache cannot lie here: {nearest} is a file", str(cache), "set GOLDGATE_CACHE to a folder")
    return cache


def cache_limit(environ: Mapping[str, str]) -> int:
    """Bytes that each file of answers may take: GOLDGATE_CACHE_MAX, else 1 GiB. Raises UserError for no size."""
    text = environ.get("GOLDGATE_CACHE_MAX")
    return CACHE_BYTES if not text else byte_size(text, "GOLDGATE_CACHE_MAX")


def byte_size(text: str, where: str) -> int:
    """Bytes from a text such as 500MB, 2GiB or 1000000. Raises UserError for what is no size."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    try:
        return int(TypeAdapter(ByteSize).validate_python(text.strip()))
    except (ValidationError, OverflowError) as error:
        raise UserError(f"{text!r} is no size", where, "write for instance 500MB or 2GiB") from error
