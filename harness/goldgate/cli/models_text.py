"""What `goldgate train TASK --base-models` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.jobs.compare_models import ComparedModels


def models_text(result: ComparedModels) -> str:
    """Shows a table of the base models, the cheapest one that is likely to pass, and how to use it."""
    task, rows, cheapest = result.task, result.rows, result.cheapest
    lines = _table(rows)
    if cheapest is None:
        best = max(rows, key=lambda row: (row["chance"], row["estimate"]))
        lines.append(
            f"none is likely to pass; nearest: {best['model']}, chance of passing {best['chance']:.0%};"
            f" missed on dev: {'; '.join(best['failing']) or 'no gate, but the results promise no better'}"
        )
    else:
        lines.append(f"cheapest that is likely to pass: {cheapest['model']} (least computation per answer)")
        if cheapest["model"] != task.model:
            lines.append(f"  to use it, write in {task.folder / 'task.yaml'}:  model: {cheapest['model']}")
        again = "".join(f" --set {pair}" for pair in result.settings)
        lines.append(f"  `goldgate train {task.name}{again}` then continues with its adapter and looks at golden")
    lines.append(f"only dev was used, and it chose among {len(rows)} models, so its numbers flatter the best one")
    return "\n".join(lines)


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    metric = rows[0]["metric"]
    head = [
        "base model",
        "likely to pass",
        "chance",
        f"{metric} on dev (95% interval)",
        "parameters",
        "GFLOP per answer",
        "median s",
        "cost of 1,000",
        "minutes",
    ]
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells]


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        row["model"],
        "yes" if row["likely"] else "no",
        f"{row['chance']:.0%}",
        f"{row['estimate']:.3f} ({row['low']:.3f} to {row['high']:.3f})",
        f"{row['parameters'] / 1e6:.4g}M",
        f"{row['gigaflops']:.3g}",
        "-" if row["latency"] is None else f"{row['latency']:.2f}",
        "-" if row["cost_per_1k"] is None else f"{row['cost_per_1k']:.4g}",
        f"{row['minutes']:.1f}",
    ]
