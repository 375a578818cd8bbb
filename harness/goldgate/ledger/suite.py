"""The digest of a suite: its gates' code, the task's rules for answers, and the versions of its scorers."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping, Set
from dataclasses import astuple
from pathlib import Path
from typing import Any

from goldgate import perturb
from goldgate.base.errors import UserError
from goldgate.base.extensions import suite_packages
from goldgate.base.files import read_text
from goldgate.base.fingerprint import digest, text_digest
from goldgate.forgetting import kept
from goldgate.forgetting.other_task import entry_parts
from goldgate.ledger.first_names import PERTURB, as_first_written, taken_from
from goldgate.scored import consistency
from goldgate.scorers import own
from goldgate.task import questions as general
from goldgate.task.allowed_twins import read_allowed
from goldgate.task.examples import COMPUTED, read_card
from goldgate.task.imported import imported_files
from goldgate.task.project import suite_files
from goldgate.task.strata import read_novelty
from goldgate.task.task import Task

_ALWAYS_COUNTED = frozenset(
    {
        "exact_match",
        "json_valid",
        "schema_valid",
        "field_accuracy",
        "label_valid",
        "style_ok",
        "style_score",
        "numbers_kept",
        "similarity",
        "stop_rate",
        "tokens_in",
        "tokens_out",
        "cost_per_1k",
    }
)
"""The scorers of the first release. A later scorer counts only if a suite's code names it: a release that adds scorers
which a suite does not use must not change its digest.
"""

_BESIDE = {
    "under": (perturb,),
    "across": (perturb, consistency),
    "repeated": (consistency,),
    "by": (own,),
    "general": (general,),
    "kept": (kept,),
}
"""Modules other than scorers that affect verdicts, keyed by the word in a suite's code that uses them."""


def suite_digest(task: Task, scorers: Mapping[str, int | str]) -> str:
    """Computes the digest of what a suite asks of golden.

    It covers the files that `suite_files` lists, the project's modules that they import, and everything that task.yaml
    says about answers, gates and references, including what makes a reference weaker or stronger. If the code names a
    novelty stratum, golden's strata count too; so do near-duplicates that are signed off.
    Comments, docstrings and layout do not count, and the digest is the same on every Python version.

    Args:
        task: The task.
        scorers: Name → version. A scorer added after the first release counts only if the code names it; so do the
            versions of perturbations, of consistency, and of the code that calls a user's scorers.

    Returns:
        The digest (64 hex digits).

    Raises:
        UserError: A file of code is broken (the error names the file and line), or novelty.json is needed and is
            missing or out of date.
    """
    code, named = _contents(task)
    prices = (
        task.prices if task.prices and task.prices.of_tokens else None
    )  # the price of the machine affects no verdict
    counted: dict[str, Any] = {n: v for n, v in scorers.items() if n in _ALWAYS_COUNTED or n in named}
    counted |= {word: [module.VERSION for module in modules] for word, modules in _BESIDE.items() if word in named}
    rules = {
        "kind": task.kind,
        "schema": task.schema,
        "fields": {name: rule.model_dump(mode="json") for name, rule in task.fields.items()},
        "labels": list(task.labels),
        "style": task.style.model_dump(mode="json") if task.style else None,
        "gates": task.gates,
        "error": task.error,
        "max_group": task.max_group,
        "prices": prices.model_dump(mode="json", exclude={"machine_hour"}) if prices else None,
        "baselines": list(task.baselines),
        "incumbent": task.incumbent,
        "instructions": task.instructions,
        "model": task.model,
        "template": dict(task.template),
        "decoding": task.decoding.model_dump(mode="json"),
        **({"paraphrases": task.paraphrases} if task.paraphrases != "told" else {}),
        **task.chat,
        **(
            {"must_not_regress": {name: _other(task, name) for name in task.must_not_regress}}
            if task.must_not_regress
            else {}
        ),
    }
    packages = {"packages": found} if (found := _packages(task)) else {}
    return digest({"code": code, "rules": rules, "scorers": counted, **_beside_golden(task, named), **packages})


def _beside_golden(task: Task, named: Set[str]) -> dict[str, Any]:
    """What counts of the files beside the splits: the strata if the code names one, and pairs that are signed off."""
    strata = {"strata": read_novelty(task.data).digest} if _speaks_of_strata(named) else {}
    signed = {"allowed_twins": sorted(map(astuple, allowed))} if (allowed := read_allowed(task.data)) else {}
    return {**strata, **signed}


def _other(task: Task, entry: str) -> list[Any]:
    """Digests what a gate on another task depends on: its files, except its gates and champion, and its dev split.

    Raises UserError if there is no such prepared task.
    """
    name, _ = entry_parts(entry)
    folder = task.folder.parent / name
    files = sorted(
        p
        for p in folder.glob("*")
        if p.is_file() and p.suffix in (".yaml", ".json", ".md", ".jinja") and not p.name.startswith("champion")
    )
    dev = read_card(task.data.parent / name).splits.get("dev", {}).get("fingerprint") if files else None
    if dev is None:
        raise UserError(
            f'"{name}" is not a prepared task of this project',
            f'{task.folder / "task.yaml"}, field "must_not_regress"',
            f"prepare it with `goldgate prepare {name}`",
        )
    return [dev, {p.name: text_digest(p) for p in files}]


def names_strata(task: Task) -> bool:
    """Decides whether a suite's code names a novelty stratum, so that its digest includes them.

    Args:
        task: The task.

    Returns:
        True if a string or name in the code contains `novelty:`.

    Raises:
        UserError: A file of code is broken.
    """
    return _speaks_of_strata(_contents(task)[1])


def named_variations(task: Task) -> tuple[str, ...]:
    """Finds the answer-preserving perturbations that a suite takes from goldgate.perturb.

    The suite's author decides which perturbations are safe for the task.

    Args:
        task: The task.

    Returns:
        Their names in a fixed order; all of them if the suite takes MUST_NOT_CHANGE.
    """
    taken: set[str] = set()
    for path in _code_files(task):
        taken |= taken_from(as_first_written(_parsed(path)), PERTURB)
    return tuple(p.name for p in perturb.MUST_NOT_CHANGE if p.name in taken or "MUST_NOT_CHANGE" in taken)


def _packages(task: Task) -> list[str]:
    """Name and version of every package that the suite imports and that provides scorers or perturbations."""
    imported: set[str] = set()
    for path in _code_files(task):
        imported |= _imported(_parsed(path))
    known = suite_packages() if imported else {}
    return sorted({stamp for module, stamp in known.items() if module in imported})


def _code_files(task: Task) -> list[Path]:
    """The suite's own Python files, then the project's modules that they import."""
    own = [path for path in suite_files(task.folder) if path.suffix == ".py"]
    return [*own, *imported_files(task.folder, _parsed)]


def _imported(tree: ast.AST) -> set[str]:
    """The top-level modules of the code's absolute imports."""
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module and not n.level]
    return {name.partition(".")[0] for name in names}


def _speaks_of_strata(named: Set[str]) -> bool:
    return any(COMPUTED in name for name in named)


def _contents(task: Task) -> tuple[dict[str, Any], set[str]]:
    """The contents of the suite's files and of the modules that they import by path, and the names in its code."""
    named: set[str] = set()
    code = {
        os.path.relpath(p, task.folder): _code(p, named) if p.suffix == ".py" else text_digest(p)
        for p in (*suite_files(task.folder), *imported_files(task.folder, _parsed))
    }
    return code, named


def _parsed(path: Path) -> ast.Module:
    """Parses a file of code. Raises UserError, which names the line, if it is not Python."""
    try:
        return ast.parse(read_text(path))
    except SyntaxError as error:
        raise UserError(f"not valid Python ({error.msg})", f"{path}, line {error.lineno}", "fix the line") from error


def _code(path: Path, named: set[str]) -> Any:
    """A file's code as JSON; adds the names and strings in it, except docstrings, to `named`."""
    tree = _parsed(path)
    idle = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}  # docstrings among them
    for node in ast.walk(tree):
        if id(node) in idle:
            continue
        told = (getattr(node, key, None) for key in ("attr", "id", "name", "value"))
        named.update(name for name in told if isinstance(name, str))
    return _plain(as_first_written(tree))


def _plain(node: Any) -> Any:
    """A syntax tree as JSON without positions, docstrings and the empty fields that some Python versions add."""
    if isinstance(node, list):
        return [_plain(n) for n in node]
    if not isinstance(node, ast.AST):
        # The type is kept with the value: 1, 1.0 and True are different code.
        return node if node is None or isinstance(node, str) else [type(node).__name__, repr(node)]
    parts: dict[str, Any] = {}
    for name, value in ast.iter_fields(node):
        if name in ("ctx", "kind", "type_comment", "type_ignores") or value is None or value == []:
            continue
        parts[name] = _plain(_without_docstring(node, value) if name == "body" else value)
    return [type(node).__name__, parts]


def _without_docstring(node: ast.AST, body: Any) -> Any:
    documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
    if documented and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return body[1:] if isinstance(body[0].value.value, str) else body
    return body
