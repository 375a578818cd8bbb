"""From a vendor's graders to the gates of a suite.

A grader judges one example, and a gate a share of the examples: which share must pass, no grader says. Imported gates
ask for the share that this golden split can show, and say so.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from goldgate.data.account import Account
from goldgate.data.graders.meaning import Meaning, NotTheSame, meaning_of
from goldgate.data.graders.read import Grader, read_graders, ref_of
from goldgate.data.proposal import Threshold
from goldgate.task.task import Kind

_EXPECTED = frozenset(
    ("answer", "completion", "correct_answer", "correct_label", "expected", "expected_output", "ground_truth", "ideal")
) | {"label", "output", "reference", "reference_answer", "target"}
"""What columns of expected outputs are called in a vendor's data."""
_FIELD = '''
def field(value, *path):
    """The text at a path of JSON, as JSON writes it; None if there is none."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
        for step in path:
            found = found[int(step) if isinstance(found, list) else step]
    except (ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else json.dumps(found, sort_keys=True)
'''


@dataclass(frozen=True)
class Imported:
    """The graders of a file, as code for test_gates.py.

    Attributes:
        imports: Lines of imports that the code needs.
        code: The code, with a comment on what was not imported; begins with blank lines.
    """

    imports: str
    code: str


def import_graders(
    path: Path, kind: Kind, fields: Sequence[str], threshold: Callable[[str], Threshold], account: Account
) -> Imported:
    """Turns the graders of a file into gates.

    Args:
        path: The file.
        kind: The kind of the task.
        fields: The top-level fields of its outputs.
        threshold: Proposes the threshold of a metric's gate.
        account: Receives what was imported under which name, and what was not, with the reason.

    Returns:
        The code.

    Raises:
        UserError: The file cannot be read, or holds no grader.
    """
    graders = read_graders(path)
    expected = _expected(graders, account)
    taken: Counter[str] = Counter()
    gates: list[_Gate] = []
    left: list[str] = []
    for grader in graders:
        try:
            meaning = meaning_of(grader, kind, fields, expected)
        except NotTheSame as why:
            left.append(f"{grader.name} ({grader.type}): {why}")
            continue
        name = _identifier(grader.name, taken)
        is_asked = meaning.metric == "exact_match" and kind != "text"  # of labels and JSON, test_accuracy asks it
        gates.append(_Gate(grader, meaning, "test_accuracy" if is_asked else f"test_grader_{name}"))
    account.remarks += [
        f"{path.name}: {len(gates)} of {len(graders)} graders are gates in test_gates.py",
        *map(str, gates),
        *(f"  not imported: {line}" for line in left),
    ]
    needs = {need for gate in gates for need in gate.meaning.needs}
    code = [gate.code(threshold) for gate in gates if gate.name != "test_accuracy"]
    own = any(not gate.meaning.metric for gate in gates)
    return Imported(_imports(needs, own), "".join(["\n" + _FIELD if "json" in needs else "", *code, _left(left)]))


@dataclass(frozen=True)
class _Gate:
    """A grader with what it means, and the name of its test."""

    grader: Grader
    meaning: Meaning
    name: str

    def __str__(self) -> str:
        difference = f"; {self.meaning.difference}" if self.meaning.difference else ""
        return f"  {self.grader.name} ({self.grader.type}): {self.name}, {self.meaning.said}{difference}"

    def code(self, threshold: Callable[[str], Threshold]) -> str:
        meaning, scorer = self.meaning, self.name.removeprefix("test_")
        proposed = threshold(meaning.metric or scorer)
        lines = [f"# {self.grader.type} {self.grader.name!r}: an answer is right if it {meaning.said}."]
        lines += [f"# {meaning.difference[0].upper()}{meaning.difference[1:]}."] if meaning.difference else []
        lines += ["# The grader does not say how many examples must pass: this share is proposed, set your own."]
        lines += [f"# {proposed.reason}"]
        lines += [f"assert candidate.{meaning.metric or f'by({scorer})'} >= {proposed.value:.2f}"]
        test = f"\n\ndef {self.name}(candidate):\n" + "".join(f"    {line}\n" for line in lines)
        if meaning.metric:
            return test
        return f"\n\n@scorer\ndef {scorer}(example, text):\n" + "".join(f"    {line}\n" for line in meaning.code) + test


def _expected(graders: Sequence[Grader], account: Account) -> str | None:
    """The column of the vendor's data that is the expected output; None if that is not clear."""
    sides = [(ref_of(g.raw.get("input")), ref_of(g.raw.get("reference"))) for g in graders]
    whole = [(one, other) for pair in sides for one, other in (pair, pair[::-1]) if one.kind in ("output", "field")]
    roots = {other.path[0] for one, other in whole if other.kind == "item" and len(other.path) == 1 + len(one.path)}
    named = roots & _EXPECTED
    if len(found := named if named else roots) != 1:
        return None
    (name,) = found
    account.decide("expected output of the graders", f"item.{name}", "they compare the answer with it")
    return name


def _identifier(name: str, taken: Counter[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "unnamed"
    plain = f"{plain}_" if keyword.iskeyword(plain) else plain
    taken[plain] += 1
    return plain if taken[plain] == 1 else f"{plain}_{taken[plain]}"


def _imports(needs: Set[str], own: bool) -> str:
    blocks = [
        ["import json"] if "json" in needs else [],
        ["from rapidfuzz import fuzz"] if "fuzz" in needs else [],
        ["from goldgate import scorer"] if own else [],
    ]
    if "rouge_l" in needs:
        blocks[-1].append("from goldgate.scorers.overlap import rouge_l")
    return "\n\n".join("\n".join(block) for block in blocks if block) + ("\n" if own else "")


def _left(left: Sequence[str]) -> str:
    if not left:
        return ""
    return "\n".join(["", "", "# Graders that were not imported:", *(f"# - {line}" for line in left)]) + "\n"
