"""Extensions that installed packages add through entry points. An extension is imported only when it is requested."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from goldgate.base.errors import UserError

STRATEGIES = "goldgate.strategies"
"""Prompting strategies, keyed by the word before the colon: a function of (sources, argument) returning a Strategy."""
SUBJECTS = "goldgate.subjects"
"""Subjects, keyed by the word before the colon of the name: a function of (name, task, project) returning a Subject."""
SCORERS = "goldgate.scorers"
"""Scorers that suites may import from the package. Its version is part of the key of every look that it decides."""
PERTURBATIONS = "goldgate.perturbations"
"""Perturbations that suites may import from the package, under the same rule as scorers."""
REPORT_SECTIONS = "goldgate.report_sections"
"""Report sections: a function of the run's folder that returns a title and HTML, or None to leave the section out."""


@dataclass(frozen=True)
class Extension:
    """One entry point of an installed package.

    Attributes:
        name: The name it is requested by.
        package: The distribution that provides it.
        version: The distribution's version.
        module: The top-level module that contains its code.
    """

    name: str
    package: str
    version: str
    module: str
    _entry: EntryPoint

    @property
    def stamp(self) -> str:
        """Package and version, in the form that identities and digests include."""
        return f"{self.package} {self.version}"

    def load(self) -> Any:
        """Imports the extension.

        Returns:
            The object that the entry point names.

        Raises:
            UserError: The package's code cannot be imported.
        """
        try:
            return self._entry.load()
        except Exception as error:
            raise UserError(
                f"{self._entry.value} cannot be imported: {type(error).__name__}: {error}",
                f"package {self.stamp}, entry point {self._entry.group} {self.name}",
                "update the package, or remove it",
            ) from error


def suite_packages() -> dict[str, str]:
    """Lists the installed packages whose scorers and perturbations suites may import.

    Returns:
        Top-level module → package and version.

    Raises:
        UserError: Two installed packages provide the same name.
    """
    both = [*extensions(SCORERS).values(), *extensions(PERTURBATIONS).values()]
    return {e.module: e.stamp for e in both}


def extensions(group: str) -> dict[str, Extension]:
    """Finds the installed extensions of a group.

    Args:
        group: One of the entry point groups above.

    Returns:
        Name → extension.

    Raises:
        UserError: Two installed packages provide the same name.
    """
    return dict(_extensions(group, tuple(sys.path)))


@cache  # reading the metadata of every installed package takes as long as deciding a small suite
def _extensions(group: str, path: tuple[str, ...]) -> dict[str, Extension]:
    """path: sys.path, where the packages are sought."""
    found: dict[str, Extension] = {}
    for entry in entry_points(group=group):
        package, version = (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "0")
        known = found.get(entry.name)
        if known is not None and known.package != package:
            raise UserError(
                f'two packages provide "{entry.name}": {known.package} and {package}',
                f"entry points {group}",
                "uninstall one of them",
            )
        found[entry.name] = Extension(entry.name, package, version, entry.module.partition(".")[0], entry)
    return found
