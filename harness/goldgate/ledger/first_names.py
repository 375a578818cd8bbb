"""Rewrites a suite's code to the import names of the first release, so that renaming imports keeps its digest.

The import packages used to be called harness, trainers and reports, and perturb was edge_cases. A suite whose imports
are updated, together with the uses of the imported names, still asks golden the same thing and must not cost a new
look.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

_PACKAGES = {"goldgate": "harness", "goldgate_trainers": "trainers", "goldgate_reports": "reports"}
PERTURB = "harness.edge_cases"
"""The name of goldgate.perturb in the first release."""
_MODULES = {"goldgate.perturb": PERTURB}


def as_first_written(tree: ast.Module) -> ast.Module:
    """Rewrites a syntax tree to the names of the first release. Code that already uses them is unchanged.

    Modules in absolute imports are renamed, as are the names that these imports bind and the attributes that reach a
    module through them. Strings, relative imports and other modules are left alone. An alias that has become redundant
    (`import goldgate as harness`) is dropped.

    Args:
        tree: A module's syntax tree; it is modified in place.

    Returns:
        The same tree.
    """
    renamed: ast.Module = _FirstNames(_bound_names(tree)).visit(tree)
    return renamed


def taken_from(tree: ast.Module, module: str) -> set[str]:
    """Finds the names that code takes from a module, by import or as attributes.

    Args:
        tree: The result of `as_first_written`.
        module: Dotted name of the module in the first release.

    Returns:
        The names as the module defines them, not their aliases in the code.
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
    """Translates a dotted name to the first release.

    Args:
        name: Name of a module or of an object in one.

    Returns:
        Its name in the first release; a name outside the renamed packages is unchanged.
    """
    for new, old in (*_MODULES.items(), *_PACKAGES.items()):
        if name == new or name.startswith(f"{new}."):
            return old + name.removeprefix(new)
    return name


def _bound_names(tree: ast.Module) -> dict[str, str]:
    """Names that imports bind to a renamed module without an alias → the names that they bound in the first release.

    Names whose old form the code uses for something else are left out: suites that differ must keep different digests.
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
    used |= {
        node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)
    }  # edge_cases is also the name of a fixture
    return {new: old for new, old in names.items() if old not in used}


def _imported(module: str, name: str) -> str:
    """The name that `from module import name` had in the first release."""
    return first_name(f"{module}.{name}").rpartition(".")[2]


def _modules_by_name(tree: ast.Module) -> dict[str, str]:
    """Name bound by an absolute import → dotted name of the object."""
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
    """The module or the object in it that a dotted expression refers to; None for any other expression."""
    if isinstance(node, ast.Name):
        return at.get(node.id)
    if isinstance(node, ast.Attribute) and (inner := _dotted(node.value, at)) is not None:
        return f"{inner}.{node.attr}"
    return None


class _FirstNames(ast.NodeTransformer):
    """Renames in place; `bound` maps names in the code to their names in the first release."""

    def __init__(self, bound: Mapping[str, str]) -> None:
        self._bound = bound
        self._at: dict[str, str] = {}

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self._at = _modules_by_name(node)  # must be read before anything is renamed
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
