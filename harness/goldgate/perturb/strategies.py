"""Perturbations as hypothesis strategies: compositions that shrink to the fewest edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from goldgate.perturb.perturbation import Perturbation, edited, merged
from goldgate.perturb.unchanged import MUST_NOT_CHANGE
from goldgate.task.examples import Example

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
_SEEDS = 1_000_000


def subsets(items: Sequence[T]) -> SearchStrategy[tuple[T, ...]]:
    """Draws some of the items, in their order: mostly nearly all of them, shrinking to few. Requires hypothesis.

    Each of n items is left out with a chance of about 1 in n + 1, so that all of them together are tried early; tossing
    a coin for each would seldom try many at once.
    """
    from hypothesis import strategies as st

    drawn = st.tuples(*[st.integers(0, len(items)) for _ in items])
    return drawn.map(lambda kept: tuple(item for item, keep in zip(items, kept, strict=True) if keep))


def perturbed(example: Example, perturbations: Sequence[Perturbation] = MUST_NOT_CHANGE) -> SearchStrategy[Example]:
    """Draws the example under a composition of some of the perturbations, with its expected output. Requires
    hypothesis.

    It shrinks to fewer perturbations and fewer edits; the simplest result is the example itself.
    """
    from hypothesis import strategies as st

    def compose(chosen: list[Perturbation], seed: int) -> SearchStrategy[Example]:
        edits = merged(p.edits(example, seed) for p in chosen)
        return subsets(edits).map(lambda kept: edited(example, kept))

    chosen = st.lists(st.sampled_from(list(perturbations)), unique_by=lambda p: p.name)
    return st.tuples(chosen, st.integers(0, _SEEDS)).flatmap(lambda drawn: compose(*drawn))
