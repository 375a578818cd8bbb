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
        *(f"{a}{between}{b}" for a, b in page.before),
        _pair(page.sum_label, page.total, between),
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
    return _stack(
        [
            _pair(page.vendor_label, page.vendor, ": "),
            page.head,
            _pair(page.no_label, page.no, ": "),
            _pair(page.day_label, page.day, ": "),
            *items,
            *_sums(page, ": "),
            page.note,
        ]
    )


def receipt(page: Page, rng: Random) -> str:
    dots = rng.choice([" .... ", " ... ", ".."])
    items = (f"{name}{dots}{amount}" for name, amount in page.lines)
    top = None if page.vendor is None else f"* {page.vendor} *"
    return _stack([top, page.day, _title(page), *items, *_sums(page, dots), page.note])


def semicolons(page: Page, rng: Random) -> str:
    items = (f"{name};{amount}" for name, amount in page.lines)
    return _stack(
        [
            _pair(page.vendor_label, page.vendor, ";"),
            _pair(f"{page.head} {page.no_label}", page.no or "", ";"),
            _pair(page.day_label, page.day, ";"),
            *items,
            *_sums(page, ";"),
            page.note,
        ]
    )


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
    return _stack(
        [page.head, day, no, *_sums(page, " -> "), *items, _pair(page.vendor_label, page.vendor, " -> "), page.note]
    )


def _facts(page: Page) -> list[tuple[str, str]]:
    known = ((page.vendor_label, page.vendor), (page.no_label, page.no), (page.day_label, page.day))
    return [(a, b) for a, b in known if b is not None]


def _money(page: Page) -> list[tuple[str, str]]:
    total = [] if page.total is None else [(page.sum_label, page.total)]
    return [*page.before, *total, *page.after]


def till_roll(page: Page, rng: Random) -> str:
    """Vendor and items first, the heading between asterisks in the middle, then number, date and sums."""
    mark = rng.choice(("* * *", "***", "** **"))
    return _stack(
        [
            page.vendor and page.vendor.center(36).rstrip(),
            *(f"* {a}  {b}" for a, b in page.lines),
            f"{mark} {page.head} {mark}".center(36).rstrip(),
            _pair(page.no_label, page.no, " * "),
            _pair(page.day_label, page.day, " * "),
            *_sums(page, " * "),
            page.note,
            mark.center(36).rstrip(),
        ]
    )


def label_behind(page: Page, rng: Random) -> str:
    """Each value first, its label after it in parentheses."""
    rows = [*_facts(page), *page.lines, *_money(page)]
    return _stack([page.head, *(f"{b} ( {a} )" for a, b in rows), page.note])


def telegram(page: Page, rng: Random) -> str:
    stop = rng.choice(("STOP", "+++", "stop"))
    items = "  ".join(f"{a} {b}" for a, b in page.lines)
    return _stack(
        [
            page.head,
            _pair(page.vendor_label, page.vendor),
            _pair(page.no_label, page.no),
            _pair(page.day_label, page.day),
            items,
            *_sums(page),
            page.note,
        ],
        f" {stop} ",
    )


def tree(page: Page, rng: Random) -> str:
    def branch(rows: list[str | None], stem: str = "") -> list[str]:
        known = [r for r in rows if r]
        return [f"{stem}{'└' if i == len(known) else '├'} {r}" for i, r in enumerate(known, 1)]

    items = branch([f"{a}  {b}" for a, b in page.lines], "│  ")
    top = [page.vendor, _pair(page.day_label, page.day)]
    group = _stack([page.item_label, *items]) if items else None
    return _stack([_title(page), *branch([*top, group, *_sums(page, "  "), page.note])])


def asked(page: Page, rng: Random) -> str:
    """Each label a question, its answer behind it."""
    ask = rng.choice(("Q", "¿", "??"))
    rows = [*_facts(page), *page.lines, *_money(page)]
    return _stack([f"{page.head} !", *(f"{ask} {a} ? {b}" for a, b in rows), page.note])


def framed(page: Page, rng: Random) -> str:
    """Values in a frame of signs, all facts in one paragraph and the sums in another."""
    left, right = rng.choice((("«", "»"), ("~", "~"), ("{", "}")))

    def run(rows: Iterable[tuple[str, str]]) -> str:
        return "  ".join(f"{a} {left} {b} {right}" for a, b in rows)

    return _stack([page.head, run(_facts(page)), run(page.lines), run(_money(page)), page.note], "\n\n")


def twos(page: Page, rng: Random) -> str:
    """Two facts a line, joined by a sign."""
    sign = rng.choice(("¦", "::", "<>"))
    rows: list[str] = []
    for part in (_facts(page), page.lines, _money(page)):
        texts = [f"{a} {b}" for a, b in part]
        rows += [f" {sign} ".join(texts[i : i + 2]) for i in range(0, len(texts), 2)]
    return _stack([f"{sign} {page.head} {sign}", *rows, page.note])


def upside_down(page: Page, rng: Random) -> str:
    """From the foot to the head: note, sums, items, facts, the heading last; labels end at a tab stop and a colon."""
    rows = [*_facts(page), *page.lines, *_money(page)]
    return _stack([page.note, *(f"{a}\t: {b}" for a, b in reversed(rows)), "=" * len(page.head), page.head])


SEEN: tuple[Layout, ...] = (
    letterhead,
    pipes,
    letter,
    keyed,
    receipt,
    semicolons,
    total_first,
    footer,
    bullets,
    one_line,
)
UNSEEN: dict[str, tuple[Layout, ...]] = {
    "dev": (brackets, arrows, letter),
    "golden": (till_roll, label_behind, telegram, tree, asked, framed, twos, upside_down, letter, letter),
}
