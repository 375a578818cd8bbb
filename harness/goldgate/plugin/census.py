"""Which gates a suite has by its source, so that none disappears by a name, a configuration or a hook.

A gate is a function or method that takes a subject fixture, or is called test.., and could be run by pytest: all of its
arguments are fixtures or parameters. It is accounted for if pytest has collected it, if it was executing when a verdict
was recorded, or if a test that is accounted for uses it by name: that makes it a helper. Of a gate that is defined in
several branches of an `if`, `try` or `match`, one is enough.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Set

from goldgate.plugin.reach import Reach, names_in
from goldgate.plugin.roles import FIXTURES
from goldgate.plugin.sources import Function, Imported, Module, Ran, Sources, real

SUBJECTS = FIXTURES | {"edge_case", "edge_cases"}
"""Fixtures of golden suites that only a gate asks for."""
_SET_UP = frozenset(
    {
        *("setup", "setup_method", "setup_class", "setup_function", "setup_module"),
        *("teardown", "teardown_method", "teardown_class", "teardown_function", "teardown_module"),
        *("setUp", "setUpClass", "setUpModule", "tearDown", "tearDownClass", "tearDownModule"),
    }
)
"""What pytest and unittest call around tests."""


class Census:
    """The gates of one suite by its source.

    Args:
        sources: The suite's source.
        fixtures: Every fixture that is known while the suite runs → the fixtures that it requests.
    """

    def __init__(self, sources: Sources, fixtures: Mapping[str, Set[str]]) -> None:
        self._suite = sources.suite
        self._sources = sources
        self._inside = self._sources.files()
        above = self._sources.above()
        self._counted = {id(f): f for m in self._inside for f in [*m.functions, *_brought_in(m)]}
        every = [f for m in [*self._inside, *above] for f in m.functions] + list(self._counted.values())
        requested = {name: set(asks) for name, asks in fixtures.items()}
        for fixture in filter(_is_fixture, every):
            requested.setdefault(_fixture_name(fixture), set()).update(fixture.required or ())
        self._subjects = _closure(SUBJECTS, requested)
        self._available = {"request", *SUBJECTS, *requested} | set().union(*map(_words, self._inside))

    def gates(self) -> list[Function]:
        """Returns the functions and methods that are gates, unless they are accounted for as helpers."""
        return [f for f in self._counted.values() if self._is_gate(f)]

    def missing(self, ran: Iterable[Ran]) -> list[str]:
        """Finds the gates that are not accounted for.

        Args:
            ran: The functions that pytest has collected or that were executing when a verdict was recorded.

        Returns:
            Each with its file and line, and why it is missing if that is known.
        """
        started = set(ran)
        known = [f for m in self._sources.read() for f in m.functions]
        used = Reach(self._sources).from_tests([f for f in known if (real(f.module.path), f.first) in started])
        broken = [f"{self._shown(m)} is not valid Python" for m in self._inside if m.parsed is None]
        gone = [f for f in self.gates() if f not in used and not self._has_alternative(f, used)]
        return broken + [self._told(f) for f in sorted(gone, key=lambda f: (str(f.module.path), f.line))]

    def _is_gate(self, function: Function) -> bool:
        required = function.required
        special = function.name in _SET_UP or (function.name.startswith("__") and function.name.endswith("__"))
        if required is None or special or _is_fixture(function):
            return False
        takes = bool((set(required) | _names_fixtures(function.node)) & self._subjects) or self._injected(function)
        can_run = set(required) <= self._available
        if function.name.startswith("test"):
            return takes or (can_run and function.outer is None)
        return takes and can_run

    def _injected(self, method: Function) -> bool:
        """Whether its class requests a subject, by usefixtures or, as unittest needs it, an autouse fixture."""
        if method.owner is None:
            return False
        if any(_names_fixtures(decorator) & self._subjects for decorator in method.owner.decorator_list):
            return True
        fellows = [f for f in method.module.functions if f.owner is method.owner and _is_fixture(f)]
        return any("autouse" in ast.dump(f.node) and self._subjects & set(f.required or ()) for f in fellows)

    def _has_alternative(self, function: Function, used: Set[Function]) -> bool:
        return any(
            other in used and other.qualified == function.qualified and function.is_alternative_to(other)
            for other in function.module.functions
        )

    def _told(self, function: Function) -> str:
        where = f"{self._shown(function.module)}:{function.line} {function.qualified}"
        for other in function.module.functions:
            again = other.qualified == function.qualified and other.line > function.line
            if again and not function.is_alternative_to(other):
                return f"{where} is defined again in line {other.line}, which replaces it"
        for node in ast.walk(function.module.tree):
            twin = isinstance(node, ast.ClassDef) and function.owner is not None and node.name == function.owner.name
            if twin and node.lineno > function.owner.lineno:  # type: ignore[attr-defined,union-attr]
                return f"{where}: its class is defined again in line {node.lineno}"  # type: ignore[attr-defined]
        return f"{where} did not run"

    def _shown(self, module: Module) -> str:
        base = self._suite if module.path.is_relative_to(self._suite) else self._suite.parent.parent
        return module.path.relative_to(base).as_posix()


def _brought_in(module: Module) -> Iterator[Function]:
    """Functions of other modules that a module of the suite has under a name, or that its classes inherit.

    Of a module that is imported as a whole only what is called test.. counts: the rest may be for other suites.
    """
    for name, meanings in module.meanings.items():
        starred = [
            m.module.resolve(n)
            for m in meanings
            if name == "*" and isinstance(m, Imported)
            for n in m.module.meanings
            if not n.startswith("_")
        ]
        for meaning in [m for found in [module.resolve(name), *starred] for m in found]:
            yield from _brought_by(module, meaning)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                yield from _brought_by(module, base)


def _brought_by(module: Module, meaning: object, depth: int = 0) -> Iterator[Function]:
    if depth > 8:  # names that stand for each other
        return
    if isinstance(meaning, Function):
        yield meaning
    elif isinstance(meaning, ast.ClassDef):
        yield from (f for m in module.sources.read() for f in m.functions if f.owner is meaning)
    elif isinstance(meaning, Imported):
        for f in meaning.module.functions:
            if f.outer is None and (f.name.startswith("test") or "".join(f.scope[:1]).startswith("Test")):
                yield f
    elif isinstance(meaning, ast.Name):
        for found in module.resolve(meaning.id):
            yield from _brought_by(module, found, depth + 1)
    elif isinstance(meaning, ast.Attribute) and isinstance(meaning.value, ast.Name):
        for found in module.resolve(meaning.value.id):
            if isinstance(found, Imported):
                for inner in found.module.resolve(meaning.attr):
                    yield from _brought_by(found.module, inner, depth + 1)


def _names_fixtures(node: ast.AST) -> set[str]:
    """Fixtures that code requests by name, with usefixtures or getfixturevalue."""
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    asked = [c for c in calls if c.func.attr in ("usefixtures", "getfixturevalue")]  # type: ignore[attr-defined]
    return {a.value for call in asked for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}


def _is_fixture(function: Function) -> bool:
    return any(_is_fixture_mark(function.module, d) for d in function.decorators)


def _is_fixture_mark(module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator is pytest's `fixture`, or that of a plugin of pytest, under whatever name it is imported."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    nodes = list(ast.walk(module.tree))
    if isinstance(called, ast.Attribute) and called.attr == "fixture" and isinstance(called.value, ast.Name):
        whole = [a for n in nodes if isinstance(n, ast.Import) for a in n.names if a.name.startswith("pytest")]
        return called.value.id in {a.asname or a.name for a in whole}
    if not isinstance(called, ast.Name):
        return False
    froms = [n for n in nodes if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("pytest")]
    return called.id in {a.asname or a.name for n in froms for a in n.names if a.name == "fixture"}


def _fixture_name(function: Function) -> str:
    """A fixture's name, which its mark may give."""
    for decorator in function.decorators:
        for word in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if word.arg == "name" and isinstance(word.value, ast.Constant):
                return str(word.value.value)
    return function.name


def _closure(start: Set[str], requested: Mapping[str, Set[str]]) -> set[str]:
    """The names in `start`, and every fixture that requests one of them directly or through others."""
    found, grown = set(start), True
    while grown:
        more = {name for name, asks in requested.items() if asks & found} - found
        found |= more
        grown = bool(more)
    return found


def _words(module: Module) -> set[str]:
    """Names in the strings of a module, as parametrize takes them: they may be parameters of its tests."""
    texts = (n.value for n in ast.walk(module.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return {word for text in texts if len(text) < 200 for word in names_in(text)}
