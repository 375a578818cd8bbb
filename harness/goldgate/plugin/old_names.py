"""Suites that import Goldgate by the names of its packages before 0.1.0: one line says what to write instead.

It speaks only of an import that has failed, and only where the names are those that Goldgate had: a project with a
`harness` package of its own imports that, and its other errors are its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

_PACKAGES = {"harness": "goldgate", "trainers": "goldgate_trainers", "reports": "goldgate_reports"}
_MODULES = {"harness.edge_cases": "goldgate.perturb"}
_SINCE = "since 0.1.0"


@dataclass(frozen=True)
class _Import:
    """An import statement of Goldgate by an old name. lines: where it stands, counted from 1; package: the old one;
    today: what to write instead.
    """

    lines: range
    package: str
    today: str


def say_new_name(report: pytest.CollectReport, start: Path) -> None:
    """Shortens a collection error that an old import name has caused to one line; any other report stays as it is.

    Args:
        report: of a test module, or of a folder with a conftest.py.
        start: the folder that pytest was started in; the place is told relative to it.
    """
    call = getattr(report, "call", None)
    excinfo = getattr(call, "excinfo", None)
    if excinfo is not None and (message := new_name(excinfo.value, start)) is not None:
        report.longrepr = message


def new_name(error: BaseException, start: Path) -> str | None:
    """What to say of a failed import.

    Args:
        error: what was raised while a test module or conftest.py was imported.
        start: the folder that pytest was started in.

    Returns:
        File, line and the import to write; None where the error is not that of an old name.
    """
    cause = next((e for e in _chain(error) if isinstance(e, ImportError)), None)
    if cause is None or cause.name is None or (old := cause.name.partition(".")[0]) not in _PACKAGES:
        return None
    place = _place(cause)
    if place is None:
        return None
    path, line = place
    found = next((i for i in _imports(path) if i.package == old and line in i.lines), None)
    if found is None:
        return None
    shown = path.relative_to(start) if path.is_relative_to(start) else path
    what = f"the import package is called {_PACKAGES[old]} {_SINCE}"
    return f"{shown}, line {line}: {what}: write {found.today}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _place(error: ImportError) -> tuple[Path, int] | None:
    """File and line of the import statement that failed; None where it is in no file that can be read."""
    trace, place = error.__traceback__, None
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_file():  # the import system's own frames have no file
            place = path, trace.tb_lineno
        trace = trace.tb_next
    return place


def _imports(path: Path) -> Iterator[_Import]:
    """The imports of Goldgate's old names in a file; other names of a package that is so called are not ours."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _statement(node, alias.name, [], alias.asname)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield from _statement(node, node.module, node.names, None)


def _statement(
    node: ast.Import | ast.ImportFrom, module: str, names: list[ast.alias], asname: str | None
) -> Iterator[_Import]:
    package = module.partition(".")[0]
    if package not in _PACKAGES:
        return
    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    if not names:
        if _exists(today := _today(module)):
            yield _Import(lines, package, f"import {today}" + (f" as {asname}" if asname else ""))
        return
    where, taken = _today(module), []
    for alias in names:
        name = _MODULES.get(f"{module}.{alias.name}", alias.name).rpartition(".")[2]
        if not _provides(where, name):
            return
        taken.append(name + (f" as {alias.asname}" if alias.asname else ""))
    yield _Import(lines, package, f"from {where} import {', '.join(taken)}")


def _today(module: str) -> str:
    """An old module's name today."""
    for old, new in (*_MODULES.items(), *_PACKAGES.items()):
        if module == old or module.startswith(f"{old}."):
            return new + module.removeprefix(old)
    return module


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _provides(module: str, name: str) -> bool:
    """Whether a module of today has that name, or a submodule so called. Read from its source: nothing is imported."""
    if name == "*":
        return _exists(module)
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return False
    if spec is None or spec.origin is None:
        return False
    tree = ast.parse(Path(spec.origin).read_bytes())
    return any(name in _defined(node) for node in tree.body) or _exists(f"{module}.{name}")


def _defined(node: ast.stmt) -> set[str]:
    """The names that a statement of a module defines, those that it imports for type checkers among them."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.If):
        return {name for inner in node.body for name in _defined(inner)}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}
