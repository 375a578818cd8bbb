"""A report is made from the record alone: no model, no trainer, nothing of torch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

KEPT = Path(__file__).parents[1] / "runs" / "data" / "version_1" / "passed"
SCRIPT = """
import sys
from pathlib import Path
from goldgate_reports import build_report
build_report(Path(sys.argv[1]))
heavy = {"torch", "transformers", "peft", "sentence_transformers", "goldgate_trainers"}
print(sorted(heavy & set(sys.modules)))
"""


def test_a_report_is_written_without_loading_a_model_or_a_trainer(tmp_path: Path) -> None:
    shutil.copytree(KEPT, tmp_path / "run")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "run")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
    assert (tmp_path / "run" / "report.html").is_file()
