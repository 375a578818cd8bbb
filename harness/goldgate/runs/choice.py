"""What a run records of choosing the best prompt for each metric."""

from __future__ import annotations

from goldgate.runs.part import Number, Part


class ChoiceFacts(Part):
    """The best prompt for one metric: with whom the metric's gap compares, and what its choice on dev may have cost.

    Attributes:
        subject: The prompt's name.
        among: From how many prompts it was chosen.
        n: By how many dev examples.
        most: How much better the best prompt of the list may be in truth; exceeded with a probability of at most 5%.
        split: The split that `most` comes from: golden where all prompts have answered it, else dev.
    """

    subject: str = ""
    among: int | None = None
    n: int | None = None
    most: Number = None
    split: str = "dev"

    @property
    def points(self) -> str:
        """How much better another prompt may be, in percentage points; empty where that is not known."""
        return "" if self.most is None or (self.among or 0) < 2 else f"{100 * self.most:.1f}"

    @property
    def words(self) -> str:
        """What the choice may have cost, in one sentence; empty where there was none."""
        if not self.points:
            return ""
        measured = " (95%, measured on golden)" if self.split == "golden" else " (95%)"
        return (
            f"chosen on dev among {self.among} prompts by {self.n} examples: the best of them may be up to"
            f" {self.points} points better than the chosen one{measured}"
        )
