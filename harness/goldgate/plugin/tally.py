"""The outcome of every item of the golden suites, taken from pytest's reports alone so that it works with xdist.

This module and `spoken` import nothing heavy, because every xdist controller imports them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from goldgate.plugin.place import SUITES_FOLDER
from goldgate.plugin.spoken import Spoken

if TYPE_CHECKING:
    from goldgate.measures import Verdict

CARRIED = "goldgate"  # the attribute of a report, and the key of a worker's output, that hold verdicts as JSON
FUNCTION = "the function that its suite's source names"
End = Literal["passed", "failed", "skipped", "xfailed", "error", "not run"]


_SHOWN = 5  # gates that did not run and are named; more are counted
_BAD: tuple[End, ...] = ("passed", "xfailed", "skipped", "not run", "failed", "error")  # from good to bad


@dataclass
class ItemStart:
    """One run of an item in one process.

    Attributes:
        end: How it ended.
        spoken: Its verdicts.
        called: Whether its test was called.
        ran: Whether the function that the suite's source names for it has run.
    """

    end: End = "not run"
    spoken: list[Spoken] = field(default_factory=list)
    called: bool = False
    ran: bool = False

    @property
    def good(self) -> bool:
        """Whether it passed, and every verdict did."""
        return self.end == "passed" and all(s.verdict for s in self.spoken)


@dataclass
class ItemTally:
    """The outcome of one item, which may run several times: by a plugin, or on every worker (xdist's --dist each).

    Attributes:
        nodeid: pytest's node id.
        starts: Its runs by worker and number, in the order in which they were reported.
    """

    nodeid: str
    starts: dict[tuple[str, int], ItemStart] = field(default_factory=dict)

    @property
    def _last(self) -> list[ItemStart]:
        """The last run on each worker."""
        return list({worker: start for (worker, _), start in sorted(self.starts.items())}.values())

    @property
    def end(self) -> End:
        """How it ended, on the worker where it ended worst."""
        return max((start.end for start in self._last), key=_BAD.index, default="not run")

    @property
    def spoken(self) -> list[Spoken]:
        """Its verdicts, from the first worker on which one does not pass, if there is any."""
        last = self._last
        return next((start for start in last if not start.good), last[0]).spoken if last else []

    @property
    def hollow(self) -> bool:
        """Whether it passed on a worker without the function that the suite's source names for it."""
        return any(start.end == "passed" and not start.ran for start in self._last)

    @property
    def second_chance(self) -> bool:
        """Whether it was run again on a worker although one of its runs there was not good."""
        count = Counter(worker for worker, _ in self.starts)
        return any(count[worker] > 1 and not start.good for (worker, _), start in self.starts.items())


@dataclass
class SuiteTally:
    """One suite of one project.

    Attributes:
        root: The project's folder.
        task: Name of the task.
        items: Its items by node id.
        info: The facts about it from the processes that ran it, merged.
    """

    root: str
    task: str
    items: dict[str, ItemTally] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)

    def ordered(self) -> list[ItemTally]:
        """Returns the items in the suite's order, including those that never ran."""
        names = dict.fromkeys([*self.info.get("items", []), *self.items])
        return [self.items.get(name) or ItemTally(name) for name in names]

    def spoken(self) -> list[Spoken]:
        """Returns all verdicts with their places, in the suite's order."""
        return [s for item in self.ordered() for s in item.spoken]

    def verdicts(self) -> list[Verdict]:
        """Returns all verdicts in the suite's order."""
        return [s.verdict for s in self.spoken()]

    def gaps(self) -> list[str]:
        """Returns the reasons why there is no verdict on the suite as a whole; empty if there is one."""
        items = self.ordered()
        reasons = [*self.info.get("left_out", []), *_shortened(self.info.get("missing", []))]
        for end in ("skipped", "xfailed", "not run"):
            if count := sum(item.end == end for item in items):
                reasons.append(f"{count} {end}")
        reasons += _shortened([f"{i.nodeid} passed, but {FUNCTION} did not run" for i in items if i.hollow])
        if count := sum(item.second_chance for item in items):
            reasons.append(f"{count} run more than once")
        if not reasons and not self.info:
            reasons.append("the run was cut short")
        if not reasons and not self.verdicts():
            reasons.append("it has no gate")
        return reasons

    @property
    def folder(self) -> Path:
        """The suite's folder."""
        return Path(self.root, SUITES_FOLDER, self.task)

    @property
    def complete(self) -> bool:
        return not self.gaps()

    @property
    def audit_is_clean(self) -> bool:
        """Whether all answers that --audit generated again match the recorded ones."""
        found = self.info.get("audit")
        return found is None or not (found["error"] or found["different"])

    @property
    def passed(self) -> bool:
        """Whether the whole suite ran and every item and verdict passed."""
        good = all(item.end == "passed" for item in self.ordered())
        return self.complete and self.audit_is_clean and good and all(self.verdicts())


class Tally:
    """Collects the outcome of a run from its reports, by project and task."""

    def __init__(self) -> None:
        self._suites: dict[tuple[str, str], SuiteTally] = {}

    @property
    def suites(self) -> list[SuiteTally]:
        return [self._suites[key] for key in sorted(self._suites)]

    def _suite(self, root: str, task: str) -> SuiteTally:
        return self._suites.setdefault((root, task), SuiteTally(root, task))

    def add(self, report: pytest.TestReport) -> None:
        """Adds the report of one phase of an item. Reports of tests outside suites are ignored."""
        carried: str | None = getattr(report, CARRIED, None)
        if carried is None:
            return
        told = json.loads(carried)
        item = self._suite(told["root"], told["task"]).items.setdefault(report.nodeid, ItemTally(report.nodeid))
        start = item.starts.setdefault((told["worker"], told["run"]), ItemStart())
        start.ran = told["ran"]
        start.spoken = [Spoken.from_json(raw) for raw in told["spoken"]]
        end = _end(report, start.end)
        if report.when == "call":  # a test with subtests has several reports of its call
            end = max(end, start.end, key=_BAD.index) if start.called else end
            start.called = True
        start.end = end

    def lacks(self, folder: Path, reasons: Iterable[str]) -> None:
        """Adds reasons why there is no verdict on a suite, unless they are known."""
        more = list(reasons)
        if more:
            info = self._suite(str(folder.parent.parent), folder.name).info
            info.setdefault("task", folder.name)
            info["left_out"] = list(dict.fromkeys([*info.get("left_out", []), *more]))

    def describe(self, told: Sequence[Mapping[str, Any]]) -> None:
        """Adds what a process says of its suites; with xdist, it is called for each worker."""
        for info in told:
            suite = self._suite(info["root"], info["task"])
            suite.info = _merged(suite.info, info) if suite.info else dict(info)


def _shortened(missing: list[str]) -> list[str]:
    more = len(missing) - _SHOWN
    return [*missing[:_SHOWN], f"{more} more gate{'s' if more > 1 else ''} did not run"] if more > 0 else missing


def _end(report: pytest.TestReport, before: End) -> End:
    if report.when == "teardown" and not report.failed:
        return before
    if report.when != "call" and report.failed:
        return "error"
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "passed"
    if report.skipped:
        return "skipped"
    if report.when == "setup":
        return "not run"
    return "passed" if report.passed else "failed"


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Merges the facts of two workers on one suite. An answer that one generated was cached for the other."""
    merged = {key: one[key] if one[key] is not None else other[key] for key in one}
    merged["left_out"] = list(dict.fromkeys([*one["left_out"], *other["left_out"]]))
    merged["missing"] = [gate for gate in one["missing"] if gate in other["missing"]]  # each worker runs only a part
    merged["notes"] = list(dict.fromkeys([*one["notes"], *other["notes"]]))
    merged["subjects"] = {**other["subjects"], **one["subjects"]}
    names = dict.fromkeys([*one["answers"], *other["answers"]])
    merged["answers"] = {n: _counted([a["answers"][n] for a in (one, other) if n in a["answers"]]) for n in names}
    return merged


def _counted(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    total = max(sum(c.values()) for c in counts)
    recorded, made = _most(counts, "recorded"), min(sum(c["model"] for c in counts), total)
    return {"recorded": recorded, "cache": total - recorded - made, "model": made}


def _most(counts: Iterable[Mapping[str, int]], origin: str) -> int:
    return max(c[origin] for c in counts)
