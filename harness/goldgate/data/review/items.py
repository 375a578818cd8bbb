"""The questions of a review: outputs that may be wrong, and near repeats with different outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.base.fingerprint import digest, short
from goldgate.data.components import Unlike
from goldgate.data.labels import LookAlike
from goldgate.data.repeats import CONTRADICTION
from goldgate.data.row import Place
from goldgate.data.suspects import BATCH, ORDER, Suspects, worth_another
from goldgate.data.teaching import Doubt
from goldgate.task.examples import Example, Split, render_output

DOUBTFUL, NEAR, CONTRADICTING = "doubtful output", "near repeat", "contradiction"
TAUGHT, ALIKE = "teacher's doubt", "look-alike labels"
_MASKED = re.compile("‹[^›]+›")
KEEP, CHANGE, ACCEPT, DROP = "keep", "change", "accept", "drop"
DECISIONS = {
    KEEP: "the output is right",
    CHANGE: "new_output is the right output",
    ACCEPT: "new_output is right as well",
    DROP: "leave the example out",
}
Trail = Sequence[Mapping[str, Any]]
"""What was decided, in order: card.json's `review`."""


@dataclass(frozen=True)
class Item:
    """A question about an example.

    Attributes:
        key: Names the question and the content that it is about, so that a changed example is asked about again.
        kind: DOUBTFUL, NEAR, CONTRADICTING, TAUGHT or ALIKE.
        split: The example's split; empty for the last three, which are about no example.
        id: Its id; empty for these.
        input: Its input as text.
        output: Its output as a model writes it; of rows that contradict each other, all of them.
        reason: Why it is asked about.
        doubt: The teacher's doubt that it is about.
        labels: The labels that it is about.
    """

    key: str
    kind: str
    split: str
    id: str
    input: str
    output: str
    reason: str
    doubt: Doubt | None = None
    labels: LookAlike | None = None

    @property
    def is_several(self) -> bool:
        """Whether its output is several outputs, of which none is kept."""
        return self.kind in (CONTRADICTING, ALIKE)

    @property
    def choices(self) -> Mapping[str, str]:
        """The decisions that answer it, and what each means."""
        if self.split:
            return DECISIONS
        if self.labels is not None and not self.labels.other_rows:
            return {KEEP: "it is a label", DROP: "it says that there is none"}
        if self.labels is not None:
            return {KEEP: "they are two labels", CHANGE: "new_output, one of the two, is the label of both"}
        # What is in no split has nothing to keep or to add an answer to, unless a teacher gave it an output.
        without = (ACCEPT,) if self.doubt is not None and self.doubt.output is not None else (ACCEPT, KEEP)
        return {name: meaning for name, meaning in DECISIONS.items() if name not in without}


@dataclass(frozen=True)
class Review:
    """What is asked now.

    Attributes:
        items: The questions, the most harmful first.
        remarks: What is not asked, and why.
    """

    items: tuple[Item, ...]
    remarks: tuple[str, ...]


def items_of(
    splits: Mapping[str, Split],
    places: Mapping[Place, tuple[str, str]],
    suspects: Suspects,
    unlike: Sequence[Unlike],
    rejects: Sequence[Mapping[str, Any]],
    doubts: Sequence[Doubt],
    alike: Sequence[LookAlike],
    trail: Trail,
    golden: bool,
    whole: bool,
) -> Review:
    """Lists what is asked. What was decided on the same content is not asked again.

    Args:
        splits: Name → split.
        places: Place of a row → its split and id.
        suspects: Outputs that may be wrong, ranked.
        unlike: Near repeats with different outputs.
        rejects: The rows that were set aside.
        doubts: The inputs whose output a teacher is in doubt about.
        alike: Labels that look alike.
        trail: What was decided.
        golden: Whether golden's examples are asked about as well.
        whole: Whether all doubtful outputs are asked about, not the next batch of each split.

    Returns:
        The questions.
    """
    decided, remarks = {row["key"] for row in trail}, list(suspects.remarks)
    names = [name for name in ORDER if name in splits and (golden or name != "golden")]
    if not golden and (hidden := len(suspects.of("golden"))):
        remarks.append(
            f"golden: {hidden} doubtful outputs are asked about with --golden, which shows golden's examples"
        )
    found: list[Item] = []
    for name in names:
        asked = [_item(DOUBTFUL, splits[name].by_id[s.id], name, s.reason) for s in suspects.of(name)]
        left = [item for item in asked if item.key not in decided]
        mine = [row for row in trail if (row["kind"], row["split"]) == (DOUBTFUL, name)]
        if not whole and left and not worth_another([row["decision"] != KEEP for row in mine]):
            remarks.append(
                f"{name}: of the last {BATCH} doubtful outputs hardly any was wrong, so it stops; --all goes on"
            )
            continue
        found += left if whole else left[:BATCH]
    near = (item for item in _near(splits, places, unlike) if item.split in names and item.key not in decided)
    others = (*_alike(alike), *_contradictions(rejects, remarks), *_taught(doubts))
    against = [item for item in others if item.key not in decided]
    return Review(tuple({item.key: item for item in (*found, *against, *near)}.values()), tuple(remarks))


def _alike(pairs: Sequence[LookAlike]) -> Iterator[Item]:
    for pair in pairs:
        key = f"q-{short(digest([ALIKE, pair.rarer, pair.other]))}"
        both = f"{pair.rarer} | {pair.other}" if pair.other_rows else pair.rarer
        yield Item(key, ALIKE, "", "", str(pair), both, pair.why, labels=pair)


def _taught(doubts: Sequence[Doubt]) -> Iterator[Item]:
    for one in doubts:
        output = "" if one.output is None else render_output(one.output)
        key = f"q-{short(digest([TAUGHT, one.text, output]))}"
        yield Item(key, TAUGHT, "", "", one.text, output, f"{one.teacher}: {one.reason}", one)


def _contradictions(rejects: Sequence[Mapping[str, Any]], remarks: list[str]) -> Iterator[Item]:
    """Inputs of which no row could be used, because their outputs contradict each other."""
    found: dict[str, dict[str, None]] = {}
    places: dict[str, list[str]] = {}
    for row in rejects:
        raw = row.get("raw")
        if row["reason"] == CONTRADICTION and isinstance(raw, dict) and isinstance(raw.get("input"), str):
            found.setdefault(raw["input"], {})[render_output(raw.get("output"))] = None
            places.setdefault(raw["input"], []).append(f"{row['file']}, line {row.get('line', row.get('row'))}")
    masked = [text for text in found if _MASKED.search(text)]
    if masked:
        remarks.append(f"{len(masked)} contradictions hold personal data, which is masked here: decide in their source")
    for text in (text for text in found if text not in masked):
        outputs = " | ".join(found[text])
        key = f"q-{short(digest([CONTRADICTING, text, outputs]))}"
        where = "; ".join(places[text][:5]) + (" .." if len(places[text]) > 5 else "")
        yield Item(
            key, CONTRADICTING, "", "", text, outputs, f"{len(places[text])} rows contradict each other: {where}"
        )


def _near(
    splits: Mapping[str, Split], places: Mapping[Place, tuple[str, str]], unlike: Sequence[Unlike]
) -> Iterator[Item]:
    for pair in unlike:
        both = [(places[row.place], row) for row in (pair.one, pair.other)]
        for (split, id_), _ in both:
            ((_, other_id), other) = next(one for one in both if one[0] != (split, id_))
            shown = f"{other.text!r:.200} with {render_output(other.output):.100}"
            told = other_id if other.place.file.startswith("golden") else shown
            yield _item(NEAR, splits[split].by_id[id_], split, f"{pair.alike:.2f} alike: {told}")


def _item(kind: str, example: Example, split: str, reason: str) -> Item:
    output = render_output(example.output)
    key = f"q-{short(digest([kind, split, example.text, output]))}"
    return Item(key, kind, split, example.id, example.text, output, reason)
