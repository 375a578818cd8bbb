"""The end of a run: what every gate came to, the verdict on each suite, the look's outcome, and the exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin.options import in_ci, is_controller, is_worker
from harness.plugin.tally import SuiteTally, Tally

if TYPE_CHECKING:
    from harness.plugin.items import GatePlugin

_CARRIED = "goldgate"  # of items' user_properties, and of a worker's output


class SummaryPlugin:
    """Listens to reports, also those that come from xdist's workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.tally = Tally(_CARRIED)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tally.add(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What an xdist worker says of its suites when it ends."""
        output: Mapping[str, Any] = getattr(node, "workeroutput", None) or {}
        if _CARRIED in output:
            self.tally.describe(json.loads(output[_CARRIED]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes looks' outcomes, and in CI fails a run that leaves a suite without a verdict."""
        gates: GatePlugin | None = self._config.pluginmanager.get_plugin("goldgate-gates")
        told = [] if gates is None else gates.describe()
        if is_worker(self._config):
            self._config.workeroutput[_CARRIED] = json.dumps(told)  # type: ignore[attr-defined]
            return
        if not is_controller(self._config):
            self.tally.describe(told)
        if self._config.getoption("collectonly", False):
            return
        for suite in self.tally.suites:
            if suite.complete:
                _write_outcome(suite)
            elif in_ci(os.environ) and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        request = self._config.pluginmanager.get_plugin("goldgate-request")
        if request is not None:
            request.finished(self.tally.suites)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.tally.suites and not self._config.getoption("collectonly", False):
            from harness.plugin.terminal import write_summary

            write_summary(terminalreporter, self.tally.suites)


def _write_outcome(suite: SuiteTally) -> None:
    """Writes what came of the suite's look beside it, once: a look is never written again."""
    look = suite.info.get("look")
    if look is None or not suite.info["writes"]:
        return
    from harness.gates import read_looks, write_outcome
    from harness.measures import Verdict

    folder = Path(suite.root) / "golden" / suite.task / "looks"
    found = next(x for x in read_looks(folder) if x.name == look["name"])
    rows = [{k: v for k, v in verdict.items() if k != "place"} for verdict in suite.verdicts()]
    write_outcome(folder, found, [Verdict.from_json(row) for row in rows], suite.passed)
