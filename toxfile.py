"""A plugin of tox for this checkout: environments of several names in one folder, so that torch is installed once.

tox recreates an environment whose folder was made under another name. Environments of the runner "shared" are known by
their folder instead: `tox run -e demo` and `tox run` use the same installation, whichever comes first.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from tox.plugin import impl
from tox.tox_env.api import ToxEnv
from tox.tox_env.info import Info
from tox.tox_env.python.virtual_env.runner import VirtualEnvRunner
from tox.tox_env.register import ToxEnvRegister


class _OfFolder(Info):
    """What tox remembers of an environment, under the name of its folder."""

    def compare(self, value: Any, section: str, sub_section: str | None = None) -> AbstractContextManager[Any]:
        known = {**value, "name": self._path.parent.name} if section == ToxEnv.__name__ else value
        return super().compare(known, section, sub_section)


class SharedRunner(VirtualEnvRunner):
    """A virtual environment that belongs to a folder, not to a name."""

    @staticmethod
    def id() -> str:
        return "shared"

    @property
    def cache(self) -> Info:
        return _OfFolder(self.env_dir)


@impl
def tox_register_tox_env(register: ToxEnvRegister) -> None:
    """Adds the runner."""
    register.add_run_env(SharedRunner)
