"""One run of one item of a golden suite: what it compares, on which terms, in all of its phases."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from goldgate.base.errors import UserError
from goldgate.gates import GateRecord, loses
from goldgate.measures import Judged, Recording, Verdict, invalid
from goldgate.plugin.meant import Meant, Watch
from goldgate.plugin.place import code_of_callers, line_of_caller, line_of_error
from goldgate.plugin.spoken import Spoken
from goldgate.plugin.suite import Suite


@dataclass
class ItemRun:
    """What one item has compared so far. It is the judge of its suite's measures while it is under way.

    Attributes:
        item: The item.
        suite: Its suite.
        folder: The suite's folder, as pytest has collected it.
        path: Its file, as shown to the user.
        meant: What it stands for by the suite's source.
        number: How often the item was started in this process, including this time.
        how: The terms of its gates; the default ones until it needs them.
        settled: The subject fixtures that the terms were settled for.
        spoken: Its verdicts, with their places.
        records: Their records, in the same order.
        comparing: The code that was executing when they were recorded.
        before: Verdicts that did not pass in an earlier run of the item, with their records.
        error: What made its evidence unusable, if anything.
        judged: How many of the verdicts have decided a phase already.
        closed: Whether its last phase is over.
        watch: Sees whether a function that it stands for has started.
    """

    item: pytest.Item
    suite: Suite
    folder: Path
    path: str
    meant: Meant
    number: int = 1
    how: Recording = field(default_factory=Recording)
    settled: frozenset[str] = frozenset()
    spoken: list[Spoken] = field(default_factory=list)
    records: list[GateRecord] = field(default_factory=list)
    comparing: set[CodeType] = field(default_factory=set)
    before: list[tuple[Spoken, GateRecord]] = field(default_factory=list)
    error: UserError | None = None
    judged: int = 0
    closed: bool = False
    _process: int = field(default_factory=os.getpid)
    _ready: bool = False

    def __post_init__(self) -> None:
        self.watch = Watch(self.meant.starts)

    def settle(self) -> Recording:
        """Settles the terms of its gates, which are its suite's. Raises UserError if golden may not be looked at."""
        if not self._ready:
            self.how = replace(self.suite.judge.settle(), record=self.record)
            self._ready = True
        return self.how

    def gate(self) -> Recording:
        """Returns how to test and record a comparison that is made now.

        Raises:
            UserError: The comparison is made in another process or after the item's end, or golden may not be looked
                at.
        """
        if os.getpid() != self._process:
            raise UserError(
                "a measure is compared in another process, where its verdict cannot be recorded",
                self.path,
                "compare it in the test itself",
            )
        if self.closed:
            raise self.suite.judge.stray()
        try:
            return self.settle()
        except UserError as error:
            self.unusable(error)
            raise

    def look(self) -> Recording:
        """Returns the terms under which numbers may be looked at."""
        return self.suite.judge.look()

    def record(self, verdict: Verdict, measure: Judged) -> None:
        """Records a verdict; called for every comparison of measures while the item runs."""
        verdict = self.suite.settle(verdict, measure, self.item, len(self.records))
        item = self.item.nodeid
        bare = verdict.sealed or verdict.outcome == "invalid"
        record = GateRecord.bare(verdict, item) if bare else GateRecord.of(verdict, measure, item)
        clustered = tuple(c.field for c in self.suite.clusters() if loses(record, c))
        self.spoken.append(Spoken(verdict, self.path, line_of_caller(self.item.path), clustered))
        self.records.append(record)
        self.comparing |= code_of_callers()

    @property
    def compared(self) -> bool:
        """Whether it has compared measures, and itself where its source does so."""
        return bool(self.spoken) and self.meant.compared(self.comparing)

    def unusable(self, error: UserError) -> None:
        """Records an invalid verdict, because the evidence is broken or missing; once for each error."""
        if self.error is error:
            return
        self.error = error
        where = error.where.removeprefix(f"{self.item.config.invocation_params.dir}/")
        why = f"{error.what} ({where})" if where else error.what
        verdict = invalid(self.item.name, why, error.hint, self.how.level)
        line = line_of_error(error.__traceback__, self.item.path) or _first_line(self.item)
        self.spoken.append(Spoken(verdict, self.path, line))
        self.records.append(GateRecord.bare(verdict, self.item.nodeid))

    def wrong(self, since: int = 0) -> list[tuple[Spoken, GateRecord]]:
        """Returns the verdicts from a position on that do not pass, with their records."""
        pairs = list(zip(self.spoken, self.records, strict=True))
        return [pair for pair in pairs[since:] if not pair[0].verdict]

    def keep_failures(self) -> bool:
        """Adds failures of an earlier run, so that a rerun is no second chance. Returns whether there were any."""
        again = {s.verdict.gate for s, _ in self.wrong()}
        kept = [pair for pair in self.before if pair[0].verdict.gate not in again]
        self.before = []
        self.spoken += [s for s, _ in kept]
        self.records += [r for _, r in kept]
        return bool(kept)

    def to_json(self, worker: str) -> dict[str, Any]:
        """Returns what the report carries, as plain JSON values.

        Args:
            worker: Name of the xdist worker that runs the item; empty without xdist.

        Returns:
            The task and its project, which run of the item on which worker it is, whether a function that it stands for
            has run, and every verdict with its place.
        """
        spoken = [s.to_json() for s in self.spoken]
        root = str(self.suite.project.root)
        place = {"task": self.suite.name, "root": root, "run": self.number, "worker": worker}
        return {**place, "ran": self.watch.seen, "spoken": spoken}


def _first_line(item: pytest.Item) -> int | None:
    line = item.location[1]
    return None if line is None else line + 1
