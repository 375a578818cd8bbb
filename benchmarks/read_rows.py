"""Reading a file of examples: rows a CPU second and memory, beside the strict reader of the standard library alone.

    python benchmarks/read_rows.py [--rows 100000]

The rows are short, as in a log of requests, and each text is quoted. The ratio says what places, an account and checks
cost; memory is what the rows that are kept take.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from goldgate.data.account import Account
from goldgate.data.sources import Choices, read_rows

CHOICES = Choices((("input", "text"), ("output", "label")))


def write(folder: Path, count: int) -> dict[str, Path]:
    """Writes the same rows as CSV and as JSONL."""
    paths = {suffix: folder / f"rows.{suffix}" for suffix in ("csv", "jsonl")}
    with paths["csv"].open("w", newline="") as table, paths["jsonl"].open("w") as lines:
        writer = csv.writer(table)
        writer.writerow(("id", "text", "label"))
        for i in range(count):  # one at a time, so that the memory is that of reading
            text = f"please show me order {i * 7919 % 1_000_003}, thanks"
            row = {"id": i, "text": text, "label": f"label {i % 77}"}
            writer.writerow(row.values())
            lines.write(json.dumps(row) + "\n")
    return paths


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of a call, and the MiB by which the most memory ever used grew."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    kept = work()
    spent = time.process_time() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    del kept
    return spent, grown


def plain(path: Path) -> int:
    """The rows of the standard library's strict reader, or of json.loads on each line."""
    with path.open(newline="") as file:
        rows = csv.reader(file, strict=True) if path.suffix == ".csv" else map(json.loads, file)
        return sum(1 for _ in rows)


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    count = parser.parse_args().rows
    with TemporaryDirectory() as folder:
        for suffix, path in write(Path(folder), count).items():
            alone, _ = seconds(lambda path=path: plain(path))  # type: ignore[misc]
            ours, grown = seconds(lambda path=path: read_rows(path, CHOICES, Account()))  # type: ignore[misc]
            ratio, speed = ours / alone, count / ours
            print(
                f"{suffix:6}{ours:7.2f} s CPU {speed:8.0f} rows/s {ratio:6.1f} times the bare reader {grown:6.0f} MiB"
            )


if __name__ == "__main__":
    main()
