"""The report of a run folder, and that of one run of pytest. No torch, no model.

PYTEST_DONT_REWRITE: its asserts are no tests, and pytest would warn that it came too late to rewrite them.
"""

from goldgate_reports.build import build_report
from goldgate_reports.suites import SuiteRun, build_suites_report
from goldgate_reports.views import RunView, load_run

__all__ = ["RunView", "SuiteRun", "build_report", "build_suites_report", "load_run"]
