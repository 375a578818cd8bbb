"""Which function an item stands for by its suite's source, and whether that function ran and compared measures.

A hook or a conftest.py can give an item another function under the same name, call another one in its place, or call
none. Therefore the function is looked up in the source by the item's node id, and its code must start while the item is
called. A test that takes a subject must have compared measures itself, or through functions that it uses by name.
"""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from goldgate.plugin.reach import Reach
from goldgate.plugin.roles import FIXTURES
from goldgate.plugin.sources import Function, Module, Ran, Sources, real

_DEEPEST = 20  # classes above each other; in source that is not valid they may inherit from each other
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


@dataclass(frozen=True)
class Meant:
    """What an item stands for.

    Attributes:
        starts: File and first line of the functions of which one must run; empty if nothing is known of any.
        used: File, first and last line of these functions and of all that they use by name.
        compares: Whether one of these must be executing when the item compares measures.
        unfilled: A subject among its arguments that has a default, so that pytest does not supply it; empty if none is.
    """

    starts: frozenset[Ran] = frozenset()
    used: tuple[tuple[str, int, int], ...] = ()
    compares: bool = False
    unfilled: str = ""

    def compared(self, codes: Iterable[CodeType]) -> bool:
        """Decides whether the item has compared measures itself, if it must.

        Args:
            codes: The code that was executing when its verdicts were recorded.

        Returns:
            False if only other code did, such as a hook.
        """
        if not self.compares:
            return True
        places = [(real(code.co_filename), code.co_firstlineno) for code in codes]
        return any(file == path and first <= line <= last for file, line in places for path, first, last in self.used)


class Meanings:
    """What the items of one suite stand for.

    Args:
        sources: The suite's source.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[tuple[Path, tuple[str, ...]], Meant | None] = {}

    def of(self, item: pytest.Item) -> Meant:
        """Returns what an item stands for.

        Args:
            item: The item. Its node id decides, because that is what its outcome is reported under.

        Returns:
            The functions that its suite's source has under this name; those of the item itself if there are none.
        """
        file, _, rest = item.nodeid.partition("::")
        path = item.config.rootpath / file
        key = path if path.is_file() else item.path, tuple(rest.partition("[")[0].split("::"))
        if key not in self._known:
            functions = _named(self._sources.module(key[0]), key[1])
            self._known[key] = self._meant(functions, item) if functions else None
        of_item = frozenset((real(code.co_filename), code.co_firstlineno) for code in _codes(item))
        return self._known[key] or Meant(of_item)

    def _meant(self, functions: list[Function], item: pytest.Item) -> Meant:
        used = Reach(self._sources).from_tests(functions)
        return Meant(
            frozenset((real(f.module.path), f.first) for f in functions),
            tuple((real(f.module.path), f.first, f.last) for f in used),
            any(_compares(f, item) for f in functions),
            next((name for f in functions for name in f.optional if name in FIXTURES), ""),
        )


def _named(module: Module, names: tuple[str, ...]) -> list[Function]:
    """The functions that a module may have under a name, or under that of a class and a method."""
    if own := [f for f in module.functions if f.qualified == ".".join(names)]:
        return own
    found: list[Function] = []
    for meaning in module.resolve(names[0]):
        if isinstance(meaning, ast.ClassDef):
            found += _inherited(module.sources, meaning, names[-1])
        elif len(names) == 1:
            made = Reach(module.sources).meant(module, meaning)
            found += [*made, *(f for m in {f.module for f in made} for f in m.functions if f.outer in made)]
    return found


def _inherited(sources: Sources, owner: ast.ClassDef, name: str, depth: int = 0) -> list[Function]:
    """The methods of a name that a class has or inherits."""
    home = next((m for m in sources.read() if any(node is owner for node in ast.walk(m.tree))), None)
    if home is None or depth > _DEEPEST:
        return []
    if own := [f for f in home.functions if f.owner is owner and f.name == name]:
        return own
    bases = (b for base in owner.bases for b in home.stands_for(base))
    return [f for b in bases if isinstance(b, ast.ClassDef) for f in _inherited(sources, b, name, depth + 1)]


def _codes(item: pytest.Item) -> Iterator[CodeType]:
    """The code of an item's function, and of what it wraps."""
    function: Any = getattr(item, "function", None)
    while function is not None:
        while isinstance(function, partial):
            function = function.func
        code = getattr(getattr(function, "__func__", function), "__code__", None)
        if isinstance(code, CodeType):
            yield code
        function = getattr(function, "__wrapped__", None)


def _compares(function: Function, item: pytest.Item) -> bool:
    """Whether a test takes a subject as an argument, or something made from one and has a comparison in its code."""
    takes = set(function.required or ())
    if takes & FIXTURES:
        return True
    made: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    seen, left = set[str](), list(takes)
    while left:
        if (name := left.pop()) not in seen:
            seen.add(name)
            left += [asked for definition in made.get(name, ()) for asked in definition.argnames]
    ordered = (n for n in ast.walk(function.node) if isinstance(n, ast.Compare))
    return bool(seen & FIXTURES) and any(isinstance(op, _ORDER) for n in ordered for op in n.ops)


class Watch:
    """Watches for the start of functions.

    Args:
        starts: File and first line of each.

    Attributes:
        seen: Whether one of them has started, or there are none.
    """

    def __init__(self, starts: frozenset[Ran]) -> None:
        self._starts = starts
        self._lines = frozenset(line for _, line in starts)
        self._before: Any = None
        self.seen = not starts

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Context manager in which starts are seen, in this thread and in threads that are started meanwhile.

        A profiler pauses until one is seen. Tracers, such as those of coverage and debuggers, are not touched.
        """
        if self.seen:
            yield
            return
        self._before = sys.getprofile()
        threads = threading.getprofile()
        sys.setprofile(self._saw)
        threading.setprofile(self._saw)
        try:
            yield
        finally:
            threading.setprofile(threads)
            if not self.seen:
                self._restore()

    def _saw(self, frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event != "call" or code.co_firstlineno not in self._lines:
            return
        if not self.seen and (real(code.co_filename), code.co_firstlineno) in self._starts:
            self.seen = True
            if threading.current_thread() is threading.main_thread():
                self._restore()

    def _restore(self) -> None:
        """Gives the profiler back that was active before: a function, or an object that is enabled."""
        sys.setprofile(self._before if callable(self._before) else None)
        if hasattr(self._before, "enable"):
            self._before.enable()
