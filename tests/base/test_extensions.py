"""Extensions are found by entry points, imported on request, and identified by package and version."""

from __future__ import annotations

import sys

import pytest

from goldgate.base.errors import UserError
from goldgate.base.extensions import STRATEGIES, extensions

from ..conftest import Install

ENTRY = {STRATEGIES: {"loud": "acme_prompts:loud"}}


def test_an_extension_is_known_by_its_package_before_it_is_imported(install: Install) -> None:
    install("acme_prompts", "1.2", "loud = 7\n", ENTRY)
    found = extensions(STRATEGIES)["loud"]
    assert (found.package, found.version, found.module, found.stamp) == (
        "acme_prompts",
        "1.2",
        "acme_prompts",
        "acme_prompts 1.2",
    )
    assert "acme_prompts" not in sys.modules
    assert found.load() == 7


def test_code_that_cannot_be_imported_is_named_with_its_package(install: Install) -> None:
    install("acme_prompts", "1.2", "1 / 0\n", ENTRY)
    with pytest.raises(UserError, match="acme_prompts:loud cannot be imported: ZeroDivisionError") as caught:
        extensions(STRATEGIES)["loud"].load()
    assert "acme_prompts 1.2" in caught.value.where


def test_one_name_of_two_packages_is_refused(install: Install) -> None:
    install("acme_prompts", "1.2", "loud = 7\n", ENTRY)
    install("other_prompts", "3", "loud = 8\n", {STRATEGIES: {"loud": "other_prompts:loud"}})
    with pytest.raises(UserError, match='two packages provide "loud"'):
        extensions(STRATEGIES)


def test_a_group_that_nobody_adds_to_is_empty() -> None:
    assert extensions("goldgate.nothing") == {}
