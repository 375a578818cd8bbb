"""Dates of a field in one form: read only where the field's own values decide between day and month."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_SHORT = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_NUMERIC = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})")
_DAY_FIRST = re.compile(r"(\d{1,2})([ -])([A-Za-z]{3,9})(,?)\2(\d{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9}) (\d{1,2})(,?) (\d{4})")


@dataclass(frozen=True)
class Form:
    """A way to write dates.

    Attributes:
        order: "ymd", "dmy" or "mdy".
        between: What stands between the parts.
        month: "number", "name" or "short".
        padded: Whether days and months below 10 have a 0 before them; None if a date has none of these.
        comma: Whether a comma stands before the year.
    """

    order: str
    between: str
    month: str = "number"
    padded: bool | None = None
    comma: bool = False

    def write(self, day: date) -> str:
        """Writes a date in this form."""
        d, m = (f"{n:02d}" if self.padded else str(n) for n in (day.day, day.month))
        if self.month != "number":
            m = (calendar.month_name if self.month == "name" else calendar.month_abbr)[day.month]
        parts = {"y": f"{day.year:04d}", "m": m, "d": d}
        if self.comma:
            parts["m" if self.order == "dmy" else "d"] += ","
        return self.between.join(parts[part] for part in self.order)


ISO = Form("ymd", "-")


def readings(text: str) -> Iterator[tuple[Form, date]]:
    """Yields every way to read a text as a date: both where day and month could change places.

    Args:
        text: A text. Years have four digits; months are English names or numbers.
    """
    if match := _NUMERIC.fullmatch(text):
        first, between, second, third = match.groups()
        orders = ["ymd"] if len(first) == 4 else ["dmy", "mdy"] if len(third) == 4 and len(first) < 3 else []
        for order in orders:
            parts = dict(zip(order, (first, second, third), strict=True))
            if day := _day(parts["y"], int(parts["m"]), parts["d"]):
                yield Form(order, between, padded=_padded(parts["d"], parts["m"])), day
    elif match := _DAY_FIRST.fullmatch(text):
        said_day, between, name, comma, year = match.groups()
        yield from _named("dmy", between, said_day, name, comma, year)
    elif match := _MONTH_FIRST.fullmatch(text):
        name, said_day, comma, year = match.groups()
        yield from _named("mdy", " ", said_day, name, comma, year)


def _named(order: str, between: str, day: str, name: str, comma: str, year: str) -> Iterator[tuple[Form, date]]:
    month = _MONTHS.get(name.lower()) or _SHORT.get(name.lower())
    if month and (found := _day(year, month, day)):
        how = "name" if name.lower() in _MONTHS and len(name) > 3 else "short"
        yield Form(order, between, how, _padded(day), bool(comma)), found


def _padded(*numbers: str) -> bool | None:
    small = [number for number in numbers if int(number) < 10]
    return all(len(number) > 1 for number in small) if small else None


def _day(year: str, month: int, day: str) -> date | None:
    try:
        return date(int(year), month, int(day))
    except ValueError:
        return None


@dataclass(frozen=True)
class DateField:
    """How the dates of a field are read and written.

    Attributes:
        form: The form of most of them.
        order: Whether day or month comes first where both are numbers before a year; empty if no value has it so.
    """

    form: Form
    order: str

    def canonical(self, text: str) -> str:
        """Returns a date in the field's form."""
        for form, day in readings(text):
            if _is_plain(form) or form.order == self.order:
                return self.form.write(day)
        return text


def date_field(values: Sequence[str]) -> DateField | None:
    """Reads the dates of a field.

    Args:
        values: Every text of the field.

    Returns:
        How they are written; None if one of them is no date, or if the values do not decide between day and month.
    """
    read = [list(readings(value)) for value in values]
    if not read or not all(read):
        return None
    numeric = [
        {form.order for form, _ in ways} for ways in read if ways[0][0].month == "number" and ways[0][0].order != "ymd"
    ]
    orders = set.intersection(*numeric) if numeric else {""}
    if len(orders) != 1:
        return None
    (order,) = orders
    forms = Counter(_form(ways, order) for ways in read)
    return DateField(_most(forms), order)


def _form(ways: Sequence[tuple[Form, date]], order: str) -> Form:
    return next(form for form, _ in ways if _is_plain(form) or form.order == order)


def _is_plain(form: Form) -> bool:
    """Returns whether nobody can mistake the day for the month."""
    return form.month != "number" or form.order == "ymd"


def _most(forms: Counter[Form]) -> Form:
    """The most frequent form, padded as most dates of that form are that have a day or month below 10."""
    plain: Counter[Form] = Counter()
    for form, count in forms.items():
        plain[replace(form, padded=None)] += count
    most = max(plain, key=lambda form: (plain[form], form == ISO, str(form)))
    padded, bare = (forms[replace(most, padded=how)] for how in (True, False))
    return replace(most, padded=padded >= bare)


def undecided(values: Iterable[str]) -> bool:
    """Returns whether all values are dates of which none says whether day or month comes first."""
    read = [list(readings(value)) for value in values]
    return bool(read) and all(read) and any(len({form.order for form, _ in ways}) > 1 for ways in read)
