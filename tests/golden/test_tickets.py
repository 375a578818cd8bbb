"""The tickets data keeps what its card and its task promise: regenerated alike, nothing shared, labels by the rules."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

from goldgate.data.check import check_task_data
from goldgate.task.examples import Split, load_split, render_output
from goldgate.task.project import Project
from goldgate.task.task import load_task

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "golden" / "tickets"
PROJECT = Project(ROOT, ROOT / ".cache")
EDGE_TAGS = {
    "typos",
    "shouting",
    "mixed_language",
    "multi_request",
    "sarcasm",
    "off_topic",
    "injection",
    "unseen_layout",
}


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tickets_generate", FOLDER / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(FOLDER))  # as `python golden/tickets/generate.py` has it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


generate = _generator()
writer = sys.modules["ticket_writer"]


@pytest.fixture(scope="module")
def splits() -> dict[str, Split]:
    return {name: load_split(PROJECT, "tickets", name) for name in ("train", "dev", "golden")}


@pytest.fixture(scope="module")
def built() -> dict[str, Split]:
    return dict(generate.build())


def test_the_data_regenerates_byte_for_byte(built, tmp_path):
    for name, split in built.items():
        assert generate.rendered(split).encode("utf-8") == (FOLDER / f"{name}.jsonl").read_bytes(), name
    generate.write_card(tmp_path, generate.card(built))
    assert (tmp_path / "card.json").read_bytes() == (FOLDER / "card.json").read_bytes()


def test_check_says_what_differs(monkeypatch, tmp_path, capsys, built):
    for file in (*FOLDER.glob("*.toml"), *FOLDER.glob("*.json*")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(generate, "HERE", tmp_path)
    monkeypatch.setattr(generate, "build", lambda: built)  # which another test compares with the files
    assert generate.main(["--check"]) == 0
    with (tmp_path / "dev.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert generate.main(["--check"]) == 1
    assert "differs from what the generator writes: dev.jsonl" in capsys.readouterr().out
    (tmp_path / "dev.jsonl").write_bytes((FOLDER / "dev.jsonl").read_bytes())
    card = (FOLDER / "card.json").read_text("utf-8").replace('"count": 120', '"count": 121')
    (tmp_path / "card.json").write_text(card, "utf-8")
    assert generate.main(["--check"]) == 1
    assert "differs from what the generator writes: card.json" in capsys.readouterr().out


def test_another_seed_makes_other_messages(built):
    other = generate.build(seed=generate.SEED + 1)
    mine = {e.text for e in built["train"] if e.meta["made"] == "generated"}
    theirs = {e.text for e in other["train"] if e.meta["made"] == "generated"}
    assert len(mine & theirs) < 0.2 * len(mine)


def test_sizes_and_tags(splits):
    assert {name: len(s) for name, s in splits.items()} == generate.SIZES
    assert len(splits["train"]) >= 400
    assert len(splits["dev"]) >= 100
    assert len(splits["golden"]) >= 200
    for name, fewest in (("golden", 20), ("dev", 10)):
        counts = splits[name].tag_counts()
        assert set(counts) == EDGE_TAGS
        assert min(counts.values()) >= fewest, (name, counts)
    assert set(splits["train"].tag_counts()) == EDGE_TAGS - {"unseen_layout"}
    assert splits["golden"].tag_counts()["unseen_layout"] >= 0.25 * len(splits["golden"])


def test_at_least_forty_cases_are_written_by_hand_and_each_is_in_its_split(splits):
    cases = [json.loads(line) for line in (FOLDER / "edge_cases.jsonl").read_text("utf-8").splitlines()]
    assert len(cases) >= 40
    for case in cases:
        example = splits[case["split"]].by_id[case["id"]]
        assert (example.input, example.output, list(example.tags)) == (case["input"], case["output"], case["tags"])


def test_every_output_fits_the_schema_and_nothing_leaks(splits):
    quality = check_task_data(PROJECT, load_task(PROJECT, "tickets"))
    assert quality.remarks == ()


def test_no_masked_text_stands_in_two_splits_nor_twice_in_one(splits):
    forms = [generate.bare(e.text) for s in splits.values() for e in s]
    assert len(set(forms)) == len(forms)


def test_masking_sees_through_names_products_numbers_and_dates():
    one = "Hi, Anna Weber here, my Brewlo coffee machine, order 48, was due on 3 March."
    two = "HI, Luc Martin here, my speaker, order 1077, was due on 21 August."
    assert generate.bare(one) == generate.bare(two)


def test_no_message_comes_close_to_one_of_another_split(splits):
    rows = [(s.name, _pairs(e.text)) for s in splits.values() for e in s]
    for at, (name, pairs) in enumerate(rows):
        for other_name, other in rows[:at]:
            if name != other_name or name != "train":
                assert len(pairs & other) <= generate.TOO_CLOSE * len(pairs | other)


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    form = generate.bare(text)
    return frozenset(pairwise(["^", *(generate._WORD.findall(form) or form.split()), "$"]))


def test_a_phrase_stands_in_one_pool_alone():
    homes: dict[str, tuple[str, str]] = {}
    for tables in generate.phrases():
        for name, table in tables.items():
            pools = table.items() if isinstance(table, dict) else ()
            for pool, phrases in pools:
                for phrase in phrases if isinstance(phrases, list) and pool != "cues" else ():
                    assert homes.setdefault(phrase.casefold(), (name, pool)) == (name, pool), phrase


def test_unseen_messages_tell_their_situation_in_phrases_of_their_split():
    golden, seen = _writer("golden"), _writer("shared")
    for name in golden.phrases.situations:
        for mixed in (False, True):
            assert golden.phrases.told(name, mixed)
            assert not set(golden.phrases.told(name, mixed)) & set(seen.phrases.told(name, mixed))


def test_labels_follow_the_rules_of_the_task():
    part = writer.Part
    late, broken = part("", "delivery", "Luma"), part("", "technical", "Rovi")
    charged, smoke, praise = part("", "billing", high=True), part("", "technical", None, True, True), part("")
    assert writer.label([late], "none") == _answer("delivery", "normal", "Luma", False)
    assert writer.label([late], "low") == _answer("delivery", "low", "Luma", False)
    assert writer.label([late], "today") == _answer("delivery", "high", "Luma", False)
    assert writer.label([late], "legal") == _answer("delivery", "normal", "Luma", True)
    assert writer.label([praise], "person") == _answer("other", "low", None, True)
    assert writer.label([charged], "low") == _answer("billing", "high", None, False)
    assert writer.label([smoke], "none") == _answer("technical", "high", None, True)
    assert writer.label([charged, broken], "none") == _answer("billing", "high", "Rovi", True)
    assert writer.label([praise, late], "none") == _answer("other", "normal", "Luma", True)


def test_a_product_in_the_label_is_named_in_the_message(splits):
    for split in splits.values():
        for example in split:
            product = example.output["product"]
            if product and not {"typos", "mixed_language"} & set(example.tags):
                words = example.text.casefold()
                kind = writer.PRODUCTS[product]
                assert product.casefold() in words or kind in words or kind.split()[-1] in words, example.id


def test_templates_leave_no_mark_behind(splits):
    for split in splits.values():
        for example in split:
            marks = ("{p", "{n}", "{d}", "{m}", "{q}", "{r}", "{f}", "{name}", "{body}")
            assert not any(mark in example.text for mark in marks), example.id


def test_answers_are_short():
    longest = max(
        len(render_output({"queue": q, "priority": "normal", "product": p, "needs_human": False}))
        for q in writer.QUEUES
        for p in (None, *writer.PRODUCTS)
    )
    assert longest <= 88  # characters: about 28 tokens of SmolLM2, well under max_new_tokens


def test_slips_leave_product_names_and_short_words_alone():
    text = "My Brewlo and the Rovi are not ok, please advise me about everything"
    for seed in range(30):
        words = writer.misspelled(text, random.Random(seed)).split()
        assert words[1].casefold() == "brewlo"
        assert words[4].casefold() == "rovi"
        assert len(words) == len(text.split())


def test_words_spelled_by_ear_leave_product_names_alone():
    text = "My Brewlo has a question: which attention ought the phone give?"
    heard = {writer.heard(text, random.Random(seed)) for seed in range(30)}
    assert len(heard) > 5
    assert all(h.split()[1] == "brewlo" and len(h.split()) == len(text.split()) for h in heard)


def _answer(queue: str, priority: str, product: str | None, human: bool) -> dict[str, object]:
    return {"queue": queue, "priority": priority, "product": product, "needs_human": human}


def _writer(pool: str):
    return writer.Writer(random.Random(7), writer.Phrases(*generate.phrases(), pool))
