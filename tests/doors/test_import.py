"""Importing the package, or running pytest with the plugin, loads nothing heavy."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "peft", "sentence_transformers", "pandas", "scipy", "sklearn", "numpy", "pydantic")


def test_import_goldgate_and_its_plugin_load_nothing_heavy() -> None:
    code = f"import sys, goldgate.plugin; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_measure_stands_alone() -> None:
    from goldgate import Measure, Verdict

    verdict = Measure([1, 1, 1, 0]) >= 0.9
    assert isinstance(verdict, Verdict)
    assert not verdict
