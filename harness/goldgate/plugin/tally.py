"""What became of every item of the golden suites, told from pytest's reports alone, so that it works across xdist."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from goldgate.measures import Verdict
from goldgate.plugin.spoken import Spoken

CARRIED = "goldgate"  # the attribute of a report, and the key of a worker's output, that hold verdicts as JSON
End = Literal["passed", "failed", "skipped", "xfailed", "error", "not run"]


@dataclass
class ItemTally:
    """One item. spoken: its verdicts; runs: how often its test was called."""

    nodeid: str
    end: End = "not run"
    spoken: list[Spoken] = field(default_factory=list)
    runs: int = 0


@dataclass
class SuiteTally:
    """One suite of one project. info: what the processes that ran it say of it, merged."""

    root: str
    task: str
    items: dict[str, ItemTally] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)

    def ordered(self) -> list[ItemTally]:
        """The items in the order of the suite, those that never ran among them."""
        names = dict.fromkeys([*self.info.get("items", []), *self.items])
        return [self.items.get(name) or ItemTally(name) for name in names]

    def spoken(self) -> list[Spoken]:
        """All verdicts with their places, in the order of the suite."""
        return [s for item in self.ordered() for s in item.spoken]

    def verdicts(self) -> list[Verdict]:
        """All verdicts in the order of the suite."""
        return [s.verdict for s in self.spoken()]

    def gaps(self) -> list[str]:
        """Why there is no verdict on the suite as a whole; empty where there is one."""
        items = self.ordered()
        reasons = list(self.info.get("left_out", []))
        for end in ("skipped", "xfailed", "not run"):
            if count := sum(item.end == end for item in items):
                reasons.append(f"{count} {end}")
        if count := sum(item.runs > 1 for item in items):
            reasons.append(f"{count} run more than once")
        if not reasons and not self.verdicts():
            reasons.append("it has no gate")
        return reasons

    @property
    def complete(self) -> bool:
        return not self.gaps()

    @property
    def audit_is_clean(self) -> bool:
        """Whether the answers that were made again, where any were, are what had been recorded."""
        found = self.info.get("audit")
        return found is None or not (found["error"] or found["different"])

    @property
    def passed(self) -> bool:
        """Whether the suite as a whole was run and every item and verdict of it passed."""
        good = all(item.end == "passed" for item in self.ordered())
        return self.complete and self.audit_is_clean and good and all(self.verdicts())


class Tally:
    """All suites of a run, by project and task."""

    def __init__(self) -> None:
        self._suites: dict[tuple[str, str], SuiteTally] = {}

    @property
    def suites(self) -> list[SuiteTally]:
        return [self._suites[key] for key in sorted(self._suites)]

    def _suite(self, root: str, task: str) -> SuiteTally:
        return self._suites.setdefault((root, task), SuiteTally(root, task))

    def add(self, report: pytest.TestReport) -> None:
        """One phase of one item; of other tests nothing is kept."""
        carried: str | None = getattr(report, CARRIED, None)
        if carried is None:
            return
        told = json.loads(carried)
        item = self._suite(told["root"], told["task"]).items.setdefault(report.nodeid, ItemTally(report.nodeid))
        item.spoken = [Spoken.from_json(raw) for raw in told["spoken"]]
        item.runs += report.when == "call"
        item.end = _end(report, item.end)

    def describe(self, told: Sequence[Mapping[str, Any]]) -> None:
        """What a process says of its suites (one process, or each worker in turn)."""
        for info in told:
            suite = self._suite(info["root"], info["task"])
            suite.info = _merged(suite.info, info) if suite.info else dict(info)


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
    """Two workers on one suite: what either has resolved; an answer that one generated the others found cached."""
    merged = {key: one[key] if one[key] is not None else other[key] for key in one}
    merged["left_out"] = list(dict.fromkeys([*one["left_out"], *other["left_out"]]))
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
