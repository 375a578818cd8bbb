"""Reports on a run folder and on one run of pytest. Nothing here loads torch or a model.

PYTEST_DONT_REWRITE: the asserts in this package are not tests, and pytest would warn that it cannot rewrite them.
"""

from goldgate_reports.build import build_report
from goldgate_reports.suites import SuiteRun, build_suites_report
from goldgate_reports.views import RunView, load_run

__all__ = ["RunView", "SuiteRun", "build_report", "build_suites_report", "load_run"]
