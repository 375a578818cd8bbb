"""Writes a CSV as a helpdesk would export it: the shipped tickets, with the queue that each message belongs to.

python make_csv.py messages.csv
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

TICKETS = Path(__file__).resolve().parents[2] / "golden" / "tickets" / "train.jsonl"


def main(target: str) -> None:
    rows = [json.loads(line) for line in TICKETS.read_text("utf-8").splitlines()]
    with Path(target).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "queue"])
        writer.writerows([row["input"], row["output"]["queue"]] for row in rows)


if __name__ == "__main__":
    main(sys.argv[1])
