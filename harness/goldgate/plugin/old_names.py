"""Explains in one line how to rewrite a suite that imports Goldgate by its package names from before 0.1.0.

Only imports that have failed, and only of names that Goldgate once had, are explained. A project may have a `harness`
package of its own, whose errors stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from goldgate.plugin.failed_import import failed_import

_PACKAGES = {"harness": "goldgate", "trainers": "goldgate_trainers", "reports": "goldgate_reports"}
_MODULES = {"harness.edge_cases": "goldgate.perturb"}
_SINCE = "since 0.1.0"


@dataclass(frozen=True)
class _Import:
    """An import statement of Goldgate by an old name.

    Attributes:
        lines: Its lines, counted from 1.
        package: The old package.
        today: What to write instead.
    """

    lines: range
    package: str
    today: str


def new_name(error: BaseException, start: Path) -> str | None:
    """Explains a failed import.

    Args:
        error: The error that importing a test module or conftest.py has raised.
        start: The folder that pytest was started in.

    Returns:
        File, line and the import to write; None if the error is not about an old name.
    """
    failed = failed_import(error)
    if failed is None or failed.package not in _PACKAGES:
        return None
    found = next((i for i in _imports(failed.path) if i.package == failed.package and failed.line in i.lines), None)
    if found is None:
        return None
    what = f"the import package is called {_PACKAGES[failed.package]} {_SINCE}"
    return f"{failed.shown(start)}: {what}: write {found.today}"


def _imports(path: Path) -> Iterator[_Import]:
    """The imports of Goldgate's old names in a file; other names from a package called the same are not ours."""
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
    """The current name of an old module."""
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
    """Whether a current module defines the name or has a submodule called that, read from source without importing."""
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
    """The names that a statement of a module defines, including imports under `if TYPE_CHECKING`."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.If):
        return {name for inner in node.body for name in _defined(inner)}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}
