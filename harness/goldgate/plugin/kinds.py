"""Kinds of gates as pytest marks, derived from a test's arguments and the metrics that its code names."""

from __future__ import annotations

from collections.abc import Set

import pytest

KINDS = {
    "accuracy": "answers that are right",
    "format": "the form of answers: schema, labels, style, a proper end",
    "edge_case": "edge cases, one at a time or together",
    "baseline_gap": "the difference to a baseline",
    "consistency": "agreement between several answers",
    "forgetting": "what training made the model forget",
    "cost": "tokens and their price",
    "latency": "seconds to an answer",
}
_FIXTURES = {
    "edge_case": "edge_case",
    "edge_cases": "edge_case",
    "prompted": "baseline_gap",
    "base": "baseline_gap",
    "linear": "baseline_gap",
    "incumbent": "baseline_gap",
    "general": "forgetting",
    "kept": "forgetting",
}
METRICS = {
    "exact_match": "accuracy",
    "field_accuracy": "accuracy",
    "macro_f1": "accuracy",
    "similarity": "accuracy",
    "numbers_kept": "accuracy",
    "field_precision": "accuracy",
    "field_recall": "accuracy",
    "field_f1": "accuracy",
    "edit_similarity": "accuracy",
    "rouge_l": "accuracy",
    "json_valid": "format",
    "schema_valid": "format",
    "label_valid": "format",
    "style_ok": "format",
    "style_score": "format",
    "stop_rate": "format",
    "empty_rate": "format",
    "refusal_rate": "format",
    "agreement": "consistency",
    "formats": "consistency",
    "tokens_in": "cost",
    "tokens_out": "cost",
    "cost_per_1k": "cost",
    "latency": "latency",
    "first_token": "latency",
}


def register_kinds(config: pytest.Config) -> None:
    """Registers the marks, so that users can also set them by hand under --strict-markers."""
    for name, meaning in KINDS.items():
        config.addinivalue_line("markers", f"{name}: a gate of a golden suite on {meaning}")


def kinds_of(item: pytest.Item, fixtures: Set[str]) -> list[str]:
    """Derives the kinds of an item's gates from its arguments and the names in its code.

    Args:
        item: The item.
        fixtures: The fixtures that it uses.

    Returns:
        The kinds, in the order of KINDS.
    """
    code = getattr(getattr(item, "function", None), "__code__", None)
    named = set(code.co_names) if code is not None else set()
    found = {kind for name, kind in _FIXTURES.items() if name in fixtures}
    found |= {kind for name, kind in METRICS.items() if name in named}
    return [kind for kind in KINDS if kind in found]
