"""What a run may spend: attempts, time, money, and looks at golden."""

from __future__ import annotations

from dataclasses import dataclass, replace

from goldgate.base.errors import UserError


@dataclass(frozen=True)
class Budget:
    """What a run may spend.

    Attributes:
        attempts: Most attempts.
        minutes: Most minutes of training and judging, including those of a killed run that is resumed.
        looks: Most looks at golden; None allows one for every attempt.
        money: Most money for the machine; it needs a price, see `at_price`.
        machine_hour: What an hour of the machine costs.
        curve: Whether time left after a run that does not pass goes into a learning curve.

    Raises:
        UserError: Minutes or money are not positive.
    """

    attempts: int
    minutes: float
    looks: int | None = None
    money: float | None = None
    machine_hour: float | None = None
    curve: bool = False

    def __post_init__(self) -> None:
        if not self.minutes > 0:
            raise UserError(f"a budget of {self.minutes:g} minutes", "--minutes", "give it more than 0")
        if self.money is not None and not self.money > 0:
            raise UserError(f"a budget of {self.money:g} for the machine", "--money", "give it more than 0")

    def at_price(self, machine_hour: float | None) -> Budget:
        """The same budget with this price of a machine hour.

        Raises:
            UserError: The budget limits money, and there is no price.
        """
        if self.money is not None and machine_hour is None:
            raise UserError(
                "what an hour of this machine costs is not known",
                "--money",
                "write it in task.yaml: prices: {machine_hour: 1.20}",
            )
        return replace(self, machine_hour=machine_hour)

    @property
    def seconds(self) -> float:
        """Seconds of training and judging that may be spent: the minutes, or what the money pays for if less."""
        return min(60 * self.minutes, self._paid)

    @property
    def most_looks(self) -> int:
        return self.attempts if self.looks is None else self.looks

    @property
    def scarce(self) -> str:
        """What runs out first: "time" or "money"."""
        return "money" if self._paid < 60 * self.minutes else "time"

    @property
    def _paid(self) -> float:
        """Seconds that the money pays for."""
        if self.money is None or not self.machine_hour:
            return float("inf")
        return 3600 * self.money / self.machine_hour

    def cost(self, seconds: float) -> float | None:
        """What this many seconds of the machine cost; None when its price is not known."""
        return None if not self.machine_hour else self.machine_hour * seconds / 3600
