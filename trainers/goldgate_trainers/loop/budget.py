"""What a run may spend: attempts, time, money, and looks at golden."""

from __future__ import annotations

from dataclasses import dataclass, replace

from goldgate.base.errors import UserError


@dataclass(frozen=True)
class Budget:
    """attempts: at most; minutes: of wall-clock for training and judging, those of a killed run before included; looks:
    at golden, at most, None for one an attempt; money: for the machine, which costs machine_hour an hour (`at_price`);
    curve: whether time that is left without a pass goes into a learning curve.
    Raises UserError for minutes or money that are none.
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
        """The same at this price. Raises UserError for money without a price."""
        if self.money is not None and machine_hour is None:
            raise UserError(
                "what an hour of this machine costs is not known",
                "--money",
                "write it in task.yaml: prices: {machine_hour: 1.20}",
            )
        return replace(self, machine_hour=machine_hour)

    @property
    def seconds(self) -> float:
        """Of wall-clock that may be spent: the minutes, or what the money pays for where that is less."""
        return min(60 * self.minutes, self._paid)

    @property
    def most_looks(self) -> int:
        return self.attempts if self.looks is None else self.looks

    @property
    def scarce(self) -> str:
        """What ends first: "time" or "money"."""
        return "money" if self._paid < 60 * self.minutes else "time"

    @property
    def _paid(self) -> float:
        """Seconds that the money pays for."""
        if self.money is None or not self.machine_hour:
            return float("inf")
        return 3600 * self.money / self.machine_hour

    def cost(self, seconds: float) -> float | None:
        """What so many seconds of the machine cost; None where its price is not known."""
        return None if not self.machine_hour else self.machine_hour * seconds / 3600
