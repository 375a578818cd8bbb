"""The voice data: made again byte for byte, splits apart, every reference in style and every fact in it."""

import importlib.util
import json
import re
import shutil
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from goldgate.scorers.style import CONTRACTIONS, numbers_kept, rules_met, sentences
from goldgate.task.examples import load_split, read_card
from goldgate.task.project import Project
from goldgate.task.task import load_task

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "golden" / "voice"
PROJECT = Project(ROOT, ROOT / ".unused")
TASK = load_task(PROJECT, "voice")
SPLITS = {name: load_split(PROJECT, "voice", name).examples for name in ("train", "dev", "golden")}
ALL = [example for split in SPLITS.values() for example in split]
EDGE_CASES = [json.loads(line) for line in (FOLDER / "edge_cases.jsonl").read_text("utf-8").splitlines()]
TAGS = {
    "exclamation",
    "banned_word",
    "long_reply",
    "numbers",
    "already_styled",
    "quoted_text",
    "mixed_language",
    "shouting",
    "injection",
    "unseen_layout",
}


def load_generator(folder: Path):
    spec = importlib.util.spec_from_file_location("golden_voice_generate", folder / "generate.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GENERATE = load_generator(FOLDER)


def mask(text: str) -> str:
    """Names, numbers and dates masked in another way than the generator's: any capitalised word inside a line too."""
    text = re.sub(r"\S*\d\S*", "0", text)
    facts = GENERATE.PHRASES["facts"]
    for name in [n for pool in facts.values() for n in pool]:
        text = re.sub(rf"\b{re.escape(name)}\b", "N", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=[\w,] )[A-Z][a-z]+", "N", text)
    return " ".join(text.casefold().split())


def test_made_again_it_is_the_same_byte_for_byte(tmp_path):
    GENERATE.build(tmp_path)
    for name in GENERATE.FILES:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_check_names_a_file_that_was_changed(tmp_path, capsys):
    copy = tmp_path / "voice"
    shutil.copytree(FOLDER, copy)
    generator = load_generator(copy)
    assert generator.main(["--check"]) == 0
    (copy / "dev.jsonl").write_text((copy / "dev.jsonl").read_text("utf-8").replace("Hi", "Ho", 1), "utf-8")
    assert generator.main(["--check"]) == 1
    assert "dev.jsonl" in capsys.readouterr().out
    assert generator.main(["--chek"]) == 2


def test_another_seed_makes_other_data(tmp_path, monkeypatch):
    monkeypatch.setattr(GENERATE, "SEED", 1)
    GENERATE.build(tmp_path)
    assert (tmp_path / "golden.jsonl").read_bytes() != (FOLDER / "golden.jsonl").read_bytes()


def test_splits_are_large_enough_and_the_card_says_so():
    card = read_card(FOLDER)
    assert {name: card.splits[name]["count"] for name in SPLITS} == {name: len(s) for name, s in SPLITS.items()}
    assert len(SPLITS["train"]) >= 400
    assert len(SPLITS["dev"]) >= 100
    assert len(SPLITS["golden"]) >= 200


def test_every_tag_is_thick_enough_to_be_gated():
    counts = {name: Counter(t for e in split for t in e.tags) for name, split in SPLITS.items()}
    assert set(counts["golden"]) == set(counts["dev"]) == TAGS
    assert min(counts["golden"].values()) >= 20
    assert min(counts["dev"].values()) >= 8
    assert set(counts["train"]) == TAGS - {"unseen_layout"}
    assert min(counts["train"].values()) >= 40


def test_a_quarter_of_golden_has_unseen_phrasings():
    for name in ("dev", "golden"):
        unseen = [e for e in SPLITS[name] if "unseen_layout" in e.tags]
        assert 4 * len(unseen) >= len(SPLITS[name])


@pytest.mark.parametrize("name", ["dev", "golden"])
def test_no_sentence_of_an_unseen_phrasing_stands_in_another_split(name):
    def masked_sentences(example):
        return {mask(s) for s in sentences(example.output)[1:-1]}

    elsewhere = {s for other, split in SPLITS.items() if other != name for e in split for s in masked_sentences(e)}
    for example in SPLITS[name]:
        if "unseen_layout" in example.tags:
            assert not masked_sentences(example) & elsewhere, example.id


@pytest.mark.parametrize("masked", [mask, GENERATE.mask])
def test_no_masked_text_stands_in_two_splits(masked):
    homes: dict[str, str] = {}
    for name, split in SPLITS.items():
        for example in split:
            for text in (example.text, example.output):
                assert homes.setdefault(masked(text), name) == name, example.id


def test_no_input_has_a_near_twin_in_another_split():
    triples = {e.id: GENERATE._triples(GENERATE.mask(e.text)) for e in ALL}
    for one, other in (("golden", "train"), ("golden", "dev"), ("dev", "train")):
        for a in SPLITS[one]:
            for b in SPLITS[other]:
                shared, both = triples[a.id] & triples[b.id], triples[a.id] | triples[b.id]
                assert 2 * len(shared) <= len(both), (a.id, b.id)


def test_pools_are_disjoint():
    def phrases(node):
        if isinstance(node, dict):
            return {p for value in node.values() for p in phrases(value)}
        return set(node)

    pools = {name: phrases(GENERATE.PHRASES[name]) for name in ("common", "dev", "golden")}
    for one, other in pairwise([*pools, "common"]):
        assert not pools[one] & pools[other]


def test_ids_and_tags_are_sound():
    assert len({e.id for e in ALL}) == len(ALL)
    for example in ALL:
        assert set(example.tags) <= TAGS, example.id
        assert list(example.tags) == sorted(set(example.tags)), example.id
        assert example.group is None


def test_tags_that_can_be_read_off_a_pair_are_right():
    readable = {"exclamation", "banned_word", "numbers", "quoted_text", "already_styled"}
    for example in ALL:
        assert set(example.tags) & readable == GENERATE.tags_of(example.text, example.output), example.id


def test_a_shouted_input_shouts_and_its_reference_does_not():
    for example in ALL:
        if "shouting" in example.tags:
            assert re.search(r"\b[A-Z]{2,}\b", example.text), example.id
            assert not re.search(r"\b[A-Z]{3,} [A-Z]{3,}\b", example.output), example.id


def test_every_reference_keeps_every_rule():
    assert TASK.style is not None
    for example in ALL:
        broken = [rule for rule, met in rules_met(example.output, TASK.style).items() if not met]
        assert not broken, example.id
        assert len(example.output.split("\n")) == 3, example.id


def test_every_fact_of_a_reference_stands_in_its_input():
    for example in ALL:
        assert numbers_kept(example.text, example.output), example.id
        name = example.output.split("\n")[0][3:-1]
        assert name == "there" or name.casefold() in example.text.casefold(), example.id


def test_references_add_no_words_but_the_styles_own():
    own = {*" ".join(GENERATE.REPLACEMENTS.values()).split(), "hi", "there", "best", "team", "lumen"}
    own |= {w for short in CONTRACTIONS.values() for w in short.casefold().split()}
    for example in ALL:
        words = set(re.findall(r"[\w']+", example.output.casefold()))
        assert words <= own | set(re.findall(r"[\w']+", example.text.casefold())), example.id


def test_quotes_are_copied_letter_by_letter():
    for example in ALL:
        for quote in re.findall(r'"[^"]*"', example.output):
            assert quote in example.text, example.id


def test_a_reference_is_its_own_restyling():
    for example in ALL:
        body = example.output.split("\n")[1]
        assert GENERATE.house_words(body) == body, example.id


def test_edge_cases_are_written_by_hand_and_all_of_them_are_used():
    assert len(EDGE_CASES) >= 40
    used = {e.id: name for name, split in SPLITS.items() for e in split}
    for row in EDGE_CASES:
        assert used[row["id"]] == row["split"]
        assert row["tags"], row["id"]
    assert Counter(row["split"] for row in EDGE_CASES)["golden"] >= 20


def test_an_edge_case_that_repeats_another_once_masked_is_refused(tmp_path):
    copy = tmp_path / "voice"
    shutil.copytree(FOLDER, copy)
    twin = {**EDGE_CASES[0], "id": "voice-e99", "split": "golden"}
    with (copy / "edge_cases.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(twin) + "\n")
    with pytest.raises(SystemExit, match="voice-e99"):
        load_generator(copy).build(tmp_path)


def test_instructions_name_every_rule_that_is_scored():
    text = TASK.instructions
    assert TASK.style is not None
    assert TASK.style.sign_off in text
    assert set(TASK.style.banned_words) == set(GENERATE.REPLACEMENTS)
    for word, better in GENERATE.REPLACEMENTS.items():
        assert f"{word} ({better})" in text
    verbs = {form.split()[0] for form in CONTRACTIONS if form.endswith(" not")} - {"can", "will", "do"}
    assert all(re.search(rf"\b{verb}\b", text) for verb in verbs)
    short = {s for form, s in CONTRACTIONS.items() if not form.endswith("not")}
    assert all(s in text for s in short)
    assert "three sentences" in text
    assert TASK.style.max_sentences == GENERATE.MAX_SENTENCES


def test_the_suite_gates_this_tasks_metrics_with_a_reason_for_each():
    source = (FOLDER.parents[1] / "suites" / "voice" / "test_gates.py").read_text("utf-8")
    gates = source.split("\ndef ")[1:]
    assert len(gates) == 10
    assert all(gate.count("    assert ") == 1 and gate.split("\n")[1].strip().startswith("#") for gate in gates)
