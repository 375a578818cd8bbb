"""The terminal output of a gate that does not pass: its verdict, its place in the suite, and the worst dev examples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _pytest._code.code import ExceptionChainRepr, ReprEntryNative, ReprFileLocation, ReprTraceback
from _pytest.outcomes import Failed

from goldgate.base.errors import UserError
from goldgate.measures import Mean, Verdict
from goldgate.plugin.spoken import Spoken
from goldgate.scored.scored import Scored
from goldgate.scorers import TIMED
from goldgate.scorers.reason import printable
from goldgate.task.examples import Example
from goldgate.task.strata import FAR, read_novelty
from goldgate.task.task import Task

WORST = 3  # examples shown for a gate: enough to see a pattern, few enough to read
OPENED = 20  # the same once golden is opened, which is so costly that it should show more
_METRIC = re.compile(r"^(\w+)(?:\[(.+)\])?")
_NEVER_WRONG = frozenset({"tokens_in", "tokens_out", "cost_per_1k", *TIMED})  # costs
_RIGHT = frozenset({"exact_match", "macro_f1"})
_BY_EXAMPLE = {"macro_f1": "exact_match"}  # a metric of the whole split → the one that tells which examples are wrong
FORM = "write a gate as a plain assertion: assert candidate.exact_match >= 0.90"


@dataclass(frozen=True)
class Illustration:
    """The candidate on a split whose examples may be shown.

    Attributes:
        task: The task.
        scored: The candidate's scores on dev, or on golden once it is opened.
    """

    task: Task
    scored: Scored


class GateFailed(Failed):
    """Fails an item because of its verdicts, whatever its test did with them.

    Args:
        text: The full text.
        headline: One line for pytest's short summary.
        path: The test file.
        line: Line of the gate; None if it is not known.
    """

    def __init__(self, text: str, headline: str, path: Path, line: int | None) -> None:
        super().__init__(text, pytrace=False)
        self.text = text
        self.headline = headline
        self.path = path
        self.line = line

    def report(self) -> ExceptionChainRepr:
        """Returns the text in place of a traceback, as a chain because xdist and JUnit keep the headline of a chain."""
        entry = ReprTraceback([ReprEntryNative([self.text + "\n"])], None, style="native")
        crash = ReprFileLocation(str(self.path), self.line or 1, self.headline)
        return ExceptionChainRepr([(entry, crash, None)])


def failed(spoken: Sequence[Spoken], hint: str, seen: Illustration | None, path: Path) -> GateFailed:
    """Builds the failure of an item from its verdicts that do not pass.

    Args:
        spoken: The verdicts.
        hint: A line to add if the test hid its verdict; else empty.
        seen: The examples that may be shown; None for none.
        path: The test file.

    Returns:
        The failure.
    """
    blocks = [
        "\n".join([f"{s.place}: {s.verdict.message}", *_who(s.verdict), *_worst(s.verdict, seen)]) for s in spoken
    ]
    more = f" (and {len(spoken) - 1} more)" if len(spoken) > 1 else ""
    headline = spoken[0].verdict.message.splitlines()[0] + more
    return GateFailed("\n".join([*blocks, *([f"  {hint}"] if hint else [])]), headline, path, spoken[0].line)


def _who(verdict: Verdict) -> list[str]:
    return [f"  {verdict.against}"] if verdict.against else []


def _worst(verdict: Verdict, seen: Illustration | None) -> list[str]:
    """The candidate's worst examples by the gate's metric: a few of dev, or more of golden once it is opened."""
    found = _METRIC.match(verdict.metric)
    if verdict.outcome == "invalid" or seen is None or found is None:
        return []
    metric, note = found.groups()
    if metric in _NEVER_WRONG:
        return []
    try:
        view = seen.scored.on(note) if any(note in carried for carried in seen.scored.tags.values()) else seen.scored
        evidence = view.named(_BY_EXAMPLE.get(metric, metric)).evidence
    except UserError:
        return []  # the metric of another subject, a multiple of a metric, or a scorer that fails its own gates on dev
    if not isinstance(evidence, Mean):
        return []
    high, (lo, hi) = evidence.better == "high", evidence.bounds
    worth = evidence.low if high else -evidence.high  # a missing answer counts as the worst
    rows = sorted((w, i) for w, i in zip(worth, evidence.ids, strict=True) if w < (hi if high else -lo))
    split = seen.scored.split
    most = OPENED if split.name == "golden" else WORST
    lines = [f"  worst on {split.name}: {_line(seen, split.by_id[i], metric)}" for _, i in rows[:most]]
    if split.name == "golden" and len(rows) > most:
        lines.append(f"  and {len(rows) - most} more of golden")
    if seen.task.kind == "label" and metric in _RIGHT and (confused := view.confusion().top(WORST)):
        lines.insert(0, f"  most confused on {split.name}: {', '.join(map(printable, confused))}")
    return [*_far_from_train(seen, evidence), *lines]


def _far_from_train(seen: Illustration, evidence: Mean) -> list[str]:
    """One line if the metric is worse on examples unlike any in train, with 95% intervals that do not overlap."""
    try:
        strata = read_novelty(seen.task.data).of(seen.scored.split)
    except UserError:
        return []
    far = evidence.take(lambda k: strata[evidence.ids[k]] == FAR, evidence.name)
    others = evidence.take(lambda k: strata[evidence.ids[k]] != FAR, evidence.name)
    if not (far.n and others.n):
        return []
    worse, better = (far, others) if evidence.better == "high" else (others, far)
    if worse.interval(0.95)[1] >= better.interval(0.95)[0]:
        return []
    where = f"{evidence.name} on {seen.scored.split.name}"
    return [
        f"  {where}: {far.estimate:.3f} on examples unlike any in train (n = {far.n}),"
        f" {others.estimate:.3f} elsewhere (n = {others.n})"
    ]


def _line(seen: Illustration, example: Example, metric: str) -> str:
    tags = f" [{', '.join(example.tags)}]" if example.tags else ""
    cut = " (cut off)" if seen.scored.answers[example.id].finish == "length" else ""
    return f"{example.id}{tags}  {seen.scored.why(metric, example)}{cut}"
