"""Writes the splits of the invoices task: seeded drafts in many layouts plus the hand-written edge cases.

    python golden/invoices/generate.py            writes train.jsonl, dev.jsonl, golden.jsonl and card.json
    python golden/invoices/generate.py --check    writes nothing, exit status 1 where a file would change

No two texts, in one split or in two, are the same words once vendors, items, numbers, dates and currencies are masked:
a draft whose words stand already is drawn again. The right answer is known before the text is written.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import invoice_words as words  # noqa: E402
import train_forms  # noqa: E402
from invoice_drafts import draft  # noqa: E402
from invoice_texts import write  # noqa: E402

SEED = 20240613
SIZES = {"dev": 120, "golden": 480, "train": 3200}  # edge cases included; drawn in this order, so train yields
DRAWN = {"dev": "dev", "golden": "golden 2", "train": "train"}  # what seeds a split: this is the second golden split
LOOSE_SHARE = 0.6  # of train's drafts: layouts and labels of its own, so that a model learns what they have in common
UNSEEN_SHARE = 0.27  # of the drafts, so that with the edge cases a quarter of the split is unseen
FEATURES = (
    "date_format",
    "decimal_comma",
    "missing_field",
    "credit_note",
    "discount_tax",
    "ocr_noise",
    "foreign_heading",
    "lookalike_total",
    "multi_item",
)
HOW_MANY = {"golden": [25, 42, 25, 8], "dev": [25, 42, 25, 8], "train": [20, 42, 28, 10]}  # weights of 0 to 3 features


def masked(text: str, output: dict[str, Any], lines: list[dict[str, Any]], other: str = "") -> str:
    """The words of a text without what varies: companies, items, whatever has a digit, months, currencies, signs."""
    for name in sorted([i["name"] for i in lines] + [output["vendor"] or "", other], key=len, reverse=True):
        if name:
            text = re.sub(r"\s+".join(map(re.escape, name.split())), " ", text, flags=re.IGNORECASE)
    text = re.sub(r"[^\W\d_]*\d\S*", " ", text.casefold())
    months = tuple({m[:3].casefold() for names in words.MONTHS.values() for m in names})
    named = " ".join(form for forms in train_forms.MONEY.values() for form in forms).casefold()
    drop = {c.casefold() for c in words.CURRENCY} | set(re.findall(r"[^\W\d_]+", named)) | {"de", "x"}
    return " ".join(w for w in re.findall(r"[^\W\d_]+", text) if w not in drop and not w.startswith(months))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def examples() -> dict[str, list[dict[str, Any]]]:
    """Every split as rows, edge cases last."""
    cases = _rows(HERE / "edge_cases.jsonl")
    taken = {masked(c["input"], c["output"], c["meta"]["items"]) for c in cases}
    if len(taken) < len(cases):
        raise ValueError("edge_cases.jsonl: two edge cases are the same words once names and numbers are masked")
    taken |= {masked(c["input"], c["output"], c["meta"]["items"]) for c in _rows(HERE / "retired" / "golden.jsonl")}
    splits: dict[str, list[dict[str, Any]]] = {}
    for split, size in SIZES.items():
        rng = Random(f"{SEED} {DRAWN[split]}")
        special = [{k: v for k, v in c.items() if k != "split"} for c in cases if c["split"] == split]
        rows: list[dict[str, Any]] = []
        count = size - len(special)
        while len(rows) < count:
            own = rng.random() < LOOSE_SHARE if split == "train" else len(rows) < round(UNSEEN_SHARE * count)
            features = _features(rows + special, rng, HOW_MANY[split], split == "train")
            made = draft(split, features, rng)
            text, tags, layout = write(made, split, own, rng)
            other = made.aside[1] if made.aside else ""
            key = masked(text, made.answer, made.lines, other if isinstance(other, str) else "")
            if key in taken:
                continue
            taken.add(key)
            row = {"id": f"inv-{split[0]}{len(rows) + 1:03}", "input": text, "output": made.answer}
            meta = {"items": made.lines} if split == "train" else {"layout": layout, "items": made.lines}
            rows.append({**row, "tags": sorted(tags), "meta": meta})
        splits[split] = rows + special
    return splits


def _features(rows: list[dict[str, Any]], rng: Random, how_many: list[int], train: bool) -> frozenset[str]:
    """Up to three features, those that stand seldom so far more likely, so that no tag is left with a handful.

    Train has more of what takes more examples: credit notes, whose sign follows from the heading and is no copy;
    foreign invoices, whose words are many; scans.
    """
    seen = Counter(tag for row in rows for tag in row.get("tags", ()))
    if train:
        for hard, times in (("credit_note", 4), ("foreign_heading", 2), ("ocr_noise", 2)):
            seen[hard] //= times
    order = sorted(FEATURES, key=lambda f: rng.random() * (1 + seen[f]))
    return frozenset(order[: rng.choices([0, 1, 2, 3], how_many)[0]])


def main(check: bool) -> int:
    from goldgate.base.files import write_whole
    from goldgate.task.examples import Split, card_of, read_card, read_examples, write_card

    stale = []
    for split, rows in examples().items():
        path = HERE / f"{split}.jsonl"
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        if not check:
            write_whole(path, data)
        elif not path.is_file() or path.read_text("utf-8") != data:
            stale.append(path.name)
    if stale:
        print(f"differs from what the generator writes: {', '.join(stale)}")
        return 1
    splits = {s: Split(s, read_examples(HERE / f"{s}.jsonl")) for s in ("train", "dev", "golden")}
    source = "golden/invoices/generate.py with its seed, and golden/invoices/edge_cases.jsonl, written by hand"
    card = card_of("invoices", splits, "python golden/invoices/generate.py", "Apache-2.0", source)
    if not check:
        write_card(HERE, card)
    elif read_card(HERE) != card:
        print("differs from what the generator writes: card.json")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main("--check" in sys.argv[1:]))
