"""Every architecture answers as plain generate does: by our attention where it is right, else plainly, and said so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from goldgate.base.errors import UserError
from goldgate.engine import way as ways
from goldgate.engine.batch import Batch
from goldgate.engine.constrain import JsonGrammar
from goldgate.engine.generate import Generated, Request, generate
from goldgate.engine.labels import choose_labels
from goldgate.engine.loading import Loaded, load_model
from goldgate.engine.reading import mean_logprob
from goldgate.models.template import encode

from ..tiny_models import ARCHITECTURES, PLAIN, tiny

PROMPTS = [[5, 6, 7, 8, 9, *own] for own in ([20], [21, 22, 23, 24], [25, 26])]


def answers(loaded: Loaded, prompts: list[list[int]], new: int) -> list[Generated]:
    made = {i: one for batch in generate(loaded, [Request(p) for p in prompts], new) for i, one in batch}
    return [made[i] for i in range(len(prompts))]


def own_model(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def generated(model: Any, prompt: list[int], new: int, stops: tuple[int, ...]) -> tuple[int, ...]:
    mask = torch.ones(1, len(prompt), dtype=torch.long)
    out = model.generate(
        torch.tensor([prompt]),
        attention_mask=mask,
        max_new_tokens=new,
        do_sample=False,
        eos_token_id=list(stops),
        pad_token_id=0,
    )
    return tuple(out[0, len(prompt) :].tolist())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_answers_as_generate_does(architecture: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path, architecture)
    loaded, model = load_model(folder, architecture), own_model(folder)
    made = answers(loaded, PROMPTS, 8)
    assert [one.tokens for one in made] == [generated(model, p, 8, loaded.stops) for p in PROMPTS]
    assert {one.plain for one in made} == {architecture in PLAIN}


@pytest.mark.parametrize("architecture", ["bloom", "llama"])
def test_labels_are_as_likely_as_the_model_itself_says(architecture: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path, architecture)
    loaded, model = load_model(folder, f"labels of {architecture}"), own_model(folder)
    labels = ["yes", "yellow", "no", "nothing at all"]
    made = {i: one for batch in choose_labels(loaded, PROMPTS, labels) for i, one in batch}
    for i, prompt in enumerate(PROMPTS):
        scores = {}
        for label in labels:
            tokens = [*encode(loaded.tokenizer, [label])[0], *loaded.end]
            with torch.no_grad():
                logits = model(torch.tensor([[*prompt, *tokens]]), use_cache=False).logits[0, len(prompt) - 1 : -1]
            own = torch.log_softmax(logits, -1).gather(1, torch.tensor(tokens)[:, None])
            scores[tuple(tokens)] = float(own.sum())
        best = max(scores, key=scores.__getitem__)
        assert made[i].tokens == best
        assert made[i].logprob * len(best) == pytest.approx(scores[best], abs=1e-3)


def test_a_plain_row_keeps_to_a_schema(tmp_path: Path) -> None:
    loaded = load_model(tiny(tmp_path, "bloom"), "bloom by a schema")
    grammar = JsonGrammar(loaded, {"enum": ["red", "blue"]})
    ((_, made),) = next(generate(loaded, [Request(PROMPTS[0], guide=grammar.start)], 20))
    assert json.loads(loaded.tokenizer.decode(made.tokens[:-1])) in ("red", "blue")
    assert made.plain


def test_a_row_beyond_the_window_of_a_layer_is_answered_plainly(tmp_path: Path) -> None:
    folder = tiny(tmp_path, "mistral", sliding_window=64)
    loaded, model = load_model(folder, "window"), own_model(folder)
    within, beyond = PROMPTS[0], [30 + i for i in range(80)]
    for prompt, plain in ((within, False), (beyond, True), (within, False)):
        (made,) = answers(loaded, [prompt], 8)
        assert made.plain is plain
        assert made.tokens == generated(model, prompt, 8, loaded.stops)


def test_a_broken_engine_is_noticed_and_not_used(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever makes the batch differ from the model's own answers: here positions that are off by one."""
    start = Batch.start

    def shifted(batch: Batch) -> Any:
        batch._places = batch._places + 1 - batch._places.clamp(max=1)
        return start(batch)

    monkeypatch.setattr(Batch, "start", shifted)
    loaded = load_model(tiny_llama, "broken")
    assert not loaded.way.shared
    assert answers(loaded, PROMPTS, 6)[0].tokens == generated(own_model(tiny_llama), PROMPTS[0], 6, loaded.stops)


def test_what_was_found_out_is_kept_by_model_and_versions(
    tmp_path: Path, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = load_model(tiny_llama, "kept", cache=cache)
    load_model.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(ways, "_tried", lambda *_: pytest.fail("tried again"))
        again = load_model(tiny_llama, "kept", cache=cache)
    assert again.way == first.way
    assert answers(again, PROMPTS, 6) != []
    monkeypatch.setattr(ways, "version", lambda name: "another")
    load_model.cache_clear()
    load_model(tiny_llama, "kept", cache=cache)
    assert len(list((cache / "engine").iterdir())) == 2


def test_a_model_whose_logits_are_no_numbers_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny(tmp_path, "llama")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][3] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="logits are not finite numbers"):
        load_model(folder, "nan")


def test_a_token_that_the_model_does_not_have_is_named(tmp_path: Path) -> None:
    loaded = load_model(tiny(tmp_path, "llama", vocab_size=300), "fewer")
    known = loaded.vocabulary
    with pytest.raises(UserError, match=rf"the tokenizer writes token {known}.*the model has only {known}"):
        answers(loaded, [[5, known]], 2)
    with pytest.raises(UserError, match="the tokenizer writes token"):
        list(choose_labels(loaded, [[5]], ["invoice", "total jumps"]))


def test_more_tokens_than_positions_are_one_message(tmp_path: Path) -> None:
    loaded = load_model(tiny(tmp_path, "gpt2", n_positions=64), "short")
    with pytest.raises(UserError, match=r"(?s)more tokens than the model has positions for.*max_new_tokens"):
        answers(loaded, [[7] * 62], 8)


def test_an_answer_ends_where_a_text_of_several_tokens_closes_it(tiny_llama: Path) -> None:
    loaded = load_model(tiny_llama, "closed by a text")
    (free,) = answers(loaded, PROMPTS[:1], 12)
    text = loaded.tokenizer.decode(free.tokens[3:5])
    (made,) = answers(replace(loaded, stops=(), end=free.tokens[3:5], closing=text), PROMPTS[:1], 12)
    assert made.tokens == free.tokens[:5]
    assert made.stopped


@pytest.mark.parametrize("architecture", ["bloom", "llama"])
def test_a_text_that_is_only_read_is_as_likely_as_the_model_itself_says(architecture: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path, architecture)
    ids = torch.tensor([[5, 17, 260, 33, 8, 121]])
    with torch.no_grad():
        logits = own_model(folder)(ids, use_cache=False).logits[0, :-1]
    own = torch.log_softmax(logits, -1).gather(1, ids[0, 1:, None]).mean()
    found = mean_logprob(load_model(folder, f"reading {architecture}"), ids[0].tolist())
    assert found == pytest.approx(float(own), abs=1e-4)
