"""Looks at the same examples that this ledger does not hold: on other branches, in other tasks, in retired ledgers.

Git is asked for every look that was ever committed on any ref, in the stash, or on a branch whose commits the reflog
still has; other work trees are read as files. What nobody committed, pushed or fetched cannot be found.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import read_json, write_json
from goldgate.base.fingerprint import digest, short
from goldgate.ledger.looks import OUTCOME, Look, locked, look_of, read_looks
from goldgate.task.examples import Example, Split, read_examples

SHARE = 0.1
"""The part of a golden split that another one must hold for the looks at it to count: what a few shared examples tell
about a split is little, and a tenth is more than chance leaves in two splits of their own.
"""
_PATIENCE = 20.0  # seconds for one question to git, so that no history can hold up a run
_LOOK = re.compile(rf"looks/([0-9a-f]{{12}})({re.escape(OUTCOME)}|\.json)\"?$")
_ADDED = "log --all --reflog -m --no-color --no-renames --diff-filter=AM --raw --no-abbrev --format= -- golden"
_Found = dict[str, dict[str, Any]]  # name of a file without its folder → its JSON value


@dataclass(frozen=True)
class Elsewhere:
    """Looks that were found outside of a ledger.

    Attributes:
        files: File name → content, of the looks at shared examples, the looks that they name, and their outcomes.
        note: What could not be searched; empty if everything was.
    """

    files: Mapping[str, Mapping[str, Any]]
    note: str


def example_prints(examples: Iterable[Example]) -> frozenset[str]:
    """Computes a fingerprint of each example by its input and expected output alone.

    Args:
        examples: The examples.

    Returns:
        Eight hex digits for each; ids, tags, groups, case and blanks do not matter.
    """
    return frozenset(digest([_plain(e.text), _plain(e.output)])[:8] for e in examples)


def _plain(value: Any) -> Any:
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def looks_elsewhere(root: Path, folder: Path, golden: Split) -> Elsewhere:
    """Searches for looks at a golden split, or at one that shares a part of its examples, outside of its ledger.

    Args:
        root: The project's folder.
        folder: golden/<task>/looks, which is left out.
        golden: The golden split.

    Returns:
        What was found, and what could not be searched.
    """
    notes: list[str] = []
    trees, found = _from_git(root, notes)
    splits = {golden.fingerprint: example_prints(golden)}
    for tree in (root, *trees):
        for ledger in _ledgers(tree):
            if ledger.resolve() != folder.resolve():
                found = {**found, **_from_files(ledger, notes)}
                splits |= _split_beside(ledger, splits, notes)
    own = splits[golden.fingerprint]

    def shares(look: Mapping[str, Any]) -> bool:
        at = str(look["key"]["golden"])
        prints = frozenset(str(look.get("examples", "")).split()) or splits.get(at, frozenset())
        return at == golden.fingerprint or len(prints & own) >= SHARE * len(own)

    wanted: set[str] = set()
    left = [name for name, look in found.items() if not name.endswith(OUTCOME) and shares(look)]
    while left:
        if (name := left.pop()) not in wanted and name in found:
            wanted.add(name)
            left += [f"{known}.json" for known in found[name]["known"]]
    outcomes = {name.removesuffix(".json") + OUTCOME for name in wanted} & found.keys()
    return Elsewhere({name: found[name] for name in sorted(wanted | outcomes)}, "; ".join(dict.fromkeys(notes)))


def bring_looks(folder: Path, elsewhere: Elsewhere) -> int:
    """Copies looks into a ledger, where they count from now on. The lock of the ledger is taken.

    Args:
        folder: golden/<task>/looks.
        elsewhere: What was found.

    Returns:
        The number of looks that the ledger did not hold.

    Raises:
        UserError: The ledger is locked, or cannot be written.
    """
    new = [name for name in elsewhere.files if not (folder / name).exists()]
    if new:
        with locked(folder):
            for name in new:
                write_json(folder / name, elsewhere.files[name])
    return sum(not name.endswith(OUTCOME) for name in new)


def known_looks(root: Path, folder: Path, golden: Split) -> tuple[Look, ...]:
    """Returns all looks that count at a golden split, those that were found elsewhere included. Nothing is written.

    Args:
        root: The project's folder.
        folder: golden/<task>/looks.
        golden: The golden split.

    Returns:
        The looks of the ledger, then those that the next look will bring into it.

    Raises:
        UserError: A look of the ledger was edited or is missing.
    """
    here = read_looks(folder)
    names = {look.name for look in here}
    found = looks_elsewhere(root, folder, golden).files
    more = {name.removesuffix(".json"): dict(found[name]) for name in found if not name.endswith(OUTCOME)}
    return (*here, *(look_of(name, more[name], new=False) for name in more.keys() - names))


def _ledgers(root: Path) -> Iterator[Path]:
    """The ledgers of a project's tasks, and their retired ones."""
    for task in sorted((root / "golden").glob("*")):
        if not task.name.startswith("."):  # hidden: a copy that was killed
            yield task / "looks"
            yield from sorted((task / "retired").glob("**/looks"))


def _from_files(ledger: Path, notes: list[str]) -> _Found:
    found: _Found = {}
    for path in sorted(ledger.glob("*.json")):
        try:
            content = read_json(path)
        except UserError as error:
            notes.append(f"{path} was not counted ({error.what})")
        else:
            found |= _whole(path.name, content)
    return found


def _whole(name: str, content: Any) -> _Found:
    """A file's content by its name, unless it is a look whose name is not its digest: an edited one proves nothing."""
    if not isinstance(content, dict) or (not name.endswith(OUTCOME) and f"{short(digest(content))}.json" != name):
        return {}
    return {name: content}


def _split_beside(ledger: Path, known: Mapping[str, Any], notes: list[str]) -> dict[str, frozenset[str]]:
    """The fingerprints of the golden split that lies beside a ledger with looks."""
    path = ledger.parent / "golden.jsonl"
    if not path.is_file() or not any(ledger.glob("*.json")):
        return {}
    try:
        split = Split("golden", read_examples(path))
    except UserError as error:
        notes.append(f"looks beside {path} were not compared with this split ({error.what})")
        return {}
    return {} if split.fingerprint in known else {split.fingerprint: example_prints(split)}


def _from_git(root: Path, notes: list[str]) -> tuple[list[Path], _Found]:
    """Other work trees of the repository, and every look that git knows, with its latest outcome."""
    try:
        shallow, _, prefix = _git(root, "rev-parse --is-shallow-repository --show-prefix").partition("\n")
        if shallow == "true":
            notes.append("this is a shallow clone: looks in commits that it lacks are unknown")
        trees = [
            Path(line.removeprefix("worktree ")) / prefix.strip()
            for line in _git(root, "worktree list --porcelain").splitlines()
            if line.startswith("worktree ")
        ]
        blobs: dict[str, str] = {}
        for line in _git(root, _ADDED).splitlines():  # the newest commit comes first
            if named := _LOOK.search(line):
                blobs.setdefault(named[1] + named[2], line.split()[3])
        return [t for t in trees if t.resolve() != root.resolve()], _contents(root, blobs)
    except FileNotFoundError:
        notes.append("git is not installed: looks on other branches are unknown")
    except subprocess.TimeoutExpired:
        notes.append(f"git took more than {_PATIENCE:g} s: looks on other branches are unknown")
    except subprocess.CalledProcessError as error:
        why = (error.stderr or "").strip().split("\n")[0]
        none = "not a git repository" in why
        notes.append(f"{'no git repository' if none else f'git failed ({why})'}: looks on other branches are unknown")
    return [], {}


def _contents(root: Path, blobs: Mapping[str, str]) -> _Found:
    """Reads blobs in one process; git answers each with a line of header, the content and a line break."""
    found: _Found = {}
    said = (
        _git(root, "cat-file --batch", "\n".join(blobs.values())).encode("utf-8", "surrogateescape") if blobs else b""
    )
    for name in blobs:
        head, _, said = said.partition(b"\n")
        if not head.endswith(b" missing"):
            size = int(head.split()[-1])
            raw, said = said[:size], said[size + 1 :]
            try:
                found |= _whole(name, json.loads(raw))
            except ValueError:  # a conflict that was committed: it is no look, and a repaired one is found as well
                continue
    return found


def _git(root: Path, command: str, text: str = "") -> str:
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", "-C", str(root), *command.split()],
        input=text.encode(),
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    out, err = (part.decode("utf-8", "surrogateescape") for part in (done.stdout, done.stderr))
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, out, err)
    return out
