"""How often a gate that should not pass does, under every rule of a look, where the truth is exactly the threshold.

    python benchmarks/error_rates.py [--runs 4000] [--ledgers 400] [--seed 0]

Levels come from ledgers that are written and read as a run does it, and verdicts from measures that are compared under
their level. Candidates are right by chance alone, so that a pass is luck. `runs` and `ledgers` are the repetitions
without and with a ledger of their own. A rate may exceed its bound by what chance does: see its standard error.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from goldgate.base.files import read_json
from goldgate.gates import GateRecord, chance_as_chosen
from goldgate.ledger import Look, LookKey, bring_looks, level, open_look
from goldgate.ledger.elsewhere import Elsewhere
from goldgate.measures import Measure, Reading, Recording, Verdict, recording
from goldgate.measures.binomial import POWER, caught
from goldgate.measures.evidence import FAIL_LEVEL
from goldgate.plugin.bound import Answered, Bound

GATE, GOLDEN, DEV, GAP = 0.9, 200, 100, 0.1
LOOKS, BRANCHES, ATTEMPTS, PROMPTS = 20, 5, 5, 4
GROUP, ALIKE = 5, 0.8  # examples of a group, and how many of them are right or wrong together
Rng = np.random.Generator


def judged(measure: Measure, threshold: float, at: float, reading: Reading = "shown") -> Verdict:
    """The verdict of `measure >= threshold` at a level, as a suite records it."""
    told: list[Verdict] = []
    with recording(Recording(at, reading, record=lambda verdict, _: told.append(verdict))):
        _ = measure >= threshold
    return told[0]


@cache
def passes(right: int, n: int, threshold: float, at: float, reading: Reading = "shown") -> bool:
    """Whether a gate on n answers passes with so many right ones."""
    return bool(judged(Measure([1.0] * right + [0.0] * (n - right)), threshold, at, reading))


@contextmanager
def ledger() -> Iterator[Path]:
    """A ledger without looks."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "golden" / "task" / "looks"


def take(folder: Path, who: str, reference: str = "r") -> Look:
    """Takes a look for a candidate, or finds the one that it has taken."""
    facts = {"candidate": who, "date": "2026-01-01", "commit": None, "error": 0.05, "write": True, "sealed": False}
    return open_look(folder, LookKey("golden", who, "suite"), compared={"prompted": reference}, examples=(), **facts)


def many_looks(rng: Rng, runs: int) -> list[bool]:
    """One candidate after the other at one ledger, until one passes."""
    with ledger() as folder:
        levels = [take(folder, str(number)).level for number in range(LOOKS)]
    rights = rng.binomial(GOLDEN, GATE, (runs, LOOKS))
    return [any(passes(int(k), GOLDEN, GATE, at) for k, at in zip(row, levels, strict=True)) for row in rights]


def branches(rng: Rng, runs: int) -> list[bool]:
    """A candidate on each of several branches, which count the looks of the others."""
    levels, known = [], dict[str, dict[str, object]]()
    for branch in range(BRANCHES):
        with ledger() as folder:
            bring_looks(folder, Elsewhere(known, ""))
            levels.append(take(folder, str(branch)).level)
            known = {path.name: read_json(path) for path in folder.glob("*.json")}
    rights = rng.binomial(GOLDEN, GATE, (runs, BRANCHES))
    return [any(passes(int(k), GOLDEN, GATE, at) for k, at in zip(row, levels, strict=True)) for row in rights]


def best_on_dev(rng: Rng, runs: int) -> list[bool]:
    """The best of several attempts on dev takes one look."""
    dev, golden = rng.binomial(DEV, GATE, (runs, ATTEMPTS)), rng.binomial(GOLDEN, GATE, (runs, ATTEMPTS))
    return [passes(int(g[np.argmax(d)]), GOLDEN, GATE, level(1)) for d, g in zip(dev, golden, strict=True)]


def when_likely(rng: Rng, runs: int) -> list[bool]:
    """The same, if the look is taken only where dev says that it will probably pass."""
    found = []
    for _ in range(runs):
        rows = (rng.random((ATTEMPTS, DEV)) < GATE).astype(float)
        records = [_record(row) for row in rows]
        best = int(np.argmax(rows.mean(axis=1)))
        others = [r for i, r in enumerate(records) if i != best]
        likely = chance_as_chosen(records[best], others, GOLDEN, level(1), draws=200) >= 0.5
        found.append(likely and passes(int(rng.binomial(GOLDEN, GATE)), GOLDEN, GATE, level(1)))
    return found


def _record(values: Sequence[float]) -> list[GateRecord]:
    made: list[GateRecord] = []
    with recording(Recording(force="observed", record=lambda v, m: made.append(GateRecord.of(v, m, "gate")))):
        _ = Measure(values) >= GATE
    return made


def _decided(folder: Path, look: Look, measure: Measure, threshold: float, reference: str, answers: str) -> Verdict:
    """A gate's verdict as it stands after it was recorded with its look."""
    bound = Bound(folder, look, {"prompted": reference}, write=True)
    verdict = judged(measure, threshold, look.level)
    return bound.settle(verdict, measure, "test_gates.py::test_gap", 0, {"reference": Answered("prompted", answers)})


def _gap(rng: Rng, reference: float) -> Measure:
    """A candidate that is better than a reference by the gap that its gate asks for."""
    mine = (rng.random(GOLDEN) < reference + GAP).astype(float)
    return Measure(mine.tolist()) - Measure((rng.random(GOLDEN) < reference).astype(float).tolist())


def again_with_other_answers(rng: Rng, runs: int) -> list[bool]:
    """A part of the suite is run, and then all of it at the same look, after the reference has answered anew."""
    found = []
    for _ in range(runs):
        with ledger() as folder:
            look = take(folder, "candidate")
            first, second = _gap(rng, 0.6), _gap(rng, 0.6)
            part = _decided(folder, look, first, GAP, "r", "a")
            whole = _decided(folder, take(folder, "candidate"), second, GAP, "r", "b")
            found.append(bool(part) or bool(whole))
    return found


def weaker_reference(rng: Rng, runs: int) -> list[bool]:
    """A gate that did not pass is asked again, over another reference, which is another look."""
    found = []
    for _ in range(runs):
        with ledger() as folder:
            first = _decided(folder, take(folder, "candidate", "r"), _gap(rng, 0.6), GAP, "r", "a")
            second = _decided(folder, take(folder, "candidate", "s"), _gap(rng, 0.6), GAP, "s", "b")
            found.append(bool(first) or bool(second))
    return found


def chosen_prompt(rng: Rng, runs: int, spread: float = 0.0, over_best: bool = False) -> list[bool]:
    """The gap to the best of several prompts, which dev has chosen; at the truth of the chosen one, or of the best."""
    found = []
    for _ in range(runs):
        truths = np.clip(rng.normal(0.6, spread, PROMPTS), 0.0, 1.0 - GAP)
        chosen = int(np.argmax(rng.binomial(DEV, truths)))
        mine = (truths.max() if over_best else truths[chosen]) + GAP
        theirs = Measure((rng.random(GOLDEN) < truths[chosen]).astype(float).tolist())
        gap = Measure((rng.random(GOLDEN) < mine).astype(float).tolist()) - theirs
        found.append(bool(judged(gap, GAP, level(1))))
    return found


def clustered(rng: Rng, runs: int, declared: bool = True) -> list[bool]:
    """Groups whose examples are mostly right or wrong together, as those of one layout or customer are."""
    found, groups = [], [str(i // GROUP) for i in range(GOLDEN)]
    for _ in range(runs):
        common = np.repeat(rng.random(GOLDEN // GROUP) < GATE, GROUP)
        values = np.where(rng.random(GOLDEN) < ALIKE, common, rng.random(GOLDEN) < GATE).astype(float).tolist()
        measure = Measure(values, groups=groups, max_group=GROUP) if declared else Measure(values)
        found.append(bool(judged(measure, GATE, level(1))))
    return found


def plausible(rng: Rng, runs: int, truth: float, *, passing: bool) -> list[bool]:
    """A plausible gate at some truth: whether it passes, or does not."""
    return [passes(int(k), GOLDEN, GATE, level(1), "plausible") is passing for k in rng.binomial(GOLDEN, truth, runs)]


def rows(runs: int, ledgers: int) -> Iterator[tuple[str, str, Callable[[Rng], list[bool]]]]:
    """What is simulated, the bound that is stated, and how."""
    one, caught_at = f"<= {level(1):.4f}", caught(GOLDEN, GATE, FAIL_LEVEL)
    slow = max(1, runs // 4)
    yield f"{LOOKS} looks, one after the other", "<= 0.0500", lambda r: many_looks(r, runs)
    total = sum(level(k) for k in range(1, BRANCHES + 1))
    yield f"{BRANCHES} candidates on {BRANCHES} branches", f"<= {total:.4f}", lambda r: branches(r, runs)
    yield f"best of {ATTEMPTS} attempts on dev, one look", one, lambda r: best_on_dev(r, runs)
    yield "the same, only if it will probably pass", one, lambda r: when_likely(r, ledgers)
    yield "a part, then the whole with other answers", one, lambda r: again_with_other_answers(r, ledgers)
    both = level(1) + level(2)
    yield "a weaker reference: a second look", f"<= {both:.4f}", lambda r: weaker_reference(r, ledgers)
    yield f"gap to the best of {PROMPTS} prompts on dev", one, lambda r: chosen_prompt(r, slow)
    yield "the same, true rates within SD 0.03", one, lambda r: chosen_prompt(r, slow, 0.03)
    yield "the same, gap to the best in truth", "none", lambda r: chosen_prompt(r, slow, 0.03, over_best=True)
    yield f"groups of {GROUP}, declared", one, lambda r: clustered(r, slow)
    yield f"groups of {GROUP}, not declared", "none", lambda r: clustered(r, slow, declared=False)
    yield "plausible: a true gate is refused", f"<= {FAIL_LEVEL:.4f}", lambda r: plausible(r, runs, GATE, passing=False)
    if caught_at is not None:
        name = f"plausible: {caught_at:.3f} is caught"
        yield name, f">= {POWER:.4f}", lambda r: plausible(r, runs, caught_at, passing=False)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=4000)
    arguments.add_argument("--ledgers", type=int, default=400)
    arguments.add_argument("--seed", type=int, default=0)
    asked = arguments.parse_args()
    print("| rule, at truth = threshold | stated | simulated | standard error |")
    print("| --- | --- | --- | --- |")
    for name, bound, simulate in rows(asked.runs, asked.ledgers):
        found = simulate(np.random.default_rng(asked.seed))
        rate = sum(found) / len(found)
        error = math.sqrt(max(rate * (1.0 - rate), 1.0 / len(found)) / len(found))
        print(f"| {name} | {bound} | {rate:.4f} | {error:.4f} |", flush=True)


if __name__ == "__main__":
    main()
