"""Shared fixtures. No test here reaches a network, and none needs a model that must be downloaded."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import socket
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

import httpcore
import numpy as np
import pytest
from hypothesis import settings

from goldgate.models import embedder
from goldgate.subjects import endpoint
from goldgate.task.examples import Example, Split, card_of, write_card
from goldgate.task.project import Project
from goldgate.task.task import Task, load_task

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# No deadline: no test asserts a time. The same examples in every run, so that a red run is red again;
# `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("same")
LOADED = httpcore
"""Loaded before all tests. pytester forgets what is first imported in a run of its own, and httpx, which loads it when
it connects, would go on to know the errors of another copy.
"""
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of two workers that wait for each other halt both

_MEASURED = 6  # cases of a test
_LONG = ("tests/doors/test_end_to_end.py", "tests/cli/test_default_recipe.py")
"""Tests that take minutes. They come first, so that no worker is left alone with them at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the long tests first, and measures coverage in the first cases of each test: the others run the same code
    with other values.

    A test takes half as long again while it is measured, so what is reported is a lower bound, for the sake of speed.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
    if not config.pluginmanager.hasplugin("_cov"):
        return
    seen: Counter[str] = Counter()
    for item in items:
        name = item.nodeid.partition("[")[0]
        seen[name] += 1
        if seen[name] > _MEASURED:
            item.add_marker(pytest.mark.no_cover)


CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3 = (
    "{% for message in messages %}{{ (bos_token if loop.first else '') + '<|start_header_id|>' + message['role']"
    " + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}"
    "{% endif %}{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n'"
    " + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
THINKING = CHATML.replace(
    "'<|im_start|>assistant\n' }}",
    "'<|im_start|>assistant\n' }}{% if enable_thinking is defined"
    " and not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}{% endif %}",
)
"""As the models that think or not write it: told not to, the prompt ends with a thought that is empty."""


@dataclass(frozen=True)
class Family:
    """How a family of models writes its turns. end: the token that closes one; specials: all that are added; system:
    whether it has that role.
    """

    template: str
    end: str
    specials: tuple[str, ...]
    tokens: dict[str, str]
    system: bool = True


FAMILIES = {
    "chatml": Family(
        CHATML,
        "<|im_end|>",
        ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    ),
    "llama3": Family(
        LLAMA3,
        "<|eot_id|>",
        ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"},
    ),
    "gemma": Family(
        GEMMA,
        "<end_of_turn>",
        ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"),
        {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>"},
        system=False,
    ),
}


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random Llama of 3 layers and a byte-level tokenizer with a ChatML template. Not to be changed."""
    folder = tiny_model(tmp_path_factory.mktemp("tiny_llama"), FAMILIES["chatml"])
    gc.collect()
    gc.freeze()  # torch and transformers are loaded now; each search for garbage would go through them again
    return folder


@pytest.fixture(scope="session", params=sorted(FAMILIES))
def family_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Family, Path]:
    """As tiny_llama, of each family of chat templates."""
    family = FAMILIES[request.param]
    return family, tiny_model(tmp_path_factory.mktemp(request.param), family)


def tiny_model(folder: Path, family: Family) -> Path:
    """Writes a random Llama with the tokenizer and the chat template of a family into the folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)  # a model this small only loses time to threads that wait for each other
    tokenizer = tiny_tokenizer(family)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        initializer_range=0.2,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).float().save_pretrained(folder)
    return folder


def tiny_tokenizer(family: Family) -> Any:
    """A byte-level tokenizer with a few merges, and the tokens and template of a family."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(family.specials),
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    texts = ["the quick invoice jumps over the lazy total", "system user assistant answer"]
    core.train_from_iterator(texts * 20, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=core, chat_template=family.template, **family.tokens)


@dataclass
class ChatServer:
    """An OpenAI-compatible endpoint on this machine. reply: of a request's JSON body, the status, headers and body (it
    may come in pieces), or None to reset the connection; keeps: whether it keeps connections open.
    """

    reply: Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes | list[bytes]] | None]
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keeps: bool = False
    connections: int = 0

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if outer.keeps else "HTTP/1.0"

            def setup(self) -> None:
                super().setup()
                outer.connections += 1

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((dict(self.headers), body))
                outer.paths.append(self.path)
                if (replied := outer.reply(body)) is None:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    return
                status, headers, raw = replied
                pieces = raw if isinstance(raw, list) else [raw]
                self.send_response(status)
                for name, value in {"Content-Length": str(sum(map(len, pieces))), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(ConnectionError):
                    for piece in pieces:
                        self.wfile.write(piece)
                        self.wfile.flush()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def stop(self) -> None:
        """Nothing answers at its address from now on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def completion(text: Any, **more: Any) -> tuple[int, dict[str, str], bytes]:
    """What an endpoint sends for an answer; more: other entries of the object, usage and finish among them."""
    finish = more.pop("finish", "stop")
    whole = {
        "model": "m-2026",
        "system_fingerprint": "fp_1",
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 2},
        **more,
    }
    return 200, {"Content-Type": "application/json"}, json.dumps(whole).encode()


@pytest.fixture
def chat_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ChatServer]]:
    """Starts endpoints of a reply function (default: "yes" to everything); tries follow each other without a wait."""
    for name in ("OPENAI_API_KEY", "GOLDGATE_KEY_LOCALHOST"):
        monkeypatch.delenv(name, raising=False)
    started: list[ChatServer] = []

    def start(reply: Callable[[dict[str, Any]], Any] = lambda body: completion("yes"), **more: Any) -> ChatServer:
        started.append(ChatServer(reply, **more))
        return started[-1]

    monkeypatch.setattr(endpoint, "_pause", lambda over, seconds: None)
    monkeypatch.setattr(endpoint, "ATTEMPTS", 3)
    yield start
    for server in started:
        with suppress(OSError):
            server.stop()


def examples(rows: Iterable[tuple[Any, Any]], prefix: str = "e", **more: Any) -> tuple[Example, ...]:
    """Examples from (input, output) pairs, with ids of the prefix and a number."""
    return tuple(Example(f"{prefix}{i}", text, output, **more) for i, (text, output) in enumerate(rows))


@pytest.fixture(autouse=True)
def word_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for the embedding model, which tests cannot fetch: texts that share words lie close together."""

    def compute(texts: list[str], cache: Path) -> np.ndarray:
        table = np.full((len(texts), embedder.SIZE), 1e-3, np.float32)
        for row, text in zip(table, texts, strict=True):
            for word in text.casefold().split():
                row[int(hashlib.sha256(word.encode()).hexdigest(), 16) % embedder.SIZE] += 1.0
        return table / np.linalg.norm(table, axis=1, keepdims=True)

    monkeypatch.setattr(embedder, "_compute", compute)


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., tuple[Project, Task]]:
    """Writes a task of a project in tmp_path and reads it back: make_task({"kind": ..}, schema, train=[(in, out)])."""

    def make(
        settings: dict[str, Any],
        schema: dict[str, Any] | None = None,
        name: str = "demo",
        **splits: Iterable[tuple[Any, Any]],
    ) -> tuple[Project, Task]:
        project = Project(tmp_path / "project", tmp_path / "cache")
        folder = project.suite(name)
        folder.mkdir(parents=True, exist_ok=True)
        if schema is not None:
            (folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
            settings = {**settings, "schema": "schema.json"}
        whole = {"task": name, "instructions": "Say what it is.", "decoding": {"max_new_tokens": 12}, **settings}
        (folder / "task.yaml").write_text(json.dumps(whole), encoding="utf-8")  # JSON is YAML
        made = {split: Split(split, examples(rows, split[0])) for split, rows in splits.items()}
        write_splits(project, name, made)
        return project, load_task(project, name)

    return make


def write_splits(project: Project, name: str, splits: dict[str, Split]) -> None:
    """Writes JSONL files and their card."""
    folder = project.golden(name)
    folder.mkdir(parents=True, exist_ok=True)
    for split in splits.values():
        lines = [json.dumps({"id": e.id, "input": e.input, "output": e.output, "tags": list(e.tags)}) for e in split]
        (folder / f"{split.name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_card(folder, card_of(name, splits, "by a test", "CC0-1.0", "made up"))


class Install(Protocol):
    """Makes a distribution importable for one test, as pip would install it."""

    def __call__(self, name: str, version: str, code: str, entry_points: dict[str, dict[str, str]]) -> Path: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    def installed(name: str, version: str, code: str, entry_points: dict[str, dict[str, str]]) -> Path:
        site = tmp_path / f"site-{name}-{version}"
        note = site / f"{name}-{version}.dist-info"
        note.mkdir(parents=True)
        (note / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        groups = (f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in e.items()) for group, e in entry_points.items())
        (note / "entry_points.txt").write_text("\n".join(groups))
        module = site / f"{name}.py"
        module.write_text(code)
        monkeypatch.syspath_prepend(site)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return module

    return installed
