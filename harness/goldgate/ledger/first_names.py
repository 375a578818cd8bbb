"""A suite's code with the import names that the first release had, so that its digest outlives the renaming.

The import packages were called harness, trainers and reports; perturb was edge_cases. Whoever rewrites the import lines
of a suite, and the uses of what they bind, asks golden what he asked before: that is no new look.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

_PACKAGES = {"goldgate": "harness", "goldgate_trainers": "trainers", "goldgate_reports": "reports"}
PERTURB = "harness.edge_cases"
"""goldgate.perturb, by its first name."""
_MODULES = {"goldgate.perturb": PERTURB}


def as_first_written(tree: ast.Module) -> ast.Module:
    """The tree as it stood before the renaming; one that was written then is left as it is.

    Renamed are modules in absolute imports, the names that these bind, and attributes that reach a module through them.
    Strings, relative imports and modules of other names are left alone. An alias that says what the import binds anyway
    (`import goldgate as harness`) is dropped.

    Args:
        tree: a module's syntax tree; it is changed.

    Returns:
        The same tree.
    """
    renamed: ast.Module = _FirstNames(_bound_names(tree)).visit(tree)
    return renamed


def taken_from(tree: ast.Module, module: str) -> set[str]:
    """The names that code takes from a module, by import or as attributes.

    Args:
        tree: what `as_first_written` returned.
        module: its dotted name in the first release.

    Returns:
        The names; those of the module itself, not what the code calls them.
    """
    at = _modules_by_name(tree)
    taken: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module == module:
            taken.update(alias.name for alias in node.names)
        if isinstance(node, ast.Attribute) and _dotted(node.value, at) == module:
            taken.add(node.attr)
    return taken


def first_name(name: str) -> str:
    """A dotted name of a module, or of something in one, as the first release had it; any other name unchanged."""
    for new, old in (*_MODULES.items(), *_PACKAGES.items()):
        if name == new or name.startswith(f"{new}."):
            return old + name.removeprefix(new)
    return name


def _bound_names(tree: ast.Module) -> dict[str, str]:
    """The names that imports bind to a renamed module without an alias → what they bound in the first release.

    Not those whose first name the code uses for something else: two suites that ask different things must differ.
    """
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tops = [a.name.partition(".")[0] for a in node.names if a.asname is None]
            names.update({top: _PACKAGES[top] for top in tops if top in _PACKAGES})
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module in _PACKAGES:
            for alias in node.names:
                if alias.asname is None and (first := _imported(node.module, alias.name)) != alias.name:
                    names[alias.name] = first
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}  # edge_cases is a fixture too
    return {new: old for new, old in names.items() if old not in used}


def _imported(module: str, name: str) -> str:
    """What `from module import name` was called."""
    return first_name(f"{module}.{name}").rpartition(".")[2]


def _modules_by_name(tree: ast.Module) -> dict[str, str]:
    """Every name that an absolute import binds → the dotted name of what it binds."""
    at: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                at[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            at.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
    return at


def _dotted(node: ast.expr, at: Mapping[str, str]) -> str | None:
    """The module, or the thing in one, that an expression of dots names; None for any other expression."""
    if isinstance(node, ast.Name):
        return at.get(node.id)
    if isinstance(node, ast.Attribute) and (inner := _dotted(node.value, at)) is not None:
        return f"{inner}.{node.attr}"
    return None


class _FirstNames(ast.NodeTransformer):
    """Renames in place. bound: names in the code → their first names."""

    def __init__(self, bound: Mapping[str, str]) -> None:
        self._bound = bound
        self._at: dict[str, str] = {}

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self._at = _modules_by_name(node)  # before anything is renamed
        self.generic_visit(node)
        return node

    def visit_Import(self, node: ast.Import) -> ast.Import:
        for alias in node.names:
            alias.name = first_name(alias.name)
            _drop_idle(alias)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        if node.level or node.module is None:
            return node
        for alias in node.names:
            alias.name = _imported(node.module, alias.name)
            _drop_idle(alias)
        node.module = first_name(node.module)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.Attribute:
        if (whole := _dotted(node, self._at)) is not None:
            node.attr = first_name(whole).rpartition(".")[2]
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._bound.get(node.id, node.id)
        return node


def _drop_idle(alias: ast.alias) -> None:
    if alias.asname == alias.name:
        alias.asname = None
