"""What a subject's tokens cost, and where the price comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.metadata import version
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import check_object
from goldgate.task.keys import Price
from goldgate.task.subject_name import PLAIN_BASE, SubjectName, is_whole, kind_of
from goldgate.task.task import Prices, Task

_COUNTED = 1000  # tokens to price at once: below every threshold from which a vendor charges more

USUAL_SHARE = 0.1
"""What OpenAI (from GPT-5), Anthropic, Google and Mistral ask for a cached token, as a share of the price of an input
token, according to genai-prices. It says what a cache would do where none is priced.
"""
USUAL_LEAST = 64
"""The fewest cached tokens to reckon with there. DeepSeek has cached units of 64; the vendors above start at 1,024.
"""


@dataclass(frozen=True)
class Tariff:
    """Token prices.

    Attributes:
        per_million_input: Price of a million prompt tokens.
        per_million_output: Price of a million generated tokens.
        source: Where the prices come from; for a vendor's list, with its date.
        own: Whether the prices are the subject's own.
        listed: Whether they come from a vendor's list, which changes with time.
        per_million_cached_input: Price of a million prompt tokens that a prompt cache holds; None without caching.
        least_cached_prefix: The fewest tokens that are cached.
    """

    per_million_input: float
    per_million_output: float
    source: str
    own: bool = True
    listed: bool = False
    per_million_cached_input: float | None = None
    least_cached_prefix: int = 0

    def uncached(self, tokens_in: float, tokens_out: float) -> float:
        """Returns the price of 1,000 answers with these token counts each, where every prompt is read in full."""
        return (tokens_in * self.per_million_input + tokens_out * self.per_million_output) / 1000

    def cost(self, tokens_in: int, tokens_out: int, shared: int | None) -> float | None:
        """Returns the price of 1,000 answers with these token counts each, in steady traffic.

        Args:
            tokens_in: Tokens of the prompt.
            tokens_out: Tokens of the answer.
            shared: Tokens at the beginning of the prompt that other requests share; None if unknown.

        Returns:
            The price; None if it depends on `shared`, and that is unknown.
        """
        if self.per_million_cached_input is None or not tokens_in or tokens_in < self.least_cached_prefix:
            return self.uncached(tokens_in, tokens_out)
        if shared is None:
            return None
        cached = min(shared, tokens_in) if shared >= self.least_cached_prefix else 0
        saved = cached * (self.per_million_input - self.per_million_cached_input) / 1000
        return self.uncached(tokens_in, tokens_out) - saved

    @property
    def if_cached(self) -> Tariff:
        """These prices where caching is priced; otherwise what they would be with a cache as vendors offer it."""
        if self.per_million_cached_input is not None:
            return self
        return replace(
            self, per_million_cached_input=USUAL_SHARE * self.per_million_input, least_cached_prefix=USUAL_LEAST
        )

    def as_reported(self, shared: Iterable[int | None]) -> Tariff:
        """Returns the prices to count with for a subject whose answers have these shared prefixes.

        Nobody declared the cached price in a vendor's list, so it counts only where every answer says how much of its
        prompt was cached.
        """
        if self.listed and any(count is None for count in shared):
            return replace(self, per_million_cached_input=None, least_cached_prefix=0)
        return self

    @classmethod
    def of(cls, price: Price, source: str, *, own: bool = True) -> Tariff:
        """Returns the prices that task.yaml sets."""
        return cls(
            price.per_million_input,
            price.per_million_output,
            source,
            own=own,
            per_million_cached_input=price.per_million_cached_input,
            least_cached_prefix=price.least_cached_prefix,
        )

    @classmethod
    def for_all(cls, prices: Prices) -> Tariff:
        """Returns the prices that task.yaml sets for every subject without prices of its own."""
        return cls.of(prices, "task.yaml, for all", own=False)

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
        cached, least = known.get("per_million_cached_input"), known.get("least_cached_prefix", 0)
        if cached is not None and not (type(cached) in (int, float) and 0 <= cached <= row["per_million_input"]):
            raise UserError(
                "the price of a cached token must be between 0 and the price of an input token", where, again
            )
        if type(least) is not int or least < 0:
            raise UserError("the shortest prefix that is cached must be a number of tokens", where, again)
        return cls(**known)

    def __str__(self) -> str:
        read, written = f"{self.per_million_input:g}", f"{self.per_million_output:g}"
        cached = ""
        if self.per_million_cached_input is not None:
            cached = f", {self.per_million_cached_input:g} per million cached input tokens"
            cached += f" from {self.least_cached_prefix:,} shared ones" * bool(self.least_cached_prefix)
        return f"{read} per million input tokens{cached}, {written} per million output tokens ({self.source})"


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
            return Tariff.of(prices.subjects[name], "task.yaml")
    return None


@cache
def _listed(model: str, url: str, today: date) -> Tariff | None:
    """Returns what the vendor at an address charges for a model, from data in the package; None if unknown."""
    from genai_prices import Usage, calc_price

    noon = datetime.combine(today, time(12), UTC)  # some prices change within the day

    def per_million(cached: int) -> tuple[float, float]:
        found = calc_price(
            Usage(input_tokens=_COUNTED, cache_read_tokens=cached, output_tokens=_COUNTED),
            model,
            provider_api_url=url,
            genai_request_timestamp=noon,
        )
        return (
            round(float(found.input_price) * 1_000_000 / _COUNTED, 9),
            round(float(found.output_price) * 1_000_000 / _COUNTED, 9),
        )

    try:
        (read, written), (again, _) = per_million(0), per_million(_COUNTED)
    except (LookupError, ValueError):
        return None
    return Tariff(
        read,
        written,
        f"genai-prices {version('genai-prices')}, US dollars, as of {today.isoformat()}",
        listed=True,
        per_million_cached_input=again if again < read else None,  # without a price of its own it is billed as input
    )
