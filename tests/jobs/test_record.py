"""`goldgate record`: a subject's answers are kept while it still answers, and are all that is needed afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.cache import answer_cache
from goldgate.answers.given import read_incumbent
from goldgate.base.errors import UserError
from goldgate.champion.record import load_champion
from goldgate.jobs.run_suite import run_suite
from goldgate.jobs.workspace import Workspace
from goldgate.task.examples import Example, card_of, write_card

from ..conftest import ChatServer, completion
from .conftest import Counts, Typed, spoken
from .school import School

Serve = Callable[..., ChatServer]
MODEL = "ft:gpt-4.1-mini-2025-04-14:acme::Bq3"
GAP = """
def test_accuracy(candidate):
    assert candidate.exact_match >= 0.70

def test_better_than_today(candidate, incumbent):
    assert candidate.exact_match - incumbent.exact_match >= 0.10
"""
YAML = """\
# What we ask.
task: counts
kind: json
instructions: |
  Count.   # not a comment
schema: schema.json
baselines: [zero_shot]  # honest ones
decoding: {max_new_tokens: 8}
prices: {per_million_input: 1.0, per_million_output: 2.0}
# incumbent: openai:MODEL@URL+zero_shot
"""


def half_right(counts: Counts, **odd: Any) -> Callable[[dict[str, Any]], Any]:
    """Answers every other question right. odd: text of an input → what it gets instead."""
    known = {e.text: {"n": -1} if i % 2 else e.output for s in ("dev", "golden") for i, e in enumerate(counts.split(s))}

    def reply(body: dict[str, Any]) -> Any:
        asked = body["messages"][-1]["content"]
        return odd[asked] if asked in odd else completion(json.dumps(known.get(asked, {"n": 0})))

    return reply


@pytest.fixture
def yaml(counts: Counts) -> Counts:
    (counts.suite / "task.yaml").write_text(YAML)
    return counts


def test_recorded_answers_outlive_the_endpoint_the_cache_and_a_changed_task(
    typed: Typed, yaml: Counts, school: Callable[..., School], chat_server: Serve
) -> None:
    school((0, 1))
    server = chat_server(half_right(yaml), keeps=True)
    name = f"openai:{MODEL}@{server.url}+zero_shot"
    status, out, err = typed("record", "counts", "--subject", f"openai:{MODEL}@{server.url}")
    assert status == 0, err
    assert "84 questions: about " in err
    assert "prompt: zero_shot (the instructions of task.yaml, with its labels or keys;" in out
    assert f"{name} answered 60 of 60 golden and 24 of 24 dev examples" in out
    assert "identified by name; it answered 20" in out
    assert "as m-2026 fp_1" in out
    assert "0.5" not in out
    assert (yaml.suite / "task.yaml").read_text() == YAML.replace(
        "# incumbent: openai:MODEL@URL+zero_shot", f'incumbent: "{name}"'
    )
    assert not list((yaml.golden / "looks").glob("*.json"))
    server.stop()
    _forget(yaml)
    text = (yaml.suite / "task.yaml").read_text()
    (yaml.suite / "task.yaml").write_text(text.replace("max_new_tokens: 8", "max_new_tokens: 9"))
    yaml.gates(GAP)
    for base in ("base+zero_shot", "base+zero_shot+constrained"):
        yaml.cached(base, dev=20, golden=30)
    status, out, err = typed("train", "counts", "--attempts", "1", "--json")
    assert status == 0, err
    assert f"the latency of {name} is not known" in err
    assert len(server.asked) == 84
    champion = load_champion(yaml.project, "counts")
    assert champion is not None
    assert name in champion.subjects
    again = run_suite(yaml.project, "counts", None, None)
    assert again.passed, again.output
    assert f"{name} is known by its recorded answers; task.yaml or its prompt has changed since" in again.output
    assert "identified by name; it answered 20" in again.output
    measured = spoken(typed, "evaluate", "counts", "--subject", name)["measures"]["exact_match"]
    assert (measured["estimate"], measured["n"]) == (0.5, 24)


def test_a_second_run_asks_only_what_is_new_and_says_how_much_is_lost(
    typed: Typed, yaml: Counts, chat_server: Serve
) -> None:
    server = chat_server(half_right(yaml), keeps=True)
    ask = ("record", "counts", "--subject", f"openai:{MODEL}@{server.url}+zero_shot")
    assert typed(*ask)[0] == 0
    _forget(yaml)
    splits = {name: yaml.split(name) for name in ("train", "dev", "golden")}
    corrected = replace(splits["golden"].examples[0], output={"n": 99})
    fresh = Example("new", "golden thing wholly new", {"n": 3})
    golden = replace(splits["golden"], examples=(corrected, *splits["golden"].examples[1:], fresh))
    _write(yaml, {**splits, "golden": golden})
    server.asked.clear()
    assert typed(*ask)[0] == 0
    assert [body["messages"][-1]["content"] for _, body in server.asked] == ["golden thing wholly new"]
    later = Example("later", "golden thing that came too late", {"n": 3})
    _write(yaml, {**splits, "golden": replace(golden, examples=(*golden.examples, later))})
    server.stop()
    status, _, err = typed(*ask)
    assert status == 2
    assert "cannot be reached" in err
    assert "1 of 62 golden examples have no recorded answer" in err
    with pytest.raises(
        UserError, match=f"1 answers of openai:{MODEL}.* were not recorded, and it gives none: cannot be"
    ):
        Workspace(yaml.project, yaml.task).scored(yaml.task.incumbent or "", "golden")


def _forget(counts: Counts) -> None:
    """Removes the cached answers, as on another machine."""
    for path in counts.project.cache.glob("*.sqlite*"):
        path.unlink()


def _write(counts: Counts, splits: dict[str, Any]) -> None:
    for split in splits.values():
        rows = [json.dumps({"id": e.id, "input": e.input, "output": e.output, "tags": list(e.tags)}) for e in split]
        (counts.golden / f"{split.name}.jsonl").write_text("\n".join(rows) + "\n")
    write_card(counts.golden, card_of("counts", splits, "by a test", "CC0-1.0", "made up"))


def test_what_was_answered_before_a_breakdown_is_kept(typed: Typed, yaml: Counts, chat_server: Serve) -> None:
    answers = half_right(yaml)
    broken = [20]

    def reply(body: dict[str, Any]) -> Any:
        broken[0] -= 1
        return answers(body) if broken[0] >= 0 else (402, {}, b'{"error": {"message": "no credit"}}')

    server = chat_server(reply, keeps=True)
    ask = ("record", "counts", "--subject", f"openai:{MODEL}@{server.url}+zero_shot")
    status, _, err = typed(*ask)
    assert status == 2
    assert "wants to be paid first" in err
    assert "of 60 golden examples and 24 of 24 dev examples have no recorded answer" in err
    kept = read_incumbent(yaml.project, "counts")
    assert kept is not None
    assert len(kept.answers("golden").rows) == 20
    broken[0] = 1000
    server.asked.clear()
    assert typed(*ask)[0] == 0
    assert len(server.asked) == 64


def test_refusals_are_told_by_example_and_never_become_answers(typed: Typed, yaml: Counts, chat_server: Serve) -> None:
    refused, busy = yaml.split("golden").examples[5], yaml.split("dev").examples[3]
    odd = {refused.text: (400, {}, b'{"error": {"message": "violates our policy"}}'), busy.text: (429, {}, b"slow")}
    server = chat_server(half_right(yaml, **odd), keeps=True)
    name = f"openai:{MODEL}@{server.url}+zero_shot"
    status, out, _ = typed("record", "counts", "--subject", name)
    assert status == 1
    assert f"{refused.id}: HTTP 400: violates our policy" in out
    assert f"{busy.id}: HTTP 429: slow" in out
    server.reply = half_right(yaml)
    found = spoken(typed, "record", "counts", "--subject", name)
    assert found["complete"]
    assert [part["asked"] for part in found["splits"].values()] == [0, 1]
    assert list(found["splits"]["golden"]["refused"]) == [refused.id]
    server.stop()
    scored = Workspace(yaml.project, yaml.task).scored(name, "golden")
    assert scored.measure("exact_match").missing == 1
    assert scored.answers[refused.id].text is None


def test_trainers_are_not_given_answers_on_golden(typed: Typed, yaml: Counts, chat_server: Serve) -> None:
    server = chat_server(half_right(yaml), keeps=True)
    name = f"openai:{MODEL}@{server.url}+zero_shot"
    assert typed("record", "counts", "--subject", name)[0] == 0
    identity = Workspace(yaml.project, yaml.task).subject(name).identity
    (dev, golden), example = (
        (answer_cache(yaml.project, s).given for s in ("dev", "golden")),
        yaml.split("golden").examples[0],
    )
    assert dev is not None
    assert golden is not None
    assert golden.lookup(identity, example) is not None
    assert dev.lookup(identity, example) is None
    assert answer_cache(yaml.project, "train").given.lookup(identity, example) is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("incumbent", "the task names another incumbent: openai:other@"),
        ("subject", "the answers of another subject are kept here"),
        ("prompt", "given to another prompt, or with other decoding"),
        ("edited", "the incumbent's recorded answers were edited"),
        ("yaml", "the key incumbent cannot be added to it"),
    ],
)
def test_nothing_is_asked_if_the_record_would_get_mixed_up(
    typed: Typed, yaml: Counts, chat_server: Serve, change: str, message: str
) -> None:
    server = chat_server(half_right(yaml), keeps=True)
    name = f"openai:{MODEL}@{server.url}+zero_shot"
    assert change == "yaml" or typed("record", "counts", "--subject", name)[0] == 0
    path = yaml.suite / "task.yaml"
    if change == "incumbent":
        path.write_text(path.read_text().replace(MODEL, "other"))
    elif change == "subject":
        name = name.replace(MODEL, "other")
        path.write_text(path.read_text().replace(MODEL, "other"))
    elif change == "prompt":
        path.write_text(path.read_text().replace("Count.", "Count again."))
    elif change == "edited":
        _edit(yaml.golden / "incumbent" / "dev.jsonl.gz")
    else:
        path.write_text('{"task": "counts", "kind": "json", "schema": "schema.json", "instructions": "Count."}')
    server.asked.clear()
    status, _, err = typed("record", "counts", "--subject", name)
    assert (status, server.asked) == (2, [])
    assert message in err


def _edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")
