"""How one invoice stands on the page: ten layouts that every split uses, and further ones of dev and golden alone.

A layout knows a Page, which holds texts only; what the texts mean, and the right answer, it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Page:
    """The texts of one invoice. None: not printed. lines: items as (name, amount); before, after: around the total."""

    head: str
    no_label: str
    day_label: str
    sum_label: str
    vendor_label: str
    item_label: str
    note: str
    sentence: tuple[str, ...]
    vendor: str | None = None
    no: str | None = None
    day: str | None = None
    total: str | None = None
    lines: tuple[tuple[str, str], ...] = ()
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()


Layout = Callable[[Page, Random], str]


def _stack(parts: Iterable[str | None], between: str = "\n") -> str:
    return between.join(p for p in parts if p)


def _pair(label: str, value: str | None, between: str = " ") -> str | None:
    return None if value is None else f"{label}{between}{value}"


def _title(page: Page) -> str:
    return page.head if page.no is None else f"{page.head} {page.no_label} {page.no}"


def _sums(page: Page, between: str = " ") -> list[str | None]:
    return [
        *(f"{a}{between}{b}" for a, b in page.before), _pair(page.sum_label, page.total, between),
        *(f"{a}{between}{b}" for a, b in page.after),
    ]


def letterhead(page: Page, rng: Random) -> str:
    gap = rng.choice([" ", ": ", "  "])
    items = (f"{name}{gap}{amount}" for name, amount in page.lines)
    day = _pair(page.day_label, page.day)
    return _stack([page.vendor, _title(page), day, *items, *_sums(page, gap), page.note])


def pipes(page: Page, rng: Random) -> str:
    items = (f"{name} {amount}" for name, amount in page.lines)
    return _stack([page.vendor, _title(page), page.day, *items, *_sums(page), page.note], " | ")


def letter(page: Page, rng: Random) -> str:
    """The sentences that the page brings along, with the other sums around the total."""
    items = ", ".join(f"{name} ({amount})" for name, amount in page.lines) or None
    values = {"vendor": page.vendor, "no": page.no, "day": page.day, "items": items, "total": page.total}
    parts: list[str] = []
    for part in page.sentence:
        sums = "{total}" in part
        parts += [f"{a} {b}," for a, b in page.before] if sums else []
        if "{head}" in part or all(v is not None for k, v in values.items() if f"{{{k}}}" in part):
            filled = {k: v or "" for k, v in values.items()}
            text = part.format(head=page.head, sum=page.sum_label, **filled).strip()
            parts += [text + "." if sums and text else text]
        parts += [f"{a} {b}." for a, b in page.after] if sums else []
    return _stack([*parts, page.note], " ")


def keyed(page: Page, rng: Random) -> str:
    items = (f"{page.item_label}: {name}, {amount}" for name, amount in page.lines)
    return _stack([
        _pair(page.vendor_label, page.vendor, ": "), page.head, _pair(page.no_label, page.no, ": "),
        _pair(page.day_label, page.day, ": "), *items, *_sums(page, ": "), page.note,
    ])


def receipt(page: Page, rng: Random) -> str:
    dots = rng.choice([" .... ", " ... ", ".."])
    items = (f"{name}{dots}{amount}" for name, amount in page.lines)
    top = None if page.vendor is None else f"* {page.vendor} *"
    return _stack([top, page.day, _title(page), *items, *_sums(page, dots), page.note])


def semicolons(page: Page, rng: Random) -> str:
    items = (f"{name};{amount}" for name, amount in page.lines)
    return _stack([
        _pair(page.vendor_label, page.vendor, ";"), _pair(f"{page.head} {page.no_label}", page.no or "", ";"),
        _pair(page.day_label, page.day, ";"), *items, *_sums(page, ";"), page.note,
    ])


def total_first(page: Page, rng: Random) -> str:
    items = (f"- {name}: {amount}" for name, amount in page.lines)
    return _stack([*_sums(page, ": "), _title(page), page.vendor, _pair(page.day_label, page.day), *items, page.note])


def footer(page: Page, rng: Random) -> str:
    items = (f"{name} {amount}" for name, amount in page.lines)
    foot = _stack([page.vendor, _title(page), _pair(page.day_label, page.day)], ", ")
    return _stack([page.note, *items, *_sums(page), rng.choice(["--", "___", "..."]), foot])


def bullets(page: Page, rng: Random) -> str:
    mark = rng.choice(["*", "+", "•"])
    items = (f"{mark} {name} = {amount}" for name, amount in page.lines)
    day = _pair(page.day_label, page.day, ": ")
    return _stack([f"# {_title(page)}", day, *items, *_sums(page, " = "), page.note, page.vendor])


def one_line(page: Page, rng: Random) -> str:
    items = ", ".join(f"{name} {amount}" for name, amount in page.lines)
    return _stack([page.day, page.vendor, _title(page), items, _stack(_sums(page), ", "), page.note], " - ")


def brackets(page: Page, rng: Random) -> str:
    items = (f"{name} @ {amount}" for name, amount in page.lines)
    day = _pair(page.day_label, page.day)
    parts = [_title(page), *items, day, page.vendor, *_sums(page), page.note]
    return _stack((f"[{p}]" if p else None for p in parts), " ")


def arrows(page: Page, rng: Random) -> str:
    items = (f"{name} -> {amount}" for name, amount in page.lines)
    no = _pair(page.no_label, page.no, " -> ")
    day = _pair(page.day_label, page.day, " -> ")
    return _stack([page.head, day, no, *_sums(page, " -> "), *items, _pair(page.vendor_label, page.vendor, " -> "),
                   page.note])


def amount_first(page: Page, rng: Random) -> str:
    items = (f"{amount}  {name}" for name, amount in page.lines)
    sums = [f"{b}  {a}" for a, b in page.before]
    sums += [f"{page.total}  {page.sum_label}"] if page.total is not None else []
    sums += [f"{b}  {a}" for a, b in page.after]
    return _stack([page.day, _title(page), *items, *sums, page.vendor, page.note])


def nested(page: Page, rng: Random) -> str:
    items = (f"  {name}: {amount}" for name, amount in page.lines)
    return _stack([
        f"{page.head}:", _pair(f"  {page.no_label}", page.no, ": "), _pair(f"  {page.day_label}", page.day, ": "),
        *(f"  {s}" if s else None for s in _sums(page, ": ")), f"{page.item_label}:" if page.lines else None, *items,
        page.vendor, page.note,
    ])


def slashes(page: Page, rng: Random) -> str:
    items = (f"{name} <{amount}>" for name, amount in page.lines)
    return _stack([page.note, *items, *_sums(page), page.day, _title(page), page.vendor], " // ")


def grid(page: Page, rng: Random) -> str:
    items = (f"| {name} | {amount} |" for name, amount in page.lines)
    sums = (f"| {s} |" if s else None for s in _sums(page, " | "))
    top = _stack([_title(page), _pair(page.day_label, page.day), page.vendor], " | ")
    return _stack([f"| {top} |", *items, *sums, page.note])


def loose(page: Page, rng: Random) -> str:
    """The parts in any order, labelled or not, with any of the plain separators: layouts that train alone has."""
    mark = rng.choice([" ", " ", ": ", " = ", ":", " - ", "\t"])
    between = rng.choice(["\n", "\n", "\n\n", " | ", ", ", "; ", " - ", " · ", "  "])
    around = rng.choice(["{}"] * 5 + ["({})", "<{}>", '"{}"', "{} |", "~ {}"])
    vendor = _pair(page.vendor_label, page.vendor, mark) if rng.random() < 0.4 else page.vendor
    day = _pair(page.day_label, page.day, mark) if rng.random() < 0.7 else page.day
    titles = [[_title(page)], [_title(page)], [page.head, _pair(page.no_label, page.no, mark)],
              [_pair(page.head, page.no) or page.head]]
    title = rng.choice(titles)
    sums = _sums(page, mark)
    bullet = rng.choice(["", "", "- ", "* "])
    items = [f"{bullet}{name}{mark}{amount}" for name, amount in page.lines]
    blocks: list[list[str | None]] = [[vendor], title, [day], items, sums, [page.note]]
    rng.shuffle(blocks)
    return _stack((around.format(part) for block in blocks for part in block if part), between)


SEEN: tuple[Layout, ...] = (
    letterhead, pipes, letter, keyed, receipt, semicolons, total_first, footer, bullets, one_line,
)
UNSEEN: dict[str, tuple[Layout, ...]] = {
    "dev": (brackets, arrows, letter),
    "golden": (amount_first, nested, slashes, grid, letter),
}
