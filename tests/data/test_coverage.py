"""The table of labels and edge cases: every cell that occurs, and the thin ones named."""

from __future__ import annotations

from goldgate.data.coverage import coverage, thin_lines
from goldgate.task.examples import Example, Split


def split(name: str, *made: tuple[str, tuple[str, ...], int]) -> Split:
    return Split(
        name,
        tuple(
            Example(f"{label}-{tags}-{i}", "x", label, tags=tags) for label, tags, count in made for i in range(count)
        ),
    )


SPLITS = {
    "train": split("train", ("late", (), 40), ("lost", ("angry",), 6)),
    "dev": split("dev", ("late", ("angry",), 5), ("lost", (), 5)),
    "golden": split("golden", ("late", (), 10), ("lost", ("angry", "long"), 9)),
}


def test_every_label_tag_and_pair_is_a_cell() -> None:
    cells = {(c.label, c.tag): dict(c.counts) for c in coverage(SPLITS, "label")}
    assert cells == {
        (None, "angry"): {"train": 6, "dev": 5, "golden": 9},
        (None, "long"): {"train": 0, "dev": 0, "golden": 9},
        ("late", None): {"train": 40, "dev": 5, "golden": 10},
        ("late", "angry"): {"train": 0, "dev": 5, "golden": 0},
        ("lost", None): {"train": 6, "dev": 5, "golden": 9},
        ("lost", "angry"): {"train": 6, "dev": 0, "golden": 9},
        ("lost", "long"): {"train": 0, "dev": 0, "golden": 9},
    }
    assert {(c.label, c.tag) for c in coverage(SPLITS, "json")} == {(None, "angry"), (None, "long")}


def test_thin_cells_are_named_the_smallest_first() -> None:
    lines = thin_lines(coverage(SPLITS, "label"))
    assert lines[0] == "6 of 7 labels and edge cases have few examples (under 5 in train, 5 in dev, 10 in golden):"
    assert lines[1] == "  [angry] of late: 0 train, 5 dev, 0 golden"
    assert not any(line.strip().startswith("late:") for line in lines)
    assert thin_lines([]) == []
