"""Which functions of a suite the tests that ran use by name, directly or through others."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from goldgate.plugin.sources import Function, Imported, Meaning, Module, Sources


def names_in(text: str) -> list[str]:
    """Returns the names in a text that lists nothing but names, separated by commas; empty for any other text."""
    words = [word.strip() for word in text.split(",")]
    return words if all(word.isidentifier() for word in words) else []


class Reach:
    """Follows names from tests to what they stand for.

    A method is used if its class and its name are, wherever they are mentioned: what an object is an instance of cannot
    be seen in its source.

    Args:
        sources: The files of the project.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._used: set[Function] = set()
        self._classes: set[ast.ClassDef] = set()
        self._attributes: set[str] = set()
        self._looked_at: set[ast.AST] = set()

    def from_tests(self, tests: Iterable[Function]) -> set[Function]:
        """Returns the tests and all functions that they use.

        Args:
            tests: The functions that ran.

        Returns:
            These functions, those that they mention by name, and those that are defined inside of any of them.
        """
        waiting = list(tests)
        while waiting:
            while waiting:
                function = waiting.pop()
                if function not in self._used:
                    self._used.add(function)
                    waiting += self._mentioned(function.module, function.node, function.owner)
                    waiting += [f for f in function.module.functions if f.outer is function]
            waiting = [f for f in self._methods() if f not in self._used]
        return self._used

    def _methods(self) -> list[Function]:
        """Methods of the classes in use whose names are mentioned."""
        every = (f for module in self._sources.read() for f in module.functions if f.owner is not None)
        return [f for f in every if f.owner in self._classes and f.name in self._attributes]

    def _mentioned(self, module: Module, node: ast.AST, owner: ast.ClassDef | None = None) -> list[Function]:
        found: list[Function] = []
        if node in self._looked_at:
            return found
        self._looked_at.add(node)
        own = _own_names(node)
        outside = set(_outside(node))
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                if part.id not in own or part in outside:
                    for meaning in module.resolve(part.id)[-1:]:
                        found += self.meant(module, meaning)
            elif isinstance(part, ast.Attribute):
                self._attributes.add(part.attr)
                if isinstance(part.value, ast.Name):
                    found += self._attribute(module, part.value.id, part.attr, owner)
        return found

    def _attribute(self, module: Module, name: str, attribute: str, owner: ast.ClassDef | None) -> list[Function]:
        if name in ("self", "cls") and owner is not None:
            self._classes.add(owner)
            for base in owner.bases:
                self._mentioned(module, base)
            return []
        found: list[Function] = []
        for meaning in module.resolve(name)[-1:]:
            if isinstance(meaning, Imported):
                for inner in meaning.module.resolve(attribute)[-1:]:
                    found += self.meant(meaning.module, inner)
        return found

    def meant(self, module: Module, meaning: Meaning) -> list[Function]:
        """Returns the functions that a meaning of a name mentions: itself, or those in its expression.

        Args:
            module: The module that has the name.
            meaning: What it stands for there.

        Returns:
            The functions; none for a class or a module, whose functions are used only where they are named.
        """
        if isinstance(meaning, Function):
            return [meaning]
        if isinstance(meaning, ast.ClassDef):
            self._classes.add(meaning)
            return []
        return [] if isinstance(meaning, Imported) else self._mentioned(module, meaning)


def _own_names(node: ast.AST) -> set[str]:
    """The names that are a function's own: its arguments, and what it assigns. They hide those of its module."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return set()
    arguments = [a for a in ast.walk(node.args) if isinstance(a, ast.arg)]
    parts = list(ast.walk(node))
    assigned = {p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
    declared = {name for p in parts if isinstance(p, ast.Global) for name in p.names}
    return {a.arg for a in arguments} | (assigned - declared)


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a function's definition that are evaluated where it is defined: decorators and defaults."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        for expression in [*decorators, *defaults]:
            yield from ast.walk(expression)
