"""The report of a run: reads one run folder and writes report.html and summary.md into it. No torch, no model."""

from reports.build import build_report
from reports.views import RunView, load_run

__all__ = ["RunView", "build_report", "load_run"]
