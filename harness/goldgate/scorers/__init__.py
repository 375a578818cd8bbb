"""The metrics by name.

A scorer's version must be raised whenever it comes to promise something else: every suite's digest then changes, and
its next look at golden is a new one. A value that broke what the scorer's documentation promised is mended under the
same version, because the suite still asks what it asked.
"""

from __future__ import annotations

from goldgate.scorers.caching import Caching, caching_of, how_cached
from goldgate.scorers.json_format import (
    exact_json,
    field_accuracy,
    field_f1,
    field_precision,
    field_recall,
    json_valid,
    schema_valid,
)
from goldgate.scorers.overlap import edit_similarity, rouge_l
from goldgate.scorers.own import Better
from goldgate.scorers.prices import Tariff, tariff_of
from goldgate.scorers.reason import breaks_schema, breaks_style, differs
from goldgate.scorers.refusal import empty_rate, refusal_rate
from goldgate.scorers.score import Given, Score
from goldgate.scorers.scorer import Context, Scorer, per_example
from goldgate.scorers.similarity import similarity
from goldgate.scorers.text import (
    cost_per_1k,
    exact_text,
    label_valid,
    numbers_kept,
    stop_rate,
    style_ok,
    style_score,
    tokens_in,
    tokens_out,
)
from goldgate.scorers.timed import TIMED, timed_measure
from goldgate.scorers.whole import Whole, macro_f1_of
from goldgate.task.task import Task

_ALL = frozenset({"json", "label", "text"})
_JSON, _LABEL, _TEXT = frozenset({"json"}), frozenset({"label"}), frozenset({"text"})


def _style(task: Task) -> str | None:
    return None if task.style else "task.yaml sets no `style:` rules"


def _prices(task: Task) -> str | None:
    return None if task.prices and task.prices.of_tokens else "task.yaml sets no token `prices:`"


def _token_bounds(context: Context) -> tuple[float, float]:
    return 0.0, float(context.task.decoding.max_new_tokens)


def _prompt_bounds(context: Context) -> tuple[float, float]:
    return 0.0, float(context.task.decoding.max_prompt_tokens)


def _cost_bounds(context: Context) -> tuple[float, float]:
    return 0.0, context.priced.uncached(_prompt_bounds(context)[1], _token_bounds(context)[1])


_SCORERS = (
    Scorer("exact_match", 2, per_example(exact_json, differs), _JSON),
    Scorer("exact_match", 2, per_example(exact_text, differs), _LABEL | _TEXT),
    Scorer("json_valid", 2, per_example(json_valid), _JSON),
    Scorer("schema_valid", 2, per_example(schema_valid, breaks_schema), _JSON),
    Scorer("field_accuracy", 2, per_example(field_accuracy), _JSON),
    Scorer("field_precision", 1, per_example(field_precision), _JSON, shown=False),
    Scorer("field_recall", 1, per_example(field_recall), _JSON, shown=False),
    Scorer("field_f1", 1, per_example(field_f1), _JSON, shown=False),
    Scorer("label_valid", 2, per_example(label_valid), _LABEL),
    Scorer("style_ok", 2, per_example(style_ok, breaks_style), _TEXT, needs=_style),
    Scorer("style_score", 2, per_example(style_score, breaks_style), _TEXT, needs=_style),
    Scorer("numbers_kept", 2, per_example(numbers_kept), _TEXT),
    Scorer("similarity", 2, similarity, _TEXT, bounds=lambda context: (-1.0, 1.0), model=True),
    Scorer("edit_similarity", 1, per_example(edit_similarity), _TEXT, shown=False),
    Scorer("rouge_l", 1, per_example(rouge_l), _TEXT, shown=False),
    Scorer("stop_rate", 1, stop_rate, _ALL),
    Scorer("empty_rate", 1, empty_rate, _ALL, better="low", shown=False),
    Scorer("refusal_rate", 1, refusal_rate, _ALL, better="low", shown=False),
    Scorer("tokens_in", 1, tokens_in, _ALL, better="low", bounds=_prompt_bounds, quality=False),
    Scorer("tokens_out", 1, tokens_out, _ALL, better="low", bounds=_token_bounds, quality=False),
    Scorer("cost_per_1k", 1, cost_per_1k, _ALL, better="low", bounds=_cost_bounds, needs=_prices, quality=False),
)


_WHOLE = (Whole("macro_f1", 1, _LABEL, macro_f1_of),)


def scorers_for(task: Task) -> dict[str, Scorer]:
    """Returns the task's metrics that are means of per-example values, in display order. None is computed before it is
    used.
    """
    return {s.name: s for s in _SCORERS if task.kind in s.kinds and s.needs(task) is None}


def whole_for(task: Task) -> dict[str, Whole]:
    """Returns the task's metrics that are computed on a split as a whole."""
    return {w.name: w for w in _WHOLE if task.kind in w.kinds}


def quality_metrics(task: Task) -> dict[str, Better]:
    """Returns the task's metrics that judge what an answer says, and whether a high or a low value of each is better.

    What an answer costs is none of them: its tokens, their price, and the time that it takes.
    """
    means: dict[str, Better] = {name: s.better for name, s in scorers_for(task).items() if s.quality}
    return means | {name: w.better for name, w in whole_for(task).items()}


def scorer_versions(task: Task) -> dict[str, int]:
    """Returns name → version of the task's scorers, which is part of what makes two looks at golden the same."""
    means = {name: s.version for name, s in scorers_for(task).items()}
    return means | {name: w.version for name, w in whole_for(task).items()} | TIMED


__all__ = [
    "TIMED",
    "Better",
    "Caching",
    "Context",
    "Given",
    "Score",
    "Scorer",
    "Tariff",
    "caching_of",
    "how_cached",
    "quality_metrics",
    "scorer_versions",
    "scorers_for",
    "tariff_of",
    "timed_measure",
    "whole_for",
]
