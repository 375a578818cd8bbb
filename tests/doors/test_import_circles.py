"""No module of ours imports itself by way of others, at run time or for its types."""

from __future__ import annotations

import pytest

grimp = pytest.importorskip("grimp", reason="comes with import-linter: pip install goldgate[dev]")

PACKAGES = ("goldgate", "goldgate_trainers", "goldgate_reports")


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other, sorted: what is left once nobody that imports or is imported by none
    of the others stands among them.
    """
    reached = {name: _reached(name, imports) for name in imports}
    found = {tuple(sorted(m for m in reached[name] if name in reached[m])) for name in imports if name in reached[name]}
    return [list(circle) for circle in sorted(found)]


def _reached(start: str, imports: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    open_ = [start]
    while open_:
        for name in imports[open_.pop()] - found:
            found.add(name)
            open_.append(name)
    return found


def test_a_circle_is_found_with_all_that_is_on_it() -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a", "e"}, "e": {"e2"}, "e2": set()}
    assert circles(imports) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


@pytest.mark.parametrize("types", [False, True], ids=["run_time", "with_types"])
def test_no_modules_import_each_other_in_a_circle(types: bool) -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=not types, cache_dir=None)
    assert len(graph.modules) > 150
    assert circles({name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}) == []
