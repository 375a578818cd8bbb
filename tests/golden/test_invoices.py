"""The invoices data: it can be made again, its splits are apart, and every answer can be read off its text."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from goldgate.data.mask import masked
from goldgate.task.examples import Example, load_split, read_card, read_examples, render_output
from goldgate.task.project import Project
from goldgate.task.task import load_task

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "golden" / "invoices"
PROJECT = Project(ROOT, ROOT / ".unused")
SPLITS = {name: load_split(PROJECT, "invoices", name).examples for name in ("train", "dev", "golden")}
ALL = [example for split in SPLITS.values() for example in split]
EDGE_CASES = [json.loads(line) for line in (FOLDER / "edge_cases.jsonl").read_text("utf-8").splitlines()]
TAGS = {
    "credit_note",
    "date_format",
    "decimal_comma",
    "discount_tax",
    "foreign_heading",
    "lookalike_total",
    "missing_field",
    "multi_item",
    "ocr_noise",
    "unseen_layout",
}
MONTHS = (
    "jan ene",
    "feb fév",
    "mar mär",
    "apr avr abr",
    "may mai",
    "jun juin",
    "jul juil",
    "aug aoû ago",
    "sep",
    "oct okt",
    "nov",
    "dec dez déc dic",
)
ORDINALS = {"third": "3"}
MARKS = {
    "EUR": ("€", "eur", "euro", "euros"),
    "USD": ("$", "usd", "us$", "dollars"),
    "GBP": ("£", "gbp", "pounds"),
    "JPY": ("¥", "jpy"),
    "CHF": ("chf",),
    "SEK": ("sek",),
    "PLN": ("pln",),
    "CAD": ("cad",),
    "MXN": ("mxn",),
}
SCANNED = str.maketrans({"O": "0", "l": "1", "I": "1", "S": "5", "B": "8"})


def load(name: str):
    """A module of the generator's folder, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"golden_invoices_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def digits_read(text: str) -> str:
    """The text as the instructions say to read a scan: letters beside digits are the digits they look like."""
    return re.sub(
        r"(?<![a-z])[\dOlISB.,'/-]*\d[\dOlISB.,'/-]*(?=(?:st|nd|rd|th)\b|(?![a-z]))",
        lambda m: m[0].translate(SCANNED),
        text,
    )


def number_read(text: str) -> str:
    """The same for invoice numbers, whose leading letters are no digits."""
    return re.sub(r"\d[\dOlISB/-]*", lambda m: m[0].translate(SCANNED), text)


def currencies(text: str) -> set[str]:
    """The currencies that a text names, by sign, code or word."""
    low = digits_read(text).casefold()
    bare = {code: "|".join(rf"(?<![a-z]){re.escape(m)}(?![a-z])" for m in marks) for code, marks in MARKS.items()}
    return {code for code, form in bare.items() if re.search(form, low)}


def amounts(text: str) -> set[float]:
    """Every amount in a text, by the instructions' rule for separators."""
    found = set()
    grouped = r"(?<![a-z])\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{2})?(?!\d)"
    for number in re.findall(rf"{grouped}|\d+(?:[.,]\d+)?", digits_read(text)):
        whole, point, rest = re.fullmatch(r"(.*?)(?:([.,])(\d{1,2}))?", number).groups()
        found.add(float(re.sub(r"\D", "", whole) + (f".{rest}" if point else "")))
    return found


def says_day(text: str, year: int, month: int, day: int) -> bool:
    """Whether a text names this day in one of the forms that the instructions allow, day before month."""
    text = digits_read(text).casefold()
    for word, number in ORDINALS.items():
        text = text.replace(word, number)
    y, sep = rf"(?:{year}|(?<!\d)'?{year % 100:02})", r"[./-]"
    name = rf"(?:{'|'.join(MONTHS[month - 1].split())})\w*\.?"
    forms = (
        rf"(?<!\d)0?{day}{sep}0?{month}{sep}{y}(?!\d)",
        rf"{year}{sep}0?{month}{sep}0?{day}(?!\d)",
        rf"(?<!\d){year}{month:02}{day:02}(?!\d)",
        rf"(?<!\d)0?{day}{sep}{name}{sep}{y}(?!\d)",
        rf"(?<!\d)0?{day}(?:\.|st|nd|rd|th|er)?(?: de| of)? {name}(?: de)? {y}(?!\d)",
        rf"{name} {day}(?:st|nd|rd|th)?, {y}",
    )
    return any(re.search(form, text) for form in forms)


def words_alone(example: Example) -> str:
    """The words of a text without what the answer holds, numbers, months and currencies: stricter than a leak check."""
    text = example.text
    names = [item["name"] for item in example.meta["items"]] + [example.output["vendor"] or ""]
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    text = re.sub(r"[^\W\d_]*\d\S*", " ", text.casefold())
    beginnings = tuple(b for row in MONTHS for b in row.split())
    marks = {mark for row in MARKS.values() for mark in row}
    return " ".join(w for w in re.findall(r"[^\W\d_]+", text) if w not in marks and not w.startswith(beginnings))


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text).casefold()


def faults(example: Example) -> list[str]:
    """The fields of an answer that its text does not say."""
    answer, text = example.output, example.text
    wrong = []
    for name in filter(None, [answer["vendor"], *(item["name"] for item in example.meta["items"])]):
        said = squeezed(name) in squeezed(text) if "ocr_noise" in example.tags else name.casefold() in text.casefold()
        wrong += [] if said else [name]
    if answer["number"] and not re.search(rf"(?<!\w){re.escape(answer['number'])}(?!\w)", number_read(text)):
        wrong.append("number")
    if answer["date"] and not says_day(text, *map(int, answer["date"].split("-"))):
        wrong.append("date")
    sums = [answer["total"], *(item["amount"] for item in example.meta["items"])]
    if not {abs(amount) for amount in sums if amount is not None} <= amounts(text):
        wrong.append("amounts")
    if any(item["amount"] is not None and item["amount"] < 0 for item in example.meta["items"]):
        wrong.append("a negative item")
    if currencies(text) != ({answer["currency"]} if answer["currency"] else set()):
        wrong.append("currency")
    return wrong


def test_generator_writes_the_same_bytes_again(tmp_path):
    copy = tmp_path / "golden" / "invoices"
    copy.mkdir(parents=True)
    for name in (
        "generate.py",
        "invoice_drafts.py",
        "invoice_layouts.py",
        "invoice_texts.py",
        "invoice_words.py",
        "train_forms.py",
        "train_layouts.py",
        "train_words.py",
    ):
        shutil.copy(FOLDER / name, copy)
    for name in ("edge_cases.jsonl", "names.txt", "train_labels.toml"):
        shutil.copy(FOLDER / name, copy)
    (copy / "retired").mkdir()
    shutil.copy(FOLDER / "retired" / "golden.jsonl", copy / "retired")
    (tmp_path / "harness").symlink_to(ROOT / "harness")
    subprocess.run([sys.executable, str(copy / "generate.py")], check=True)
    for name in ("train.jsonl", "dev.jsonl", "golden.jsonl", "card.json"):
        assert (copy / name).read_bytes() == (FOLDER / name).read_bytes(), name
    check = [sys.executable, str(copy / "generate.py"), "--check"]
    assert subprocess.run(check, check=False).returncode == 0
    (copy / "dev.jsonl").write_text((copy / "dev.jsonl").read_text("utf-8").replace("Total", "total", 1), "utf-8")
    changed = (copy / "dev.jsonl").read_bytes()
    assert subprocess.run(check, check=False).returncode == 1
    assert (copy / "dev.jsonl").read_bytes() == changed


def test_splits_are_as_large_as_promised():
    assert {name: len(rows) for name, rows in SPLITS.items()} == {"train": 3200, "dev": 120, "golden": 480}
    assert read_card(FOLDER).task == "invoices"
    assert len({example.id for example in ALL}) == len(ALL)


def test_every_tag_stands_often_enough():
    counts = {name: Counter(tag for e in rows for tag in e.tags) for name, rows in SPLITS.items()}
    assert set(counts["golden"]) == TAGS
    assert min(counts["golden"].values()) >= 12
    assert set(counts["dev"]) == TAGS
    assert min(counts["dev"].values()) >= 6
    assert set(counts["train"]) == TAGS - {"unseen_layout"}
    assert min(counts["train"].values()) >= 40
    assert all(sum(not e.tags for e in rows) >= 0.1 * len(rows) for rows in SPLITS.values())


def test_a_quarter_of_golden_is_unseen():
    unseen = {name: sum("unseen_layout" in e.tags for e in rows) / len(rows) for name, rows in SPLITS.items()}
    assert 0.25 <= unseen["golden"] <= 0.35
    assert unseen["dev"] >= 0.2


def test_unseen_layouts_and_phrasings_belong_to_one_split():
    layouts, words = load("invoice_layouts"), load("invoice_words")
    own = {split: {f.__name__ for f in rows} - {"letter"} for split, rows in layouts.UNSEEN.items()}
    assert len(layouts.SEEN) >= 8
    assert own["dev"].isdisjoint(own["golden"])
    assert (own["dev"] | own["golden"]).isdisjoint(f.__name__ for f in layouts.SEEN)
    for one, other in combinations(("seen", "dev", "golden"), 2):
        for lang, labels in words.LABELS[one].items():
            assert all(set(labels[key]).isdisjoint(words.LABELS[other][lang][key]) for key in labels)
            assert not any(sentence in words.SENTENCES[other][lang] for sentence in words.SENTENCES[one][lang])


def test_train_has_no_label_layout_or_name_that_is_unseen_elsewhere(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    words, train, layouts = load("invoice_words"), load("train_words"), load("train_layouts")
    own = {f.__name__ for f in layouts.LAYOUTS} - {"letter"}  # a letter's sentences are what may be unseen
    names = {name for row in train.NAMES.values() for name in row} | set(train._WORDS)
    for split in ("dev", "golden"):
        assert own.isdisjoint(f.__name__ for f in load("invoice_layouts").UNSEEN[split])
        assert names.isdisjoint(name for row in words.FAMILIES[split].values() for name in row.split())
        for lang, labels in words.LABELS[split].items():
            theirs = {label.casefold() for row in labels.values() for label in row}
            assert theirs.isdisjoint(label.casefold() for row in train.LABELS[lang].values() for label in row)
            sentences = train.SENTENCES[lang] + train.CREDIT_SENTENCES[lang]
            assert not any(sentence in sentences for sentence in words.SENTENCES[split][lang])


def test_no_words_repeat_once_names_and_numbers_are_masked():
    for form in (words_alone, lambda example: masked(example.text)):
        counts = Counter(form(example) for example in ALL)
        assert [text for text, count in counts.items() if count > 1] == []


def test_most_vendors_of_golden_and_dev_are_new():
    known = {example.output["vendor"] for example in SPLITS["train"]}
    for name in ("dev", "golden"):
        vendors = [e.output["vendor"] for e in SPLITS[name] if e.output["vendor"]]
        assert sum(vendor in known for vendor in vendors) <= 0.3 * len(vendors)


def test_edge_cases_stand_in_the_split_that_they_name():
    assert len(EDGE_CASES) >= 40
    assert Counter(case["split"] for case in EDGE_CASES).most_common(1)[0][0] == "golden"
    for case in EDGE_CASES:
        [example] = [e for e in SPLITS[case["split"]] if e.id == case["id"]]
        assert (example.text, example.output) == (case["input"], case["output"])
        assert list(example.tags) == case.get("tags", [])


def test_no_text_of_the_retired_golden_split_decides_again():
    retired = {masked(example.text) for example in read_examples(FOLDER / "retired" / "golden.jsonl")}
    assert len(retired) == 240
    for name in ("dev", "golden"):
        assert retired.isdisjoint(masked(example.text) for example in SPLITS[name])


def test_no_example_has_a_group():
    assert all(example.group is None for example in ALL)


def test_texts_are_short():
    # SmolLM2 has a token for each digit: 2.09 characters of these texts a token (measured), so 130 tokens are 271.
    for rows in SPLITS.values():
        assert sum(len(e.text) + len(render_output(e.output)) for e in rows) / len(rows) <= 271


def test_five_currencies_and_date_forms():
    for rows in SPLITS.values():
        assert len({e.output["currency"] for e in rows} - {None}) >= 5
    form = r"\d{4}[/-]\d\d[/-]\d\d|\d\d?[./-]\d\d?[./-]\d{2,4}|\d\d?\.? \w{3,} \d{4}|\w{3,} \d\d?, \d{4}"
    days = [day for e in SPLITS["train"] for day in re.findall(form, e.text)]
    forms = Counter(re.sub(r"[^\W\d]+", "month", re.sub(r"\d+", "0", day)) for day in days)
    assert len([form for form, count in forms.items() if count >= 5]) >= 5


def test_answers_obey_the_schema():
    validator = Draft202012Validator(load_task(PROJECT, "invoices").schema)
    assert [e.id for e in ALL if not validator.is_valid(e.output)] == []


def test_answers_fit_the_decoding_limit():
    # The longest answer has 112 tokens; two characters a token is the densest that these answers come.
    limit = load_task(PROJECT, "invoices").decoding.max_new_tokens
    assert max(len(render_output(e.output)) for e in ALL) <= 2 * limit


@pytest.mark.parametrize("split", SPLITS)
def test_answers_can_be_read_off_the_text(split):
    assert {e.id: faults(e) for e in SPLITS[split] if faults(e)} == {}


def test_credit_notes_alone_are_negative():
    for example in ALL:
        total = example.output["total"]
        assert total is None or (total < 0) == ("credit_note" in example.tags), example.id


def test_missing_fields_are_tagged():
    for example in ALL:
        gone = any(example.output[key] is None for key in ("vendor", "number", "date", "currency", "total"))
        assert gone == ("missing_field" in example.tags), example.id


def test_several_items_are_tagged():
    for example in ALL:
        assert (len(example.meta["items"]) > 1) == ("multi_item" in example.tags), example.id


def test_files_are_what_the_reader_reads():
    assert all(read_examples(FOLDER / f"{name}.jsonl") == rows for name, rows in SPLITS.items())
