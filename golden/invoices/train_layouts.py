"""Further layouts that only train has: machine exports, tables, mails, notes; written without sight of the others.

The first four below were golden's unseen ones until that split was retired.
"""

from __future__ import annotations

from itertools import zip_longest
from random import Random

from invoice_layouts import Layout, Page, _money, _pair, _stack, _sums, _title, letter


def amount_first(page: Page, rng: Random) -> str:
    items = (f"{amount}  {name}" for name, amount in page.lines)
    sums = [f"{b}  {a}" for a, b in page.before]
    sums += [f"{page.total}  {page.sum_label}"] if page.total is not None else []
    sums += [f"{b}  {a}" for a, b in page.after]
    return _stack([page.day, _title(page), *items, *sums, page.vendor, page.note])


def nested(page: Page, rng: Random) -> str:
    items = (f"  {name}: {amount}" for name, amount in page.lines)
    return _stack(
        [
            f"{page.head}:",
            _pair(f"  {page.no_label}", page.no, ": "),
            _pair(f"  {page.day_label}", page.day, ": "),
            *(f"  {s}" if s else None for s in _sums(page, ": ")),
            f"{page.item_label}:" if page.lines else None,
            *items,
            page.vendor,
            page.note,
        ]
    )


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
    titles = [
        [_title(page)],
        [_title(page)],
        [page.head, _pair(page.no_label, page.no, mark)],
        [_pair(page.head, page.no) or page.head],
    ]
    title = rng.choice(titles)
    sums = _sums(page, mark)
    bullet = rng.choice(["", "", "- ", "* "])
    items = [f"{bullet}{name}{mark}{amount}" for name, amount in page.lines]
    blocks: list[list[str | None]] = [[vendor], title, [day], items, sums, [page.note]]
    rng.shuffle(blocks)
    return _stack((around.format(part) for block in blocks for part in block if part), between)


def _key(label: str, rng: Random) -> str:
    """A label as a field name: lower case, with no blanks or end points."""
    return rng.choice(["_", "-"]).join(label.lower().strip(" .:#").split()) or "nr"


def _fields(page: Page, rng: Random) -> list[tuple[str, str | None]]:
    """Vendor, number and day under the page's own labels or under English field names."""
    own = rng.random() < 0.5
    vendor = _key(page.vendor_label, rng) if own else rng.choice(["seller", "vendor", "issuer", "from"])
    no = _key(page.no_label, rng) if own else rng.choice(["number", "id", "doc_no", "nr", "no"])
    day = _key(page.day_label, rng) if own else rng.choice(["date", "issued", "issue_date", "dt"])
    fields = [(vendor, page.vendor), (no, page.no), (day, page.day)]
    rng.shuffle(fields)
    return fields


def table(page: Page, rng: Random) -> str:
    """A header row of the labels, a row of values below, then a table of the items and sums."""
    bar = rng.choice([" | ", "\t", "  |  ", " ¦ "])
    cells = [(page.no_label, page.no), (page.day_label, page.day), (page.vendor_label, page.vendor)]
    rng.shuffle(cells)
    if rng.random() < 0.5:
        cells = [cell for cell in cells if cell[1] is not None]
    blank = rng.choice(["", "-", "n/a"])
    rule = rng.choice([None, "-" * rng.randint(5, 14), "=" * rng.randint(5, 14)])
    items = [f"{name}{bar}{amount}" for name, amount in page.lines]
    goods = [page.item_label if items and rng.random() < 0.6 else None, *items]
    head = [bar.join(a for a, _ in cells), rule, bar.join(b or blank for _, b in cells)]
    return _stack([page.head, *head, rule, *goods, *_sums(page, bar), page.note])


def markdown(page: Page, rng: Random) -> str:
    mark, bold = rng.choice(["#", "##", "###"]), rng.choice(["**", "__", "*"])
    facts = [
        _pair(f"{bold}{a}{bold}", b, rng.choice([" ", ": "]))
        for a, b in ((page.vendor_label, page.vendor), (page.no_label, page.no), (page.day_label, page.day))
    ]
    rng.shuffle(facts)
    sums = [f"+ {a}: {bold + b + bold if b == page.total else b}" for a, b in _money(page)]
    items = [f"+ {name}, {amount}" for name, amount in page.lines]
    header = [f"{mark} {page.item_label}"] if items else []
    note = f"> {page.note}" if page.note else None
    return _stack([f"{mark} {page.head}", *facts, *header, *items, *sums, note])


def key_values(page: Page, rng: Random) -> str:
    eq, quote = rng.choice(["=", "=", " = ", ":="]), rng.choice(["", "", '"', "'"])
    between = rng.choice(["\n", "; ", " & ", ", ", "  "])
    fields = [(rng.choice(["type", "doc", "kind"]), page.head), *_fields(page, rng)]
    item = rng.choice(["item", "line", "pos", _key(page.item_label, rng)])
    lines = [f"{item}{eq}{quote}{name}{quote} {quote}{amount}{quote}" for name, amount in page.lines]
    sums = [f"{_key(a, rng)}{eq}{quote}{b}{quote}" for a, b in _money(page)]
    blocks = [[f"{k}{eq}{quote}{v}{quote}" for k, v in fields if v is not None], lines, sums]
    if rng.random() < 0.4:
        rng.shuffle(blocks)
    return _stack([*(part for block in blocks for part in block), page.note], between)


def ini(page: Page, rng: Random) -> str:
    """Sections in square one value a line."""
    eq = rng.choice(["=", " = ", ": "])
    top = [f"[{page.head}]", *(_pair(k, v, eq) for k, v in _fields(page, rng))]
    items = [f"{name}{eq}{amount}" for name, amount in page.lines]
    items = [f"[{_key(page.item_label, rng)}]", *items] if items else []
    sums = [f"{a}{eq}{b}" for a, b in _money(page)]
    sums = [rng.choice(["[sums]", "[amounts]", "[--]"]), *sums] if sums else []
    note = f"{rng.choice(['; ', '# '])}{page.note}" if page.note else None
    return _stack([*top, *items, *sums, note])


def xml(page: Page, rng: Random) -> str:
    between, pad = rng.choice([("\n", ""), ("\n", "  "), ("", ""), (" ", "")])
    root = rng.choice(["doc", "document", "record", "r"])
    item, total = rng.choice(["item", "line", "pos"]), rng.choice(["total", "grandTotal", "sum", "payable"])
    attribute = rng.random() < 0.4
    body = [f"<type>{page.head}</type>"]
    body += [f"<{k}>{v}</{k}>" for k, v in _fields(page, rng) if v is not None]
    body += [
        f'<{item} name="{a}">{b}</{item}>' if attribute else f"<{item}>{a} <amt>{b}</amt></{item}>"
        for a, b in page.lines
    ]
    body += [f'<sum label="{a}">{b}</sum>' for a, b in page.before]
    body += (
        []
        if page.total is None
        else [f'<sum label="{page.sum_label}">{page.total}</sum>' if attribute else f"<{total}>{page.total}</{total}>"]
    )
    body += [f'<sum label="{a}">{b}</sum>' for a, b in page.after]
    body += [f"<!-- {page.note} -->"] if page.note else []
    return _stack([f"<{root}>", *(pad + line for line in body), f"</{root}>"], between)


def html(page: Page, rng: Random) -> str:
    between, th = rng.choice(["\n", "", " "]), rng.choice(["th", "td", "b"])
    title = rng.choice(["h1", "h2", "title", "b"])
    rows = [(page.vendor_label, page.vendor), (page.no_label, page.no), (page.day_label, page.day)]
    rng.shuffle(rows)
    keep = rng.random() < 0.3
    top = [(a, b or "") for a, b in rows if keep or b is not None]
    if rng.random() < 0.5:
        cells = [f"<tr><{th}>{a}</{th}><td>{b}</td></tr>" for a, b in [*top, *page.lines, *_money(page)]]
    else:
        cells = [f"{a}: {b}<br>" for a, b in [*top, *page.lines, *_money(page)]]
    note = f"<p>{page.note}</p>" if page.note else None
    return _stack([f"<{title}>{page.head}</{title}>", *cells, note], between)


def json_like(page: Page, rng: Random) -> str:
    between, q = rng.choice([", ", ",\n ", ","]), rng.choice(['"', '"', "'"])
    colon = rng.choice([": ", ":"])

    def entry(key: str, value: str | None) -> str:
        return f"{q}{key}{q}{colon}" + ("null" if value is None else f"{q}{value}{q}")

    keep = rng.random() < 0.4
    fields = [entry(k, v) for k, v in _fields(page, rng) if keep or v is not None]
    fields.insert(rng.randint(0, len(fields)), entry(rng.choice(["type", "document", "title"]), page.head))
    items = ", ".join(f"{{{entry(name, amount)}}}" for name, amount in page.lines)
    goods = [f"{q}{rng.choice(['items', 'lines', 'positions'])}{q}{colon}[{items}]"]
    sums = [entry(a, b) for a, b in _money(page)]
    blocks = [fields, goods if items or keep else [], sums]
    if rng.random() < 0.4:
        rng.shuffle(blocks)
    note = [entry("note", page.note)] if page.note else []
    return "{" + between.join([part for block in blocks for part in block] + note) + "}"


def yaml_like(page: Page, rng: Random) -> str:
    pad = rng.choice(["  ", " ", "    "])
    keep = rng.random() < 0.4
    fields = [f"{k}: {'~' if v is None else v}" for k, v in _fields(page, rng) if keep or v is not None]
    items = [f"{pad}- {name}: {amount}" for name, amount in page.lines]
    sums = [f"{pad}{a}: {b}" for a, b in _money(page)]
    return _stack(
        [
            rng.choice(["---", None]),
            f"{rng.choice(['doc', 'kind', 'title'])}: {page.head}",
            *fields,
            *(["items:", *items] if items else []),
            *(["sums:", *sums] if sums else []),
            f"# {page.note}" if page.note else None,
        ]
    )


def mail(page: Page, rng: Random) -> str:
    start = _pair(rng.choice(["From:", "FROM", "Sender:", "> From:"]), page.vendor)
    subject = f"{rng.choice(['Subject:', 'SUBJECT', 'Subj:', '> Subject:'])} {_title(page)}"
    labelled = rng.random() < 0.6
    day = _pair(page.day_label, page.day, rng.choice([": ", " "])) if labelled else page.day
    top = [start, subject]
    if rng.random() < 0.4:
        top.reverse()
    gap = rng.choice([" ", ": ", " = "])
    items = [f"{name}{gap}{amount}" for name, amount in page.lines]
    body = _stack([*items, *_sums(page, gap)], rng.choice(["\n", "; ", "\n> "]))
    if rng.random() < 0.5:
        return _stack([*top, day, body, page.note])
    return _stack([*top, page.note, body, day])


def chat(page: Page, rng: Random) -> str:
    """A short message on one line, its sender before the colon."""
    sender = page.vendor and rng.choice(["{}:", "<{}>", "[{}]", "@{}", "{} >>"]).format(page.vendor)
    title = _pair(page.head, page.no, rng.choice([" ", " #", ": "])) or page.head
    day = page.day and rng.choice(["{}", "({})", "{} ·"]).format(page.day)
    goods = rng.choice([" + ", ", ", " & "]).join(f"{name} {amount}" for name, amount in page.lines)
    sums = _stack(_sums(page, rng.choice([" ", "=", ": "])), rng.choice([", ", " ", " / "]))
    body: list[str | None] = [title, day, goods, sums]
    if rng.random() < 0.4:
        rng.shuffle(body)
    return _stack([sender, *body, page.note], rng.choice([" ", " ", ". ", " "]))


def sql(page: Page, rng: Random) -> str:
    keep = rng.random() < 0.4
    fields: list[tuple[str, str | None]] = [("type", page.head), *_fields(page, rng)]
    fields += [(f"item{i}", f"{a} {b}") for i, (a, b) in enumerate(page.lines, 1)]
    fields += [(_key(a, rng), b) for a, b in _money(page)]
    shown = [(k, v) for k, v in fields if keep or v is not None]
    values = ", ".join("NULL" if v is None else f"'{v}'" for _, v in shown)
    table_name, end = rng.choice(["docs", "t", "ledger", "archive"]), f" -- {page.note}" if page.note else ""
    if rng.random() < 0.3:
        pairs = ", ".join(f"{k}=" + ("NULL" if v is None else f"'{v}'") for k, v in shown)
        return f"UPDATE {table_name} SET {pairs};{end}"
    into = rng.choice(["INSERT INTO", "insert into"])
    return f"{into} {table_name} ({', '.join(k for k, _ in shown)}) VALUES ({values});{end}"


def csv(page: Page, rng: Random) -> str:
    """A line of field names and a line of values."""
    mark, q = rng.choice([";", "|", "\t", ","]), rng.choice(["", '"'])
    q = '"' if mark == "," else q
    fields: list[tuple[str, str | None]] = [
        (rng.choice(["type", "doc", "document"]), page.head),
        (page.vendor_label, page.vendor),
        (page.no_label, page.no),
        (page.day_label, page.day),
    ]
    rng.shuffle(fields)
    fields += [(page.item_label, f"{a} {b}") for a, b in page.lines]
    sums: list[tuple[str, str | None]] = [*page.before, (page.sum_label, page.total), *page.after]
    fields = [*sums, *fields] if rng.random() < 0.3 else [*fields, *sums]
    if rng.random() < 0.4:
        fields = [field for field in fields if field[1] is not None]
    names, values = mark.join(k for k, _ in fields), mark.join(f"{q}{v}{q}" if v else "" for _, v in fields)
    return _stack([names, values, page.note])


def columns(page: Page, rng: Random) -> str:
    """Two columns side by side: who and when on the one side, the money on the other."""
    gap = rng.choice([" ", ": ", " "])
    left = [p for p in (page.vendor, _title(page), _pair(page.day_label, page.day, gap), page.note) if p]
    right = [f"{a}{gap}{b}" for a, b in [*page.lines, *_money(page)]]
    if rng.random() < 0.4:
        left, right = right, left
    bar = rng.choice(["   ", "  |  ", "\t", " || "])
    width = max(map(len, left), default=0) if rng.random() < 0.5 else 0
    return "\n".join(f"{a:<{width}}{bar}{b}".rstrip() for a, b in zip_longest(left, right, fillvalue=""))


def sections(page: Page, rng: Random) -> str:
    """Numbered or underlined sections."""
    style = rng.choice(["{n}. {t}", "{n}) {t}", "({n}) {t}", "§ {t}", "== {t} ==", "_"])
    names = rng.choice(["1234", "ABCD", "abcd", ("I", "II", "III", "IV")])
    gap = rng.choice([" ", ": ", " - "])
    items = [f"{name}{gap}{amount}" for name, amount in page.lines]
    blocks: list[tuple[str, list[str | None]]] = [
        (page.head, [_pair(page.no_label, page.no, gap), _pair(page.day_label, page.day, gap)]),
        (page.vendor_label, [page.vendor]),
        (page.item_label, [*items]),
        ("--" if page.total is None else page.sum_label, [*_sums(page, gap)]),
    ]
    if rng.random() < 0.5:
        blocks[1], blocks[0] = blocks[0], blocks[1]
    kept = [(t, [p for p in body if p]) for t, body in blocks]
    out: list[str] = []
    for n, (title, body) in zip(names, [(t, b) for t, b in kept if b or t == page.head], strict=False):
        under = f"{title}\n{'-' * min(len(title), 8)}"
        out += [under if style == "_" else style.format(n=n, t=title), *body]
    return _stack([*out, page.note])


def boxed(page: Page, rng: Random) -> str:
    side, rule = rng.choice([("*", "*"), ("#", "#"), ("║", "═"), ("!", "~"), (":", ".")])
    gap = rng.choice([" ", ": ", " .. "])
    items = [f"{name}{gap}{amount}" for name, amount in page.lines]
    top: list[str | None] = [page.vendor, _title(page), _pair(page.day_label, page.day, gap)]
    if rng.random() < 0.4:
        rng.shuffle(top)
    line = rule * rng.randint(8, 16)
    closed = rng.random() < 0.5
    blocks = [[p for p in block if p] for block in (top, items, _sums(page, gap), [page.note])]
    inside = [[f"{side} {p} {side}" if closed else f"{side} {p}" for p in block] for block in blocks if block]
    if rng.random() < 0.5:
        return _stack([line, *(p for block in inside for p in block), line])
    return _stack([line, *(p for block in inside for p in (*block, line))])


def right_aligned(page: Page, rng: Random) -> str:
    """The amounts far to the right, after many blanks."""
    rows = [*page.lines, *_money(page)]
    width = max((len(a) + len(b) for a, b in rows), default=0) + rng.randint(3, 8)
    even = rng.random() < 0.5
    blanks = " " * rng.randint(4, 10)
    money = [f"{a}{b:>{width - len(a)}}" if even else f"{a}{blanks}{b}" for a, b in rows]
    indent = rng.choice(["", " " * rng.randint(4, 12)])
    day = _pair(page.day_label, page.day, rng.choice([" ", blanks]))
    head = [page.vendor and indent + page.vendor, _title(page), day]
    if rng.random() < 0.4:
        head.reverse()
    return _stack([*head, rng.choice([None, "-" * 10]), *money, page.note])


def total_on_top(page: Page, rng: Random) -> str:
    """The total as a headline; all the rest below and indented."""
    pad, gap = rng.choice(["  ", "    ", "\t", "> ", ".. "]), rng.choice([" ", ": ", " - "])
    label = rng.choice([page.sum_label, page.sum_label.upper()])
    top = _pair(label, page.total, rng.choice([" ", ": ", "\n", " >> "]))
    goods = [f"{name}{gap}{amount}" for name, amount in page.lines]
    rest: list[str | None] = [_title(page), page.vendor, _pair(page.day_label, page.day, gap)]
    rng.shuffle(rest)
    sums = [f"{a}{gap}{b}" for a, b in (*page.before, *page.after)]
    blocks = [*rest, *goods, *sums] if rng.random() < 0.5 else [*goods, *sums, *rest]
    return _stack([top, *(pad + part for part in blocks if part), page.note])


def signature(page: Page, rng: Random) -> str:
    """The vendor at the very end, as one who signs."""
    shape = rng.choice(["-- \n{}", "/s/ {}", "({})", "~ {}", "_____\n{}", "— {}", "{}"])
    sign = page.vendor and shape.format(page.vendor)
    gap = rng.choice([" ", ": ", " => "])
    goods = [f"{rng.choice(['', '- '])}{name}{gap}{amount}" for name, amount in page.lines]
    day = _pair(page.day_label, page.day, rng.choice([" ", ": "]))
    top = [day, _title(page)] if rng.random() < 0.5 else [_stack([_title(page), day], ", ")]
    return _stack([*top, *goods, *_sums(page, gap), page.note, sign])


def number_first(page: Page, rng: Random) -> str:
    """Number and day before everything, as a register has them."""
    pair = rng.choice([[page.no, page.day], [page.day, page.no]])
    start = _stack(pair, rng.choice(["  ", " / ", " | ", "\n", ", "]))
    between = rng.choice(["\n", "  ", " | ", " :: "])
    goods = rng.choice([", ", " + ", between]).join(f"{name} {amount}" for name, amount in page.lines)
    names: list[str | None] = [page.head, page.vendor]
    if rng.random() < 0.5:
        names.reverse()
    return _stack([start, *names, goods, *_sums(page, rng.choice([" ", ": "])), page.note], between)


def labels_above(page: Page, rng: Random) -> str:
    """Each label on the line before its value, as a form has them."""
    end, pad, keep = rng.choice(["", ":", " >"]), rng.choice(["", "  ", "\t"]), rng.random() < 0.3
    facts = [(page.vendor_label, page.vendor), (page.no_label, page.no), (page.day_label, page.day)]
    rng.shuffle(facts)
    top = [f"{a}{end}" if b is None else f"{a}{end}\n{pad}{b}" for a, b in facts if keep or b is not None]
    goods = [f"{pad}{name} {amount}" for name, amount in page.lines]
    goods = [f"{page.item_label}{end}", *goods] if goods else []
    sums = [f"{a}{end}\n{pad}{b}" for a, b in _money(page)]
    return _stack([page.head, *top, *goods, *sums, page.note], rng.choice(["\n", "\n", "\n\n"]))


def log_line(page: Page, rng: Random) -> str:
    """A line of a journal: the day in front, then fields parted by signs."""
    between = rng.choice([" :: ", " >> ", " ~ ", " => ", "+", "*"])
    day = page.day and rng.choice(["[{}]", "{}", "<{}>"]).format(page.day)
    facts: list[str | None] = [_title(page), page.vendor]
    rng.shuffle(facts)
    goods = [f"{name} {amount}" for name, amount in page.lines]
    blocks = [*facts, *goods, *_sums(page)] if rng.random() < 0.6 else [*_sums(page), *goods, *facts]
    return _stack([day, _stack([*blocks, page.note], between)], " ")


LAYOUTS: tuple[Layout, ...] = (
    loose,
    loose,
    loose,
    loose,
    loose,
    loose,
    letter,
    letter,
    letter,
    letter,
    table,
    markdown,
    key_values,
    ini,
    xml,
    html,
    json_like,
    yaml_like,
    mail,
    chat,
    sql,
    csv,
    columns,
    sections,
    boxed,
    right_aligned,
    total_on_top,
    signature,
    number_first,
    labels_above,
    log_line,
    amount_first,
    nested,
    slashes,
    grid,
)
