"""What a subject's tokens cost, and where the price comes from."""

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

_COUNTED = 1000  # tokens to price at once: below every threshold from which a vendor charges more


@dataclass(frozen=True)
class Tariff:
    """Token prices.

    Attributes:
        per_million_input: Price of a million prompt tokens.
        per_million_output: Price of a million generated tokens.
        source: Where the prices come from; for a vendor's list, with its date.
        own: Whether the prices are the subject's own.
        listed: Whether they come from a vendor's list, which changes with time.
    """

    per_million_input: float
    per_million_output: float
    source: str
    own: bool = True
    listed: bool = False

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """Returns the price of 1,000 answers with these token counts each."""
        return (tokens_in * self.per_million_input + tokens_out * self.per_million_output) / 1000

    @classmethod
    def for_all(cls, prices: Prices) -> Tariff:
        """Returns the prices that task.yaml sets for every subject without prices of its own."""
        return cls(prices.per_million_input, prices.per_million_output, "task.yaml, for all", own=False)

    @classmethod
    def read(cls, row: Any, where: str) -> Tariff:
        """Reads a tariff from a record.

        Raises:
            UserError: The value is not a tariff.
        """
        again = "restore it from version control"
        row = check_object(row, where, again, per_million_input=float | int, per_million_output=float | int, source=str)
        known = {f.name: row[f.name] for f in fields(cls) if f.name in row}
        if not all(0 <= row[key] < math.inf for key in ("per_million_input", "per_million_output")):
            raise UserError("a price must be a finite number of at least 0", where, again)
        return cls(**known)

    def __str__(self) -> str:
        read, written = f"{self.per_million_input:g}", f"{self.per_million_output:g}"
        return f"{read} per million input tokens, {written} per million output tokens ({self.source})"


def tariff_of(task: Task, subject: str, today: date, recorded: Tariff | None = None) -> Tariff | None:
    """Finds the token prices of a subject.

    These are tried in order: `prices: {subjects: ..}` in task.yaml, by the subject's name or its endpoint without a
    strategy; `recorded`; for the endpoint of a known vendor, genai-prices, in US dollars as of today; the prices that
    task.yaml sets for all subjects.

    Args:
        task: The task.
        subject: The subject's name.
        today: The date for a vendor's list.
        recorded: The prices that were recorded when a champion was promoted.

    Returns:
        The prices; None if task.yaml sets none.

    Raises:
        UserError: task.yaml sets a price for something that is not a subject.
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
                f'"{name}" is not the name of a subject',
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
    """Returns what the vendor at an address charges for a model, from data in the package; None if unknown."""
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
