"""`goldgate prepare --teacher`: what a teacher repeats and the task allows is trained on, the rest is for a person."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.data.teaching import Doubt, fault_of, judge, read_doubts, write_doubts
from goldgate.subjects.subject import Answer

from ..conftest import ChatServer, completion
from ..data.test_add import made
from ..data.test_incoming import init

__all__ = ["init", "made"]

Typed = Callable[..., tuple[int, str, str]]
INPUTS = [
    "how much hay does a tall llama need in winter?",
    "which toys keep a clever raven busy at noon?",
    "may the shy hedgehog sleep below our sofa?",
    "what can a deaf old poodle still learn?",
]
DOUBTED, ODD = INPUTS[2], INPUTS[3]


@pytest.fixture
def goldgate(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Types `goldgate ..`: exit status, stdout, stderr."""
    from goldgate.cli.main import run

    def typed(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["goldgate", *words])
        with pytest.raises(SystemExit) as ended:
            run()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return typed


def say(body: dict[str, Any]) -> Any:
    """Sure of most inputs, of two minds about one, and without a label for another."""
    asked = body["messages"][-1]["content"]
    if DOUBTED in asked:
        return completion("ab"[body["seed"] % 2])
    return completion("c" if ODD in asked else "a")


@pytest.fixture
def teach(goldgate: Typed, chat_server: Callable[..., ChatServer]) -> Typed:
    """Lets the endpoint label INPUTS."""
    Path("inputs.csv").write_text("text\n" + "".join(f"{text}\n" for text in INPUTS))
    server = chat_server(say)

    def taught(*words: str) -> tuple[int, str, str]:
        teacher = f"openai:m@{server.url}"
        return goldgate(
            "prepare", "pets", "--from", "inputs.csv", "--input", "text", "--teacher", teacher, *words, "--samples", "8"
        )

    return taught


def examples(folder: Path, split: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]


def test_only_what_it_repeats_and_the_task_allows_is_trained_on(teach: Typed, made: Path) -> None:
    before = {split: (made / f"{split}.jsonl").read_bytes() for split in ("dev", "golden")}
    count = len(examples(made, "train"))
    status, out, err = teach()
    assert status == 0, err
    added = examples(made, "train")[count:]
    assert {example["input"]: example["output"] for example in added} == dict.fromkeys(INPUTS[:2], "a")
    assert all(example["meta"]["agreement"] == "8 of 8" for example in added)
    assert all(example["meta"]["teacher"].startswith("openai:m@") for example in added)
    assert {split: (made / f"{split}.jsonl").read_bytes() for split in before} == before
    doubts = {one.text: one for one in read_doubts(made / "doubts.jsonl")}
    assert set(doubts) == {DOUBTED, ODD}
    assert "answers agree" in doubts[DOUBTED].reason
    assert doubts[ODD].output is None
    assert "8 of 8 answers: 'c' is no label" in doubts[ODD].reason
    assert "rows: 4 read = 2 kept + 0 merged + 2 set aside" in out
    assert "questions: about" in err
    assert "temperature of the teacher: 0.7" in out


def test_what_it_doubts_is_decided_in_the_review_and_not_asked_again(teach: Typed, goldgate: Typed, made: Path) -> None:
    assert teach()[0] == 0
    count = len(examples(made, "train"))
    dev = (made / "dev.jsonl").read_bytes()
    assert goldgate("review", "pets", "--to", "review.csv", "--all")[0] == 0
    with open("review.csv", encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    asked = [row for row in table if row["kind"] == "teacher's doubt"]
    assert {row["input"] for row in asked} == {DOUBTED, ODD}
    for row in asked:
        row["decision"], row["new_output"] = ("keep", "") if row["input"] == DOUBTED else ("change", "b")
    with open("done.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(asked)
    status, out, err = goldgate("review", "pets", "--apply", "done.csv", "--reviewer", "Ada")
    assert status == 0, err
    assert "2 rows whose output a person gave or confirmed were added to train" in out
    added = {example["input"]: example for example in examples(made, "train")[count:]}
    assert added[ODD]["output"] == "b"
    assert added[DOUBTED]["meta"]["reviewed_by"] == "Ada"
    assert (made / "dev.jsonl").read_bytes() == dev
    status, out, _ = goldgate("review", "pets", "--to", "again.csv", "--all")
    assert "teacher's doubt" not in out


def test_a_doubt_without_an_output_cannot_be_kept(teach: Typed, goldgate: Typed, made: Path) -> None:
    assert teach()[0] == 0
    assert goldgate("review", "pets", "--to", "review.csv", "--all")[0] == 0
    text = Path("review.csv").read_text(encoding="utf-8-sig").splitlines()
    row = next(line for line in text if ODD in line)
    Path("done.csv").write_text(f"{text[0]}\n{row.removesuffix(',,,')},keep,,\n")
    status, _, err = goldgate("review", "pets", "--apply", "done.csv", "--reviewer", "Ada")
    assert status == 2
    assert "keep does not say which output is right" in err


def test_the_same_command_asks_only_what_is_missing(
    goldgate: Typed, chat_server: Callable[..., ChatServer], made: Path
) -> None:
    Path("inputs.csv").write_text("text\n" + "".join(f"{text}\n" for text in INPUTS))
    broken = chat_server(lambda body: (500, {}, b"no") if body["seed"] % 3 == 0 else say(body))
    words = ("prepare", "pets", "--from", "inputs.csv", "--input", "text", "--samples", "3", "--teacher")
    goldgate(*words, f"openai:m@{broken.url}")
    first = len(broken.asked)
    assert first
    goldgate(*words, f"openai:m@{broken.url}")
    answered = {body["seed"] for _, body in broken.asked[:first] if body["seed"] % 3}
    assert not answered & {body["seed"] for _, body in broken.asked[first:]}


def test_nobody_is_asked_about_what_is_known_or_secret(
    goldgate: Typed, chat_server: Callable[..., ChatServer], made: Path
) -> None:
    server = chat_server(say)
    golden, train = (examples(made, split)[0]["input"] for split in ("golden", "train"))
    words = ("prepare", "pets", "--from", "inputs.csv", "--input", "text", "--teacher", f"openai:m@{server.url}")
    Path("inputs.csv").write_text(f"text\n{golden}\n{train}\n")
    status, out, err = goldgate(*words)
    assert status == 2
    assert "no input is new" in err
    assert "rows: 2 read = 0 kept + 0 merged + 2 set aside" in out + err
    key = "sk-" + "Ab1" * 16
    Path("inputs.csv").write_text(f"text\nwhy does my key {key} fail here?\n")
    status, _, err = goldgate(*words)
    assert status == 2
    assert "before anybody is asked" in err
    assert key not in err
    assert not server.asked


def test_an_endpoint_without_a_temperature_decides_nothing(
    goldgate: Typed, chat_server: Callable[..., ChatServer], made: Path
) -> None:
    def fixed(body: dict[str, Any]) -> Any:
        if "temperature" in body:
            error = {"error": {"message": "temperature is not supported with this model", "param": "temperature"}}
            return 400, {"Content-Type": "application/json"}, json.dumps(error).encode()
        return completion("a")

    Path("inputs.csv").write_text(f"text\n{INPUTS[0]}\n")
    teacher = f"openai:m@{chat_server(fixed).url}"
    count = len(examples(made, "train"))
    status, out, err = goldgate("prepare", "pets", "--from", "inputs.csv", "--input", "text", "--teacher", teacher)
    assert status == 0, err
    assert len(examples(made, "train")) == count
    (doubt,) = read_doubts(made / "doubts.jsonl")
    assert "took no temperature" in doubt.reason
    assert "word for word" in out


def test_golden_takes_no_output_of_a_teacher_that_nobody_signed(goldgate: Typed, made: Path) -> None:
    lines = (made / "golden.jsonl").read_text().splitlines()
    marked = {**json.loads(lines[0]), "meta": {"teacher": "openai:m@http://x/v1"}}
    (made / "golden.jsonl").write_text("\n".join([json.dumps(marked), *lines[1:]]) + "\n")
    status, _, err = goldgate("prepare", "pets")
    assert status == 2
    assert "no person has signed it off" in err
    signed = {**marked, "meta": {**marked["meta"], "reviewed_by": "Ada"}}
    (made / "golden.jsonl").write_text("\n".join([json.dumps(signed), *lines[1:]]) + "\n")
    assert goldgate("prepare", "pets")[0] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--teacher", "linear", "--from", "x.csv"), "says the same every time"),
        (("--teacher", "openai:m@http://127.0.0.1:9/v1"), "--teacher goes with --from FILE"),
        (("--teacher", "linear", "--from", "x.csv", "--refresh-golden"), "golden gets none"),
        (("--teacher", "linear", "--from", "x.csv", "--output", "o", "--input", "i"), "--teacher goes with"),
        (("--samples", "5"), "--samples goes with --teacher"),
        (("--teacher", "linear", "--from", "x.csv", "--samples", "2"), "must be 3 to 20, not 2"),
        (("--teacher", "nobody", "--from", "x.csv"), 'no subject "nobody"'),
    ],
)
def test_what_is_asked_wrongly(goldgate: Typed, words: tuple[str, ...], told: str) -> None:
    Path("x.csv").write_text(f"input\n{INPUTS[0]}\n")
    status, _, err = goldgate("prepare", "pets", *words)
    assert status == 2
    assert told in err


def answer(text: str | None, finish: Any = "stop", error: str = "") -> Answer:
    return Answer("x", text, finish, 1, 1, 0.1, None, "i", "f", "e", error)


STYLE = {"style": {"max_words": 6}}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    ("settings", "given", "fault"),
    [
        ({"kind": "text"}, answer(None, "error", "timed out"), "no answer (timed out)"),
        ({"kind": "text"}, answer("half of", "length"), "cut off at max_new_tokens"),
        ({"kind": "text"}, answer(" \n"), "empty"),
        ({"kind": "text"}, answer("I cannot help with that."), "a refusal"),
        ({"kind": "text"}, answer("All is well."), ""),
        ({"kind": "text", **STYLE}, answer("one two three four five six seven"), "breaks the style: max_words"),
        ({"kind": "json"}, answer('{"n": "1"}'), "breaks the schema, n: "),
        ({"kind": "json"}, answer("n is 1"), "breaks the schema, not JSON"),
        ({"kind": "json"}, answer('{"n": 1}'), ""),
        ({"kind": "label", "labels": ["yes", "no"]}, answer("maybe"), "'maybe' is no label"),
    ],
)
def test_rules_that_need_no_expected_output(
    make_task: Callable[..., Any], settings: dict[str, Any], given: Answer, fault: str
) -> None:
    _, task = make_task(settings, SCHEMA if settings["kind"] == "json" else None, train=[("a", "b")])
    found = fault_of(task, given)
    assert found.startswith(fault)
    assert bool(found) == bool(fault)


def test_json_agrees_whatever_its_order_and_texts_by_what_they_say(make_task: Callable[..., Any]) -> None:
    def embed(texts: Any) -> list[list[float]]:
        return [[1.0, 0.0] if "shipped" in text else [0.0, 1.0] for text in texts]

    _, task = make_task({"kind": "json"}, {"type": "object"}, train=[("a", "b")])
    one = judge(task, [answer('{"a": 1, "b": 2}'), answer('{"b": 2.0, "a": 1}'), answer('{"b": 2, "a": 1}')], embed)
    assert (one.output, one.agreement, one.fault) == ({"a": 1, "b": 2}, "3 of 3", "")
    _, task = make_task({"kind": "text"}, train=[("a", "b")])
    texts = ["It has shipped.", "Your lamp was shipped.", "It was lost.", "We shipped it.", "shipped"]
    two = judge(task, [answer(text) for text in texts], embed)
    assert (two.output, two.agreement, two.fault) == ("It has shipped.", "4 of 5", "")
    three = judge(task, [answer("shipped"), answer("lost"), answer(None, "error")], embed)
    assert three.fault == "only 1 of 3 answers agree; 1 of 3 answers: no answer"


def test_a_doubt_is_kept_once_and_a_broken_file_is_named(tmp_path: Path) -> None:
    chat = ({"role": "user", "content": "Where is it?"},)
    first, second = (Doubt(chat, {"n": 1}, reason, "t", "x.csv, line 2") for reason in ("a", "b"))
    write_doubts(tmp_path / "doubts.jsonl", [first])
    write_doubts(tmp_path / "doubts.jsonl", [second])
    assert read_doubts(tmp_path / "doubts.jsonl") == [second]
    (tmp_path / "doubts.jsonl").write_text('{"input": "x"}\n')
    with pytest.raises(UserError, match='"reason" is missing'):
        read_doubts(tmp_path / "doubts.jsonl")
    (tmp_path / "doubts.jsonl").write_text('{"input": [], "reason": "r", "teacher": "t", "place": "p"}\n')
    with pytest.raises(UserError, match="must be text or chat messages"):
        read_doubts(tmp_path / "doubts.jsonl")
