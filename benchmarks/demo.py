"""Where the demo's time goes, its peak memory, and how long a second gate run takes.

    python benchmarks/demo.py [voice|tickets|invoices] [--folder FOLDER] [--regenerate]

Runs `goldgate demo` and then `pytest suites/TASK` from the recorded answers, and prints a table. The models must be in
the cache already (a first demo fetches them), so that no download is timed. The machine's rate is measured before and
after: where the two differ, something else ran beside.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from goldgate.base.hardware import matmul_gflops

BUDGET_MINUTES = 12.0  # of voice as a whole, on a machine of 150 GFLOP/s without bf16
BUDGET_GIB = 5e9 / 2**30  # peak memory
REFERENCE = 150.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("task", nargs="?", default="voice")
    arguments.add_argument("--folder", type=Path, default=None)
    arguments.add_argument("--regenerate", action="store_true")
    asked = arguments.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="goldgate-demo-")) / "demo"
    before = matmul_gflops()
    started = time.perf_counter()
    demo = [sys.executable, "-m", "goldgate.cli", "demo", asked.task, "--folder", str(folder), "--json"]
    demo += ["--regenerate"] if asked.regenerate else []
    done = subprocess.run(demo, stdout=subprocess.PIPE, text=True, check=False)
    whole = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise SystemExit(done.returncode)
    said = json.loads(done.stdout)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    rate = (before + matmul_gflops()) / 2
    record = json.loads((folder / "runs" / asked.task / said["run"] / "run.json").read_text())
    for step in record["steps"]:
        print(f"{step['seconds']:8.1f} s  {step['name']}")
    budget = f" (budget {BUDGET_MINUTES:.0f})" if asked.task == "voice" else ""
    print(
        f"{whole:8.1f} s  in all: {whole / 60:.1f} min at {rate:.0f} GFLOP/s ({before:.0f} before),"
        f" {whole / 60 * rate / REFERENCE:.1f} min at {REFERENCE:.0f}{budget}; load {os.getloadavg()[0]:.1f}"
    )
    print(f"{used.ru_utime + used.ru_stime:8.1f} s  of processor time")
    print(f"{used.ru_maxrss / 2**20:8.2f} GiB peak memory (budget {BUDGET_GIB:.2f})")
    started = time.perf_counter()
    again = subprocess.run(
        [sys.executable, "-m", "pytest", f"suites/{asked.task}", "-q"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    print(f"{seconds:8.1f} s  a second pytest suites/{asked.task}, exit status {again.returncode}")


if __name__ == "__main__":
    main()
