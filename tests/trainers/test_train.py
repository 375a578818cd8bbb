"""Training on the tiny model: it learns, repeats itself to the bit, writes whole folders, takes complete ones up."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.models.adapter import read_adapter
from goldgate.subjects import parse_subject
from goldgate.task.examples import Example, Split
from goldgate_trainers.lora import train as lora
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.base_model import attention_layers
from goldgate_trainers.lora.progress import Progress

from .conftest import QUICK, Lesson, train


def test_it_learns_the_lesson(lesson: Lesson, tmp_path: Path) -> None:
    result = train(lesson, tmp_path / "1", replace(QUICK, epochs=60, learning_rate=0.01, batch=7, micro_batch=7))
    assert result.log[-1]["loss"] < 0.1 < result.log[0]["loss"]
    subject = parse_subject(f"adapter:{result.adapter}", lesson.task, lesson.project)
    answers = {a.id: a.text for a in subject.answer(lesson.train.examples)}
    assert answers == {e.id: e.output for e in lesson.train}


def test_the_same_seed_gives_the_same_bytes(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    again = train(lesson, tmp_path / "1")
    for name in ("adapter_model.safetensors", "adapter_config.json", "goldgate.json"):
        assert (again.adapter / name).read_bytes() == (trained.adapter / name).read_bytes()
    assert again.digest == trained.digest
    assert not again.reused


def test_the_order_of_lines_decides_nothing(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    turned = replace(lesson, train=Split("train", lesson.train.examples[::-1]))
    assert train(turned, tmp_path / "1").digest == trained.digest


def test_another_seed_gives_another_adapter(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    assert train(lesson, tmp_path / "1", replace(QUICK, seed=1)).digest != trained.digest


@pytest.mark.parametrize("micro", [1, 4])
def test_the_micro_batch_changes_no_more_than_rounding(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path, micro: int
) -> None:
    from safetensors.torch import load_file

    other = train(lesson, tmp_path / "1", replace(QUICK, micro_batch=micro))
    ours, theirs = (load_file(r.adapter / "adapter_model.safetensors") for r in (trained, other))
    assert [r["loss"] for r in other.log] == pytest.approx([r["loss"] for r in trained.log], rel=1e-3)
    assert max(float((ours[k] - theirs[k]).abs().max()) for k in ours) < 5e-3


def test_the_folder_says_what_it_is(lesson: Lesson, trained: TrainingResult) -> None:
    adapter = read_adapter(trained.adapter)
    assert (adapter.base, adapter.prompt) == (lesson.model.digest, "pruned")
    assert adapter.note["recipe"] == QUICK.to_dict()
    assert adapter.note["train"] == lesson.train.fingerprint
    assert {p.name for p in trained.adapter.parent.iterdir()} == {"adapter", "attempt.json", "log.json", "recipe.yaml"}
    config = json.loads((trained.adapter / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == lesson.model.alias
    assert config["target_modules"] == sorted(config["target_modules"])


def test_the_record_shows_a_row_with_what_is_learned_of_it(lesson: Lesson, trained: TrainingResult) -> None:
    row = json.loads((trained.adapter.parent / "attempt.json").read_text())["sample"]
    example = lesson.train.by_id[row["id"]]
    assert row["learned"] == f"{example.output}<|im_end|>"
    assert row["read"].endswith(f"user\n{example.text}<|im_end|>\n<|im_start|>assistant\n")


def test_a_model_is_asked_with_the_prompt_that_it_was_trained_with(
    lesson: Lesson, trained: TrainingResult, tmp_path: Path
) -> None:
    """Pruned, it reads less: what the gates on tokens and cost then see is what it was trained on."""
    told = train(lesson, tmp_path / "1", replace(QUICK, prompt="zero_shot"))
    read = {}
    for result, prompt in ((trained, "pruned"), (told, "zero_shot")):
        subject = parse_subject(f"adapter:{result.adapter}", lesson.task, lesson.project)
        same = parse_subject(f"base+{prompt}", lesson.task, lesson.project)
        asked = [{a.id: a.prompt_tokens for a in s.answer(lesson.train.examples)} for s in (subject, same)]
        assert asked[0] == asked[1]
        read[prompt] = asked[0]
    assert all(read["pruned"][e.id] < read["zero_shot"][e.id] for e in lesson.train)


def test_only_lora_is_trained_and_never_the_head(trained: TrainingResult) -> None:
    from safetensors.torch import load_file

    names = list(load_file(trained.adapter / "adapter_model.safetensors"))
    assert len(names) == 2 * 7 * 3, "two tensors for each of seven linear layers in three blocks"
    assert all(".lora_" in n and "lm_head" not in n for n in names)


def test_the_log_has_a_row_for_every_step(lesson: Lesson, trained: TrainingResult) -> None:
    assert [r["step"] for r in trained.log] == list(range(1, QUICK.steps(len(lesson.train)) + 1))
    assert trained.log[-1]["epoch"] == QUICK.epochs
    assert set(trained.log[0]) == {"step", "epoch", "loss", "learning_rate", "tokens_per_second", "seconds"}


def test_progress_tells_of_every_step_and_ends_with_nothing_left(lesson: Lesson, tmp_path: Path) -> None:
    heard: list[Progress] = []
    result = lora.train_adapter(lesson.model, lesson.task, lesson.train, QUICK, tmp_path / "1", heard.append)
    assert [p.step for p in heard] == [r["step"] for r in result.log]
    assert heard[0].left > heard[-1].left == 0


def test_a_complete_attempt_is_taken_up_without_training(
    lesson: Lesson, trained: TrainingResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora, "optimize", None)
    again = train(lesson, trained.adapter.parent)
    assert again.reused
    assert again.digest == trained.digest
    assert again.log == trained.log


@pytest.mark.parametrize("tear", ["attempt.json", "log.json", "adapter/adapter_model.safetensors"])
def test_a_torn_attempt_is_made_again(lesson: Lesson, trained: TrainingResult, tmp_path: Path, tear: str) -> None:
    folder = Path(shutil.copytree(trained.adapter.parent, tmp_path / "1"))
    torn = folder / tear
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    again = train(lesson, folder)
    assert not again.reused
    assert again.digest == trained.digest


def test_other_data_is_another_attempt(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained.adapter.parent, tmp_path / "1"))
    other = train(lesson.with_outputs("pink"), folder)
    assert not other.reused
    assert other.digest != trained.digest


def test_a_killed_training_leaves_nothing(lesson: Lesson, tmp_path: Path) -> None:
    def kill(progress: Progress) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lora.train_adapter(lesson.model, lesson.task, lesson.train, QUICK, tmp_path / "1", kill)
    assert list(tmp_path.iterdir()) == []


def test_it_goes_on_from_an_adapter(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    more = train(lesson, tmp_path / "2", replace(QUICK, seed=1), continue_from=trained.adapter)
    assert more.log[-1]["loss"] < trained.log[0]["loss"]
    assert read_adapter(more.adapter).note["continued"] == trained.digest
    assert more.digest != trained.digest


def test_it_goes_on_only_from_the_same_rank(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has rank 4, the recipe says 8"):
        train(lesson, tmp_path / "2", replace(QUICK, rank=8, alpha=16), continue_from=trained.adapter)


def test_it_goes_on_only_from_the_same_base(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    other = replace(lesson, model=replace(lesson.model, digest="0" * 64))
    with pytest.raises(UserError, match="made for another base model"):
        train(other, tmp_path / "2", continue_from=trained.adapter)


def test_it_does_not_go_on_from_a_dora(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained.adapter, tmp_path / "adapter"))
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "use_dora": True}))
    with pytest.raises(UserError, match="is a DoRA, which only the program that made it can train further"):
        train(lesson, tmp_path / "2", continue_from=folder)


def test_it_goes_on_only_with_the_same_chat_template(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    other = replace(lesson, task=replace(lesson.task, template={"enable_thinking": False}))
    with pytest.raises(UserError, match="trained with another chat template"):
        train(other, tmp_path / "2", continue_from=trained.adapter)


def test_an_output_that_the_task_does_not_allow_is_refused_by_name(lesson: Lesson, tmp_path: Path) -> None:
    labels = replace(lesson.task, kind="label", labels=("red", "blue", "green", "white", "black"))
    with pytest.raises(UserError, match=r'example w6, field "output": "yellow" is not one of the 5 labels'):
        train(replace(lesson, task=labels), tmp_path / "1")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    counts = replace(
        lesson.with_outputs(*({"n": i or "none"} for i in range(len(lesson.train)))),
        task=replace(lesson.task, kind="json", schema=schema),
    )
    with pytest.raises(UserError, match=r'example w0, field "output": the output does not match the schema at n'):
        train(counts, tmp_path / "1")


@pytest.mark.parametrize(("many", "says"), [(0, "there is no example"), (1, "there is one example")])
def test_a_train_split_with_nothing_in_common_is_refused(lesson: Lesson, tmp_path: Path, many: int, says: str) -> None:
    few = replace(lesson, train=Split("train", lesson.train.examples[:many]))
    with pytest.raises(UserError, match=f"train.jsonl: {says} to train on"):
        train(few, tmp_path / "1")


def test_what_is_too_long_is_set_aside_and_named(lesson: Lesson, tmp_path: Path) -> None:
    example = Example("long", "word " * 60, "red")
    more = replace(lesson, train=Split("train", (*lesson.train.examples, example)))
    with pytest.raises(UserError, match=r"id long: 1 of 8 training examples have more than 100 tokens"):
        train(more, tmp_path / "1", replace(QUICK, max_length=100))
    result = train(more, tmp_path / "1", replace(QUICK, max_length=100, too_long="set_aside"))
    assert result.notes == ("1 of 8 examples are too long and set aside: long",)


def test_where_no_lower_rate_helps_it_ends_and_says_what_to_set(lesson: Lesson, tmp_path: Path) -> None:
    says = r"(?s)not a number any more at step 2 of 40, at learning rate 2.5e\+09; restarted 2 times.*learning_rate="
    with pytest.raises(UserError, match=says):
        train(lesson, tmp_path / "1", replace(QUICK, learning_rate=1e10, epochs=20, clip=1e6))
    assert list(tmp_path.iterdir()) == []


def test_contradicting_examples_are_noted(lesson: Lesson, tmp_path: Path) -> None:
    first = lesson.train.examples[0]
    doubled = replace(lesson, train=Split("train", (*lesson.train.examples, replace(first, id="z", output="green"))))
    assert train(doubled, tmp_path / "1").notes == ("w0 and z ask the same and expect different outputs",)


def test_golden_is_refused(lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not read golden"):
        train(replace(lesson, train=Split("golden", lesson.train.examples)), tmp_path / "1")


def test_on_attention_alone_no_other_layer_is_trained(lesson: Lesson, trained: TrainingResult, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    recipe = replace(QUICK, targets="attention", epochs=60, learning_rate=0.01, batch=7, micro_batch=7)
    result = train(lesson, tmp_path / "1", recipe)
    ours, everywhere = (set(load_file(r.adapter / "adapter_model.safetensors")) for r in (result, trained))
    assert ours == {name for name in everywhere if ".self_attn." in name}
    assert {name.split(".")[-3] for name in ours} == {"q_proj", "k_proj", "v_proj", "o_proj"}
    subject = parse_subject(f"adapter:{result.adapter}", lesson.task, lesson.project)
    answers = {a.id: a.text for a in subject.answer(lesson.train.examples)}
    assert sum(answers[e.id] == e.output for e in lesson.train) >= 5
    with pytest.raises(UserError, match="has targets attention, the recipe says all-linear"):
        train(lesson, tmp_path / "2", replace(recipe, targets="all-linear"), result.adapter)


def test_a_model_without_attention_by_name_is_refused(base: Any) -> None:
    with pytest.raises(UserError, match="no linear layer that is known as attention's"):
        attention_layers(base.get_input_embeddings())
