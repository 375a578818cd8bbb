"""Labels that look alike, labels that are rare, values that are no label, and labels.yaml, which settles them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError, near_names
from goldgate.base.files import write_whole
from goldgate.base.yaml import line_of, read_yaml
from goldgate.data.account import Account
from goldgate.data.cleaning.invisible import visible
from goldgate.data.row import Row
from goldgate.task.form import apart

FILE = "labels.yaml"
FEWEST = 5
"""A label with fewer rows is called rare: it cannot stand in train, dev and golden and be measured there."""
_MOST = 2000  # labels that are compared in pairs: 2 million pairs take two seconds
_COSINE = 0.9
_NO_LABEL = re.compile(
    r"|n/a|n\.a\.?|null|nan|[<(\[](?:null|nan|na|n/a|blank|empty)[>)\]]|#(?:n/?a|ref!|value!|name\?|div/0!|null!|num!)",
    re.IGNORECASE,
)
"""What no class is called: nothing, what spreadsheets and databases write for it, and errors of a spreadsheet."""
_PERHAPS_NONE = re.compile(
    r"na|none|nil|unknown|undefined|missing|not (?:available|applicable)|no label|tbd|todo|blank|empty|[-–—?.]+",
    re.IGNORECASE,
)
NONE = "no label"
_APART = re.compile(r"[\s_\-./\\:;,|&+'’\"()\[\]]+")
_NOT = ("un", "in", "im", "ir", "il", "non", "not", "no", "dis", "mis", "de", "re", "pre", "a")

SAME = "labels without what is not drawn"
MERGED = "labels merged as labels.yaml says"
AS_TEXT = "numbers made labels"


@dataclass(frozen=True)
class LabelRules:
    """The contents of labels.yaml.

    Attributes:
        merge: Label → the label that takes its place; both as they are drawn.
        missing: Values that are no label.
        distinct: Pairs that look alike and are two labels.
    """

    merge: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    distinct: frozenset[frozenset[str]] = frozenset()

    def label(self, text: str) -> str:
        """Returns the label that a text stands for: as it is drawn, after the merges."""
        return self.merge.get(visible(text), visible(text))

    def is_missing(self, text: str) -> bool:
        """Returns whether a text says that there is no label, as "N/A", a blank cell or "#REF!" does."""
        seen = visible(text)
        said = _NO_LABEL.fullmatch(seen) is not None and frozenset((seen, NONE)) not in self.distinct
        return said or seen in self.missing


@dataclass(frozen=True)
class LookAlike:
    """Two labels that may be one.

    Attributes:
        rarer: The label with fewer rows.
        rows: Its number of rows.
        other: The other label.
        other_rows: Its number of rows.
        why: What makes them alike.
    """

    rarer: str
    rows: int
    other: str
    other_rows: int
    why: str

    def __str__(self) -> str:
        return f'"{self.rarer}" ({self.rows}) and "{self.other}" ({self.other_rows}) {self.why}'


def count_labels(labels: Iterable[str], rules: LabelRules | None = None) -> Counter[str]:
    """Counts labels as they are drawn, after the merges, without values that are no label."""
    rules = rules or LabelRules()
    return Counter(rules.label(label) for label in labels if not rules.is_missing(label))


def rare(counts: Mapping[str, int], fewest: int = FEWEST) -> dict[str, int]:
    """Returns the labels with fewer rows than `fewest`, the rarest first."""
    return dict(sorted(((k, n) for k, n in counts.items() if n < fewest), key=lambda item: (item[1], item[0])))


def without_missing(rows: Iterable[Row], account: Account, rules: LabelRules | None = None) -> list[Row]:
    """Sets aside rows of a label task whose output says that there is no label.

    Args:
        rows: The rows.
        account: Where they are entered.
        rules: The contents of labels.yaml.

    Returns:
        The other rows.
    """
    rules, kept = rules or LabelRules(), []
    for row in rows:
        if isinstance(row.output, str) and rules.is_missing(row.output):
            account.set_aside(row.place, NONE, f"the output is {row.output!r:.40}", row.output)
        else:
            kept.append(row)
    return kept


def spelled(outputs: Iterable[Any], rules: LabelRules | None = None) -> Callable[[Any], tuple[Any, tuple[str, ...]]]:
    """Returns what gives labels their one spelling.

    Args:
        outputs: All labels of the task.
        rules: The confirmed merges.

    Returns:
        A function from a label to its spelling and the names of the rules that changed it. Numbers and truth values
        among labels become text.
    """
    rules = rules or LabelRules()

    def spell(output: Any) -> tuple[Any, tuple[str, ...]]:
        applied: list[str] = []
        if isinstance(output, int | float):
            output = json.dumps(output)
            applied.append(AS_TEXT)
        if not isinstance(output, str):
            return output, ()
        if (seen := visible(output)) != output:
            applied.append(SAME)
        if (label := rules.label(seen)) != seen:
            applied.append(MERGED)
        return label, tuple(applied)

    return spell


def look_alikes(
    counts: Mapping[str, int], rules: LabelRules | None = None, embed: Callable[[Sequence[str]], Any] | None = None
) -> list[LookAlike]:
    """Finds labels that may be one: by case, separators, accents, order of words, look of letters, or a typing error.

    Labels that differ in a number or a negation are not called alike.

    Args:
        counts: Label → number of rows, from `count_labels`.
        rules: Pairs that it calls distinct are left out.
        embed: Labels to unit vectors (labels, dimensions), to find labels of the same meaning too.

    Returns:
        The pairs, those with the rarest label first. Nothing is merged.
    """
    labels = sorted(counts, key=lambda label: (-counts[label], label))[:_MOST]
    distinct = rules.distinct if rules else frozenset()
    near = _near(labels, embed) if embed else {}
    found = []
    for one, other in combinations(labels, 2):
        why = _why(one, other, counts[other] * 10 <= counts[one]) or near.get((one, other), "")
        if why and frozenset((one, other)) not in distinct:
            found.append(LookAlike(other, counts[other], one, counts[one], why))
    found += [
        LookAlike(label, counts[label], NONE, 0, "may say that there is none")
        for label in labels
        if _PERHAPS_NONE.fullmatch(label) and frozenset((label, NONE)) not in distinct
    ]
    return sorted(found, key=lambda pair: (pair.rows, pair.rarer, pair.other))


def _near(labels: Sequence[str], embed: Callable[[Sequence[str]], Any]) -> dict[tuple[str, str], str]:
    vectors = embed([" ".join(_words(label)) for label in labels])
    alike = vectors @ vectors.T
    return {
        (labels[i], labels[j]): f"mean nearly the same (cosine {alike[i, j]:.2f})"
        for i, j in combinations(range(len(labels)), 2)
        if alike[i, j] >= _COSINE
    }


def _words(label: str) -> list[str]:
    parted = re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", " ", label)
    return [word for word in _APART.split(parted.casefold()) if word]


def _plain(label: str) -> str:
    parts = unicodedata.normalize("NFKD", label).casefold()
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


def _why(one: str, other: str, much_rarer: bool) -> str:
    if one.casefold() == other.casefold():
        return "differ in capital letters only"
    first, second = _words(one), _words(other)
    if "".join(first) == "".join(second):
        return "differ in blanks, signs or capital letters only"
    if _APART.sub("", _plain(one)) == _APART.sub("", _plain(other)):
        return "differ in accents or the width of letters"
    if apart(one, other):
        return f"are drawn alike ({apart(one, other)})"
    if sorted(first) == sorted(second):
        return "have the same words in another order"
    typed = _mistyped(_plain("".join(first)), _plain("".join(second)), much_rarer) and not _negated(first, second)
    return "differ by a letter or two" if typed else ""


def _mistyped(one: str, other: str, much_rarer: bool) -> bool:
    from rapidfuzz.distance import OSA

    shorter = min(len(one), len(other))
    if [c for c in one if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    most = 2 if shorter >= 12 else 1 if shorter >= (4 if much_rarer else 6) else 0
    return most > 0 and OSA.distance(one, other, score_cutoff=most) <= most


def _negated(one: Sequence[str], other: Sequence[str]) -> bool:
    if len(one) != len(other):
        return any(word in _NOT for word in {*one} ^ {*other})
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return any(a == prefix + b or b == prefix + a for a, b in pairs for prefix in _NOT)


def read_labels(path: Path) -> LabelRules:
    """Reads labels.yaml.

    Args:
        path: The file.

    Returns:
        What it says; labels are compared as they are drawn.

    Raises:
        UserError: The file is missing or invalid. The error names the file, line and key.
    """
    raw, _ = read_yaml(path, "start with `merge:`")
    known = ("merge", "missing", "distinct")

    def refuse(what: str, hint: str, *keys: str | int) -> UserError:
        line = line_of(raw, [str(key) for key in keys])
        return UserError(what, f"{path}, line {line}" if line else str(path), hint)

    for key in raw:
        if key not in known:
            raise refuse(f'unknown key "{key}"', near_names(str(key), known), key)
    merge, missing, distinct = raw.get("merge") or {}, raw.get("missing") or [], raw.get("distinct") or []
    if not isinstance(merge, dict):
        raise refuse("merge must map labels to the labels that take their place", 'write `"old label": label`', "merge")
    for key, value in merge.items():
        if not isinstance(key, str) or not isinstance(value, str) or not visible(value):
            raise refuse(f"{key!r:.40} and {value!r:.40} must be text", "put labels in quotes", "merge", key)
    if not isinstance(missing, list) or not all(isinstance(value, str) for value in missing):
        raise refuse("missing must list values that are no label, as text", 'write `missing: ["none"]`', "missing")
    if not isinstance(distinct, list) or not all(_is_pair(pair) for pair in distinct):
        raise refuse("distinct must list pairs of labels", "write `distinct: [[one, other]]`", "distinct")
    to = {visible(key): visible(value) for key, value in merge.items()}
    for key, value in merge.items():
        if visible(value) in to and visible(key) != visible(value):
            raise refuse(f'"{value}" is merged itself', f'merge "{key}" into "{to[visible(value)]}"', "merge", key)
    pairs = frozenset(frozenset(visible(label) for label in pair) for pair in distinct)
    return LabelRules(to, frozenset(visible(value) for value in missing), pairs)


def known_rules(folder: Path) -> LabelRules:
    """Reads the labels.yaml of a task, if there is one.

    Args:
        folder: golden/<task>.

    Returns:
        What it says; nothing if there is none.

    Raises:
        UserError: The file is invalid. The error names the file, line and key.
    """
    return read_labels(folder / FILE) if (folder / FILE).is_file() else LabelRules()


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(label, str) for label in pair)


def propose_labels(path: Path, pairs: Sequence[LookAlike], few: Mapping[str, int]) -> None:
    """Writes labels.yaml with a merge for each pair, all as comments: a person takes the mark away from those to make.

    Args:
        path: The file.
        pairs: The labels that look alike.
        few: The rare labels with their rows.

    Raises:
        UserError: The file exists, so a person's decisions would be lost.
    """
    if path.exists():
        raise UserError("already exists", str(path), "remove it, or write the merges into it")
    lines = ["# Take the # away from what is to be done. Nothing here is done otherwise.", "merge:"]
    merges = [pair for pair in pairs if pair.other_rows]
    lines += [
        f"  # {_quoted(p.rarer)}: {_quoted(p.other)}  # {p.rows} and {p.other_rows} rows: {p.why}" for p in merges
    ]
    lines += ["distinct:", *(f"  # - [{_quoted(p.rarer)}, {_quoted(p.other)}]" for p in pairs)]
    lines += ["missing:", *(f"  # - {_quoted(p.rarer)}  # {p.rows} rows" for p in pairs if not p.other_rows)]
    lines += [f"# rare: {_quoted(label)}, {rows} rows" for label, rows in few.items()]
    write_whole(path, "\n".join(lines) + "\n")


def _quoted(label: str) -> str:
    return json.dumps(label, ensure_ascii=False)
