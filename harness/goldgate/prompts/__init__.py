"""Prompting strategies: how an example becomes chat messages. A new strategy is one class with four members."""

from __future__ import annotations

from goldgate.base.errors import UserError, near_names
from goldgate.base.extensions import STRATEGIES, extensions
from goldgate.prompts.few_shot import FewShot
from goldgate.prompts.file_prompt import FilePrompt
from goldgate.prompts.fixed import Fixed
from goldgate.prompts.nearest import Nearest
from goldgate.prompts.optimized import Optimized
from goldgate.prompts.packaged import Packaged
from goldgate.prompts.pruned import Pruned
from goldgate.prompts.strategy import Sources, Strategy
from goldgate.prompts.zero_shot import ZeroShot

__all__ = [
    "FewShot",
    "FilePrompt",
    "Fixed",
    "Nearest",
    "Optimized",
    "Pruned",
    "Sources",
    "Strategy",
    "ZeroShot",
    "optimized_count",
    "parse_strategy",
]

_FORMS = ("zero_shot", "few_shot:4", "nearest:4", "optimized:4", "file:PROMPT.md", "pruned")


def parse_strategy(name: str, sources: Sources) -> Strategy:
    """Finds a prompting strategy by its name.

    Args:
        name: zero_shot, few_shot:K, nearest:K, optimized:N, file:NAME or pruned, or the name of a strategy that a
            package brings.
        sources: What the strategy may read: the task, its train split and the distances within it.

    Returns:
        The strategy.

    Raises:
        UserError: There is no such strategy, it does not fit the task, or the package's code cannot be imported.
    """
    kind, colon, rest = name.partition(":")
    if not colon and kind == "zero_shot":
        return ZeroShot(sources.task)
    if not colon and kind == "pruned":
        return Pruned(sources.task)
    if kind in ("few_shot", "nearest"):
        count = _count(name, rest)
        return FewShot(sources.task, sources.train(), count) if kind == "few_shot" else Nearest(sources, count)
    if (most := optimized_count(name)) is not None:
        return Optimized(sources, most)
    if colon and kind == "file":
        return FilePrompt(sources.task, rest)
    if (extension := extensions(STRATEGIES).get(kind)) is not None:
        return Packaged(extension.load()(sources, rest), extension)
    raise UserError(f'no prompting strategy "{name}"', hint=near_names(name, _FORMS))


def optimized_count(name: str) -> int | None:
    """Returns the most shots of an optimised prompt; None for the name of any other strategy.

    Raises:
        UserError: The name does not say how many.
    """
    kind, _, rest = name.partition(":")
    return _count(name, rest) if kind == "optimized" else None


def _count(name: str, number: str) -> int:
    if not number.isascii() or not number.isdigit() or int(number) < 1:
        raise UserError(f'"{name}" does not say how many shots', hint="write few_shot:4, nearest:4 or optimized:4")
    return int(number)
