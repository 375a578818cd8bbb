"""How the code hangs together: rooms, arrows between them, and circles of imports.

    python benchmarks/structure.py                                  # this checkout
    python benchmarks/structure.py --path . harness trainers reports    # a checkout of commit 09a3dfc, before the move

A room is a package, or a module that lies loose beside packages in a top-level package. An arrow is a pair of rooms of
which one imports from the other, however often. A circle is a set of modules that all import each other, directly or
not. Imports for type checking alone count, since a reader follows them too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

PACKAGES = ("goldgate", "goldgate_trainers", "goldgate_reports")
ROOTS = ("harness", "trainers", "reports")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    parser.add_argument("--path", nargs="*", default=[str(Path(__file__).parents[1] / root) for root in ROOTS])
    asked = parser.parse_args()
    sys.path[:0] = asked.path
    import grimp

    graph = grimp.build_graph(*asked.packages, cache_dir=None)
    modules = sorted(graph.modules)
    arrows = {
        (_room(a, modules), _room(b, modules)) for a in modules for b in graph.find_modules_directly_imported_by(a)
    }
    arrows = {(a, b) for a, b in arrows if a != b}
    rooms = {_room(m, modules) for m in modules}
    print(f"{len(modules)} modules, {len(rooms)} rooms, {len(arrows)} arrows")
    circles = _circles({m: graph.find_modules_directly_imported_by(m) for m in modules})
    print(f"{len(circles)} circles of imports between modules")
    for circle in circles:
        print(f"  {len(circle)}: {', '.join(sorted(circle))}")
    between = _circles({room: {b for a, b in arrows if a == room} for room in rooms})
    print(f"{len(between)} circles between rooms")
    for circle in between:
        print(f"  {len(circle)}: {', '.join(sorted(circle))}")


def _room(module: str, modules: list[str]) -> str:
    """The innermost package that holds a module; a module directly below a top-level package is a room of its own."""
    has_children = any(m.startswith(f"{module}.") for m in modules)
    if has_children or module.count(".") < 2:
        return module
    return module.rpartition(".")[0]


def _circles(edges: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected components with more than one member (Tarjan 1972), largest first."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    found: list[set[str]] = []

    def visit(start: str) -> None:
        index[start] = low[start] = len(index)
        path.append(start)
        for other in sorted(edges.get(start, ())):
            if other not in index:
                visit(other)
                low[start] = min(low[start], low[other])
            elif other in path:
                low[start] = min(low[start], index[other])
        if low[start] == index[start]:
            component = set(path[path.index(start) :])
            del path[path.index(start) :]
            if len(component) > 1:
                found.append(component)

    sys.setrecursionlimit(10_000)
    for name in sorted(edges):
        if name not in index:
            visit(name)
    return sorted(found, key=len, reverse=True)


if __name__ == "__main__":
    main()
