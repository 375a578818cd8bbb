"""The general questions asked of a tiny model: without the task's prompt, of the weights that were tuned."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.engine.loading import forget_models
from goldgate.forgetting.without_task import WAYS, Way, without_task
from goldgate.models.embedded import model_digest
from goldgate.models.quiet import quiet
from goldgate.models.template import template_digest
from goldgate.subjects import Answer, Subject, parse_subject
from goldgate.subjects.local import LocalSubject
from goldgate.task.examples import Example
from goldgate.task.project import Project
from goldgate.task.questions import asked, passages, questions
from goldgate.task.task import Task

Made = tuple[Project, Task]


@pytest.fixture
def made(make_task: Callable[..., Made], tiny_llama: Path) -> Made:
    return make_task({"kind": "text", "model": str(tiny_llama)}, train=[(f"t{i}", "x") for i in range(4)])


def train_adapter(tiny_llama: Path, folder: Path, base: str) -> Path:
    """A LoRA adapter with random weights, as training would write it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(3)
    with quiet():
        config = LoraConfig(r=4, target_modules=["q_proj"], task_type="CAUSAL_LM", init_lora_weights=False)
        model = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32)
        get_peft_model(model, config).save_pretrained(folder)
        template = template_digest(AutoTokenizer.from_pretrained(tiny_llama), {})
    (folder / "goldgate.json").write_text(
        json.dumps({"base": base, "alias": "tiny", "prompt": "pruned", "template": template})
    )
    return folder


def ask(subject: Subject, way: Way, count: int = 6) -> dict[str, Answer]:
    split = passages() if way == "read" else asked()
    return {a.id: a for a in without_task(subject, way).answer(split.examples[:count])}


def base(made: Made, prompt: str = "zero_shot") -> Subject:
    return parse_subject(f"base+{prompt}", made[1], made[0])


def test_a_passage_is_read_as_transformers_reads_it(made: Made, tiny_llama: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with quiet():
        model = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    read = ask(base(made), "read", 2)
    for passage in passages().examples[:2]:
        ids = torch.tensor([tokenizer(passage.text, add_special_tokens=False)["input_ids"]])
        with torch.no_grad():
            loss = float(model(ids, labels=ids).loss)
        assert read[passage.id].logprob == pytest.approx(-loss, abs=1e-4)
        assert read[passage.id].completion_tokens == ids.shape[1] - 1


def test_an_option_is_chosen_and_it_is_the_likeliest(made: Made) -> None:
    for i, answer in ask(base(made), "chosen").items():
        assert answer.text in [option[0] for option in questions()[i].options]
        assert answer.logprob is not None
        assert math.isfinite(answer.logprob)


def test_the_prompt_of_the_task_does_not_stand_before_the_questions(made: Made) -> None:
    one, other = (ask(base(made, prompt), "said") for prompt in ("zero_shot", "few_shot:2"))
    assert {i: a.text for i, a in one.items()} == {i: a.text for i, a in other.items()}
    assert all(a.prompt_tokens < 150 for a in one.values())
    plain = without_task(base(made), "said").who.strategy  # type: ignore[attr-defined]
    assert plain.messages(Example("x", "Why?", "")) == [{"role": "user", "content": "Why?"}]


def test_an_adapter_is_asked_with_its_weights(made: Made, tiny_llama: Path, tmp_path: Path) -> None:
    project, task = made
    folder = train_adapter(tiny_llama, tmp_path / "adapter", model_digest(project.cache, task.model))
    tuned = parse_subject(f"adapter:{folder}", task, project)
    before, after = ask(base(made), "read", 3), ask(tuned, "read", 3)
    assert all(before[i].logprob != after[i].logprob for i in before)


def test_every_way_has_an_identity_of_its_own_by_who_is_asked(made: Made) -> None:
    one, other = base(made), base(made, "few_shot:2")
    identities = {without_task(s, way).identity for s in (one, other) for way in WAYS} | {one.identity, other.identity}
    assert len(identities) == 2 * len(WAYS) + 2


def test_a_model_whose_numbers_broke_has_no_answer(made: Made) -> None:
    import torch

    project, task = made
    forget_models()
    broken = parse_subject("base+zero_shot", task, project)
    assert isinstance(broken, LocalSubject)
    with torch.no_grad():
        broken._load().model.model.norm.weight.fill_(torch.nan)  # as an overflow would, in the middle of a text
    ways: tuple[Way, ...] = ("read", "chosen")
    for way in ways:
        answers = ask(broken, way, 2).values()
        assert [(a.text, a.logprob, a.finish) for a in answers] == [(None, None, "error")] * 2
    forget_models()


def test_a_model_behind_an_endpoint_is_not_asked(made: Made) -> None:
    remote = parse_subject("openai:m@http://127.0.0.1:9/v1+zero_shot", made[1], made[0])
    with pytest.raises(UserError, match="cannot be asked the general questions"):
        without_task(remote, "said")


def test_readings_that_hardly_differ_are_near(made: Made) -> None:
    read = without_task(base(made), "read")
    (passage, *_) = passages()
    answer = ask(base(made), "read", 1)[passage.id]
    assert answer.text == f"{answer.logprob:.4f}"
    assert read.gap(passage, "-3.0000", "-3.0100") == pytest.approx(0.01)  # type: ignore[attr-defined]
