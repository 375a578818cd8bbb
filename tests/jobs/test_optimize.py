"""An optimised prompt is searched on train by whoever first measures it, recorded, and never silently replaced."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.files import read_json, write_json
from goldgate.base.hardware import device
from goldgate.jobs import expected
from goldgate.jobs.demo_estimate import Speed
from goldgate.jobs.optimize import Allowance, search_missing
from goldgate.jobs.workspace import Workspace
from goldgate.prompts.winner import read_winner
from goldgate.subjects import parse_subject
from goldgate.task.examples import Split
from goldgate.task.subject_name import SubjectName
from goldgate_trainers import Budget, default_recipe

from ..conftest import ChatServer, completion
from .conftest import Heard, spoken
from .school import School, record

Typed = Callable[..., tuple[int, str, str]]


def better_with(counts: Any, shot: str) -> Callable[[dict[str, Any]], Any]:
    """Answers of which all are right if the prompt shows this train example, and every other one if not."""
    examples = [e for name in ("train", "dev", "golden") for e in counts.split(name)]
    right = {e.text: (i, json.dumps(e.output)) for i, e in enumerate(examples)}
    shown = counts.split("train").by_id[shot].text

    def reply(body: dict[str, Any]) -> Any:
        *before, asked = [m["content"] for m in body["messages"]]
        i, output = right[asked]
        return completion(output if shown in before or i % 2 else '{"n": -1}')

    return reply


def own_file(counts: Any) -> Path:
    (path,) = counts.golden.glob("optimized-*.json")
    found: Path = path
    return found


def no_default() -> Allowance:
    raise AssertionError("task.yaml names the budget")


@pytest.fixture
def endpoint(counts: Any, chat_server: Callable[..., ChatServer]) -> tuple[str, ChatServer]:
    """A subject with an optimised prompt of two shots at an endpoint, and its server."""
    server = chat_server(better_with(counts, "t003"))
    subject = f"openai:m@{server.url}+optimized:2"
    counts.settings(baselines=["zero_shot", subject], optimize={"calls": 90})
    return subject, server


def test_evaluate_searches_a_prompt_and_writes_it_beside_the_data(
    typed: Typed, counts: Any, endpoint: tuple[str, ChatServer]
) -> None:
    subject, server = endpoint
    said = spoken(typed, "evaluate", "counts", "--subject", subject)
    assert said["measures"]["exact_match"]["estimate"] == 1.0
    winner = read_winner(own_file(counts))
    assert "t003" in [shot.id for shot in winner.shots]
    assert winner.course.scores["exact_match"] == 1.0
    assert winner.course.budget.calls == 90
    assert winner.course.spent.calls <= 90
    assert said["identity"] == parse_subject(subject, counts.task, counts.project).identity
    asked = len(server.asked)
    assert asked <= 90 + 24
    again = spoken(typed, "evaluate", "counts", "--subject", subject)
    assert again == said
    assert len(server.asked) == asked


def test_a_search_goes_on_where_it_was(typed: Typed, counts: Any, endpoint: tuple[str, ChatServer]) -> None:
    subject, server = endpoint
    assert typed("evaluate", "counts", "--subject", subject)[0] == 0
    first, asked = own_file(counts).read_text(), len(server.asked)
    own_file(counts).unlink()
    assert typed("evaluate", "counts", "--subject", subject)[0] == 0
    assert len(server.asked) == asked
    assert read_json(own_file(counts))["shots"] == json.loads(first)["shots"]
    assert own_file(counts).read_text() == first


def test_the_search_reads_train_alone(
    typed: Typed, counts: Any, endpoint: tuple[str, ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, server = endpoint
    work, read = Workspace(counts.project, counts.task), Workspace.split

    def train_alone(self: Workspace, name: str) -> Split:
        assert name == "train"
        return read(self, name)

    monkeypatch.setattr(Workspace, "split", train_alone)
    (counts.golden / "dev.jsonl").unlink()
    (counts.golden / "golden.jsonl").unlink()
    search_missing(work, [SubjectName.parse(subject)], no_default)
    texts = {e.text for e in counts.split("train")}
    for _, body in server.asked:
        assert {m["content"] for m in body["messages"] if m["role"] == "user"} <= texts


def test_what_is_searched_is_said_before_and_after(typed: Typed, counts: Any, endpoint: tuple[str, ChatServer]) -> None:
    subject, _ = endpoint
    heard = Heard()
    search_missing(Workspace(counts.project, counts.task, heard), [SubjectName.parse(subject)], no_default)
    assert heard.said[0] == f"{subject}: the prompt is searched on train, within 90 answers: task.yaml's optimize"
    assert "the best of" in heard.said[-1]
    assert "few_shot:2" in heard.said[-1]
    assert f"commit {own_file(counts)} with the data" in heard.said[-1]
    (done,) = heard.done.values()
    assert done[-1] == read_winner(own_file(counts)).course.spent.calls


def test_an_endpoint_is_not_searched_without_a_budget(typed: Typed, counts: Any, chat_server: Any) -> None:
    server = chat_server()
    status, _, err = typed("evaluate", "counts", "--subject", f"openai:m@{server.url}+optimized:2")
    assert status == 2
    assert 'field "optimize"' in err
    assert "optimize: {calls: 500}" in err
    assert server.asked == []


def test_answers_that_the_endpoint_lost_end_the_search_and_are_asked_again(
    typed: Typed, counts: Any, chat_server: Any
) -> None:
    working, broken = better_with(counts, "t003"), [True]
    lost: list[str] = []

    def reply(body: dict[str, Any]) -> Any:
        question = body["messages"][-1]["content"]
        if broken[0] and (question in lost or not lost):
            lost.append(question)
            return 500, {}, b'{"error": {"message": "overloaded"}}'
        return working(body)

    server = chat_server(reply)
    subject = f"openai:m@{server.url}+optimized:2"
    counts.settings(optimize={"calls": 60})
    status, _, err = typed("evaluate", "counts", "--subject", subject)
    assert status == 2
    assert "1 of 6 answers are missing, so prompts cannot be compared" in err
    assert list(counts.golden.glob("optimized-*")) == []
    broken[0] = False
    assert typed("evaluate", "counts", "--subject", subject)[0] == 0


def test_a_prompt_that_no_longer_fits_is_named_and_stays(
    typed: Typed, counts: Any, endpoint: tuple[str, ChatServer]
) -> None:
    subject, server = endpoint
    assert typed("evaluate", "counts", "--subject", subject)[0] == 0
    kept, asked = own_file(counts).read_text(), len(server.asked)
    counts.settings(instructions="Count again.", optimize={"calls": 90})
    status, _, err = typed("evaluate", "counts", "--subject", subject)
    assert status == 2
    assert "instructions in task.yaml have changed since the search" in err
    assert f"goldgate evaluate counts --subject {subject}" in err
    assert (own_file(counts).read_text(), len(server.asked)) == (kept, asked)


def test_train_searches_what_its_baselines_lack(
    typed: Typed, counts: Any, school: Callable[..., School], endpoint: tuple[str, ChatServer]
) -> None:
    subject, _ = endpoint
    school((0, 1))
    status, out, err = typed("train", "counts", "--attempts", "1", "--json")
    assert status in (0, 1), err
    assert {subject, f"{subject}+constrained"} < set(record(counts)["baselines"])
    assert json.loads(out)["prompted"].startswith(subject)
    winner, kept = read_winner(own_file(counts)), record(counts)["optimized"][subject]
    assert (kept["digest"], kept["calls"], kept["budget"]) == (winner.digest, winner.course.spent.calls, 90)
    assert kept["system"] == winner.system
    assert [shot["id"] for shot in kept["shots"]] == [shot.id for shot in winner.shots]
    assert f"{subject}: the search got {kept['calls']} of 90 answers, " in json.loads(out)["optimized"][0]
    report = Path(json.loads(out)["report"]).read_text()
    assert "The optimised prompt" in report
    assert counts.split("train").by_id["t003"].text in report


def test_pytest_names_the_command_and_searches_nothing(
    typed: Typed, counts: Any, endpoint: tuple[str, ChatServer]
) -> None:
    from goldgate.jobs.run_suite import run_suite

    subject, server = endpoint
    counts.gates("def test_gain(candidate, prompted):\n    assert candidate.exact_match - prompted.exact_match >= 0\n")
    counts.cached("base+zero_shot", dev=3)
    result = run_suite(counts.project, "counts", "base+zero_shot", "dev")
    assert not result.passed
    assert "has not been searched yet" in result.output
    assert f"goldgate evaluate counts --subject {subject}" in " ".join(result.output.split())
    assert server.asked == []


# a reflection model


def test_without_gepa_nothing_is_asked(
    typed: Typed, counts: Any, endpoint: tuple[str, ChatServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, server = endpoint
    counts.settings(optimize={"calls": 90, "reflection": f"openai:big@{server.url}"})
    monkeypatch.setitem(sys.modules, "gepa", None)
    status, _, err = typed("evaluate", "counts", "--subject", subject)
    assert status == 2
    assert "pip install 'goldgate[optimize]'" in err
    assert server.asked == []


def test_instructions_of_a_reflection_model_can_win(typed: Typed, counts: Any, chat_server: Any) -> None:
    pytest.importorskip("gepa")
    known = {e.text: json.dumps(e.output) for name in ("train", "dev") for e in counts.split(name)}

    def reply(body: dict[str, Any]) -> Any:
        system, asked = body["messages"][0]["content"], body["messages"][-1]["content"]
        if body["model"] == "big":
            return completion("```\nCount on your fingers.\n```")
        return completion(known[asked] if "fingers" in system else '{"n": -1}')

    server = chat_server(reply)
    subject, big = f"openai:m@{server.url}+optimized:2", f"openai:big@{server.url}"
    counts.settings(optimize={"calls": 120, "reflection": big})
    said = spoken(typed, "evaluate", "counts", "--subject", subject)
    assert said["measures"]["exact_match"]["estimate"] == 1.0
    winner = read_winner(own_file(counts))
    asked = sum(body["model"] == "big" for _, body in server.asked)
    assert winner.system == "Count on your fingers."
    assert (winner.course.reflection, winner.course.spent.reflections >= asked > 0) == (big, True)
    assert winner.course.optimizer.startswith("goldgate race 1, gepa 0.")


def test_a_reflection_model_that_fails_is_named(typed: Typed, counts: Any, chat_server: Any) -> None:
    pytest.importorskip("gepa")

    def reply(body: dict[str, Any]) -> Any:
        if body["model"] == "big":
            return 402, {}, b'{"error": {"message": "no credit left"}}'
        return completion('{"n": -1}')

    server = chat_server(reply)
    counts.settings(optimize={"calls": 60, "reflection": f"openai:big@{server.url}"})
    status, _, err = typed("evaluate", "counts", "--subject", f"openai:m@{server.url}+optimized:2")
    assert status == 2
    assert "no credit left" in err
    assert list(counts.golden.glob("optimized-*")) == []


# budgets


@pytest.mark.parametrize(
    ("allowance", "seconds", "answers"),
    [
        (Allowance(500, None, ""), 2.0, 500),
        (Allowance(None, 10.0, ""), 2.0, 300),
        (Allowance(500, 10.0, ""), 2.0, 300),
        (Allowance(200, 10.0, ""), 2.0, 200),
        (Allowance(None, 0.01, ""), 60.0, 20),
        (Allowance(None, 1.0, ""), 0.0, 60_000_000),
    ],
)
def test_a_budget_is_counted_in_answers(allowance: Allowance, seconds: float, answers: int) -> None:
    assert allowance.answers(seconds) == answers


def test_a_budget_says_what_it_is() -> None:
    assert str(Allowance(1500, None, "")) == "1,500 answers"
    assert str(Allowance(1500, 11.1, "")) == "1,500 answers or 11.1 min"


@pytest.mark.skipif(device() != "cpu", reason="the cost of training was measured on a CPU")
@pytest.mark.parametrize(("attempts", "most", "minutes"), [(1, 60.0, 1.0), (3, 60.0, 3.0), (3, 2.0, 2.0)])
def test_a_search_gets_what_training_is_expected_to_get(
    counts: Any, monkeypatch: pytest.MonkeyPatch, attempts: int, most: float, minutes: float
) -> None:
    work = Workspace(counts.project, counts.task)
    recipe = default_recipe(counts.task, 12, 576, {"epochs": 1, "precision": "float32"})
    characters = sum(len(e.text) + len(json.dumps(e.output)) for e in counts.split("train"))
    an_attempt = expected.TRAINED * characters + expected.ANSWERED["tuned"] * len(counts.split("dev"))
    rate = expected.MARGIN * an_attempt / 60  # at which an attempt takes a minute
    monkeypatch.setattr(expected, "measure_speed", lambda: Speed(idle=2 * rate, now=rate, load=None))
    found = expected.as_training(work, recipe, Budget(attempts, most))
    assert (found.calls, round(found.minutes or 0, 6)) == (None, minutes)
    assert "training is expected to take" in found.because


def test_a_model_whose_training_was_never_timed_gets_all_that_training_may_take(counts: Any) -> None:
    work = Workspace(counts.project, counts.task.on_model("another"))
    recipe = default_recipe(counts.task, 12, 576, {"epochs": 1, "precision": "float32"})
    found = expected.as_training(work, recipe, Budget(2, 45.0))
    assert (found.calls, found.minutes) == (None, 45.0)


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ({"calls": 19}, "optimize.calls"),
        ({"calls": 1.5}, "optimize.calls"),
        ({"minutes": 0}, "optimize.minutes"),
        ({"minutes": "ten"}, "optimize.minutes"),
        ({"reflection": "gpt-5"}, "optimize.reflection"),
        ({"reflection": "base"}, "optimize.reflection"),
        ({"reflection": "openai:m@http://elsewhere.example/v1"}, "optimize.reflection"),
        ({"reflection": "openai:m@http://localhost:1/v1+zero_shot"}, "optimize.reflection"),
        ({"call": 100}, "optimize.call"),
    ],
)
def test_a_budget_that_cannot_be_is_named(typed: Typed, counts: Any, section: dict[str, Any], field: str) -> None:
    counts.settings(optimize=section)
    status, _, err = typed("evaluate", "counts", "--subject", "base+zero_shot")
    assert status == 2
    assert f'field "{field}"' in err


def test_a_copy_of_another_tasks_prompt_is_refused(typed: Typed, counts: Any, endpoint: tuple[str, ChatServer]) -> None:
    subject, _ = endpoint
    assert typed("evaluate", "counts", "--subject", subject)[0] == 0
    golden = counts.split("golden").examples[0]
    raw = read_json(own_file(counts))
    write_json(own_file(counts), {**raw, "shots": [{"id": golden.id, "digest": golden.digest}]})
    status, _, err = typed("evaluate", "counts", "--subject", subject)
    assert status == 2
    assert "was changed after the search wrote it" in err
    shutil.rmtree(counts.project.cache)
