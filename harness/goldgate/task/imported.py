"""Finds the modules of a project that a suite's code imports: they say what its gates ask as much as its own files do.

Modules are looked for in places that do not depend on the machine: beside the file that imports, in the folders above
it, and in the folders of the project. What is installed elsewhere is known by its version, not by its code.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from goldgate.task.project import suite_files

_OURS = frozenset({"goldgate", "goldgate_trainers", "goldgate_reports"})
"""Goldgate's own packages: their versions count where they affect a verdict."""
_BY_NAME = frozenset({"import_module", "importorskip", "__import__"})
"""Functions that import the module that their first argument names."""
_NO_CODE = frozenset({"runs", "golden", "node_modules", "site-packages", "__pycache__"})


def imported_files(folder: Path, parse: Callable[[Path], ast.Module]) -> list[Path]:
    """Lists the Python files of a project that a suite's code imports, directly or through each other.

    Args:
        folder: suites/<task>.
        parse: Parses a file.

    Returns:
        The files outside of the suite's own, sorted.
    """
    root = folder.parent.parent
    own = [p for p in suite_files(folder) if p.suffix == ".py"]
    seen, left = {p.resolve() for p in own}, list(own)
    found: list[Path] = []
    while left:
        path = left.pop()
        for name, level in _imports(parse(path)):
            for module in _files(name, level, path, root):
                if module.resolve() not in seen:
                    seen.add(module.resolve())
                    found.append(module)
                    left.append(module)
    return sorted(found)


def module_file(name: str, level: int, by: Path, root: Path, more: Iterable[Path] = ()) -> Path | None:
    """Finds the file of the module that an import names.

    Args:
        name: The dotted name; empty for the package that a relative import is in.
        level: The number of leading dots.
        by: The file with the import.
        root: The project's folder.
        more: Further folders to look in, after the usual ones.

    Returns:
        The file; None if the project has no module of that whole name.
    """
    files = _files(name, level, by, root, more)
    if not files or not name:
        return files[-1] if files else None
    found = files[-1].parent if files[-1].name == "__init__.py" else files[-1].with_suffix("")
    parts = tuple(name.split("."))
    return files[-1] if found.parts[-len(parts) :] == parts else None


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The dotted names of all modules that code may import, each with the level of a relative import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((".".join(filter(None, (node.module, alias.name))), node.level) for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node.func) in _BY_NAME:
            yield from ((text, 0) for text in _texts(node.args[:1]))
        elif isinstance(node, ast.Assign) and any(_called(target) == "pytest_plugins" for target in node.targets):
            yield from ((text, 0) for text in _texts([node.value]))


def _called(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        yield from (n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def _files(name: str, level: int, path: Path, root: Path, more: Iterable[Path] = ()) -> list[Path]:
    """The project's files that importing a name runs: its packages and the module itself; empty if it has none."""
    parts = name.split(".")
    if level:
        return _along(path.parents[level - 1], parts)
    if parts[0] in _OURS or parts[0] in sys.stdlib_module_names:
        return []
    above = [here for here in path.parents if here.is_relative_to(root)]
    inside = sorted(p for p in root.iterdir() if p.is_dir() and p.name not in _NO_CODE and not p.name.startswith("."))
    tried = (_along(start, parts) for start in (*above, *inside, *more) if not (start / "pyvenv.cfg").exists())
    return next(filter(None, tried), [])


def _along(start: Path, parts: list[str]) -> list[Path]:
    """The files of a dotted name below a folder, as far as they exist: its last part may be no module."""
    found: list[Path] = []
    for number, part in enumerate(parts):
        package, module = start / part, start / f"{part}.py"
        if (package / "__init__.py").is_file():
            found.append(package / "__init__.py")
        elif module.is_file():
            return [*found, module]
        elif not package.is_dir() or (number == 0 and len(parts) == 1):
            return found
        start = package
    return found
