"""What installed packages add to Goldgate, by entry points. Nothing is imported before its name is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from goldgate.base.errors import UserError

STRATEGIES = "goldgate.strategies"
"""A prompting strategy, by the word before the colon: a function of (sources, argument) that returns a Strategy."""
SUBJECTS = "goldgate.subjects"
"""A subject, by the word before the colon of its name: a function of (name, task, project) that returns a Subject."""
SCORERS = "goldgate.scorers"
"""A scorer that suites may import from the package. Its version is part of every look that it decides."""
PERTURBATIONS = "goldgate.perturbations"
"""A perturbation that suites may import from the package, under the same rule."""
REPORT_SECTIONS = "goldgate.report_sections"
"""A section of the report: a function of the run's folder that returns a title and HTML, or None for no section."""


@dataclass(frozen=True)
class Extension:
    """One entry point of an installed package.

    Attributes:
        name: What it is asked for by.
        package: The distribution that brings it.
        version: The distribution's version.
        module: The top-level module that its code lies in.
    """

    name: str
    package: str
    version: str
    module: str
    _entry: EntryPoint

    @property
    def stamp(self) -> str:
        """Package and version, as identities and digests count them."""
        return f"{self.package} {self.version}"

    def load(self) -> Any:
        """Imports the object.

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
    """The installed packages whose scorers and perturbations suites may import: top-level module → package and version.

    Raises:
        UserError: Two installed packages bring one name.
    """
    both = [*extensions(SCORERS).values(), *extensions(PERTURBATIONS).values()]
    return {e.module: e.stamp for e in both}


def extensions(group: str) -> dict[str, Extension]:
    """The extensions of a group, by name.

    Raises:
        UserError: Two installed packages bring one name.
    """
    found: dict[str, Extension] = {}
    for entry in entry_points(group=group):
        package, version = (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "0")
        known = found.get(entry.name)
        if known is not None and known.package != package:
            raise UserError(
                f'two packages bring "{entry.name}": {known.package} and {package}',
                f"entry points {group}",
                "uninstall one of them",
            )
        found[entry.name] = Extension(entry.name, package, version, entry.module.partition(".")[0], entry)
    return found
