"""The source of a suite as syntax trees: which functions it defines, and what its names stand for.

Nothing is imported or executed. Modules of the project that the suite imports are read as well; installed packages are
not.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from goldgate.task.imported import module_file
from goldgate.task.project import files_below

Ran = tuple[str, int]  # a file and the first line of a function in it
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Branch = tuple[tuple[int, int], ...]  # the statements that a definition is inside of, and which alternative of each
_HIDDEN = ("__pycache__", "site-packages", "node_modules")


@dataclass(frozen=True, eq=False)
class Function:
    """A function or method, or a lambda that has a name.

    Attributes:
        module: Its module.
        name: Its name.
        scope: The classes and functions that it is defined in, from the outside.
        line: The line of its `def`.
        first: Its first line, which may be a decorator's.
        node: Its definition.
        owner: The class that it is a method of; None if it is none.
        outer: The function that it is defined in; None if it is in none.
        branch: The alternatives of if, try and match that it is defined in.
    """

    module: Module
    name: str
    scope: tuple[str, ...]
    line: int
    first: int
    node: Definition
    owner: ast.ClassDef | None
    outer: Function | None
    branch: Branch

    @property
    def qualified(self) -> str:
        return ".".join((*self.scope, self.name))

    @property
    def last(self) -> int:
        """Its last line."""
        return self.node.end_lineno or self.line

    @property
    def required(self) -> list[str] | None:
        """The arguments that pytest has to supply; None if it could not call the function."""
        arguments = self.node.args
        named = [*arguments.posonlyargs, *arguments.args]
        static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in self.decorators)
        if self.owner is not None and not static:
            named = named[1:]
        named = named[: len(named) - len(arguments.defaults)] if arguments.defaults else named
        only = [a for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
        return None if any(a in arguments.posonlyargs for a in named) else [a.arg for a in [*named, *only]]

    @property
    def optional(self) -> list[str]:
        """The arguments with a default, which pytest leaves at it."""
        arguments = self.node.args
        named = [*arguments.posonlyargs, *arguments.args]
        with_default = named[len(named) - len(arguments.defaults) :]
        only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        return [a.arg for a in (*with_default, *(a for a, default in only if default is not None))]

    @property
    def decorators(self) -> list[ast.expr]:
        return [] if isinstance(self.node, ast.Lambda) else self.node.decorator_list

    def is_alternative_to(self, other: Function) -> bool:
        """Returns whether at most one of the two is defined, because they are in different branches of a statement."""
        mine, theirs = dict(self.branch), dict(other.branch)
        return any(mine[at] != theirs[at] for at in mine.keys() & theirs.keys())


@dataclass(frozen=True, eq=False)
class Imported:
    """A name that a module imports.

    Attributes:
        module: The module of the project that it is imported from.
        name: Its name there, * for all of its names; None if it is the module itself.
    """

    module: Module
    name: str | None


Meaning = Function | ast.ClassDef | ast.expr | Imported


@dataclass(eq=False)
class Module:
    """A Python file of the project.

    Attributes:
        path: The file.
        sources: The files that it may import from.
    """

    path: Path
    sources: Sources

    @cached_property
    def parsed(self) -> ast.Module | None:
        """Its syntax tree; None if it cannot be read or is not valid Python."""
        try:
            return ast.parse(self.path.read_bytes(), str(self.path))
        except (SyntaxError, ValueError, OSError):
            return None

    @property
    def tree(self) -> ast.Module:
        return self.parsed or ast.Module([], [])

    @cached_property
    def functions(self) -> list[Function]:
        """Its functions and methods, nested ones too, in the order of their definitions."""
        return list(self._functions(self.tree.body, (), None, None, ()))

    def _functions(
        self,
        body: list[ast.stmt],
        scope: tuple[str, ...],
        owner: ast.ClassDef | None,
        outer: Function | None,
        branch: Branch,
    ) -> Iterator[Function]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                made = Function(self, node.name, scope, node.lineno, first, node, owner, outer, branch)
                yield made
                yield from self._functions(node.body, (*scope, node.name), None, made, branch)
            elif isinstance(node, ast.ClassDef):
                yield from self._functions(node.body, (*scope, node.name), node, outer, branch)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Lambda):
                for name in _targets(node):
                    line = node.value.lineno
                    yield Function(self, name, scope, line, line, node.value, owner, outer, branch)
            else:
                for number, inner in alternatives(node):
                    deeper = branch if number is None else (*branch, (id(node), number))
                    yield from self._functions(inner, scope, owner, outer, deeper)

    @cached_property
    def meanings(self) -> dict[str, list[Meaning]]:
        """What each name at the top of the module may stand for; the last meaning is the latest."""
        found: dict[str, list[Meaning]] = {}
        for name, meaning in self._meanings(self.tree.body):
            found.setdefault(name, []).append(meaning)
        return found

    @cached_property
    def _by_node(self) -> dict[ast.AST, Function]:
        return {f.node: f for f in self.functions}

    def _meanings(self, body: list[ast.stmt]) -> Iterator[tuple[str, Meaning]]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, self._by_node[node]
            elif isinstance(node, ast.ClassDef):
                yield node.name, node
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                for name in _targets(node):
                    yield name, self._by_node.get(node.value, node.value)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if (module := self.sources.imported(self, alias.name, 0)) is not None:
                        yield alias.asname or alias.name, Imported(module, None)
            elif isinstance(node, ast.ImportFrom):
                yield from self._imported_from(node)
            else:
                for _, inner in alternatives(node):
                    yield from self._meanings(inner)

    def _imported_from(self, node: ast.ImportFrom) -> Iterator[tuple[str, Meaning]]:
        module = self.sources.imported(self, node.module or "", node.level)
        for alias in node.names:
            dotted = f"{node.module}.{alias.name}" if node.module else alias.name
            below = self.sources.imported(self, dotted, node.level)
            if below is not None:
                yield alias.asname or alias.name, Imported(below, None)
            elif module is not None:
                yield alias.asname or alias.name, Imported(module, alias.name)

    def resolve(self, name: str, seen: frozenset[tuple[Path, str]] = frozenset()) -> list[Meaning]:
        """Finds what a name at the top of the module stands for, through imports from other modules of the project.

        Args:
            name: The name.
            seen: The names that are being resolved, so that modules may import each other.

        Returns:
            Its definitions, imports of whole modules among them; the last is the latest.
        """
        key = (self.path, name)
        if key in seen:
            return []
        found: list[Meaning] = []
        for meaning in [*self.meanings.get("*", []), *self.meanings.get(name, [])]:
            if isinstance(meaning, Imported) and meaning.name is not None:
                found += meaning.module.resolve(name if meaning.name == "*" else meaning.name, seen | {key})
            else:
                found.append(meaning)
        return found

    def stands_for(self, expression: ast.expr) -> list[Meaning]:
        """Finds what a name, or an attribute of an imported module, stands for; nothing for any other expression."""
        if isinstance(expression, ast.Name):
            return self.resolve(expression.id)
        if not isinstance(expression, ast.Attribute) or not isinstance(expression.value, ast.Name):
            return []
        wholes = (found for found in self.resolve(expression.value.id) if isinstance(found, Imported))
        return [inner for whole in wholes for inner in whole.module.resolve(expression.attr)]


@dataclass(eq=False)
class Sources:
    """The Python files of a project that a suite consists of.

    Attributes:
        suite: The suite's folder.
    """

    suite: Path
    _modules: dict[Path, Module] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.suite.parent.parent

    def files(self) -> list[Module]:
        """Returns the modules in the suite's folder, except those that are hidden."""
        found = sorted(p for p in files_below(self.suite) if p.suffix == ".py")
        return [self.module(p) for p in found if not _is_hidden(p.relative_to(self.suite))]

    def above(self) -> list[Module]:
        """Returns the conftest.py files above the suite's folder, up to the project's."""
        return [self.module(p) for f in (self.suite.parent, self.root) if (p := f / "conftest.py").is_file()]

    def module(self, path: Path) -> Module:
        """Returns the module of a file; one object for each file."""
        return self._modules.setdefault(path, Module(path, self))

    def read(self) -> list[Module]:
        """Returns every module that was needed so far."""
        return list(self._modules.values())

    def imported(self, by: Module, name: str, level: int) -> Module | None:
        """Finds the module of the project that an import statement names.

        Args:
            by: The module with the statement.
            name: The dotted name.
            level: The number of leading dots.

        Returns:
            The module; None if the project has none of that name.
        """
        inside = [base for base in map(Path, sys.path) if base.is_relative_to(self.root)]
        path = module_file(name, level, by.path, self.root, inside)
        return None if path is None else self.module(path)


def alternatives(node: ast.stmt) -> Iterator[tuple[int | None, list[ast.stmt]]]:
    """Yields the blocks of a compound statement.

    Args:
        node: The statement.

    Yields:
        A number and the statements of each block. Of blocks with different numbers only one takes effect; a block
        without a number always does.
    """
    if isinstance(node, ast.If):
        yield from ((0, node.body), (1, node.orelse))
    elif isinstance(node, ast.Try | ast.TryStar):
        yield from ((0, node.body), (0, node.orelse), (None, node.finalbody))
        yield from ((number, handler.body) for number, handler in enumerate(node.handlers, 1))
    elif isinstance(node, ast.Match):
        yield from ((number, case.body) for number, case in enumerate(node.cases))
    elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
        yield from ((None, node.body), (None, node.orelse))
    elif isinstance(node, ast.With | ast.AsyncWith):
        yield None, node.body


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    nodes = (node for target in targets for node in ast.walk(target))
    return [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in _HIDDEN for part in path.parts)


@cache
def real(path: str | Path) -> str:
    """Returns a path without symbolic links, by which a file is recognised."""
    return os.path.realpath(path)
