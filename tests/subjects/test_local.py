"""Local subjects on a tiny model: adapters, prompts that are too long, and answers that carry what they must."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.cache import AnswerCache
from goldgate.answers.collect import collect
from goldgate.base.errors import UserError
from goldgate.engine.loading import forget_models
from goldgate.models.embedded import model_digest
from goldgate.models.quiet import quiet
from goldgate.models.template import template_digest
from goldgate.subjects import how_run, parse_subject
from goldgate.subjects.latency import measure_latency
from goldgate.subjects.local import LocalSubject
from goldgate.task.examples import Example
from goldgate.task.project import Project
from goldgate.task.task import Task

from ..tiny_models import tiny

Made = tuple[Project, Task]
ASK = [Example(f"q{i}", f"the lazy invoice {i}", "a") for i in range(5)]
SCHEMA = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False}


@pytest.fixture
def made(make_task: Callable[..., Made], tiny_llama: Path) -> Made:
    return make_task({"kind": "text", "model": str(tiny_llama)}, train=[(f"t{i}", "x") for i in range(4)])


def train_adapter(tiny_llama: Path, folder: Path, base: str, seed: int, blank: bool = False) -> Path:
    """A LoRA adapter with random weights, as training would write it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(seed)
    with quiet():
        model = get_peft_model(
            AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32),
            LoraConfig(r=4, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM"),
        )
    if not blank:
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    template = template_digest(AutoTokenizer.from_pretrained(tiny_llama), {})
    (folder / "goldgate.json").write_text(
        json.dumps({"base": base, "alias": "tiny", "prompt": "pruned", "template": template})
    )
    return folder


def texts(name: str, made: Made) -> list[str | None]:
    project, task = made
    return [a.text for a in sorted(parse_subject(name, task, project).answer(ASK), key=lambda a: a.id)]


def test_an_adapter_answers_as_peft_does_unmerged(made: Made, tiny_llama: Path, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    project, task = made
    folder = train_adapter(tiny_llama, tmp_path / "a", model_digest(project.cache, task.model), seed=1)
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    with quiet():
        base = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32)
        plain = PeftModel.from_pretrained(base, str(folder)).eval()
    wanted = []
    for example in ASK:
        text = (
            f"<|im_start|>system\ndemo<|im_end|>\n<|im_start|>user\n{example.text}<|im_end|>\n<|im_start|>assistant\n"
        )
        ids = tokenizer(text, return_tensors="pt")
        out = plain.generate(**ids, max_new_tokens=12, do_sample=False, pad_token_id=0)
        wanted.append(tokenizer.decode(out[0, ids["input_ids"].shape[1] :], skip_special_tokens=True))
    assert texts(f"adapter:{folder}", made) == wanted
    assert texts(f"adapter:{folder}", made) != texts("base+pruned", made)


def test_the_cache_never_serves_another_adapters_answers(made: Made, tiny_llama: Path, tmp_path: Path) -> None:
    project, task = made
    base = model_digest(project.cache, task.model)
    cache = AnswerCache(tmp_path / "answers.sqlite")
    said = []
    for seed in (1, 2):
        folder = train_adapter(tiny_llama, tmp_path / "same", base, seed)
        collected = collect(parse_subject(f"adapter:{folder}", task, project), ASK, cache=cache)
        assert collected.counts == {"recorded": 0, "cache": 0, "model": 5}
        said.append([a.text for a in collected.answers.values()])
    assert said[0] != said[1]


def test_every_sample_has_answers_of_its_own_in_the_cache(
    make_task: Callable[..., Made], tiny_llama: Path, tmp_path: Path
) -> None:
    settings = {"kind": "text", "model": str(tiny_llama), "decoding": {"max_new_tokens": 8, "temperature": 1.0}}
    project, task = make_task(settings, train=[("in", "out")])
    cache = AnswerCache(tmp_path / "answers.sqlite")
    subject = parse_subject("base+zero_shot", task, project)
    drawn = [subject, subject.sampled(1), subject.sampled(2)]
    first = [collect(s, ASK, cache=cache) for s in drawn]
    assert [c.counts["model"] for c in first] == [5, 5, 5]
    again = [collect(s, ASK, cache=cache, generate=False) for s in drawn]
    assert [c.counts["cache"] for c in again] == [5, 5, 5]
    said = [tuple(a.text for a in c.answers.values()) for c in first]
    assert said == [tuple(a.text for a in c.answers.values()) for c in again]
    assert len(set(said)) == 3


@pytest.mark.parametrize("note", [{"template": "0" * 64}, {"template": None}])
def test_an_adapter_trained_with_another_chat_template_does_not_answer(
    made: Made, tiny_llama: Path, tmp_path: Path, note: dict[str, Any]
) -> None:
    project, task = made
    folder = train_adapter(tiny_llama, tmp_path / "a", model_digest(project.cache, task.model), seed=1)
    told = json.loads((folder / "goldgate.json").read_text())
    (folder / "goldgate.json").write_text(json.dumps({**told, **note}))
    with pytest.raises(UserError, match="trained with another chat template"):
        texts(f"adapter:{folder}", made)


def test_an_adapter_does_not_answer_with_other_template_arguments(made: Made, tiny_llama: Path, tmp_path: Path) -> None:
    project, task = made
    folder = train_adapter(tiny_llama, tmp_path / "a", model_digest(project.cache, task.model), seed=1)
    with pytest.raises(UserError, match="trained with another chat template, or other template arguments"):
        texts(f"adapter:{folder}", (project, replace(task, template={"enable_thinking": False})))


def test_an_adapter_that_changes_nothing_is_refused(made: Made, tiny_llama: Path, tmp_path: Path) -> None:
    project, task = made
    folder = train_adapter(tiny_llama, tmp_path / "a", model_digest(project.cache, task.model), seed=1, blank=True)
    with pytest.raises(UserError, match="every lora_B is zero"):
        texts(f"adapter:{folder}", made)


def test_an_adapter_whose_tensors_do_not_fit_is_refused(made: Made, tiny_llama: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    project, task = made
    folder = train_adapter(tiny_llama, tmp_path / "a", model_digest(project.cache, task.model), seed=1)
    weights = load_file(folder / "adapter_model.safetensors")
    dropped = next(name for name in weights if "lora_A" in name)
    save_file({k: v for k, v in weights.items() if k != dropped}, folder / "adapter_model.safetensors")
    with pytest.raises(UserError, match="do not match"):
        texts(f"adapter:{folder}", made)


def test_a_prompt_that_is_too_long_is_a_missing_answer(make_task: Callable[..., Made], tiny_llama: Path) -> None:
    settings = {"kind": "text", "model": str(tiny_llama), "decoding": {"max_new_tokens": 4, "max_prompt_tokens": 90}}
    project, task = make_task(settings)
    long = Example("long", "many words " * 40, "a")
    told: list[int] = []
    answers = {a.id: a for a in parse_subject("base+zero_shot", task, project).answer([long, *ASK], told.append)}
    assert answers["long"].text is None
    assert answers["long"].finish == "error"
    assert f"prompt has {answers['long'].prompt_tokens} tokens" in answers["long"].error
    assert answers["long"].prompt_tokens > 90
    assert answers["q0"].text is not None
    assert sum(told) == 6


def test_answers_carry_identity_fingerprint_and_counts(made: Made) -> None:
    project, task = made
    subject = parse_subject("base+zero_shot", task, project)
    for answer, example in zip(sorted(subject.answer(ASK), key=lambda a: a.id), ASK, strict=True):
        assert answer.id == example.id
        assert answer.identity == subject.identity
        assert answer.fingerprint == subject.fingerprint(example)
        assert answer.example == example.digest
        assert 1 <= answer.completion_tokens <= 12
        assert answer.prompt_tokens > 10
        assert answer.seconds > 0
        assert answer.logprob is not None
        assert answer.logprob < 0
        assert (answer.finish == "length") == (answer.completion_tokens == 12)


def test_each_sample_has_its_own_key_and_is_drawn_the_same_again(
    make_task: Callable[..., Made], tiny_llama: Path
) -> None:
    settings = {"kind": "text", "model": str(tiny_llama), "decoding": {"max_new_tokens": 8, "temperature": 1.0}}
    project, task = make_task(settings)
    first = parse_subject("base+zero_shot", task, project)
    drawn = [first, first.sampled(1), first.sampled(2)]
    assert len({s.identity for s in drawn}) == 3
    assert len({s.fingerprint(ASK[0]) for s in drawn}) == 3
    said = [{a.id: a.text for a in s.answer(ASK)} for s in drawn]
    assert said[0] != said[1] != said[2]
    assert {a.id: a.text for a in first.sampled(2).answer(ASK)} == said[2]


def test_constrained_json_is_told_apart_from_free(make_task: Callable[..., Made], tiny_llama: Path) -> None:
    made = make_task({"kind": "json", "model": str(tiny_llama)}, SCHEMA)
    assert set(texts("base+zero_shot+constrained", made)) <= {'{"n": 1}', '{"n": 2}'}
    assert not set(texts("base+zero_shot", made)) & {'{"n": 1}', '{"n": 2}'}


def test_constrained_labels_are_labels(make_task: Callable[..., Made], tiny_llama: Path) -> None:
    labels = ["card lost", "card", "refund"]
    made = make_task({"kind": "label", "labels": labels, "model": str(tiny_llama)})
    assert set(texts("base+zero_shot+constrained", made)) <= set(labels)


def test_latency_is_measured_one_by_one(made: Made) -> None:
    project, task = made
    timings = measure_latency(parse_subject("base+zero_shot", task, project), ASK[:3])
    assert list(timings) == [e.digest for e in ASK[:3]]
    assert all(t.first is not None and t.last is not None and 0 < t.first < t.last for t in timings.values())
    forget_models()


def test_the_gap_between_two_answers_is_that_of_the_logits_where_they_part(made: Made, tiny_llama: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    project, task = made
    subject = parse_subject("base+pruned", task, project)
    assert isinstance(subject, LocalSubject)
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(tiny_llama, dtype=torch.float32).eval()
    one, other = "the lazy", "the invoice"
    a, b = (tokenizer(t, add_special_tokens=False).input_ids for t in (one, other))
    at = next(i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    prompt = f"<|im_start|>system\ndemo<|im_end|>\n<|im_start|>user\n{ASK[0].text}<|im_end|>\n<|im_start|>assistant\n"
    ids = [*tokenizer(prompt).input_ids, *a[:at]]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1]
    wanted = abs(float(logits[a[at]] - logits[b[at]]))
    assert subject.gap(ASK[0], one, other) == pytest.approx(wanted, abs=1e-4)
    assert subject.gap(ASK[0], other, one) == pytest.approx(wanted, abs=1e-4)
    assert subject.gap(ASK[0], one, one) == float("inf")
    assert 0.0 <= subject.gap(ASK[0], one, one + " invoice") < float("inf")  # one of them ends where the other goes on


def test_the_gap_is_judged_where_the_model_has_more_logits_than_the_tokenizer_tokens(
    make_task: Callable[..., Made], tmp_path: Path
) -> None:
    from ..conftest import FAMILIES, tiny_tokenizer

    tokenizer = tiny_tokenizer(FAMILIES["chatml"])
    folder = tiny(tmp_path / "padded", "qwen2", tokenizer, vocab_size=len(tokenizer) + 24)
    project, task = make_task({"kind": "text", "model": str(folder)}, train=[("in", "out")])
    subject = parse_subject("base+zero_shot", task, project)
    assert isinstance(subject, LocalSubject)
    assert 0.0 <= subject.gap(ASK[0], "the quick", "the lazy") < 100.0


def test_a_model_that_is_run_plainly_says_so(make_task: Callable[..., Made], tmp_path: Path, made: Made) -> None:
    assert how_run("base+zero_shot", parse_subject("base+zero_shot", made[1], made[0]).answer(ASK)) == ""
    folder = tiny(tmp_path / "bloom", "bloom")
    project, task = make_task({"kind": "text", "model": str(folder)}, name="plain", train=[("in", "out")])
    answers = list(parse_subject("base+zero_shot", task, project).answer(ASK))
    assert how_run("base+zero_shot", answers).startswith("base+zero_shot was answered by plain generation")


def test_a_text_that_closes_an_answer_is_no_part_of_it(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = parse_subject("base+zero_shot", made[1], made[0])
    assert isinstance(subject, LocalSubject)
    (free,) = subject.answer(ASK[:1])
    assert free.text is not None
    loaded, closing = subject._load(), free.text[4:7]
    monkeypatch.setattr(subject, "_load", lambda: replace(loaded, stops=(), end=(1, 2, 3), closing=closing))
    (closed,) = subject.answer(ASK[:1])
    assert closed.text == free.text.partition(closing)[0]
    assert closed.finish == "stop"
