"""What a run record says about an optimised prompt: how it was searched, and what it says."""

from __future__ import annotations

from pydantic import Field

from goldgate.runs.part import Many, Number, Part


class ShotFacts(Part):
    """A shot as it is shown: the train example's id, its input and its output."""

    id: str = ""
    input: str = ""
    output: str = ""


class OptimizedFacts(Part):
    """An optimised prompt.

    Attributes:
        file: Name of the file that holds it.
        digest: Digest of that file's content.
        optimizer: What searched it, and its version.
        reflection: The model that proposed instructions; None without one.
        budget: The most answers of the search.
        budget_minutes: The time that this number was derived from; None if it was given.
        because: Where the budget comes from, in words.
        calls: Answers that the search asked for.
        seconds: The time that they took when they were made.
        reflections: Calls of the reflection model.
        reflection_seconds: The time that those took.
        candidates: How many prompts were tried.
        examples: On how many train examples the finalists were compared.
        scores: Metric → estimate on them; the metric that decides comes first.
        first: The same of the prompt of few_shot:N.
        system: The system message.
        shots: The shots.
    """

    file: str = ""
    digest: str = ""
    optimizer: str = ""
    reflection: str | None = None
    budget: int = 0
    budget_minutes: Number = None
    because: str = ""
    calls: int = 0
    seconds: float = 0.0
    reflections: int = 0
    reflection_seconds: float = 0.0
    candidates: int = 0
    examples: int = 0
    scores: dict[str, Number] = Field(default_factory=dict)
    first: dict[str, Number] = Field(default_factory=dict)
    system: str = ""
    shots: Many[ShotFacts] = ()

    @property
    def minutes(self) -> float:
        """The minutes that the search took, those of the reflection model included."""
        return (self.seconds + self.reflection_seconds) / 60

    def got_less(self, trained: float) -> bool:
        """Returns whether the search took less time than training, in seconds, apart from what rounding hides."""
        return round(self.minutes, 1) < round(trained / 60, 1)

    def result(self) -> str:
        """Says what the search found, in one clause."""
        metric, score = next(iter(self.scores.items()), ("", None))
        first = self.first.get(metric)
        before = "" if first is None else f", few_shot's {first:.3f}"
        found = "" if score is None else f": {metric} {score:.3f} on {self.examples} examples of train{before}"
        return f"the best of {self.candidates} prompts{found}"

    def effort(self, trained: float) -> str:
        """Says what the search got beside what training got.

        Args:
            trained: Seconds of training, all attempts together.

        Returns:
            One clause.
        """
        helped = f" and {self.reflections} proposals by {self.reflection}" if self.reflection else ""
        words = (
            f"the search got {self.calls:,} of {self.budget:,} answers{helped}, {self.minutes:.1f} min;"
            f" training got {trained / 60:.1f} min"
        )
        return f"{words}: the search got LESS" if self.got_less(trained) else words
