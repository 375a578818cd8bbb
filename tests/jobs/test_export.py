"""`goldgate export` on a tiny model: a folder that transformers loads by itself, and that answers as what was gated."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from goldgate.base.files import write_json
from goldgate.engine.loading import forget_models
from goldgate.models.embedded import model_digest
from goldgate.models.template import template_digest
from goldgate.scored.baselines import is_declared
from goldgate.subjects import parse_subject
from goldgate.task.examples import Split
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task
from goldgate_trainers.lora import export

from ..conftest import examples, write_splits
from ..subjects.test_local import train_adapter
from .conftest import spoken

Typed = Callable[..., tuple[int, str, str]]
ALONE = """
import json, sys
from transformers import AutoModelForCausalLM, AutoTokenizer
assert not any(name.split(".")[0] in ("goldgate", "goldgate_trainers", "peft") for name in sys.modules)
folder, asked = sys.argv[1], json.loads(sys.argv[2])
model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
for messages in asked:
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")
    out = model.generate(**ids)[0, ids["input_ids"].shape[1]:]
    print(json.dumps(tokenizer.decode(out, skip_special_tokens=True)))
"""


@dataclass(frozen=True)
class Shop:
    """A project whose run r1 trained an adapter of the tiny model."""

    project: Project
    adapter: Path

    @property
    def task(self) -> Task:
        return load_task(self.project, "demo")

    @property
    def name(self) -> str:
        return f"adapter:{self.adapter.relative_to(self.project.root)}"

    def texts(self, name: str) -> list[str | None]:
        dev = examples([(f"the lazy invoice {i}", "x") for i in range(6)], "d")
        found = {a.id: a.text for a in parse_subject(name, self.task, self.project).answer(dev)}
        return [found[e.id] for e in dev]


@pytest.fixture
def shop(typed: Typed, tmp_path: Path, tiny_llama: Path) -> Shop:
    project = Project(tmp_path, tmp_path / "cache")
    suite = project.suite("demo")
    suite.mkdir(parents=True)
    (suite / "task.yaml").write_text(
        json.dumps(
            {
                "task": "demo",
                "kind": "text",
                "model": str(tiny_llama),
                "instructions": "Say what it is.",
                "decoding": {"max_new_tokens": 12},
            }
        )
    )
    rows = {
        "train": [(f"t{i}", "x") for i in range(4)],
        "dev": [(f"the lazy invoice {i}", "x") for i in range(6)],
        "golden": [("quick", "x")],
    }
    write_splits(project, "demo", {n: Split(n, examples(r, n[0])) for n, r in rows.items()})
    folder = project.runs("demo") / "r1" / "attempts" / "1" / "adapter"
    folder.parent.mkdir(parents=True)
    train_adapter(tiny_llama, folder, model_digest(project.cache, str(tiny_llama)), seed=1)
    made = Shop(project, folder)
    write_json(
        project.runs("demo") / "r1" / "run.json",
        {
            "task": "demo",
            "id": "r1",
            "best": 1,
            "prompted": "base+zero_shot",
            "attempts": [{"k": 1, "subject": made.name, "recipe": {"rank": 4}}],
        },
    )
    return made


def test_the_folder_answers_alone_as_what_was_gated(typed: Typed, shop: Shop) -> None:
    said = spoken(typed, "export", "r1", "--to", "out")
    assert said["parity"] == {
        "split": "dev",
        "same": 6,
        "unanswered": 0,
        "near": [],
        "different": [],
        "tolerance": 0.02,
        "holds": True,
    }
    out = shop.project.root / "out"
    names = {p.name for p in out.iterdir()}
    assert names >= {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "README.md",
        "goldgate.json",
    }
    assert not [n for n in names if n.endswith((".bin", ".pt", ".pkl", ".py"))]
    gated = shop.texts(shop.name)
    assert gated != shop.texts("base+pruned")
    asked = [
        [{"role": "system", "content": "demo"}, {"role": "user", "content": f"the lazy invoice {i}"}] for i in range(6)
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(out), json.dumps(asked)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == gated


def test_the_template_is_the_base_models_to_the_byte(typed: Typed, shop: Shop, tiny_llama: Path) -> None:
    spoken(typed, "export", "r1", "--to", "out")
    for path in (*tiny_llama.glob("tokenizer*"), *tiny_llama.glob("*.jinja")):
        assert (shop.project.root / "out" / path.name).read_bytes() == path.read_bytes()


def test_a_template_of_the_tasks_own_takes_the_base_models_place(typed: Typed, shop: Shop, tiny_llama: Path) -> None:
    from transformers import AutoTokenizer

    suite = shop.project.suite("demo")
    own = AutoTokenizer.from_pretrained(tiny_llama).chat_template.replace("message['role']", "message['role']|upper")
    (suite / "own.jinja").write_text(own)
    settings = json.loads((suite / "task.yaml").read_text())
    (suite / "task.yaml").write_text(json.dumps({**settings, "chat_template": "own.jinja"}))
    note = json.loads((shop.adapter / "goldgate.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    tokenizer.chat_template = own
    write_json(shop.adapter / "goldgate.json", {**note, "template": template_digest(tokenizer, {})})
    assert spoken(typed, "export", "r1", "--to", "out")["parity"]["same"] == 6
    assert AutoTokenizer.from_pretrained(shop.project.root / "out").chat_template == own


def test_the_readme_says_how_it_is_asked_and_that_it_has_not_passed(typed: Typed, shop: Shop, tiny_llama: Path) -> None:
    _, out, _ = typed("export", "r1", "--to", "out")
    assert "it has not passed golden" in out
    text = (shop.project.root / "out" / "README.md").read_text()
    assert text.startswith("---\nlibrary_name: transformers\n")
    assert 'license: "other"' in text
    assert "No golden suite has tested this model." in text
    assert '"content": "{input}"' in text
    for path in (shop.project.root / "out").iterdir():
        if path.suffix in (".json", ".md"):  # where things lay on this machine is nobody's business
            assert str(tiny_llama.parent) not in path.read_text()


def test_the_exported_folder_is_a_subject_known_by_content(typed: Typed, shop: Shop) -> None:
    spoken(typed, "export", "r1", "--to", "out")
    name = f"model:{shop.project.root / 'out'}"
    before = parse_subject(name, shop.task, shop.project).identity
    assert spoken(typed, "evaluate", "demo", "--subject", "model:out")["identity"] == before
    assert not is_declared(shop.task, name)
    path = shop.project.root / "out" / "model.safetensors"
    from safetensors.torch import load_file, save_file

    weights = load_file(path)
    key = next(k for k in weights if k.endswith("o_proj.weight"))
    save_file({**weights, key: weights[key] + 1.0}, path, {"format": "pt"})
    assert parse_subject(name, shop.task, shop.project).identity != before


def test_an_export_that_answers_otherwise_fails(typed: Typed, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "merge_adapter", lambda base, adapter: base)
    status, out, _ = typed("export", "r1", "--to", "out")
    assert status == 1
    assert "parity does not hold: " in out
    assert "differ otherwise: d" in out


def test_a_folder_with_other_things_is_left_alone(typed: Typed, shop: Shop) -> None:
    (shop.project.root / "out").mkdir()
    (shop.project.root / "out" / "thesis.txt").write_text("years of work")
    for more in ((), ("--force",)):
        status, out, err = typed("export", "r1", "--to", "out", *more)
        assert (status, out) == (2, "")
        assert "holds files that are no export of a model" in err
    assert (shop.project.root / "out" / "thesis.txt").read_text() == "years of work"
    (shop.project.root / "out" / "thesis.txt").unlink()
    assert typed("export", "r1", "--to", "out")[0] == 0
    status, _, err = typed("export", "r1", "--to", "out")
    assert (status, "replace it with --force" in err) == (2, True)
    forget_models()
    assert typed("export", "r1", "--to", "out", "--force")[0] == 0
    assert not list(shop.project.root.glob(".*.part"))


@pytest.mark.parametrize(
    ("name", "says"),
    [("demo", "nothing is promoted for demo"), ("dem", '"dem" is neither a task nor a run\n  did you mean "demo"?')],
)
def test_what_cannot_be_exported_is_named(typed: Typed, shop: Shop, name: str, says: str) -> None:
    status, out, err = typed("export", name, "--to", "out")
    assert (status, out) == (2, "")
    assert says in err
    assert not (shop.project.root / "out").exists()


def test_a_champion_is_exported_only_as_what_was_promoted(typed: Typed, shop: Shop, tiny_llama: Path) -> None:
    (shop.project.suite("demo") / "test_gates.py").write_text(
        "def test_stops(candidate):\n    assert candidate.stop_rate >= 0.0\n"
    )
    status, _, err = typed("promote", "r1", "--force", "a test")
    assert status == 0, err
    card = (shop.project.suite("demo") / "champion_card.md").read_text()
    assert "promoted without a pass: a test" in card
    said = spoken(typed, "export", "demo", "--to", "out")
    assert said["parity"]["same"] == 6
    assert "promoted without a pass: a test" in (shop.project.root / "out" / "README.md").read_text()
    train_adapter(tiny_llama, shop.adapter, model_digest(shop.project.cache, str(tiny_llama)), seed=2)
    status, _, err = typed("export", "demo", "--to", "again")
    assert (status, "the adapter there is not the one that was promoted" in err) == (2, True)


def test_a_folder_without_its_note_is_no_subject(typed: Typed, shop: Shop, tiny_llama: Path) -> None:
    status, _, err = typed("evaluate", "demo", "--subject", f"model:{tiny_llama}")
    assert (status, "goldgate.json is missing" in err) == (2, True)
    status, _, err = typed("evaluate", "demo", "--subject", "model:nowhere")
    assert (status, "no such model folder" in err) == (2, True)
