"""An attempt's folder: what is complete is taken up again, and what is torn, edited or another's is made anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.models.adapter import adapter_digest
from goldgate_trainers.lora.attempt_folder import TrainingResult, read_attempt, tidy_config, write_attempt
from goldgate_trainers.lora.recipe import Recipe, from_dict

RECIPE = Recipe(learning_rate=1e-3, batch=8, epochs=4)
LOG = [{"step": i, "loss": 2.0 / i, "learning_rate": 1e-3, "seconds": 2.0 * i} for i in range(1, 5)]
SAMPLE = {"id": "w0", "read": "apple", "learned": "red"}


def made(folder: Path, key: str = "k1", recipe: Recipe = RECIPE, weights: bytes = b"weights") -> Path:
    """A complete attempt, as training leaves it."""
    adapter = folder / "adapter"
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").write_bytes(weights)
    (adapter / "adapter_config.json").write_text(json.dumps({"r": 16, "base_model_name_or_path": "/home/x/model"}))
    write_attempt(folder, key, recipe, LOG, 800, ("a and b ask the same",), SAMPLE)
    return folder


def sure(result: TrainingResult | None) -> TrainingResult:
    assert result is not None
    return result


def test_a_complete_attempt_is_read_back_as_it_was(tmp_path: Path) -> None:
    result = sure(read_attempt(made(tmp_path / "1"), "k1"))
    assert result.adapter == tmp_path / "1" / "adapter"
    assert result.digest == adapter_digest(result.adapter)
    assert (result.seconds, result.tokens, result.tokens_per_second) == (8.0, 800, 100.0)
    assert (result.log, result.notes, result.reused) == (LOG, ("a and b ask the same",), True)


def test_the_recipe_lies_beside_it_for_people_and_is_the_same(tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    recipe = replace(RECIPE, dropout=0.05, seed=7, prompt="zero_shot")
    folder = made(tmp_path / "1", recipe=recipe)
    text = (folder / "recipe.yaml").read_text()
    assert from_dict(dict(YAML().load(text)), "recipe.yaml") == recipe
    assert text.startswith("learning_rate:"), "in the order in which people read it"


def test_a_training_row_is_kept_as_the_model_saw_it(tmp_path: Path) -> None:
    assert json.loads((made(tmp_path / "1") / "attempt.json").read_text())["sample"] == SAMPLE


@given(st.text(max_size=12))
@settings(deadline=None, max_examples=25)
def test_another_key_is_another_attempt(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    folder = made(tmp_path_factory.mktemp("attempt") / "1", key="k1")
    assert (read_attempt(folder, key) is not None) == (key == "k1")


def test_nothing_there_is_nothing(tmp_path: Path) -> None:
    assert read_attempt(tmp_path / "no such folder", "k1") is None
    assert read_attempt(tmp_path, "k1") is None


def edited(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        record = json.loads((folder / "attempt.json").read_text())
        (folder / "attempt.json").write_text(json.dumps(change(record)))

    return edit


TEARS: dict[str, Callable[[Path], Any]] = {
    "no record": lambda f: (f / "attempt.json").unlink(),
    "half a record": lambda f: (f / "attempt.json").write_text((f / "attempt.json").read_text()[:40]),
    "an empty record": lambda f: (f / "attempt.json").write_text(""),
    "a record that is a list": lambda f: (f / "attempt.json").write_text("[]"),
    "a record that is null": lambda f: (f / "attempt.json").write_text("null"),
    "a record of bytes": lambda f: (f / "attempt.json").write_bytes(b"\xff\xfe"),
    "no key": edited(lambda r: {k: v for k, v in r.items() if k != "key"}),
    "no digest": edited(lambda r: {k: v for k, v in r.items() if k != "adapter"}),
    "no notes": edited(lambda r: {k: v for k, v in r.items() if k != "notes"}),
    "notes that are null": edited(lambda r: {**r, "notes": None}),
    "no log": lambda f: (f / "log.json").unlink(),
    "half a log": lambda f: (f / "log.json").write_text((f / "log.json").read_text()[:-20]),
    "no weights": lambda f: (f / "adapter" / "adapter_model.safetensors").unlink(),
    "half of the weights": lambda f: (f / "adapter" / "adapter_model.safetensors").write_bytes(b"wei"),
    "other weights": lambda f: (f / "adapter" / "adapter_model.safetensors").write_bytes(b"weightz"),
    "no configuration": lambda f: (f / "adapter" / "adapter_config.json").unlink(),
    "another configuration": lambda f: (f / "adapter" / "adapter_config.json").write_text('{"r": 8}'),
    "half a configuration": lambda f: (f / "adapter" / "adapter_config.json").write_text('{"r": '),
}


@pytest.mark.parametrize("tear", TEARS, ids=list(TEARS))
def test_a_torn_attempt_counts_as_not_there(tmp_path: Path, tear: str) -> None:
    folder = made(tmp_path / "1")
    TEARS[tear](folder)
    assert read_attempt(folder, "k1") is None


def test_where_the_base_model_lies_is_no_part_of_an_adapter(tmp_path: Path) -> None:
    folder = made(tmp_path / "1")
    config = folder / "adapter" / "adapter_config.json"
    config.write_text(json.dumps({"r": 16, "base_model_name_or_path": "/another/place"}))
    assert read_attempt(folder, "k1") is not None


def test_a_folder_that_was_moved_is_still_complete(tmp_path: Path) -> None:
    folder = made(tmp_path / "1")
    moved = folder.rename(tmp_path / "2")
    assert sure(read_attempt(moved, "k1")).adapter == tmp_path / "2" / "adapter"


def test_an_attempt_without_an_adapter_cannot_be_completed(tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    with pytest.raises((UserError, OSError)):
        write_attempt(tmp_path, "k1", RECIPE, LOG, 800, (), SAMPLE)
    assert not (tmp_path / "attempt.json").exists()


keys = st.text("abcdef_", min_size=1, max_size=6)
entries = st.one_of(
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(max_size=5),
    st.lists(st.text("abc", max_size=3), max_size=4),
    st.lists(st.integers(), max_size=3),
)


def tidied(folder: Path, config: dict[str, Any], alias: str = "tiny") -> str:
    (folder / "adapter_config.json").write_text(json.dumps(config))
    tidy_config(folder, alias)
    return (folder / "adapter_config.json").read_text()


@given(st.dictionaries(keys, entries, max_size=6), st.randoms())
@settings(deadline=None, max_examples=30)
def test_one_configuration_has_one_text_whatever_the_order(
    tmp_path_factory: pytest.TempPathFactory, config: dict[str, Any], random: Any
) -> None:
    """peft writes the targets of a LoRA from a set, in an order that changes from run to run."""
    folder = tmp_path_factory.mktemp("config")
    shuffled = {}
    for key in random.sample(sorted(config), len(config)):
        value = config[key]
        texts = isinstance(value, list) and all(isinstance(v, str) for v in value)
        shuffled[key] = random.sample(value, len(value)) if texts else value
    first, second = tidied(folder, config), tidied(folder, shuffled)
    assert first == second
    kept = json.loads(first)
    assert kept.pop("base_model_name_or_path") == "tiny"
    assert set(kept) == set(config) - {"base_model_name_or_path"}


def test_the_machines_paths_do_not_stay_in_the_configuration(tmp_path: Path) -> None:
    text = tidied(tmp_path, {"base_model_name_or_path": "/home/somebody/models/x", "r": 4}, "smollm2-135m")
    assert "somebody" not in text
    assert json.loads(text) == {"base_model_name_or_path": "smollm2-135m", "r": 4}


def test_tidying_twice_is_tidying_once(tmp_path: Path) -> None:
    once = tidied(tmp_path, {"target_modules": ["v", "q"], "r": 4, "ranks": [3, 1]})
    tidy_config(tmp_path, "tiny")
    assert (tmp_path / "adapter_config.json").read_text() == once
    assert json.loads(once)["ranks"] == [3, 1], "an order of numbers means something"
