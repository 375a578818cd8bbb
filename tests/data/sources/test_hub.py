"""Data sets of the Hugging Face hub, from a hub on this machine: at one revision, and never by guessing the files."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.sources import Choices, read_rows

from ..test_incoming import rows

SHA = "a" * 40
Typed = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def hub(files: dict[str, bytes], private: bool = False) -> Iterator[str]:
    """A hub with the data set Ann/pets. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, body: bool) -> None:
            path = self.path.partition("?")[0]
            if private:
                return self.send(401, b'{"error": "log in"}', body, {"X-Error-Code": "GatedRepo"})
            if path.startswith("/api/datasets/Ann/pets"):
                siblings = [{"rfilename": name, "size": len(text)} for name, text in files.items()]
                return self.send(200, json.dumps({"id": "Ann/pets", "sha": SHA, "siblings": siblings}).encode(), body)
            name = path.removeprefix(f"/datasets/Ann/pets/resolve/{SHA}/")
            if name in files:
                mark = {"ETag": hashlib.sha1(files[name]).hexdigest(), "X-Repo-Commit": SHA}
                return self.send(200, files[name], body, mark)
            return self.send(404, b"{}", body, {"X-Error-Code": "RepoNotFound"})

        def send(self, status: int, text: bytes, body: bool, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(text)), **(more or {})}.items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(text)

        def do_GET(self) -> None:
            self.answer(True)

        def do_HEAD(self) -> None:
            self.answer(False)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def init(tmp_path: Path) -> Typed:
    """Types `goldgate init pets --from ..` with a hub at an address, in a process of its own."""

    def typed(address: str, *words: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "PYTEST"))}
        mine = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hf"), "GOLDGATE_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "-m", "goldgate.cli", "init", "pets", "--no-embeddings", *words]
        return subprocess.run(command, cwd=tmp_path, env={**kept, **mine}, capture_output=True, text=True, check=False)

    return typed


def lines(given: Any) -> bytes:
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in given).encode()


def test_a_data_set_is_read_at_one_revision(init: Typed, tmp_path: Path) -> None:
    every = [(row["text"], row["label"]) for row in rows()]
    parts = {f"data/train-0000{n}-of-00002.jsonl": lines(every[n::2]) for n in range(2)}
    with hub({**parts, "README.md": b"# pets", ".gitattributes": b"x", "load.py": b"print(1)"}) as address:
        done = init(address, "--from", "hf:Ann/pets")
    assert done.returncode == 0, done.stderr
    assert f"revision of Ann/pets: {SHA}" in done.stdout
    card = json.loads((tmp_path / "golden" / "pets" / "card.json").read_text())
    assert card["source"] == "hf:Ann/pets"
    assert sum(card["account"]["files"].values()) == len(every)


def test_files_are_named_where_several_could_be_meant(init: Typed, tmp_path: Path) -> None:
    every = [(row["text"], row["label"]) for row in rows()]
    files = {"train.jsonl": lines(every[:200]), "test.jsonl": lines(every[200:]), "other/more.csv": b"a,b\n1,2\n"}
    with hub(files) as address:
        refused = init(address, "--from", "hf:Ann/pets")
        none = init(address, "--from", "hf:Ann/pets:dev*")
        done = init(address, "--from", "hf:Ann/pets:train*", "--golden", f"hf:Ann/pets@{SHA}:test.jsonl")
    assert refused.returncode == 2
    assert "several files of examples: train.jsonl, test.jsonl, other/more.csv" in refused.stderr
    assert "hf:Ann/pets:train.jsonl" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert none.returncode == 2
    assert "there are: train.jsonl" in none.stderr


@pytest.mark.parametrize(("private", "name"), [(True, "hf:Ann/pets"), (False, "hf:Ann/cats")])
def test_a_hub_that_refuses_is_told_in_one_message(init: Typed, private: bool, name: str) -> None:
    with hub({"train.jsonl": b"{}"}, private) as address:
        done = init(address, "--from", name)
    assert done.returncode == 2
    assert "the hub does not give this data set" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_that_cannot_be_reached_is_told_in_one_message(init: Typed) -> None:
    done = init("http://127.0.0.1:9", "--from", "hf:Ann/pets")
    assert done.returncode == 2
    assert "the hub does not give this data set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["hf:", "hf:Ann", "hf:Ann/pets/more", "hf://datasets/x", "hf:../x", "hf:Ann/pets:"])
def test_what_is_no_name_of_a_data_set(name: str) -> None:
    with pytest.raises(UserError, match="not the name of a data set of the hub"):
        read_rows(Path(name), Choices(), Account())
