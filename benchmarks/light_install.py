"""What an environment weighs, and what `pytest suites` costs in it: megabytes, seconds, modules loaded.

    python benchmarks/light_install.py                                this environment, this folder's suites
    python benchmarks/light_install.py --python VENV/bin/python --folder CHECKOUT

The environment is measured as it is. For the light install: `python -m venv VENV && VENV/bin/pip install .`
Seconds are the best of --runs; processor seconds hardly depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

_PROBE = """
import json, os, sys, sysconfig, time
start = time.perf_counter()
import pytest
status = pytest.main(["-q", "-p", "no:cacheprovider", "suites"])
seconds, modules = time.perf_counter() - start, len(sys.modules)
site = sysconfig.get_paths()["purelib"]
files = {(s.st_dev, s.st_ino): s.st_blocks * 512
         for folder, _, names in os.walk(site) for name in names
         for s in (os.lstat(os.path.join(folder, name)),)}
print("\\n" + json.dumps({"status": int(status), "seconds": round(seconds, 2), "modules": modules,
      "processor": round(time.process_time(), 2), "megabytes": round(sum(files.values()) / 2**20)}))
"""


def measure(python: str, folder: Path) -> dict[str, float]:
    """One run of the suites in a process of its own.

    Args:
        python: the interpreter of the environment.
        folder: a checkout with suites/.

    Returns:
        status: pytest's; seconds and processor: wall and processor time of the process, imports included; modules: in
        sys.modules at the end; megabytes: of site-packages on disk.
    """
    done = subprocess.run([python, "-c", _PROBE], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Prints the best of some runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the environment")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="a checkout with suites/")
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    runs = [measure(chosen.python, chosen.folder) for _ in range(chosen.runs)]
    best = min(runs, key=lambda run: run["seconds"])
    print(json.dumps({**best, "processor": min(run["processor"] for run in runs), "runs": len(runs)}, indent=1))


if __name__ == "__main__":
    main()
