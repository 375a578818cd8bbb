"""Every fault that preflight is for, planted: each is found, and the message names the row or the tensor."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.engine.token_rows import Row, make_rows
from goldgate.prompts import Pruned, ZeroShot
from goldgate.task.task import Decoding
from goldgate_trainers.lora.attempt_folder import TrainingResult
from goldgate_trainers.lora.batches import fitting
from goldgate_trainers.lora.preflight import check_adapter, check_contradictions, check_rows, check_start, remarks

from .conftest import QUICK, Lesson

END = 2  # <|im_end|> of the tiny tokenizer


def check(rows: Sequence[Row], lesson: Lesson, tokenizer: Any, **changes: Any) -> None:
    how = {"strategy": Pruned(lesson.task), "stops": (END,), "vocabulary": 400, **changes}
    check_rows(rows, lesson.train.examples, tokenizer, lesson.task, **how)


def test_sound_rows_pass(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    check(rows, lesson, tokenizer)


def planted(rows: Sequence[Row], **changes: Any) -> list[Row]:
    """The rows with a fault in the third."""
    return [*rows[:2], replace(rows[2], **changes), *rows[3:]]


def test_a_prompt_that_inference_would_not_render(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    with pytest.raises(UserError, match="id w2: the prompt that would be trained"):
        check(planted(rows, tokens=(9, *rows[2].tokens[1:])), lesson, tokenizer)


def test_another_strategy_than_inference_uses(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    with pytest.raises(UserError, match="id w0: the prompt that would be trained"):
        check(rows, lesson, tokenizer, strategy=ZeroShot(lesson.task))


def test_a_row_without_the_token_that_ends_answers(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    with pytest.raises(UserError, match="id w2: the last token that is learned does not end"):
        check(planted(rows, tokens=rows[2].tokens[:-1]), lesson, tokenizer)


def test_an_end_of_turn_that_generation_does_not_stop_at(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    with pytest.raises(UserError, match="id w0: the last token that is learned does not end"):
        check(rows, lesson, tokenizer, stops=(0,))


def test_a_row_with_nothing_to_learn(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    row = rows[2]
    with pytest.raises(UserError, match="id w2: the expected output has no tokens"):
        check(planted(rows, tokens=(*row.tokens[: row.start], END)), lesson, tokenizer)


def test_an_output_with_the_end_token_inside(lesson: Lesson, tokenizer: Any) -> None:
    changed = lesson.with_outputs("red", "blue<|im_end|>green")
    rows = make_rows(tokenizer, lesson.task, Pruned(lesson.task), changed.train.examples)
    with pytest.raises(UserError, match="id w1: the expected output holds what ends answers"):
        check(rows, changed, tokenizer)


def test_a_truncated_answer(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    row = rows[2]
    with pytest.raises(UserError, match="id w2: the expected output does not survive"):
        check(planted(rows, tokens=(*row.tokens[:-2], END)), lesson, tokenizer)


def test_a_token_beyond_the_models_vocabulary(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    with pytest.raises(UserError, match=r"(?s)id w0: token .* is beyond the model's vocabulary of 20"):
        check(rows, lesson, tokenizer, vocabulary=20)


def test_an_empty_train_split(lesson: Lesson, tokenizer: Any) -> None:
    with pytest.raises(UserError, match="no example to train on"):
        check([], lesson, tokenizer)


def test_a_single_example(rows: Sequence[Row], lesson: Lesson, tokenizer: Any) -> None:
    with pytest.raises(UserError, match="one example to train on"):
        check_rows(rows[:1], lesson.train.examples[:1], tokenizer, lesson.task, Pruned(lesson.task), (END,), 400)


def test_what_is_set_aside_is_counted_and_named(rows: Sequence[Row], lesson: Lesson) -> None:
    short = replace(QUICK, max_length=len(rows[2].tokens) - 1, too_long="set_aside")
    kept, long = fitting(rows, short, context=4096)
    examples = [e for e in lesson.train if e.id in {r.id for r in kept}]
    (note,) = remarks(kept, long, examples, lesson.task, Pruned(lesson.task))
    assert note == f"{len(long)} of 7 examples are too long and set aside: {', '.join(r.id for r in long)}"
    assert "w2" in note


def test_an_answer_that_decoding_would_cut_is_named(rows: Sequence[Row], lesson: Lesson) -> None:
    longest = max(len(r.tokens) - r.start for r in rows)
    tight = replace(lesson.task, decoding=Decoding(max_new_tokens=longest - 1, max_prompt_tokens=rows[0].start))
    notes = remarks(rows, [], lesson.train.examples, tight, Pruned(lesson.task))
    assert notes[0].endswith("could not be answered whole: w6")
    assert notes[1].endswith("would not be answered: w3, w5")
    roomy = replace(lesson.task, decoding=Decoding(max_new_tokens=longest))
    assert remarks(rows, [], lesson.train.examples, roomy, Pruned(lesson.task)) == []


def test_one_prompt_with_two_answers_is_named(lesson: Lesson) -> None:
    first = lesson.train.examples[0]
    examples = [*lesson.train, replace(first, id="again"), replace(first, id="other", output="green")]
    assert check_contradictions(examples, Pruned(lesson.task)) == [("w0", "other")]


def lora(base: Any, **settings: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    return get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", **settings))


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
class TestModel:
    """Faults of models and adapters."""

    def test_a_fresh_lora_passes(self, base: Any, rows: Sequence[Row]) -> None:
        check_start(lora(base), rows[0], fresh=True)

    def test_a_lora_that_changes_the_model_before_the_first_step(self, base: Any, rows: Sequence[Row]) -> None:
        model = lora(base, init_lora_weights=False)
        with pytest.raises(UserError, match=r"(?s)a fresh LoRA already changes.*row w0"):
            check_start(model, rows[0], fresh=True)
        check_start(model, rows[0], fresh=False)

    def test_an_architecture_that_changes_its_logits_after_the_head(self, base: Any, rows: Sequence[Row]) -> None:
        forward = type(base).forward

        def scaled(*args: Any, **kwargs: Any) -> Any:
            out = forward(base, *args, **kwargs)
            out.logits = out.logits / 4
            return out

        base.forward = scaled
        with pytest.raises(UserError, match=r"(?s)differ from the model's own.*row w0"):
            check_start(lora(base), rows[0], fresh=True)

    def test_a_base_with_nan(self, base: Any, rows: Sequence[Row]) -> None:
        base.get_input_embeddings().weight.data.fill_(float("nan"))
        with pytest.raises(UserError, match="not finite"):
            check_start(lora(base), rows[0], fresh=False)

    def test_the_adapter_that_was_written_passes(self, base: Any, rows: Sequence[Row], trained: TrainingResult) -> None:
        check_adapter(reloaded(base, trained.adapter), trained.adapter, rows[0], "here")

    def test_an_adapter_that_is_not_finite(self, base: Any, rows: Sequence[Row], broken: Path) -> None:
        model = reloaded(base, broken)
        rewrite(broken, lambda name, t: t.fill_(float("nan")) if "layers.1.mlp.up_proj.lora_A" in name else t)
        with pytest.raises(UserError, match=r"(?s)1 tensors .* not finite, first .*up_proj.lora_A"):
            check_adapter(model, broken, rows[0], "here")

    def test_an_adapter_that_changes_nothing(self, base: Any, rows: Sequence[Row], broken: Path) -> None:
        model = reloaded(base, broken)
        rewrite(broken, lambda name, t: t.zero_() if "lora_B" in name else t)
        with pytest.raises(UserError, match="every lora_B is still zero"):
            check_adapter(model, broken, rows[0], "here")

    def test_an_adapter_with_a_tensor_missing(self, base: Any, rows: Sequence[Row], broken: Path) -> None:
        model = reloaded(base, broken)
        rewrite(broken, lambda name, t: None if "layers.0.self_attn.q_proj.lora_B" in name else t)
        with pytest.raises(UserError, match=r"(?s)do not match; the first is .*q_proj.lora_B"):
            check_adapter(model, broken, rows[0], "here")

    def test_an_adapter_that_reads_back_differently(self, base: Any, rows: Sequence[Row], broken: Path) -> None:
        model = reloaded(base, broken)
        rewrite(broken, lambda name, t: t * 1.5 if "lora_B" in name else t)
        with pytest.raises(UserError, match="answers differently from the one in memory"):
            check_adapter(model, broken, rows[0], "here")


def reloaded(base: Any, adapter: Path) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(base, str(adapter))


@pytest.fixture
def broken(trained: TrainingResult, tmp_path: Path) -> Path:
    """A copy of the trained adapter, for a test to break."""
    return Path(shutil.copytree(trained.adapter, tmp_path / "adapter"))


def rewrite(folder: Path, change: Any) -> None:
    """Changes an adapter's tensors on disk; None takes one out."""
    from safetensors.torch import load_file, save_file

    path = folder / "adapter_model.safetensors"
    tensors = {name: change(name, t) for name, t in load_file(path).items()}
    save_file({name: t for name, t in tensors.items() if t is not None}, path)
