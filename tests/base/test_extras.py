"""The extras agree with pyproject.toml, and a missing module is reported in one line that names its extra."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest

from goldgate.base.errors import UserError
from goldgate.base.extras import (
    EXTRAS,
    extra_missing,
    extras_named,
    is_installed,
    missing_modules,
    require,
    require_training,
)

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TOLD = "this needs {}, which the light install leaves out. Install it with: pip install 'goldgate[{}]'"
OURS = ("goldgate", "goldgate_trainers", "goldgate_reports")
THROUGH_OTHERS = {"tokenizers", "markupsafe", "referencing", "starlette"}
"""Installed by transformers, jinja2, jsonschema and fastapi."""


def called(requirement: str) -> str:
    """The distribution in a requirement, written like a module name."""
    name = re.split(r"[<>=;\[ ]", requirement, maxsplit=1)[0]
    return {"scikit-learn": "sklearn", "ruamel.yaml": "ruamel"}.get(name, name).replace("-", "_")


def imported() -> dict[str, set[str]]:
    """Top-level module imported by the packages → the files that import it."""
    found: dict[str, set[str]] = {}
    for root in ("harness", "trainers", "reports"):
        for path in (ROOT / root).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    names = [node.module]
                for name in names:
                    found.setdefault(name.partition(".")[0], set()).add(path.name)
    return {name: files for name, files in found.items() if name not in sys.stdlib_module_names and name not in OURS}


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_table_of_extras_is_that_of_pyproject(extra: str) -> None:
    declared = {called(r) for r in PROJECT["optional-dependencies"][extra]} - {"goldgate", "pip"}
    assert set(EXTRAS[extra]) == declared


def test_a_module_stands_with_one_extra_alone() -> None:
    modules = [module for extra in EXTRAS.values() for module in extra]
    assert len(modules) == len(set(modules))


def test_everything_that_is_imported_is_a_dependency_or_of_an_extra() -> None:
    light = {called(r) for r in PROJECT["dependencies"]} | {"_pytest"}
    extras = {module for extra in EXTRAS.values() for module in extra}
    assert set(imported()) - light - extras - THROUGH_OTHERS == set()


def test_every_dependency_and_every_module_of_an_extra_is_imported_somewhere() -> None:
    used = set(imported())
    # Imported by transformers, torch and uvicorn.
    indirectly = {"accelerate", "gguf", "bitsandbytes", "tensorboard", "httptools", "uvloop"}
    declared = {called(r) for r in PROJECT["dependencies"]} | {m for extra in EXTRAS.values() for m in extra}
    assert declared - used - indirectly == set()


def test_dev_brings_all_that_tests_need() -> None:
    whole = " ".join(PROJECT["optional-dependencies"]["dev"])
    assert "goldgate[train,serve,search,optimize]" in whole
    assert "goldgate[data]" in PROJECT["optional-dependencies"]["train"]


def raised(code: str, module: str = "goldgate.somewhere") -> BaseException:
    """The error raised by code in a module of that name."""
    with pytest.raises(ImportError) as caught:
        exec(compile(code, "somewhere.py", "exec"), ModuleType(module).__dict__)
    return caught.value


def test_a_missing_module_is_said_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, extra in (("torch", "train"), ("pandas", "data"), ("optuna", "search"), ("mlflow", "track")):
        monkeypatch.setitem(sys.modules, module, None)
        error = extra_missing(raised(f"import {module}.inner"))
        assert str(error) == TOLD.format(module, extra)
        with pytest.raises(UserError, match=f"this needs {module},"):
            require(module)
        assert module in missing_modules(extra)


def test_what_is_installed_and_broken_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        """An installed package with a missing submodule."""

        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "scipy.sparse._gone":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    assert extra_missing(raised("import scipy.sparse._gone")) is None
    assert extra_missing(raised("from scipy.sparse import nothing")) is None


def test_a_users_own_import_and_a_module_of_no_extra_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert extra_missing(raised("import torch", "their_scorer")) is None
    assert extra_missing(raised("import no_such_module_of_anyone")) is None
    error = raised("import no_such_module_of_anyone")
    with pytest.raises(ModuleNotFoundError) as caught, extras_named():
        raise error
    assert caught.value is error


def test_training_needs_what_writes_its_tables_too(monkeypatch: pytest.MonkeyPatch) -> None:
    require_training()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"needs pyarrow.*goldgate\[train\]"):
        require_training()


def test_installed_is_known_without_an_import() -> None:
    assert is_installed("goldgate")
    assert not is_installed("no_such_module_of_anyone")
    assert "numpy" in packages_distributions()
