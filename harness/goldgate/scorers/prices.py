"""What a subject's tokens cost, and who says so."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.metadata import version
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_object
from goldgate.task.subject_name import PLAIN_BASE, SubjectName, is_whole, kind_of
from goldgate.task.task import Prices, Task

_COUNTED = 1000  # tokens to price at once: under every step from which a vendor asks for more


@dataclass(frozen=True)
class Tariff:
    """Prices of a million tokens, read and written. source: who says so, and for a vendor's list as of when.

    own: whether they are the subject's own; listed: whether they stand in a vendor's list, which changes with time.
    """

    per_million_input: float
    per_million_output: float
    source: str
    own: bool = True
    listed: bool = False

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """Price of 1,000 answers of so many tokens each."""
        return (tokens_in * self.per_million_input + tokens_out * self.per_million_output) / 1000

    @classmethod
    def for_all(cls, prices: Prices) -> Tariff:
        """What task.yaml gives for every subject that has no price of its own."""
        return cls(prices.per_million_input, prices.per_million_output, "task.yaml, for all", own=False)

    @classmethod
    def read(cls, row: Any, where: str) -> Tariff:
        """A tariff as a record holds it. Raises UserError for what is none."""
        again = "restore it from version control"
        row = check_object(row, where, again, per_million_input=float | int, per_million_output=float | int, source=str)
        known = {f.name: row[f.name] for f in fields(cls) if f.name in row}
        if not all(0 <= row[key] < math.inf for key in ("per_million_input", "per_million_output")):
            raise UserError("a price is a number from 0 on", where, again)
        return cls(**known)

    def __str__(self) -> str:
        return f"{self.per_million_input:g} a million tokens read, {self.per_million_output:g} written ({self.source})"


def tariff_of(task: Task, subject: str, today: date, recorded: Tariff | None = None) -> Tariff | None:
    """The tariff of a subject; None where task.yaml gives no prices.

    Asked in this order: task.yaml's `prices: {subjects: ..}`, by the subject's name or that of its endpoint without a
    strategy; recorded, what was found when a champion was promoted; for an endpoint of a known vendor genai-prices, in
    US dollars as of today; the prices that task.yaml gives for all. Raises UserError for a price of what is no subject.
    """
    prices = task.prices
    if prices is None:
        return None
    if (given := _given(task, prices, subject)) is not None:
        return given
    if recorded is not None:
        return recorded
    listed = None
    if kind_of(subject) == "endpoint" and not (name := SubjectName.parse(subject)).address.here:
        listed = _listed(name.model, name.address.url, today)
    return listed or Tariff.for_all(prices)


def _given(task: Task, prices: Prices, subject: str) -> Tariff | None:
    for name in prices.subjects:
        if not is_whole(name):
            raise UserError(
                f'"{name}" is no subject',
                f'{task.folder / "task.yaml"}, field "prices.subjects"',
                near_names(name, (subject, str(PLAIN_BASE), "openai:MODEL@URL")),
            )
    endpoint = SubjectName.parse(subject).endpoint if kind_of(subject) == "endpoint" else subject
    for name in (subject, endpoint):
        if name in prices.subjects:
            price = prices.subjects[name]
            return Tariff(price.per_million_input, price.per_million_output, "task.yaml")
    return None


@cache
def _listed(model: str, url: str, today: date) -> Tariff | None:
    """What the vendor at an address asks for a model; None where it is not known. From data that the package holds."""
    from genai_prices import Usage, calc_price

    noon = datetime.combine(today, time(12), UTC)  # some prices change within the day
    try:
        found = calc_price(
            Usage(input_tokens=_COUNTED, output_tokens=_COUNTED),
            model,
            provider_api_url=url,
            genai_request_timestamp=noon,
        )
    except (LookupError, ValueError):
        return None
    read, written = (float(x) * 1_000_000 / _COUNTED for x in (found.input_price, found.output_price))
    return Tariff(
        round(read, 9),
        round(written, 9),
        f"genai-prices {version('genai-prices')}, US dollars, as of {today.isoformat()}",
        listed=True,
    )
