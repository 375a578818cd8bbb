"""The end of a run: the table of gates, the verdict on each suite, the outcome of its look, and the exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from goldgate.jobs.suite_request import REQUEST, SuiteOutcome
from goldgate.plugin.options import in_ci, is_controller, is_worker
from goldgate.plugin.stash import SUITES
from goldgate.plugin.tally import CARRIED, SuiteTally, Tally

if TYPE_CHECKING:
    from goldgate.answers.replay import SuiteAnswers


class SummaryPlugin:
    """The hooks that sum up a run from its reports, including those of xdist workers.

    Attributes:
        tally: What the reports have said so far.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.tally = Tally()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tally.add(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Takes over what an xdist worker says of its suites when it ends."""
        output: Mapping[str, Any] = getattr(node, "workeroutput", None) or {}
        if CARRIED in output:
            self.tally.describe(json.loads(output[CARRIED]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the outcomes of looks and, in CI, fails a run that leaves a suite without a verdict."""
        suites = self._config.stash.get(SUITES, None)
        told = [] if suites is None else suites.describe()
        if is_worker(self._config):
            self._config.workeroutput[CARRIED] = json.dumps(told)  # type: ignore[attr-defined]
            return
        if not is_controller(self._config):
            self.tally.describe(told)
        if self._config.getoption("collectonly", False):
            return
        for suite in self.tally.suites:
            from goldgate.plugin.bound import check_whole, write_whole_outcome  # a run without suites loads none of it

            check_whole(suite)
            if not suite.audit_is_clean and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
            if suite.complete:
                if suite.audit_is_clean:  # otherwise the evidence is broken, and an outcome can only be written once
                    write_whole_outcome(suite)
            elif in_ci(os.environ) and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if (request := self._config.stash.get(REQUEST, None)) is not None:
            evidence = () if suites is None else tuple(suite.evidence for _, suite in suites.all())
            outcomes = [_outcome(s, evidence) for s in self.tally.suites if s.task == request.task]
            request.outcome = outcomes[0] if outcomes else SuiteOutcome(evidence=evidence)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if is_worker(self._config):  # a worker's terminal is not shown, and it knows only its own part
            return
        if self.tally.suites and not self._config.getoption("collectonly", False):
            from goldgate.plugin.terminal import write_summary

            write_summary(terminalreporter, self.tally.suites)
            if REQUEST not in self._config.stash:  # the caller of run_suite shows the result itself
                if path := self._config.getoption("gate_report"):
                    _write_report(terminalreporter, self.tally.suites, self._config.invocation_params.dir / path)
                _tell_github(terminalreporter, self.tally.suites, self._config.invocation_params.dir, os.environ)


def _outcome(suite: SuiteTally, evidence: tuple[Callable[[], SuiteAnswers], ...]) -> SuiteOutcome:
    """The outcome of a suite for the caller of run_suite."""
    look, ran = suite.info.get("look"), bool(suite.info)
    return SuiteOutcome(
        tuple(item.nodeid for item in suite.ordered()),
        ran and suite.complete,
        ran and suite.passed,
        None if look is None else str(look["name"]),
        dict(suite.info.get("answers", {})),
        tuple(suite.gaps()),
        evidence,
    )


def _write_report(out: pytest.TerminalReporter, suites: list[SuiteTally], path: Path) -> None:
    from goldgate.base.errors import UserError
    from goldgate.plugin.page import suite_runs
    from goldgate_reports import build_suites_report

    try:
        build_suites_report(suite_runs(suites), path)
    except UserError as error:
        out.write_line(f"goldgate: the report was not written: {error}", red=True)
    else:
        out.write_line(f"report: {path}")


def _tell_github(
    out: pytest.TerminalReporter, suites: list[SuiteTally], start: Path, environ: Mapping[str, str]
) -> None:
    """Writes annotations and the job summary, if the environment is that of GitHub Actions."""
    from goldgate.plugin.github import error_commands, step_summary

    if environ.get("GITHUB_ACTIONS") == "true":
        for line in error_commands(suites, start, environ.get("GITHUB_WORKSPACE")):
            out.ensure_newline()
            out.write_line(line)
    if path := environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(step_summary(suites))
        except OSError as error:
            out.write_line(f"goldgate: the summary cannot be written to GITHUB_STEP_SUMMARY ({error.strerror}: {path})")
