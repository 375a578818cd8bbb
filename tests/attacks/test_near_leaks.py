"""Attack: golden inputs stand nearly in train, in dev or in golden itself: a model is tested on what it learned.

One kind, many disguises: an end mark, a prefix, a typo, a long head above a quoted message, an
instruction that all inputs share; or the file that would show it is taken away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import scipy.sparse  # noqa: F401 - imported out here: pytester forgets what is imported within it

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.data.account import Account
from goldgate.data.check import check_task_data, rewrite_card
from goldgate.data.leaks import check_leaks
from goldgate.data.nearness import refresh_novelty
from goldgate.data.row import Place, Row
from goldgate.data.split import Sizes, make_splits
from goldgate.ledger import suite_digest
from goldgate.scorers import scorer_versions
from goldgate.task.allowed_twins import line_to_sign
from goldgate.task.examples import Example, Split, read_examples
from goldgate.task.task import load_task

from ..plugin.conftest import Made, Ran

pytest_plugins = ["pytester"]
MESSAGE = "The parcel that you promised for Monday has still not come, and nobody answers the phone"
OTHER = "Could somebody tell me how I change the address on my account before the next bill"
SHOP = (
    "Thank you for shopping with Brandt and Sons. Please keep this receipt for your records and quote it when you call."
)
DISGUISES = {
    "a full stop": f"{MESSAGE}.",
    "another end mark": f"{MESSAGE}!!",
    "a greeting": f"Hello, {MESSAGE}",
    "a number in front": f"Case 4711: {MESSAGE}",
    "a typo": MESSAGE.replace("promised", "promissed"),
    "two typos": MESSAGE.replace("promised", "promissed").replace("nobody", "noboby"),
    "a word left out": MESSAGE.replace(" still", ""),
    "quotes and dashes": MESSAGE.replace(",", " \u2014").join("\u201c\u201d"),
    "a long head": "Forwarded by the reception on behalf of a customer who rang twice today and asked for you:\n"
    + MESSAGE,
    "a long tail": MESSAGE
    + "\n-- \nSent from a phone. This message may be confidential; delete it if it is not for you.",
}


def split(name: str, *texts: str | Example) -> Split:
    made = (Example(f"{name[0]}{i}", t, "x") if isinstance(t, str) else t for i, t in enumerate(texts))
    return Split(name, tuple(made))


@pytest.mark.parametrize("where", ["train", "dev"])
@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_copy_is_a_leak(text: str, where: str) -> None:
    with pytest.raises(
        UserError, match=f"1 pair of inputs that are nearly the same\n  golden, g1  ~  {where}, {where[0]}0: "
    ):
        check_leaks({where: split(where, text), "golden": split("golden", OTHER, MESSAGE)})


@pytest.mark.parametrize("disguise", ["a full stop", "a greeting", "a typo", "a word left out", "a number in front"])
def test_a_disguised_copy_within_golden_needs_a_group(disguise: str) -> None:
    copy = DISGUISES[disguise]
    with pytest.raises(UserError, match=r"golden, g0  ~  golden, g1: alike (0\.\d+|1\.00)\n  .*the same group"):
        check_leaks({"golden": split("golden", MESSAGE, copy)})
    check_leaks(
        {"golden": split("golden", *(Example(t[:9], t, "x", group="parcel") for t in (MESSAGE, f"Oh, {copy}")))}
    )


def test_an_instruction_that_all_inputs_share_is_not_compared() -> None:
    texts = [
        "refund me",
        "where is it",
        "cancel all",
        "new card",
        "my name",
        "a fee",
        "the app",
        "too late",
        "wrong",
        "no",
    ]
    chats = [
        Example(f"g{i}", ({"role": "system", "content": SHOP}, {"role": "user", "content": t}), "x")
        for i, t in enumerate(texts)
    ]
    other = Example("t0", ({"role": "system", "content": SHOP}, {"role": "user", "content": "close the account"}), "x")
    check_leaks({"train": split("train", other), "golden": Split("golden", tuple(chats))})
    copy = Example("t1", ({"role": "system", "content": SHOP}, {"role": "user", "content": f"{texts[1]}?"}), "x")
    with pytest.raises(UserError, match="golden, g1  ~  train, t1"):
        check_leaks({"train": split("train", other, copy), "golden": Split("golden", tuple(chats))})


@pytest.mark.parametrize(
    ("golden", "train"),
    [
        (MESSAGE, OTHER),
        ("C++", "C#"),
        ("Where is my parcel 4711, please?", "Where is my parcel 4712 now, please?"),
        ("turn on", "turn up"),
        (f"{SHOP} No. 4711, 12.03., 19.90", f"{SHOP} No. 4920, 31.07., 4.25 EUR"),
        ("I would like to cancel", "I would like to cancel, but the page only shows me an error and then logs me out"),
    ],
)
def test_different_questions_are_not_leaks(golden: str, train: str) -> None:
    check_leaks({"train": split("train", train), "golden": split("golden", golden)})


def test_within_golden_another_number_is_another_question() -> None:
    check_leaks({"golden": split("golden", *(f"{SHOP} You owe {n} euros" for n in range(12)))})


Prepared = Callable[..., Made]


@pytest.fixture
def leaking(made: Made) -> Prepared:
    """A project with a green champion, into whose train split copies of golden rows are put, and its card."""

    def leak(*texts: str, split: str = "train") -> Made:
        path = made.project.golden("colours") / f"{split}.jsonl"
        rows = [json.dumps({"id": f"copy{i}", "input": t, "output": "red"}) for i, t in enumerate(texts)]
        path.write_text(path.read_text("utf-8") + "\n".join(rows) + "\n", encoding="utf-8")
        _accept(made)
        return made

    return leak


def _accept(made: Made) -> None:
    """Rewrites the card by hand, as somebody does who does not want to hear of it."""
    from goldgate.task.examples import card_of, read_split, write_card

    folder = made.project.golden("colours")
    splits = {name: read_split(folder, name) for name in ("train", "dev", "golden")}
    write_card(folder, card_of("colours", splits, "by hand", "CC0-1.0", "made up"))


def ran(made: Made, run_apart: Callable[..., Ran], *arguments: str) -> Ran:
    return run_apart(made.project.root, made.project.cache, "suites", *arguments)


@pytest.mark.parametrize("text", ["golden thing number 7.", "Hi! golden thing number 7", "golden thing number 7 now"])
@pytest.mark.parametrize("where", ["train", "dev"])
def test_a_suite_on_a_leaking_golden_is_invalid(
    leaking: Prepared, run_apart: Callable[..., Ran], text: str, where: str
) -> None:
    done = ran(leaking(text, split=where), run_apart)
    assert done.status == 1
    assert "suite colours does not pass" in done.text
    line = {"train": 10, "dev": 25}[where]
    assert (
        f"golden/colours/golden.jsonl, line 8, g007  ~  golden/colours/{where}.jsonl, line {line}, copy0" in done.text
    )


def test_prepare_refuses_copies_with_another_end_mark(leaking: Prepared) -> None:
    made = leaking(*(f"golden thing number {i}!" for i in range(30)))
    with pytest.raises(
        UserError, match=r"30 pairs of inputs that are nearly the same(\n  golden/.*){20}\n  and 10 more\n"
    ):
        rewrite_card(made.project, made.task)


def test_a_pair_that_is_signed_off_may_stay_and_is_part_of_the_look(leaking: Prepared) -> None:
    made = leaking("golden thing number 7.")
    before = suite_digest(made.task, scorer_versions(made.task))
    _sign(made, golden="g007", split="train", twin="copy0", reason="the full stop is the point")
    check_task_data(made.project, made.task)
    first = suite_digest(made.task, scorer_versions(made.task))
    _sign(made, golden="g007", split="train", twin="copy0", reason="another reason")
    assert len({before, first, suite_digest(made.task, scorer_versions(made.task))}) == 3


def test_signing_off_one_pair_leaves_the_others(leaking: Prepared, run_apart: Callable[..., Ran]) -> None:
    made = leaking("golden thing number 7.", "golden thing number 8.")
    _sign(made, golden="g007", split="train", twin="copy0", reason="the full stop is the point")
    done = ran(made, run_apart)
    assert done.status == 1
    assert "1 pair of inputs that are nearly the same" in done.text
    assert "g008" in done.text


def test_an_exact_copy_cannot_be_signed_off(leaking: Prepared) -> None:
    made = leaking("Golden thing  number 7")
    _sign(made, golden="g007", split="train", twin="copy0", reason="please")
    with pytest.raises(UserError, match="is also in"):
        check_task_data(made.project, made.task)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"golden": "g007", "split": "train", "twin": "copy0", "texts": "a:b"}, '"reason" is missing'),
        (
            {"golden": "g007", "split": "train", "twin": "copy0", "texts": "a:b", "reason": " "},
            "signed off without a reason",
        ),
        (
            {"golden": "g007", "split": "trian", "twin": "copy0", "texts": "a:b", "reason": "x"},
            'no split "trian"\n  did you mean "train"',
        ),
        (
            {"golden": "g007", "split": "train", "twin": "copy0", "texts": "a:b", "reason": "x", "all": True},
            'unknown key "all"',
        ),
        ({"golden": 7, "split": "train", "twin": "copy0", "texts": "a:b", "reason": "x"}, "cannot be 7"),
        ("g007", "must be an object"),
    ],
)
def test_a_broken_sign_off_is_refused_by_entry_and_field(leaking: Prepared, entry: Any, message: str) -> None:
    made = leaking("golden thing number 7.")
    write_json(made.task.data / "allowed_twins.json", [entry])
    with pytest.raises(UserError, match=message) as caught:
        check_task_data(made.project, made.task)
    assert "allowed_twins.json, entry 1" in caught.value.where


@pytest.mark.parametrize("where", ["train", "dev"])
def test_taking_the_file_away_does_not_skip_the_check(
    leaking: Prepared, run_apart: Callable[..., Ran], where: str
) -> None:
    made = leaking("golden thing number 7.", split=where)
    (made.task.data / f"{where}.jsonl").unlink()
    done = ran(made, run_apart)
    assert done.status == 1
    assert f"{where}.jsonl is absent, so golden cannot be compared with it" in done.text


def test_a_train_split_that_prepare_compared_may_be_absent_and_is_told(
    made: Made, run_apart: Callable[..., Ran]
) -> None:
    refresh_novelty(made.project, "colours", check_task_data(made.project, made.task).splits)
    (made.task.data / "train.jsonl").unlink()
    done = ran(made, run_apart)
    assert done.status == 0, done.text
    assert "train.jsonl is absent: golden was compared with it when it was prepared, not now" in done.text
    novelty = read_json(made.task.data / "novelty.json")
    write_json(made.task.data / "novelty.json", {k: v for k, v in novelty.items() if k != "compared"})
    assert ran(made, run_apart).status == 1  # written by a release that did not look for near-duplicates


def test_paraphrases_are_told_and_refused_only_if_the_task_says_so(
    leaking: Prepared, run_apart: Callable[..., Ran]
) -> None:
    made = leaking("number 7 thing golden")
    told = refresh_novelty(made.project, "colours", check_task_data(made.project, made.task).splits)
    assert "paraphrases: g007 ~ copy0 (1.00)" in told
    assert ran(made, run_apart).status == 0
    path = made.suite / "task.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "paraphrases": "refused"}), encoding="utf-8")
    done = ran(made, run_apart)
    assert done.status == 1
    assert "1 pair of paraphrases" in done.text
    assert "train.jsonl, line 10, copy0: cosine 1.00" in done.text
    (made.task.data / "train.jsonl").rename(made.task.data / "elsewhere")
    assert "g007  ~  train, copy0: cosine 1.00" in ran(made, run_apart).text
    (made.task.data / "elsewhere").rename(made.task.data / "train.jsonl")
    _sign(made, golden="g007", split="train", twin="copy0", reason="the order is the point")
    assert ran(made, run_apart).status == 0
    (made.task.data / "novelty.json").unlink()
    assert "was never computed" in ran(made, run_apart).text
    assert load_task(made.project, "colours").paraphrases == "refused"


def _sign(made: Made, golden: str, split: str, twin: str, reason: str) -> None:
    """Signs a pair off as its texts are now."""
    mine, theirs = (
        next(e for e in read_examples(made.task.data / f"{name}.jsonl") if e.id == id_)
        for name, id_ in (("golden", golden), (split, twin))
    )
    entry = json.loads(line_to_sign(mine, split, theirs))
    write_json(made.task.data / "allowed_twins.json", [{**entry, "reason": reason}])


def _retype(made: Made, name: str, id_: str, text: str) -> None:
    path = made.task.data / f"{name}.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps({**r, "input": text} if r["id"] == id_ else r) + "\n" for r in rows), "utf-8")
    rewrite_card(made.project, made.task)


@pytest.mark.parametrize(
    ("name", "id_", "text"),
    [("train", "copy0", "golden thing number 7?"), ("golden", "g007", "Golden thing, number 7")],
)
def test_a_sign_off_holds_for_the_texts_that_were_seen(leaking: Prepared, name: str, id_: str, text: str) -> None:
    made = leaking("golden thing number 7.")
    _sign(made, golden="g007", split="train", twin="copy0", reason="the full stop is the point")
    check_task_data(made.project, made.task)
    with pytest.raises(UserError, match="but for other texts"):
        _retype(made, name, id_, text)


def test_the_lines_to_sign_are_printed(leaking: Prepared) -> None:
    made = leaking("golden thing number 7.")
    with pytest.raises(UserError) as caught:
        check_task_data(made.project, made.task)
    entry = json.loads(caught.value.hint.splitlines()[-1])
    write_json(made.task.data / "allowed_twins.json", [{**entry, "reason": "the full stop is the point"}])
    check_task_data(made.project, made.task)


def test_a_pair_within_golden_is_signed_off_in_either_order(made: Made) -> None:
    golden = [Example("a", "a long enough text of golden", "red"), Example("b", "a long enough text of golden.", "red")]
    splits = {"golden": Split("golden", tuple(golden))}
    made.task.data.mkdir(exist_ok=True)
    for one, other in (golden, golden[::-1]):
        entry = json.loads(line_to_sign(one, "golden", other))
        write_json(made.task.data / "allowed_twins.json", [{**entry, "reason": "x"}])
        check_leaks(splits, made.task.data)


def test_init_keeps_near_duplicates_in_one_split() -> None:
    rows = [*_rows(40, "a message about {}"), *_rows(40, "A message about {}!"), *_rows(400, "{}")]
    made = make_splits(rows, None, Sizes(None, 60, 60), 0, Account(), kind="label")
    check_leaks(made.splits)
    assert sum(map(len, made.splits.values())) == len(rows)
    assert any("nearly" in remark for remark in made.remarks)


def _rows(count: int, form: str) -> Sequence[Row]:
    words = ("river", "candle", "market", "winter", "letter", "garden", "pencil", "silver")
    texts = [
        f"{words[i % 8]} {words[i // 8 % 8][::-1]} {words[i // 64]} {i:b}".translate({48: "o", 49: "i"})
        for i in range(count)
    ]
    return [Row(form.format(text), "ab"[i % 2], Place(form, i + 1)) for i, text in enumerate(texts)]
