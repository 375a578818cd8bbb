"""Suspects: what is ranked first, what is no suspect at all, and when a review stops."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.cli.main import run
from goldgate.data.suspects import BATCH, find_suspects, suspects_or_reason, worth_another
from goldgate.data.suspects.scores import doubt
from goldgate.data.suspects.standing import Form, common_facts, facts, facts_not_in_input, readings, stands
from goldgate.models import embedder
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task

MakeTask = Callable[..., tuple[Project, Task]]
COLOURS = ("red", "green", "blue")


def clusters(n: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of length 1 around a direction for each class, far enough apart to be told apart."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    vectors = np.eye(classes, 24)[labels] + 0.15 * random.standard_normal((n, 24))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), labels


@pytest.fixture(autouse=True)
def vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for the embedding model: texts that name a colour lie close together."""

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        random = np.random.default_rng(1)
        table = 0.05 * random.standard_normal((len(texts), embedder.SIZE)).astype(np.float32)
        for row, text in zip(table, texts, strict=True):
            row[next((i for i, c in enumerate(COLOURS) if c in text), 5)] += 1.0
        return table / np.linalg.norm(table, axis=1, keepdims=True)

    monkeypatch.setattr(embedder, "_compute", compute)


def split(name: str, rows: list[tuple[str, Any]]) -> Split:
    return Split(name, tuple(Example(f"{name[0]}{i}", text, output) for i, (text, output) in enumerate(rows)))


def splits(golden: list[tuple[str, Any]], train: list[tuple[str, Any]]) -> dict[str, Split]:
    return {"train": split("train", train), "golden": split("golden", golden)}


def coloured(n: int, start: int = 0) -> list[tuple[str, Any]]:
    return [(f"a {COLOURS[i % 3]} thing {start + i}", COLOURS[i % 3]) for i in range(n)]


# Labels


def test_every_score_and_their_mean_rank_puts_planted_errors_first() -> None:
    vectors, labels = clusters(300, 5)
    planted = np.arange(0, 300, 30)
    wrong = labels.copy()
    wrong[planted] = (wrong[planted] + 2) % 5
    told = doubt(vectors, wrong, np.arange(300))
    for values in [*told.scores.values(), told.mean_rank]:
        assert set(np.argsort(-values)[: len(planted)]) == set(planted)
    assert list(told.prefers[planted]) == list(labels[planted])
    assert (told.against[planted] >= 4).all()
    assert told.against[np.setdiff1d(np.arange(300), planted)].mean() < 0.02


def test_copies_of_one_example_do_not_vouch_for_each_other() -> None:
    vectors, labels = clusters(120, 3)
    copies = np.arange(0, 12, 3)  # four copies of one text, all of them with the same wrong label
    vectors[copies], labels[copies] = vectors[0], 1
    apart, together = np.arange(120), np.arange(120)
    together[copies] = 0
    alone = doubt(vectors, labels, apart).scores["neighbours"][copies]
    grouped = doubt(vectors, labels, together).scores["neighbours"][copies]
    assert (grouped > alone).all()


@given(st.integers(0, 50))
def test_ranks_lie_in_0_to_1_and_equal_examples_have_equal_ones(seed: int) -> None:
    vectors, labels = clusters(40, 4, seed)
    vectors[1::4], labels[1::4] = vectors[1], 1
    ranks = doubt(vectors, labels, np.arange(40)).mean_rank
    assert ((ranks > 0) & (ranks <= 1)).all()


def test_golden_comes_first_and_a_clean_label_is_no_suspect(make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "label", "labels": list(COLOURS)})
    golden, train = coloured(15), coloured(60, 100)
    golden[4], train[0] = (golden[4][0], "blue"), (train[0][0], "green")
    found = find_suspects(task, splits(golden, train), tmp_path)
    assert [(s.split, s.id, s.file) for s in found.ranked] == [
        ("golden", "g4", "golden.jsonl"),
        ("train", "t0", "train.jsonl"),
    ]
    assert found.ranked[0].reason.endswith(' of 5 scores prefer another value, the classifier "green"')
    assert found.of("train") == found.ranked[1:]


def test_a_label_that_occurs_once_is_said_and_not_judged(make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "label", "labels": [*COLOURS, "odd"]})
    found = find_suspects(task, splits([("a red one", "odd")], coloured(60)), tmp_path)
    assert found.ranked == ()
    assert found.remarks == ("output: 1 values occur once, so nothing can be compared with them: odd",)


def test_too_few_examples_are_not_judged(make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "label", "labels": list(COLOURS)})
    found = find_suspects(task, splits(coloured(3), coloured(6)), tmp_path)
    assert found.ranked == ()
    assert "9 examples of 3 values are too few" in found.remarks[0]


def test_of_very_many_examples_a_stated_sample_is_judged(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldgate.data.suspects.find.MOST", 45)
    _, task = make_task({"kind": "label", "labels": list(COLOURS)})
    golden, train = coloured(15), coloured(60, 100)
    golden[4] = (golden[4][0], "blue")
    found = find_suspects(task, splits(golden, train), tmp_path)
    assert [s.id for s in found.ranked] == ["g4"]
    assert found.remarks == ("30 of 75 examples are not judged by their labels: a sample is, by id",)


def test_labels_that_embeddings_do_not_tell_apart_are_not_doubted(make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "label", "labels": list(COLOURS)})
    random = np.random.default_rng(3)
    rows = [(text, COLOURS[random.integers(3)]) for text, _ in coloured(90)]
    found = find_suspects(task, splits([], rows), tmp_path)
    assert found.ranked == ()
    assert "too few to doubt any of them" in found.remarks[0]


def test_without_the_embedding_model_the_reason_is_said(
    make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(texts: list[str], cache: Path) -> np.ndarray:
        raise UserError("the embedding model is not here")

    monkeypatch.setattr(embedder, "_compute", absent)
    _, task = make_task({"kind": "label", "labels": list(COLOURS)})
    found = suspects_or_reason(task, splits([], coloured(60)), tmp_path)
    assert (found.ranked, found.remarks) == ((), ("not ranked (the embedding model is not here)",))


def test_prepare_lists_suspects_and_changes_nothing(
    make_task: MakeTask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {"train": coloured(60, 100), "dev": coloured(12, 300), "golden": coloured(12, 500)}
    rows["golden"][2] = ("a blue thing 502, quite another one", "red")
    far = {
        name: [(f"{t} of {name} {'xyz'[i % 3] * 9}{i}", o) for i, (t, o) in enumerate(r)] for name, r in rows.items()
    }
    project, _ = make_task({"kind": "label", "labels": list(COLOURS)}, **far)
    before = (project.golden("demo") / "golden.jsonl").read_bytes()
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("GOLDGATE_CACHE", str(project.cache))
    monkeypatch.setattr(sys, "argv", ["goldgate", "prepare", "demo"])
    with pytest.raises(SystemExit) as left:
        run()
    out, err = capsys.readouterr()
    assert left.value.code == 0, err
    assert "outputs of golden to look at first (1 in all" in out
    assert 'golden.jsonl, g2, output: "red": ' in out
    assert (project.golden("demo") / "golden.jsonl").read_bytes() == before


def test_closed_fields_of_json_are_judged_as_labels(make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "json"}, {"type": "object"})
    rows = [(text, {"colour": colour, "ok": None}) for text, colour in coloured(60)]
    rows[7] = (rows[7][0], {"colour": "red", "ok": None})
    found = find_suspects(task, splits([], rows), tmp_path)
    assert [(s.id, s.field) for s in found.ranked] == [("t7", "colour")]


# Values and facts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Acme GmbH", "from ACME  gmbh, Berlin"),
        ("INV-0042", "No. inv 0042"),
        (1204.5, "Total 1.204,50 EUR"),
        (1204.5, "Total 1 204.50"),
        (1204, "1,204 pieces"),
        (-12, "credit: 12.00"),
        ("2026-03-04", "04.03.2026"),
        ("2026-03-04", "4th of March '26"),
        ("2026-03-04", "20260304"),
        ("東京", "明日の東京の天気"),
        ("C++", "she writes c++ daily"),
        ("naïve", "nai\u0308ve"),
    ],
)
def test_a_value_stands_in_its_input_however_it_is_written(value: Any, text: str) -> None:
    assert stands(value, Form(text)) is True


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("art", "a party"),
        ("Acme", "from Akme"),
        (1204.5, "Total 1204.60"),
        ("2026-03-04", "05.03.2026"),
        ("2026-03-04", "4 March"),
        (3, "30"),
        (10**400, "not that many"),
    ],
)
def test_another_value_does_not_stand(value: Any, text: str) -> None:
    assert stands(value, Form(text)) is False


@pytest.mark.parametrize("value", [None, True, False, ""])
def test_what_can_stand_nowhere_is_not_asked_for(value: Any) -> None:
    assert stands(value, Form("true")) is None


@given(st.integers(0, 10**9), st.sampled_from([",", ".", "’", " "]))
def test_a_whole_number_is_found_with_any_separator_of_thousands(number: int, separator: str) -> None:
    written = f"{number:,}".replace(",", separator)
    assert stands(number, Form(f"that is {written} in all")) is True


def test_one_separator_can_be_read_in_two_ways() -> None:
    assert readings("1.204") == {1204.0, 1.204}


def test_a_value_that_stands_nowhere_is_a_suspect_if_the_fields_values_usually_do(
    make_task: MakeTask, tmp_path: Path
) -> None:
    _, task = make_task({"kind": "json"}, {"type": "object"})
    rows = [(f"I am Bob{i}, mood {i % 7}", {"who": f"Bob{i}", "guess": f"x{i}"}) for i in range(40)]
    rows[3] = (rows[3][0], {"who": "Bab3", "guess": "x"})
    (suspect,) = find_suspects(task, splits([], rows), tmp_path).ranked
    assert (suspect.id, suspect.field, suspect.doubt) == ("t3", "who", 0.975)
    assert suspect.reason == '"Bab3" does not stand in the input, as 39 of 40 values do'


def test_facts_are_numbers_and_names_and_house_style_is_neither() -> None:
    assert facts("Hi there, your order KX 204 ships. Then Ms Weber pays 1,204.50.") == [
        "204",
        "1,204.50",
        "KX",
        "Ms",
        "Weber",
    ]
    examples = [Example(str(i), f"order {i}", f"Your order {i} is at Best Lumen") for i in range(30)]
    examples.append(Example("z", "order?", "It comes from Paris in 9 days"))
    common = common_facts(examples, "Write as Team Lumen does.")
    assert {"Best", "Lumen", "Team"} <= common
    assert facts_not_in_input(examples[3], common) == []
    assert facts_not_in_input(examples[-1], common) == ["9", "Paris"]


def test_a_text_with_facts_from_elsewhere_is_a_suspect_if_most_have_none(make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "text"})
    rows = [(f"order {i} is late", f"Sorry about order {i}.") for i in range(30)]
    rows[5] = (rows[5][0], "Sorry, it comes on Monday the 14th.")
    (suspect,) = find_suspects(task, splits([], rows), tmp_path).ranked
    assert suspect.id == "t5"
    assert suspect.reason.startswith("14, Monday: not in the input; 29 of 30")


def test_outputs_that_mostly_have_their_own_facts_hold_no_suspects(make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "text"})
    rows = [(f"question {i}", f"The answer is {i * 37 + 1000}.") for i in range(30)]
    assert find_suspects(task, splits([], rows), tmp_path).ranked == ()


# Review


def test_a_review_goes_on_until_a_batch_yields_little() -> None:
    rich, poor = [True] * 3 + [False] * (BATCH - 3), [True] + [False] * (BATCH - 1)
    assert worth_another([])
    assert worth_another(rich)
    assert worth_another(rich + poor[:7])  # a batch that is not finished decides nothing
    assert not worth_another(rich + poor)
