"""The report of a run: reads one run folder and writes report.html and summary.md into it. No torch, no model.

PYTEST_DONT_REWRITE: its asserts are no tests, and pytest would warn that it came too late to rewrite them.
"""

from reports.build import build_report
from reports.views import RunView, load_run

__all__ = ["RunView", "build_report", "load_run"]
