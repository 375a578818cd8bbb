"""`goldgate init`: creates suites/<task> and golden/<task> from a file of examples."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goldgate.base.errors import UserError
from goldgate.base.files import whole_folder, write_json, write_whole
from goldgate.data.account import Account
from goldgate.data.infer import infer_kind, infer_schema
from goldgate.data.leaks import check_leaks
from goldgate.data.readers import Pair, read_pairs
from goldgate.data.split import Made, Sizes, make_splits
from goldgate.gates.expected import expected_effects
from goldgate.gates.planning import examples_needed, fewest_perfect, power, showable, successes_needed
from goldgate.ledger import level
from goldgate.task.clusters import clusters_of
from goldgate.task.examples import Split, card_of, write_card
from goldgate.task.form import text_form
from goldgate.task.project import Project
from goldgate.task.task import Kind

_ANSWER_TOKENS = {"label": 24, "json": 160, "text": 200}
_FORMATS = {"json": "schema_valid", "label": "label_valid", "text": "stop_rate"}
_INSTRUCTIONS = {
    "label": "Classify the text. Answer with exactly one of the labels and nothing else.",
    "json": "Answer with one JSON object that holds what the text says, and nothing else.",
    "text": "Answer the text.",
}

_LINEAR_GATE = """

def test_not_worse_than_a_linear_model(candidate, linear):
    # What an expert would try first for closed labels: embeddings and logistic regression, seconds of training.
    assert candidate.exact_match - linear.exact_match >= -0.02
"""

GIT_ATTRIBUTES = "* text=auto eol=lf\n*.gz binary\n"
"""Keeps a task's files the same in every checkout, whatever Git on that machine does to line ends."""


@dataclass(frozen=True)
class Request:
    """The arguments of `goldgate init`.

    Attributes:
        task: Name of the new task.
        source: The file of examples.
        golden: A separate file of golden examples; None to split them off from `source`.
        input: Name of the column of inputs.
        output: Name of the column of outputs.
        instructions: What every prompt says; None for a default by the kind of task.
        sizes: The largest sizes of the splits.
        seed: Seed of the splitting.
    """

    task: str
    source: Path
    golden: Path | None
    input: str
    output: str
    instructions: str | None
    sizes: Sizes
    seed: int


def init_task(project: Project, request: Request) -> tuple[Kind, Made]:
    """Creates a task.

    Args:
        project: The project.
        request: What to create.

    Returns:
        The kind of the task, and its splits with remarks, including which common thresholds golden is too small to
        show.

    Raises:
        UserError: One of the two folders exists, or the data is invalid.
    """
    suite, golden = project.suite(request.task), project.golden(request.task)
    for folder in (suite, golden):
        if folder.exists():
            raise UserError("already exists", str(folder), "choose another name, or remove the folder first")
    rows = read_pairs(request.source, request.input, request.output)
    golden_rows = read_pairs(request.golden, request.input, request.output) if request.golden else None
    kind = infer_kind([r.output for r in (*rows, *(golden_rows or ()))])
    if kind == "label":  # "billing" and "billing " are one label
        rows, golden_rows = _in_one_form(rows), None if golden_rows is None else _in_one_form(golden_rows)
    outputs = [r.output for r in (*rows, *(golden_rows or ()))]
    account = Account()
    made = make_splits(
        [r.as_row() for r in rows],
        None if golden_rows is None else [r.as_row() for r in golden_rows],
        request.sizes,
        request.seed,
        account,
        kind=kind,
    )
    counted = {**account.merges(), **account.reasons()}
    told = [f"{count:,} rows became no example: {reason}" for reason, count in counted.items()]
    made = _with_clusters(replace(made, remarks=(*map(str, account.decisions), *told, *made.remarks)))
    check_leaks(made.splits)
    thresholds = _thresholds(kind, len(made.splits["golden"]))
    try:
        with whole_folder(golden) as folder:
            _write_data(folder, request, made)
        with whole_folder(suite) as folder:
            _write_suite(folder, request, kind, outputs, thresholds)
    except BaseException:
        shutil.rmtree(golden, ignore_errors=True)  # half a task would block a second try of the same command
        raise
    return kind, replace(made, remarks=(*made.remarks, *(t.remark for t in thresholds if t.remark)))


def _with_clusters(made: Made) -> Made:
    """Keeps those of the file's other columns whose values several golden examples share, and says what they may do."""
    found = clusters_of(made.splits["golden"])
    kept = {c.field for c in found} | {"from"}
    splits = {
        name: Split(name, tuple(replace(e, meta={k: v for k, v in e.meta.items() if k in kept}) for e in split))
        for name, split in made.splits.items()
    }
    effects = expected_effects(found, len(splits["golden"]))
    return replace(made, splits=splits, remarks=(*made.remarks, *(line.strip() for e in effects for line in e.lines())))


def _in_one_form(rows: Sequence[Pair]) -> list[Pair]:
    return [replace(row, output=text_form(row.output)) for row in rows]


def _write_data(folder: Path, request: Request, made: Made) -> None:
    write_whole(folder / ".gitattributes", GIT_ATTRIBUTES)
    for split in made.splits.values():
        write_split(folder, split)
    sources = ", ".join(p.name for p in (request.source, request.golden) if p)
    how = f"goldgate init, seed {request.seed}, columns {request.input} and {request.output}"
    write_card(folder, card_of(request.task, made.splits, how, "not stated", sources))


def _write_suite(
    folder: Path, request: Request, kind: Kind, outputs: list[Any], thresholds: tuple[_Threshold, ...]
) -> None:
    if kind == "json":
        write_json(folder / "schema.json", infer_schema(outputs))
    write_whole(folder / ".gitattributes", GIT_ATTRIBUTES)
    labels = sorted(set(outputs)) if kind == "label" else []
    write_whole(folder / "task.yaml", _task_yaml(request, kind, labels))
    write_whole(folder / "test_gates.py", _gates(kind, *thresholds))


def write_split(folder: Path, split: Split) -> None:
    """Writes <split>.jsonl with one example per line, leaving out empty keys.

    Args:
        folder: golden/<task>.
        split: The split.
    """
    lines = []
    for e in split:
        row: dict[str, Any] = {"id": e.id, "input": e.input, "output": e.output}
        optional = {"accept": list(e.accept), "tags": list(e.tags), "group": e.group, "meta": dict(e.meta)}
        lines.append(json.dumps({**row, **{k: v for k, v in optional.items() if v}}, ensure_ascii=False))
    write_whole(folder / f"{split.name}.jsonl", "\n".join(lines) + "\n")


_HEAD = "# The task. Say in `instructions` what a prompted model must know; set `prices` to what you pay.\n"
_TAIL = """\
# Vendors bill the beginning of a prompt that they have cached at about a tenth, which makes long prompts cheaper. Where
# yours does, say so in `prices`: per_million_cached_input: 0.01, least_cached_prefix: 1024
# A larger model with a prompt to compare with: uncomment, or add it to `baselines`. Inputs are sent to its address.
# incumbent: openai:MODEL@URL+zero_shot
"""


def _task_yaml(request: Request, kind: Kind, labels: list[str]) -> str:
    from io import StringIO

    from ruamel.yaml import YAML

    body: dict[str, Any] = {"task": request.task, "kind": kind}
    body["instructions"] = request.instructions or _INSTRUCTIONS[kind]
    body["model"] = "smollm2-135m"
    body["decoding"] = {"max_new_tokens": _ANSWER_TOKENS[kind], "temperature": 0}
    if kind == "json":
        body["schema"] = "schema.json"
    if labels:
        body["labels"] = labels
    # A few fixed shots cannot cover a long list of labels, so the nearest examples are the fair baseline there.
    body["baselines"] = ["nearest:8+constrained"] if len(labels) > 12 else ["zero_shot", "few_shot:4", "nearest:4"]
    body["prices"] = {"per_million_input": 0.1, "per_million_output": 0.4}
    text = StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.dump(body, text)
    return _HEAD + text.getvalue() + _TAIL


@dataclass(frozen=True)
class _Threshold:
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


def _thresholds(kind: Kind, n: int) -> tuple[_Threshold, _Threshold]:
    """The thresholds for accuracy and format with n golden examples."""
    return _threshold("exact_match", 0.80, 0.95, n), _threshold(_FORMATS[kind], 0.95, 0.99, n)


def _threshold(metric: str, wished: float, good: float, n: int) -> _Threshold:
    """The threshold `wished`, or the highest one that n examples can show; `good` is the rate of a good model."""
    first = level(1)
    right = successes_needed(n, wished, first)
    if right is not None:
        chance = power(n, good, wished, first)
        passing = f"a model at {good:.2f} then passes {chance:.0%} of the time"
        reason = f"On {n} golden examples, {right} right answers show it; {passing}."
        return _Threshold(metric, wished, reason)
    can = showable(n, first, good)
    assert can is not None  # a split has at least 30 examples, and they show 0.80
    right = successes_needed(n, can, first)
    least, usual = fewest_perfect(wished, first), examples_needed(good, wished, first)
    return _Threshold(
        metric,
        can,
        f"On {n} golden examples, {right} right answers show it; {wished:.2f} would take {least} of {least}.",
        f"{n} golden examples cannot show {metric} >= {wished:.2f} even if all are right (that takes {least} of"
        f" {least}), so test_gates.py asks for {can:.2f}, which {right} right answers show. With {usual} golden"
        f" examples, a model at {good:.2f} would show {wished:.2f} in 4 of 5 cases",
    )


def _gates(kind: Kind, accuracy: _Threshold, form: _Threshold) -> str:
    linear = _LINEAR_GATE if kind == "label" else ""
    return f'''"""What must hold before a model may ship. Give each threshold its reason before training."""


def test_accuracy(candidate):
    # {accuracy.reason}
    assert candidate.{accuracy.metric} >= {accuracy.value:.2f}


def test_format(candidate):
    # {form.reason}
    assert candidate.{form.metric} >= {form.value:.2f}


def test_beats_prompting(candidate, prompted):
    assert candidate.exact_match - prompted.exact_match >= 0.05


def test_costs_no_more_than_prompting(candidate, prompted):
    assert candidate.cost_per_1k <= 1.0 * prompted.cost_per_1k
{linear}'''
