"""What a suite's code keeps between calls, so that a scorer that keeps answers for a later slice is noticed.

Plain values count, wherever the project's modules or the scorer itself hold them: in variables, containers, attributes,
defaults and closures. Files, caches of functools and the state of other packages do not.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any

_DEEPEST = 40  # objects inside of each other; deeper ones are not looked into
_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, range)
_HIDDEN = ("@", "__")  # pytest's names in a module, and Python's


def kept_by(function: Any, project: Path) -> dict[str, str]:
    """Digests what a function and the modules of its project keep.

    Args:
        function: The function.
        project: The project's folder.

    Returns:
        Name of a variable, with its module → digest of what it holds.
    """
    found = {f"{getattr(function, '__name__', 'scorer')}, itself": _print([function, *_cells(function)])}
    for name, module in _modules(function, project):
        for key, value in list(module.items()):
            if not key.startswith(_HIDDEN) and not isinstance(value, ModuleType):
                found[f"{key} in {name}"] = _print(value)
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Returns the first variable that two digests differ in; empty if there is none.

    Args:
        before: As `kept_by` gives it.
        after: The same, later.
    """
    return next((name for name in after if before.get(name) != after[name]), "")


def _modules(function: Any, project: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The variables of the project's loaded modules, and of the one that defines a function."""
    root = f"{os.path.realpath(project)}{os.sep}"
    seen: set[int] = set()
    own = getattr(function, "__globals__", {})
    loaded = [vars(m) for m in list(sys.modules.values()) if isinstance(m, ModuleType)]
    for variables in [own, *loaded]:
        file = variables.get("__file__")
        name = str(variables.get("__name__", "")).rpartition(".")[2]
        ours = str(variables.get("__name__", "")).partition(".")[0].startswith("goldgate")
        inside = isinstance(file, str) and _is_inside(file, root)
        if id(variables) not in seen and not ours and (variables is own or inside):
            seen.add(id(variables))
            yield name, variables


@lru_cache(maxsize=16384)  # of thousands of loaded modules few are the project's, and each is asked for every scorer
def _is_inside(file: str, root: str) -> bool:
    return os.path.realpath(file).startswith(root) and "site-packages" not in file


def _print(value: Any) -> str:
    made = hashlib.sha256()
    for part in _parts(value, set(), 0):
        made.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return made.hexdigest()


def _parts(value: Any, seen: set[int], depth: int) -> Iterator[str]:
    """The plain values in a value, in an order that does not depend on where objects lie in memory."""
    kind = type(value)
    yield kind.__qualname__
    if isinstance(value, _PLAIN):
        yield repr(value)
        return
    if id(value) in seen or depth > _DEEPEST or isinstance(value, ModuleType):
        return
    seen.add(id(value))
    if isinstance(value, set | frozenset):
        yield from sorted("".join(_parts(one, set(), depth + 1)) for one in value)
        return
    for inner in _inside(value):
        yield from _parts(inner, seen, depth + 1)


def _inside(value: Any) -> Iterable[Any]:
    """What a container, a function, a class of a project or an object holds."""
    if isinstance(value, Mapping):
        yield from (part for pair in list(value.items()) for part in pair)
    elif isinstance(value, list | tuple) or type(value).__name__ in ("deque", "array"):
        yield from list(value)
    elif callable(getattr(value, "tobytes", None)) and not isinstance(value, type):
        yield value.tobytes()
    elif callable(getattr(value, "getvalue", None)) and not isinstance(value, type):
        yield value.getvalue()
    elif isinstance(value, FunctionType):
        yield from (vars(value), value.__defaults__, value.__kwdefaults__)
        yield from _cells(value)
    elif isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, MethodType | BuiltinMethodType):
        yield value.__self__  # a method of a container holds the container
    if isinstance(value, type):
        yield from (part for name, part in list(vars(value).items()) if not name.startswith("__"))
    else:
        slots = (s for k in type(value).__mro__ for s in _named(getattr(k, "__slots__", ())))
        yield from (getattr(value, name, None) for name in slots if not name.startswith("__"))
        yield from list(getattr(value, "__dict__", {}).items())


def _named(slots: Any) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots


def _cells(function: Any) -> Iterator[Any]:
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a variable that has no value yet
            yield None
