"""A project: the nearest parent folder that contains suites/, and the user's cache."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_name, in_home

CACHE_BYTES = 2**30
"""Enough for over half a million short answers, more than a few years of runs on one machine produce."""
_BACKUP = re.compile(r"(?P<name>.+?)(?:\.~\d+~|~|\.(?:bak|orig|rej|swp|swo))|#(?P<saved>.+)#")
DEMO_MARK = ".goldgate-demo"
"""The file that marks a folder made by `goldgate demo`, which may also become the start of a real project."""


@dataclass(frozen=True)
class Project:
    """The folders of a project.

    Attributes:
        root: The folder that contains suites/.
        cache: The user's cache of models, embeddings and answers.
        cache_bytes: Size limit of each file of answers in the cache, in bytes.
        in_demo: Whether `goldgate demo` is running in it now, which alone may write looks in CI.
    """

    root: Path
    cache: Path
    cache_bytes: int = CACHE_BYTES
    in_demo: bool = False

    @property
    def demo(self) -> bool:
        """Whether `goldgate demo` made this project."""
        return (self.root / DEMO_MARK).exists()

    def suite(self, task: str) -> Path:
        """The folder of the task's suite. Raises UserError if the name is not valid."""
        return self.root / "suites" / check_name(task, "task")

    def golden(self, task: str) -> Path:
        """The folder of the task's splits. Raises UserError if the name is not valid."""
        return self.root / "golden" / check_name(task, "task")

    def runs(self, task: str) -> Path:
        """The folder of the task's runs. Raises UserError if the name is not valid."""
        return self.root / "runs" / check_name(task, "task")

    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks that have a task.yaml, sorted."""
        return tuple(sorted(p.parent.name for p in (self.root / "suites").glob("*/task.yaml")))

    def check_task(self, name: str) -> str:
        """Checks that a task exists.

        Args:
            name: Name of the task.

        Returns:
            The name unchanged.

        Raises:
            UserError: The project has no such task. The hint offers similar names.
        """
        check_name(name, "task")
        if not (self.suite(name) / "task.yaml").is_file():
            raise UserError(f'no task "{name}" here', str(self.root / "suites"), near_names(name, self.tasks()))
        return name


def find_project(start: Path, cache: Path, cache_bytes: int = CACHE_BYTES) -> Project:
    """Finds the project that a folder belongs to.

    Args:
        start: The folder to start from.
        cache: The user's cache.
        cache_bytes: Size limit of each file of answers in the cache, in bytes.

    Returns:
        The project of the nearest folder, from `start` upward, that contains suites/*/task.yaml.

    Raises:
        UserError: There is no such folder.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if any((folder / "suites").glob("*/task.yaml")):
            return Project(folder, cache, cache_bytes)
    raise UserError(
        "no project here: neither this folder nor any above it contains suites/<task>/task.yaml",
        str(start),
        "run `goldgate demo` to see one, or `goldgate init TASK --from FILE --input COL --output COL` to start yours",
    )


def suite_files(folder: Path) -> list[Path]:
    """Lists the files that define a suite, except task.yaml, whose contents are digested separately.

    Args:
        folder: suites/<task>.

    Returns:
        The conftest.py files above the folder up to the project's root, then the files in the folder. Left out are
        hidden files, the champion's, because a champion is what is tested and not part of the test, and what an editor
        or a merge leaves beside a file: test_gates.py~, schema.json.orig.
    """
    above = [p for p in (folder.parent / "conftest.py", folder.parent.parent / "conftest.py") if p.is_file()]
    found = (p for p in files_below(folder) if not _ignored(p.relative_to(folder)))
    return above + sorted(p for p in found if not _is_backup(p))


def files_below(suite: Path) -> Iterator[Path]:
    """Yields the files in a suite's folder at any depth, also through links to other folders of the project.

    Args:
        suite: suites/<task>.
    """
    for here, folders, files in os.walk(suite, followlinks=True):
        folders[:] = [f for f in folders if not (Path(here, f).is_symlink() and _leads_away(Path(here, f), suite))]
        yield from (path for file in files if (path := Path(here, file)).is_file())


def left_out_links(suite: Path) -> list[Path]:
    """Returns the links in a suite's folder that lead to folders outside of the project, which do not belong to it.

    Args:
        suite: suites/<task>.
    """
    places = {p.parent for p in files_below(suite)} | {suite}
    links = (p for place in sorted(places) for p in place.iterdir() if p.is_symlink() and p.is_dir())
    return [p for p in links if not p.resolve().is_relative_to(suite.parent.parent.resolve())]


def _leads_away(link: Path, suite: Path) -> bool:
    """Whether a link leads out of the project, or to a folder that it was reached through, which would have no end."""
    target, root = link.resolve(), suite.parent.parent.resolve()
    passed = (here.resolve() for here in link.parents if here.is_relative_to(suite))
    return not target.is_relative_to(root) or any(here.is_relative_to(target) for here in passed)


def _is_backup(path: Path) -> bool:
    """Whether a file is the backup of another one in its folder. Without that other file it is not known to be one."""
    found = _BACKUP.fullmatch(path.name)
    return found is not None and (path.parent / (found["name"] or found["saved"])).is_file()


def _ignored(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return hidden or path.suffix == ".pyc" or path.name == "task.yaml" or path.name.startswith("champion")


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Finds the user's cache.

    Args:
        environ: The environment variables.

    Returns:
        GOLDGATE_CACHE, else XDG_CACHE_HOME/goldgate, else ~/.cache/goldgate.

    Raises:
        UserError: The path, or a folder above it, is a file or cannot be reached; or nothing says where it is.
    """
    if own := environ.get("GOLDGATE_CACHE"):
        cache = in_home(own)
    elif base := environ.get("XDG_CACHE_HOME"):
        cache = Path(base) / "goldgate"
    else:
        cache = _home() / ".cache" / "goldgate"
    try:
        nearest = next((p for p in (cache, *cache.parents) if p.exists()), cache)
    except OSError as error:
        raise UserError(
            f"the cache cannot be reached ({error.strerror})",
            str(cache),
            "set GOLDGATE_CACHE to a folder that you can write to",
        ) from error
    if nearest.is_file():
        raise UserError(f"the cache cannot be here: {nearest} is a file", str(cache), "set GOLDGATE_CACHE to a folder")
    return cache


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:  # a container that sets no HOME for a user whom /etc/passwd does not know
        raise UserError(
            "there is no home directory for the cache: HOME is not set",
            hint="set GOLDGATE_CACHE to a folder that you can write to",
        ) from error


def cache_limit(environ: Mapping[str, str]) -> int:
    """Reads the size limit of each file of answers in the cache.

    Args:
        environ: The environment variables.

    Returns:
        GOLDGATE_CACHE_MAX in bytes, else 1 GiB.

    Raises:
        UserError: GOLDGATE_CACHE_MAX is not a size.
    """
    text = environ.get("GOLDGATE_CACHE_MAX")
    return CACHE_BYTES if not text else byte_size(text, "GOLDGATE_CACHE_MAX")


def byte_size(text: str, where: str) -> int:
    """Parses a size.

    Args:
        text: A size such as 500MB, 2GiB or 1000000.
        where: Where it comes from, for the message.

    Returns:
        The size in bytes.

    Raises:
        UserError: The text is not a size.
    """
    from pydantic import ByteSize, TypeAdapter, ValidationError

    try:
        return int(TypeAdapter(ByteSize).validate_python(text.strip()))
    except (ValidationError, OverflowError) as error:
        raise UserError(f"{text!r} is not a size", where, "write it like 500MB or 2GiB") from error
