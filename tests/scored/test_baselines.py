"""The best prompting baseline: chosen on dev among what the task declares, remembered until something changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldgate import scorer
from goldgate.base.errors import UserError
from goldgate.scored.baselines import (
    Prompted,
    best_for,
    choose_prompted,
    chooses,
    deciding_metrics,
    declared_baselines,
    is_declared,
    is_listed,
    rank,
    what_was_tried,
)
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context
from goldgate.subjects import Answer, parse_subject
from goldgate.task.examples import Split, load_split
from goldgate.task.project import Project
from goldgate.task.task import Task

from ..conftest import write_splits

MakeTask = Callable[..., tuple[Project, Task]]
LABELS = ["cat", "dog"]
ROWS = [(f"animal {chr(97 + i)}", LABELS[i % 2]) for i in range(10)]
LABEL = {"kind": "label", "labels": LABELS}


@dataclass
class Desk:
    """Scores subjects without a model: right says how many of the ten each gets right."""

    task: Task
    dev: Split
    cache: Path
    right: dict[str, int]
    asked: list[str] = field(default_factory=list)
    broken: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    lost: dict[str, int] = field(default_factory=dict)

    def __call__(self, name: str) -> Scored:
        self.asked.append(name)
        if name in self.broken:
            raise UserError("cannot be reached", "https://x", "start it")
        if name in self.silent:
            none = {
                e.id: Answer(e.id, None, "error", 0, 0, 0.0, None, name, name, e.digest, "HTTP 400: no")
                for e in self.dev
            }
            return Scored(name, ScoreTable(Context(self.task, self.cache), self.dev, none))
        answers = {
            e.id: Answer(
                e.id,
                e.output if i < self.right.get(name, 0) else "none",
                "stop",
                5,
                2,
                0.1,
                None,
                name,
                f"{name}{e.id}",
                e.digest,
            )
            for i, e in enumerate(self.dev)
        }
        if name in self.flaky:
            first = self.dev.examples[0].id
            answers[first] = replace(answers[first], text=None, finish="error", error="HTTP 503", passing=True)
        for example in self.dev.examples[len(self.dev) - self.lost.get(name, 0) :]:
            answers[example.id] = replace(answers[example.id], text=None, finish="error", error="HTTP 400: no")
        return Scored(name, ScoreTable(Context(self.task, self.cache), self.dev, answers))


@dataclass(frozen=True)
class Made:
    project: Project
    task: Task
    dev: Split

    def choose(
        self, right: dict[str, int], model: str = "m", everything: bool = False, **desk_: Any
    ) -> tuple[Prompted, list[str]]:
        """What is chosen, and who was asked for it."""
        desk = Desk(self.task, self.dev, self.project.cache, right, **desk_)

        def identify(name: str) -> str:
            return model + parse_subject(name, self.task, self.project).identity

        chosen = choose_prompted(self.project, self.task, self.dev, identify, desk, everything=everything)
        return chosen, desk.asked


@pytest.fixture
def made(make_task: MakeTask) -> Callable[..., Made]:
    def make(**changes: Any) -> Made:
        project, task = make_task(
            {**LABEL, "baselines": ["zero_shot", "few_shot:2"], **changes},
            train=[("a train", "cat"), ("b train", "dog")],
            dev=ROWS,
            golden=[("a test", "dog")],
        )
        return Made(project, task, load_split(project, task.name, "dev"))

    return make


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        ("zero_shot", "base+zero_shot"),
        ("few_shot:4", "base+few_shot:4"),
        ("base+nearest:2", "base+nearest:2"),
        ("nearest:8+constrained", "base+nearest:8+constrained"),
        ("adapter:old", "adapter:old"),
        ("openai:gpt@https://x+zero_shot", "openai:gpt@https://x+zero_shot"),
        ("linear", "linear"),
        ("file:PROMPT.md", "base+file:PROMPT.md"),
        ("file:a@b:c.md", "base+file:a@b:c.md"),
    ],
)
def test_a_bare_strategy_is_one_on_the_tasks_model(made: Callable[..., Made], written: str, subject: str) -> None:
    task = made(baselines=[written]).task
    assert tuple(map(str, declared_baselines(task))) == (subject,)
    assert is_declared(task, subject) == (not subject.startswith("adapter:"))


def test_an_adapter_takes_a_look_even_where_it_is_declared(made: Callable[..., Made]) -> None:
    """Its name is a folder: what lies in it may have been trained anew."""
    assert not is_declared(made(baselines=["adapter:old"], incumbent="adapter:old").task, "adapter:old")


def test_an_endpoint_on_this_machine_takes_a_look_even_where_it_is_declared(made: Callable[..., Made]) -> None:
    """Whoever runs it can serve another model under the same name."""
    here = "openai:m@http://localhost:8000/v1+zero_shot"
    task = made(baselines=[here], incumbent=here).task
    assert not is_declared(task, here)
    assert is_listed(task, here)


def test_what_is_declared_with_or_without_constraint_is_a_baseline(made: Callable[..., Made]) -> None:
    task = made(baselines=["few_shot:2", "nearest:4+constrained"], incumbent="openai:m@https://x+zero_shot").task
    for subject in (
        "base+few_shot:2",
        "base+few_shot:2+constrained",
        "base+nearest:4",
        "base+nearest:4+constrained",
        "base+zero_shot",
        "linear",
        "openai:m@https://x+zero_shot",
    ):
        assert is_declared(task, subject)


@given(
    subject=st.one_of(
        st.text(max_size=30),
        st.builds("adapter:{}".format, st.text(max_size=12)),
        st.builds("base+few_shot:{}".format, st.integers(3, 99)),
    )
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nobody_else_is_a_baseline_so_that_golden_costs_a_look(make_task: MakeTask, subject: str) -> None:
    _, task = make_task({**LABEL, "baselines": ["few_shot:2"]})
    known = {"base+few_shot:2", "base+zero_shot", "linear"}
    assert is_declared(task, subject) == (subject.removesuffix("+constrained") in known)


def test_the_best_on_dev_is_chosen(made: Callable[..., Made]) -> None:
    prompted, _ = made().choose({"base+zero_shot": 3, "base+few_shot:2": 7})
    assert prompted.name == "base+few_shot:2"
    assert prompted.tried["base+few_shot:2"]["exact_match"] == 0.7
    assert prompted.tried["base+zero_shot"]["exact_match"] == 0.3
    assert set(prompted.tried["base+zero_shot"]) == {"exact_match", "label_valid", "macro_f1", "stop_rate"}


def test_a_tie_goes_to_the_one_that_is_written_first(made: Callable[..., Made]) -> None:
    assert made(baselines=["few_shot:2", "zero_shot"]).choose({})[0].name == "base+few_shot:2"


def test_constraint_is_tried_on_the_best_alone_or_on_all(made: Callable[..., Made]) -> None:
    right = {"base+zero_shot": 3, "base+few_shot:2": 7, "base+zero_shot+constrained": 9}
    quick, asked = made().choose(right)
    assert (quick.name, asked) == (
        "base+few_shot:2",
        ["base+zero_shot", "base+few_shot:2", "base+few_shot:2+constrained"],
    )
    whole, asked = made().choose(right, everything=True)
    assert (whole.name, len(asked)) == ("base+zero_shot+constrained", 4)


def test_what_was_not_tried_is_said_with_its_reason(made: Callable[..., Made]) -> None:
    here = made()
    quick, _ = here.choose({"base+few_shot:2": 7})
    assert quick.untried.keys() == {"base+zero_shot+constrained"}
    assert here.choose({})[0].untried == quick.untried
    assert what_was_tried(quick.tried, quick.untried) == (
        "prompted is the best on dev of base+zero_shot, base+few_shot:2, base+few_shot:2+constrained; not tried:"
        " base+zero_shot+constrained (only tried for the best baseline; `goldgate train demo` tries it for all)"
    )
    assert here.choose({}, everything=True)[0].untried == {}


REMOTE = "openai:m@https://x.example/v1+zero_shot"


@pytest.mark.parametrize("how", ["broken", "silent"])
def test_a_declared_baseline_that_cannot_be_measured_is_never_left_out(made: Callable[..., Made], how: str) -> None:
    here = made(baselines=["zero_shot", REMOTE])
    with pytest.raises(UserError, match=rf"the baseline {REMOTE.replace('+', '.')} could not be measured") as caught:
        here.choose({"base+zero_shot": 9}, **{how: (REMOTE,)})
    assert {"broken": "cannot be reached", "silent": "HTTP 400: no"}[how] in caught.value.what
    assert "remove it from `baselines`" in caught.value.hint
    assert here.choose({REMOTE: 9})[0].name == REMOTE


def test_a_baseline_with_half_of_its_answers_is_measured_and_one_with_less_is_not(made: Callable[..., Made]) -> None:
    here = made(baselines=["zero_shot", REMOTE])
    assert here.choose({REMOTE: 5}, lost={REMOTE: 5})[0].name == REMOTE
    with pytest.raises(UserError, match="could not be measured: 6 of 10 answers on dev are missing"):
        here.choose({REMOTE: 4}, lost={REMOTE: 6}, model="another")


@pytest.mark.parametrize("how", ["broken", "silent"])
def test_a_constraint_that_nobody_declared_may_be_impossible_and_is_tried_again(
    made: Callable[..., Made], how: str
) -> None:
    here = made(baselines=["zero_shot"])
    held = "base+zero_shot+constrained"
    prompted, _ = here.choose({"base+zero_shot": 5}, **{how: (held,)})
    assert prompted.name == "base+zero_shot"
    assert held in prompted.untried
    assert here.choose({held: 9})[0].name == held


def test_a_choice_that_another_time_may_turn_out_otherwise_is_not_remembered(made: Callable[..., Made]) -> None:
    here = made(baselines=["zero_shot", "linear"])
    here.choose({"base+zero_shot": 5}, flaky=("linear",))
    assert here.choose({"linear": 9})[0].name == "linear"


def test_an_endpoint_is_not_held_to_labels_nor_the_linear_model(made: Callable[..., Made]) -> None:
    _, asked = made(baselines=["linear", REMOTE]).choose({}, everything=True)
    assert asked == ["linear", REMOTE]


def test_an_edited_prompt_file_is_chosen_for_anew(made: Callable[..., Made]) -> None:
    here = made(baselines=["zero_shot", "zero_shot+constrained"])
    (here.task.folder / "PROMPT.md").write_text("One.")
    here = made(baselines=["file:PROMPT.md", "zero_shot"])
    here.choose({})
    assert here.choose({})[1] == []
    (here.task.folder / "PROMPT.md").write_text("Two.")
    assert here.choose({})[1]


def test_a_constraint_that_is_declared_is_not_tried_twice(made: Callable[..., Made]) -> None:
    _, asked = made(baselines=["zero_shot", "zero_shot+constrained"]).choose({}, everything=True)
    assert sorted(asked) == ["base+zero_shot", "base+zero_shot+constrained"]


def test_free_text_is_compared_by_style_and_without_rules_by_likeness(make_task: MakeTask) -> None:
    style = {"sign_off": "Best"}
    _, task = make_task({"kind": "text", "baselines": ["zero_shot"], "style": style}, train=[("a", "b")], dev=ROWS)
    assert deciding_metrics(task) == ("style_ok", "style_score", "similarity")
    plain = make_task({"kind": "text", "baselines": ["zero_shot"]}, name="plain")[1]
    assert deciding_metrics(plain) == ("similarity",)


def test_json_ties_are_broken_by_fields_then_by_form(make_task: MakeTask, tmp_path: Path) -> None:
    _, task = make_task({"kind": "json"}, {"type": "object"}, dev=[("a", {"n": 1, "m": 2})], train=[("b", {})])
    assert deciding_metrics(task) == ("exact_match", "field_accuracy", "json_valid")
    dev = load_split(Project(tmp_path / "project", tmp_path), "demo", "dev")

    def scored(text: str) -> Scored:
        (e,) = dev.examples
        answer = Answer(e.id, text, "stop", 5, 2, 0.1, None, "x", "y", e.digest)
        return Scored("x", ScoreTable(Context(task, tmp_path), dev, {e.id: answer}))

    order = ["no", "{}", '{"n": 1}', '{"n": 1, "m": 2}']
    ranks = [rank(task, scored(text)) for text in order]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 4


def test_the_choice_is_remembered(made: Callable[..., Made]) -> None:
    here = made()
    first, _ = here.choose({"base+zero_shot": 5})
    again, asked = here.choose({"base+few_shot:2": 9})
    assert asked == []
    assert again == first


def test_everything_asks_again_and_its_choice_is_the_one_that_is_kept(made: Callable[..., Made]) -> None:
    here = made()
    here.choose({"base+zero_shot": 5})
    whole, asked = here.choose({"base+few_shot:2+constrained": 9}, everything=True)
    assert len(asked) == 4
    assert here.choose({})[0] == whole


@pytest.mark.parametrize(
    "change",
    [
        {"instructions": "Say it another way."},
        {"decoding": {"max_new_tokens": 3}},
        {"labels": ["cat", "dog", "cow"]},
        {"baselines": ["few_shot:2", "zero_shot"]},
        {"template": {"thinking": False}},
    ],
)
def test_a_task_that_asks_otherwise_is_chosen_for_anew(made: Callable[..., Made], change: dict[str, Any]) -> None:
    made().choose({})
    assert made(**change).choose({})[1]


def test_another_model_dev_or_train_split_is_chosen_for_anew(made: Callable[..., Made]) -> None:
    here = made()
    here.choose({})
    assert here.choose({}, model="other")[1]
    assert replace(here, dev=Split("dev", here.dev.examples[:-1])).choose({})[1]
    splits = {n: load_split(here.project, here.task.name, n) for n in ("dev", "golden")}
    write_splits(here.project, here.task.name, {**splits, "train": Split("train", here.dev.examples[:2])})
    assert here.choose({})[1]


def test_what_no_prompt_depends_on_keeps_the_choice(made: Callable[..., Made]) -> None:
    made().choose({})
    assert made(error=0.1, gates="plausible", train={"epochs": 2}).choose({})[1] == []


@given(
    right=st.fixed_dictionaries(
        {
            n: st.integers(0, 10)
            for n in ("base+zero_shot", "base+few_shot:2", "base+zero_shot+constrained", "base+few_shot:2+constrained")
        }
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_that_was_tried_is_better(made: Callable[..., Made], right: dict[str, int]) -> None:
    prompted, _ = made().choose(right, everything=True)
    assert set(prompted.tried) == set(right)
    assert right[prompted.name] == max(right.values())
    assert all(prompted.tried[n]["exact_match"] == pytest.approx(k / 10) for n, k in right.items())


PAIR = {"right": {"exact_match": 0.7, "empty_rate": 0.4}, "plain": {"exact_match": 0.5, "empty_rate": 0.1}}


def test_each_metric_has_a_best_prompt_and_what_judges_no_answer_has_none(made: Callable[..., Made]) -> None:
    here = made(prices={"per_million_input": 1.0, "per_million_output": 1.0})
    task, prompted = here.task, Prompted("right", PAIR, {})
    assert best_for(task, prompted, "exact_match") == "right"
    assert best_for(task, prompted, "empty_rate") == "plain"
    assert {
        m for m in ("tokens_in", "tokens_out", "cost_per_1k", "latency", "first_token") if chooses(task, m)
    } == set()
    assert best_for(task, prompted, "cost_per_1k") == "right"


def test_a_tie_in_a_metric_goes_to_the_better_one_by_the_main_metric(made: Callable[..., Made]) -> None:
    rows = {n: {"exact_match": right, "label_valid": 1.0} for n, right in (("a", 0.2), ("b", 0.6), ("c", 0.6))}
    assert best_for(made().task, Prompted("c", rows, {}), "label_valid") == "c"


def test_a_metric_that_is_not_listed_is_measured_when_it_is_asked_for(made: Callable[..., Made]) -> None:
    here = made()
    prompted, _ = here.choose({"base+zero_shot": 3, "base+few_shot:2": 7})
    desk = Desk(here.task, here.dev, here.project.cache, {"base+zero_shot": 9})
    assert best_for(here.task, prompted, "refusal_rate", desk) == "base+few_shot:2"
    assert set(desk.asked) == set(prompted.tried)


def test_an_own_metric_chooses_too(made: Callable[..., Made], monkeypatch: pytest.MonkeyPatch) -> None:
    here = made()
    prompted, _ = here.choose({"base+zero_shot": 3, "base+few_shot:2": 7})
    monkeypatch.setattr("goldgate.scorers.own.check_counted", lambda *known: None)

    @scorer(better="low")
    def right(example: Any, text: str) -> bool:
        return bool(text == example.output)

    desk = Desk(here.task, here.dev, here.project.cache, dict.fromkeys(prompted.tried, 10) | {"base+zero_shot": 1})
    assert best_for(here.task, prompted, right, desk) == "base+zero_shot"
