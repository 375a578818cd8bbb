"""What `goldgate init` proposes: task.yaml, and gates that a golden split of this size can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.gates.planning import examples_needed, fewest_perfect, power, showable, successes_needed
from goldgate.ledger import level
from goldgate.task.form import text_form
from goldgate.task.task import Kind

_ANSWER_TOKENS = {"label": 24, "json": 160, "text": 200}
_FORMATS = {"json": "schema_valid", "label": "label_valid", "text": "stop_rate"}
INSTRUCTIONS = {
    "label": "Classify the text. Answer with exactly one of the labels and nothing else.",
    "json": "Answer with one JSON object that holds what the text says, and nothing else.",
    "text": "Write the text that belongs to the input, in the form and style of the examples, and nothing else.",
}
"""What a prompt says if the user says nothing."""

_LINEAR_GATE = """

def test_not_worse_than_a_linear_model(candidate, linear):
    # What an expert would try first for closed labels: embeddings and logistic regression, seconds of training.
    assert candidate.exact_match - linear.exact_match >= -0.02
"""
_BETTER = """
def test_beats_prompting(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.05
"""
_BETTER_TEXT = """
def test_nearer_in_meaning_than_prompting(candidate, prompted):
    # Free text has many right answers, so it is compared by how near it is to the reference, not letter by letter.
    assert candidate.similarity - prompted.similarity >= 0.02


def test_nearer_in_words_than_prompting(candidate, prompted):
    assert candidate.rouge_l - prompted.rouge_l >= 0.05
"""
_HEAD = "# The task. Say in `instructions` what a prompted model must know; set `prices` to what you pay.\n"
_TAIL = """\
# Vendors bill the beginning of a prompt that they have cached at about a tenth, which makes long prompts cheaper. Where
# yours does, say so in `prices`: per_million_cached_input: 0.01, least_cached_prefix: 1024
# A larger model with a prompt to compare with: uncomment, or add it to `baselines`. Inputs are sent to its address.
# incumbent: openai:MODEL@URL+zero_shot
"""


def task_yaml(task: str, kind: Kind, instructions: str | None, labels: Sequence[str], outputs: Sequence[Any]) -> str:
    """Writes task.yaml.

    Args:
        task: Name of the task.
        kind: Its kind.
        instructions: What every prompt says; None for a sentence by the kind of task.
        labels: The labels of a label task.
        outputs: The expected outputs, which say how long an answer in free text may be.

    Returns:
        The text of the file.
    """
    from io import StringIO

    from ruamel.yaml import YAML

    body: dict[str, Any] = {"task": task, "kind": kind}
    body["instructions"] = instructions or INSTRUCTIONS[kind]
    body["model"] = "smollm2-135m"
    body["decoding"] = {"max_new_tokens": _ANSWER_TOKENS[kind], "temperature": 0}
    if kind == "json":
        body["schema"] = "schema.json"
    if labels:
        body["labels"] = list(labels)
    if kind == "text":
        shortest, longest = _lengths(outputs)
        # Half and one and a half times what the examples have: an answer outside is no answer of this kind.
        body["style"] = {"min_characters": max(1, shortest // 2), "max_characters": longest + longest // 2}
    # A few fixed shots cannot cover a long list of labels, so the nearest examples are the fair baseline there.
    body["baselines"] = ["nearest:8+constrained"] if len(labels) > 12 else ["zero_shot", "few_shot:4", "nearest:4"]
    body["prices"] = {"per_million_input": 0.1, "per_million_output": 0.4}
    text = StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.dump(body, text)
    return _HEAD + text.getvalue() + _TAIL


@dataclass(frozen=True)
class Threshold:
    """The threshold of a gate on a rate.

    Attributes:
        metric: Name of the metric.
        value: The threshold.
        reason: The comment in test_gates.py.
        remark: What to tell the user if golden is too small for the common threshold; empty otherwise.
    """

    metric: str
    value: float
    reason: str
    remark: str = ""


def share_threshold(metric: str, n: int) -> Threshold:
    """Proposes the threshold of a gate on the share of the examples that are right by a metric.

    Args:
        metric: Name of the metric.
        n: Number of golden examples.
    """
    return _threshold(metric, 0.80, 0.95, n)


def thresholds(kind: Kind, n: int) -> tuple[Threshold, Threshold]:
    """Proposes the thresholds of two gates on rates.

    Args:
        kind: The kind of the task. Free text has many right answers, so nothing is asked of exact matches there.
        n: Number of golden examples.

    Returns:
        Those for accuracy (for free text: for style) and for format.
    """
    rate = _threshold("style_ok", 0.90, 0.98, n) if kind == "text" else share_threshold("exact_match", n)
    return rate, _threshold(_FORMATS[kind], 0.95, 0.99, n)


def _threshold(metric: str, wished: float, good: float, n: int) -> Threshold:
    """The threshold `wished`, or the highest one that n examples can show; `good` is the rate of a good model."""
    first = level(1)
    right = successes_needed(n, wished, first)
    if right is not None:
        chance = power(n, good, wished, first)
        passing = f"a model at {good:.2f} then passes {chance:.0%} of the time"
        reason = f"On {n} golden examples, {right} right answers show it; {passing}."
        return Threshold(metric, wished, reason)
    can = showable(n, first, good)
    assert can is not None  # a split has at least 30 examples, and they show 0.80
    right = successes_needed(n, can, first)
    least, usual = fewest_perfect(wished, first), examples_needed(good, wished, first)
    return Threshold(
        metric,
        can,
        f"On {n} golden examples, {right} right answers show it; {wished:.2f} would take {least} of {least}.",
        f"{n} golden examples cannot show {metric} >= {wished:.2f} even if all are right (that takes {least} of"
        f" {least}), so test_gates.py asks for {can:.2f}, which {right} right answers show. With {usual} golden"
        f" examples, a model at {good:.2f} would show {wished:.2f} in 4 of 5 cases",
    )


def gates(kind: Kind, rate: Threshold, form: Threshold, imports: str = "", more: str = "") -> str:
    """Writes test_gates.py.

    Args:
        kind: The kind of the task.
        rate: The threshold for accuracy; for free text, for style.
        form: The threshold for format.
        imports: Lines of imports that further gates need.
        more: The code of further gates.

    Returns:
        The text of the file.
    """
    name, better = ("test_style", _BETTER_TEXT) if kind == "text" else ("test_accuracy", _BETTER)
    return f'''"""What must hold before a model may ship. Give each threshold its reason before training."""
{imports and chr(10) + imports}

def {name}(candidate):
    # {rate.reason}
    assert candidate.{rate.metric} >= {rate.value:.2f}


def test_format(candidate):
    # {form.reason}
    assert candidate.{form.metric} >= {form.value:.2f}

{better}

def test_costs_no_more_than_prompting(candidate, prompted):
    assert candidate.cost_per_1k <= 1.0 * prompted.cost_per_1k
{_LINEAR_GATE if kind == "label" else ""}{more}'''


def _lengths(outputs: Sequence[Any]) -> tuple[int, int]:
    """Characters of the shortest and of the longest output."""
    lengths = [len(text_form(str(output))) for output in outputs]
    return min(lengths), max(lengths)
