"""Which suites the command line asks for as a whole.

Only what was typed counts: a part that a configuration file or a conftest.py selects is not what was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldgate.plugin.place import SUITES_FOLDER, suite_folder

_SELECT = frozenset(
    {
        "--co",
        "--collect-only",
        "--deselect",
        "--ignore",
        "--ignore-glob",
        "--last-failed",
        "--lf",
        "--setup-only",
        "--setup-plan",
        "--stepwise",
        "--stepwise-skip",
        "--sw",
        "--sw-skip",
    }
)
"""Options with which a person leaves tests out. -k and -m do so too, with or without a space before their value."""


_TELL = frozenset({"-h", "--help", "-V", "--version", "--fixtures", "--funcargs", "--fixtures-per-test", "--markers"})


def asks_for_whole(config: pytest.Config, folder: Path) -> bool:
    """Returns whether the command line asks for a suite as a whole, and not for some of its files or tests.

    Args:
        config: pytest's configuration.
        folder: The suite's folder.

    Returns:
        False if a selecting option was typed, or paths inside of the suite and none that covers it.
    """
    typed = [str(a) for a in config.invocation_params.args]
    if any(_selects(argument) for argument in typed):
        return False
    paths = [a for a in config.args if a in typed]
    if any(covers(config, argument, folder) for argument in paths):
        return True
    return not any(_inside(config, argument, folder) for argument in paths)


def covers(config: pytest.Config, argument: str, folder: Path) -> bool:
    """Returns whether an argument of pytest names a folder or one above it, as written or behind symbolic links."""
    path = Path(os.path.abspath(config.invocation_params.dir / argument))
    places = (Path(os.path.abspath(folder)), folder.resolve())
    return any(place.is_relative_to(p) for place in places for p in (path, path.resolve()))


def only_collects(config: pytest.Config) -> bool:
    """Returns whether a person asks to collect tests and not to run them."""
    typed = map(str, config.invocation_params.args)
    return config.getoption("collectonly", False) and any(argument in ("--co", "--collect-only") for argument in typed)


def only_tells(config: pytest.Config) -> bool:
    """Returns whether a person asks pytest to tell something instead of running tests, such as --help."""
    return any(str(argument).split("=")[0] in _TELL for argument in config.invocation_params.args)


def covered(config: pytest.Config, folder: Path) -> bool:
    """Returns whether an argument of pytest names a folder or one above it."""
    return any(covers(config, argument, folder) for argument in config.args)


def suites_asked_for(config: pytest.Config) -> Iterator[Path]:
    """Yields the folders of all suites that the arguments name: suites/<task>, or all that are in a `suites` folder."""
    for argument in config.args:
        path = Path(os.path.abspath(config.invocation_params.dir / argument.split("::")[0]))
        if (inside := suite_folder(path / "x")) is not None:
            yield inside
        elif path.name == SUITES_FOLDER:
            yield from suites_in(path)


def suites_in(folder: Path) -> Iterator[Path]:
    """Yields the suites in a `suites` folder."""
    yield from (file.parent for file in sorted(folder.glob("*/task.yaml")))


def _selects(argument: str) -> bool:
    return argument.split("=")[0] in _SELECT or argument[:2] in ("-k", "-m")


def _inside(config: pytest.Config, argument: str, folder: Path) -> bool:
    path = Path(os.path.abspath(config.invocation_params.dir / argument.split("::")[0]))
    return path.is_relative_to(folder) or path.resolve().is_relative_to(folder.resolve())
