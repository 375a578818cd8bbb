"""A suite with the current import names has the same digest as with those of the first release."""

from __future__ import annotations

import ast

import pytest

from goldgate.base.fingerprint import digest
from goldgate.ledger.first_names import PERTURB, as_first_written, taken_from

GATE = "\ndef test_it(candidate):\n    assert candidate.exact_match >= 0.9\n"


def code(text: str) -> str:
    """The part of a module that counts: its syntax tree."""
    return ast.dump(as_first_written(ast.parse(text + GATE)))


@pytest.mark.parametrize(
    ("first", "today"),
    [
        ("import harness", "import goldgate"),
        ("import harness as g\ng.Measure\ng.edge_cases.typos", "import goldgate as g\ng.Measure\ng.perturb.typos"),
        ("import harness\nharness.Measure", "import goldgate\ngoldgate.Measure"),
        ("import harness\nharness.Measure", "import goldgate as harness\nharness.Measure"),
        ("import harness\ngetattr(harness, 'Measure')", "import goldgate\ngetattr(goldgate, 'Measure')"),
        ("import harness.edge_cases\nharness.edge_cases.typos", "import goldgate.perturb\ngoldgate.perturb.typos"),
        ("import harness.edge_cases as e\ne.typos", "import goldgate.perturb as e\ne.typos"),
        ("import harness.edge_cases.strategies as s\ns.x", "import goldgate.perturb.strategies as s\ns.x"),
        ("from harness import Measure, scorer", "from goldgate import Measure, scorer"),
        ("from harness import scorer as s", "from goldgate import scorer as s"),
        ("from harness import edge_cases\nedge_cases.typos", "from goldgate import perturb\nperturb.typos"),
        ("from harness import edge_cases\nedge_cases.typos",
         "from goldgate import perturb as edge_cases\nedge_cases.typos"),
        ("from harness import edge_cases as e\ne.typos", "from goldgate import perturb as e\ne.typos"),
        ("from harness import edge_cases, scorer", "from goldgate import perturb, scorer"),
        ("from harness.edge_cases import typos, padding as p", "from goldgate.perturb import typos, padding as p"),
        ("from harness.edge_cases import *", "from goldgate.perturb import *"),
        ("from harness.scorers.own import scorer", "from goldgate.scorers.own import scorer"),
        ("def f():\n    from harness import edge_cases\n    return edge_cases.typos",
         "def f():\n    from goldgate import perturb\n    return perturb.typos"),
        ("import trainers\ntrainers.Recipe()", "import goldgate_trainers\ngoldgate_trainers.Recipe()"),
        ("from trainers import Recipe", "from goldgate_trainers import Recipe"),
        ("from reports import build_report", "from goldgate_reports import build_report"),
    ],
)  # fmt: skip
def test_todays_import_names_ask_what_the_first_ones_asked(first: str, today: str) -> None:
    assert ast.dump(ast.parse(first)) != ast.dump(ast.parse(today))
    assert code(today) == code(first)


@pytest.mark.parametrize(
    "text",
    [
        "import harness\nfrom harness import edge_cases\nedge_cases.typos\nharness.perturb.mine",
        "from harness import perturb\nperturb.mine",
        "import goldgate_x\ngoldgate_x.perturb",
        "from goldgate_x import perturb\nperturb.typos",
        "from . import goldgate\ngoldgate.perturb",
        "from .goldgate import perturb\nperturb.typos",
        "from ..goldgate.perturb import typos",
        "from mine import goldgate\ngoldgate.perturb.typos",
        "x = 'goldgate.perturb'\nimportlib.import_module('goldgate')",
        "candidate.goldgate.perturb",
        "perturb.typos",
        "goldgate.perturb.typos",
        "import goldgatekeeper",
    ],
)
def test_other_names_are_left_alone(text: str) -> None:
    assert code(text) == ast.dump(ast.parse(text + GATE))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from goldgate import perturb\nf(perturb, edge_cases)",
         "from goldgate import perturb\nf(edge_cases, perturb)"),
        ("import harness, goldgate\nharness.a(goldgate.b)", "import harness, goldgate\ngoldgate.a(harness.b)"),
        ("from goldgate import perturb\ndef f(edge_cases): return g(edge_cases, perturb)",
         "from goldgate import perturb\ndef f(edge_cases): return g(edge_cases, edge_cases)"),
        ("from goldgate.perturb import typos", "from goldgate.perturb import padding"),
        ("import goldgate as g", "import goldgate_x as g"),
    ],
)  # fmt: skip
def test_code_that_asks_something_else_stays_different(one: str, other: str) -> None:
    assert code(one) != code(other)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("from goldgate.perturb import typos as t, padding", {"typos", "padding"}),
        ("from goldgate import perturb\nA = perturb.typos", {"typos"}),
        ("from goldgate import perturb as p\nA = p.typos", {"typos"}),
        ("import goldgate\nA = goldgate.perturb.typos", {"typos"}),
        ("import goldgate.perturb as p\nA = [p.typos, p.padding]", {"typos", "padding"}),
        ("from harness import edge_cases\nA = edge_cases.typos", {"typos"}),
        ("perturb = mine\nA = perturb.typos", set()),
        ("from .perturb import typos", set()),
    ],
)
def test_what_code_takes_from_a_module_is_found_under_any_name(text: str, taken: set[str]) -> None:
    assert taken_from(as_first_written(ast.parse(text)), PERTURB) == taken


def test_the_digest_of_a_tree_does_not_depend_on_being_read_twice() -> None:
    tree = as_first_written(ast.parse("from goldgate import perturb\nperturb.typos"))
    once = ast.dump(tree)
    assert digest(ast.dump(as_first_written(tree))) == digest(once)
