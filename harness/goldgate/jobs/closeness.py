"""Embedding the inputs of a task to find those that say nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goldgate.base.errors import UserError
from goldgate.base.extras import is_installed
from goldgate.data.account import Account
from goldgate.data.closeness import FindPairs, close_pairs, closest_pairs, sample
from goldgate.data.components import CosinePair
from goldgate.jobs.progress import Progress

WHAT = "near-duplicates in other words"
OPTION = "--no-embeddings"
NONE = "not looked for"


@dataclass(frozen=True)
class Close:
    """The pairs of inputs whose embeddings have a cosine of at least 0.95.

    Attributes:
        pairs: The pairs; none where the embedding model is not available.
        done: How many there are, or that they were not looked for.
        reason: What was compared, or why nothing was.
    """

    pairs: tuple[CosinePair, ...]
    done: str
    reason: str

    @property
    def missed(self) -> str:
        """What was not looked for and why, in words; empty if it was."""
        return f"{WHAT}, because {self.reason}" if self.done == NONE else ""


def find_close(cache: Path, progress: Progress, texts: Sequence[str], splits: Sequence[Sequence[str]] = ()) -> Close:
    """Embeds inputs and compares all with all.

    Args:
        cache: The cache folder, which keeps embeddings as they are made.
        progress: Receives the progress.
        texts: The inputs. Of more than 100,000, a sample is compared.
        splits: Those of splits, such as golden's, which are compared in any case: a close one in each of them is found,
            however many others are close.

    Returns:
        The pairs.
    """
    if not is_installed("sentence_transformers"):
        return Close((), NONE, "the light install has no embeddings: pip install 'goldgate[train]'")
    from goldgate.models.embedder import embed

    always = [text for split in splits for text in split]
    chosen = sample(texts, always)
    try:
        with progress.step("embed inputs", "to find those that say the same in other words", len(chosen)) as advance:
            vectors = embed(chosen, cache, advance)
    except UserError as error:
        return Close((), NONE, error.what)
    place = {text: i for i, text in enumerate(chosen)}
    found = {(one, other): cosine for one, other, cosine in close_pairs(chosen, vectors)}
    for split in splits:
        for one, other, cosine in closest_pairs(chosen, vectors, sorted({place[text] for text in split})):
            found.setdefault((min(one, other), max(one, other)), cosine)
    pairs = [(one, other, cosine) for (one, other), cosine in found.items()]
    many, part = len({*texts, *always}), f"{len(chosen):,} inputs"
    if many > len(chosen):
        part += f" of {many:,} (dev, golden, a sample, and what is most alike by words)"
    return Close(tuple(pairs), f"{len(pairs):,} pairs", f"embeddings of {part} with a cosine of 0.95 or more")


def pair_finder(cache: Path, progress: Progress) -> FindPairs:
    """Returns a function that finds pairs and enters what was done into the account of a preparation."""

    def find(texts: Sequence[str], splits: Sequence[Sequence[str]], account: Account) -> Sequence[CosinePair]:
        close = find_close(cache, progress, texts, splits)
        account.decide(WHAT, close.done, close.reason, OPTION)
        return close.pairs

    return find
