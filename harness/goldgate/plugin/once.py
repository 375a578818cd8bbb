"""What is resolved once in a process, and whose errors are remembered too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from goldgate.base.errors import UserError

T = TypeVar("T")
Key = tuple[str, ...]
"""What is resolved, and for which role: ("subject", "candidate")."""


class Once:
    """Values by key, each made on first use.

    An error is kept as well, so that the next test does not ask for the same missing answer again.
    """

    def __init__(self) -> None:
        self._made: dict[Key, tuple[Any, UserError | None]] = {}

    def __call__(self, what: Key, make: Callable[[], T]) -> T:
        """Returns the value of a key.

        Args:
            what: The key.
            make: Makes the value if it was not asked for before.

        Returns:
            The value.

        Raises:
            UserError: What `make` raised, now or the first time.
        """
        if what not in self._made:
            try:
                self._made[what] = (make(), None)
            except UserError as error:
                self._made[what] = (None, error)
        value, failure = self._made[what]
        if failure is not None:
            raise UserError(failure.what, failure.where, failure.hint)
        return value  # type: ignore[no-any-return]

    def known(self) -> dict[Key, Any]:
        """Returns the values that are made so far, without those that failed."""
        return {what: value for what, (value, error) in self._made.items() if error is None}
