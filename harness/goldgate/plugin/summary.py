"""The end of a run: the table of gates, the verdict on each suite, the outcome of its look, and the exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from goldgate.jobs.suite_request import REQUEST, SuiteOutcome
from goldgate.plugin.asked import asks_for_whole, covered, only_collects, suites_asked_for, suites_in
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
        """Writes the outcomes of looks, and sets the exit status."""
        suites = self._config.stash.get(SUITES, None)
        told = [] if suites is None else suites.describe()
        if is_worker(self._config):
            self._config.workeroutput[CARRIED] = json.dumps(told)  # type: ignore[attr-defined]
            return
        if not is_controller(self._config):
            self.tally.describe(told)
        if only_collects(self._config):
            return
        self._look_for_more()
        for suite in self.tally.suites:
            from goldgate.plugin.bound import check_whole, write_whole_outcome  # a run without suites loads none of it

            check_whole(suite)
            if suite.complete and suite.audit_is_clean:  # else the evidence is broken, and an outcome is written once
                write_whole_outcome(suite)
        session.exitstatus = self.status(session.exitstatus)
        if (request := self._config.stash.get(REQUEST, None)) is not None:
            evidence = () if suites is None else tuple(suite.evidence for _, suite in suites.all())
            outcomes = [_outcome(s, evidence) for s in self.tally.suites if s.task == request.task]
            request.outcome = outcomes[0] if outcomes else SuiteOutcome(evidence=evidence)

    def status(self, status: int) -> int:
        """Decides the exit status of the run.

        It is 1 instead of 0 for a suite that was asked for as a whole and does not pass, for answers that differ from
        the recorded ones and, in CI, for every suite that is incomplete.

        Args:
            status: The exit status so far.

        Returns:
            The exit status.
        """
        if status != pytest.ExitCode.OK or is_worker(self._config) or only_collects(self._config):
            return status
        suites = self._config.stash.get(SUITES, None)
        late = suites is not None and any(suite.judge.strays for _, suite in suites.all())
        wrong = late or any(self._is_wrong(suite) for suite in self.tally.suites)
        return pytest.ExitCode.TESTS_FAILED if wrong else status

    def _is_wrong(self, suite: SuiteTally) -> bool:
        if not suite.passed and asks_for_whole(self._config, suite.folder):
            return True
        return not suite.audit_is_clean or (not suite.complete and in_ci(os.environ))

    def _look_for_more(self) -> None:
        """Finds suites with gates that were asked for and of which pytest has collected nothing at all."""
        known = [suite.folder for suite in self.tally.suites]
        beside = [s for folder in known if covered(self._config, folder.parent) for s in suites_in(folder.parent)]
        seen = {folder.resolve() for folder in known}
        for folder in dict.fromkeys([*suites_asked_for(self._config), *beside]):
            if folder.resolve() not in seen and asks_for_whole(self._config, folder):
                from goldgate.plugin.census import Census
                from goldgate.plugin.sources import Sources

                if Census(Sources(folder), {}).gates():
                    self.tally.lacks(folder, ["none of its files was collected"])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if is_worker(self._config):  # a worker's terminal is not shown, and it knows only its own part
            return
        if self.tally.suites and not only_collects(self._config):
            suites = self._config.stash.get(SUITES, None)
            for folder, suite in (
                [] if suites is None else suites.all()
            ):  # a hook may have compared at the session's end
                self.tally.lacks(folder, suite.judge.told())
            from goldgate.plugin.terminal import write_summary

            write_summary(terminalreporter, self.tally.suites)
            if REQUEST not in self._config.stash:  # the caller of run_suite shows the result itself
                if path := self._config.getoption("gg_gate_report"):
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
