"""The speed of looking through rows for personal data and of cleaning them, in rows per CPU second.

    python benchmarks/data_preparation.py FILE.jsonl [--rows 2000]

Each line of the file has `input` and `output`, as the splits of a task have.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

from goldgate.data.cleaning.clean import clean_rows
from goldgate.data.languages import languages
from goldgate.data.personal import find, find_in_rows
from goldgate.data.row import Place, Row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    options = parser.parse_args()
    lines = options.file.read_text(encoding="utf-8").splitlines()[: options.rows]
    read = [json.loads(line) for line in lines]
    rows = [Row(one["input"], one["output"], Place(options.file.name, n)) for n, one in enumerate(read, 1)]
    kind = "text" if isinstance(rows[0].output, str) else "json"
    find("+49 30 1234567")  # loads the numbering plans
    languages(rows[:1])  # loads the model
    steps: dict[str, Callable[[], object]] = {
        "personal data and secrets": lambda: find_in_rows((row.place, row) for row in rows),
        "cleaning": lambda: clean_rows(rows, kind),
        "languages": lambda: languages(rows),
    }
    for name, step in steps.items():
        start = time.process_time()
        step()
        print(f"{name:<26} {len(rows) / (time.process_time() - start):>9,.0f} rows/s")


if __name__ == "__main__":
    main()
