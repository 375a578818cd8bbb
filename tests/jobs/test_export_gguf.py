"""`goldgate export --format gguf`: one file for llama.cpp, which answers as what was gated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldgate.base.errors import UserError
from goldgate.engine.llama import LlamaServer
from goldgate.models.gguf_file import write_gguf
from goldgate.subjects import parse_subject

from .conftest import spoken
from .test_export import Shop, Typed, shop

__all__ = ["shop"]


def test_a_gguf_file_answers_as_what_was_gated_with_any_number_of_slots(typed: Typed, shop: Shop) -> None:
    said = spoken(typed, "export", "r1", "--to", "out", "--format", "gguf", "--quant", "f32")["gguf"]
    assert said["prompts"] == {"same": 6, "asked": 6}
    assert {slots: (p["same"], p["near"], p["different"]) for slots, p in said["parity"].items()} == {
        slots: (6, [], []) for slots in ("1", "4", "16")
    }
    assert said["holds"]
    assert shop.texts("gguf:out/model-f32.gguf") == shop.texts(shop.name)


def test_a_lossy_form_needs_its_own_verdict(typed: Typed, shop: Shop) -> None:
    status, out, _ = typed("export", "r1", "--to", "out", "--format", "gguf", "--quant", "q8_0")
    assert status == 0
    assert "q8_0 loses a little: it ships only by a verdict of its own" in out
    assert f"pytest suites/demo --candidate gguf:{(shop.project.root / 'out' / 'model-q8_0.gguf').resolve()}" in out


def test_a_form_is_only_chosen_for_a_gguf_file(typed: Typed, shop: Shop) -> None:
    status, _, err = typed("export", "r1", "--to", "out", "--quant", "f16")
    assert status == 2
    assert "--quant goes with --format gguf" in err


def test_another_content_is_another_subject(typed: Typed, shop: Shop) -> None:
    spoken(typed, "export", "r1", "--to", "out", "--format", "gguf", "--quant", "f32")
    spoken(typed, "export", "r1", "--to", "half", "--format", "gguf", "--quant", "f16")
    one, other = (
        parse_subject(f"gguf:{f}", shop.task, shop.project) for f in ("out/model-f32.gguf", "half/model-f16.gguf")
    )
    assert one.identity != other.identity
    assert one.sampled(1).identity != one.identity


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("config.json", {"model_type": "mamba"}, "mamba with default positions is not an architecture"),
        ("config.json", {"rope_parameters": {"rope_type": "yarn"}}, "llama with yarn positions"),
        ("tokenizer.json", {"pre_tokenizer": {"type": "Whitespace"}}, "not known to be one of llama.cpp's"),
        ("tokenizer.json", {"normalizer": {"type": "NFKC"}}, "not known to be one of llama.cpp's"),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, tiny_llama: Path, file: str, changes: dict[str, object], said: str
) -> None:
    for path in tiny_llama.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    known = json.loads((tmp_path / file).read_text("utf-8"))
    (tmp_path / file).write_text(json.dumps(known | changes), "utf-8")
    with pytest.raises(UserError, match=said):
        write_gguf(tmp_path, tmp_path / "model.gguf", "f32", [0])


def test_a_file_that_is_cut_is_refused(tmp_path: Path, tiny_llama: Path) -> None:
    whole, cut = tmp_path / "whole.gguf", tmp_path / "cut.gguf"
    write_gguf(tiny_llama, whole, "f32", [0])
    cut.write_bytes(whole.read_bytes()[:-1000])
    with pytest.raises(UserError, match=r"llama\.cpp cannot load this model"), LlamaServer(cut, 1, 64):
        pass
