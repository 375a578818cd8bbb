"""Deciding on the kind of a task and the form of its outputs, each decision with its counts and its override."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from goldgate.base.errors import UserError
from goldgate.data.account import Account
from goldgate.data.infer import infer_schema
from goldgate.data.row import Row
from goldgate.data.sources.values import json_in
from goldgate.task.examples import render_output
from goldgate.task.form import text_form
from goldgate.task.task import Kind
from goldgate.task.validation import schema_errors

_MOSTLY = 0.9  # share of outputs of one form; the others are then slips and not another form
_MOST_LABELS = 1_000
_LONGEST_LABEL = 80  # characters
_REPEATED = 0.8  # share of the rows of a label task whose output occurs in other rows too
_RARE = 3  # a label of fewer rows cannot be in every split
_SCALAR = "a number, true or false"
_NAMED = 8  # values that a message names


@dataclass(frozen=True)
class Wishes:
    """What the user decides about the task.

    Attributes:
        kind: Its kind; None to find out.
        labels: The labels that there are; empty to take those of the file.
        schema: The JSON Schema of its outputs; None to infer one.
    """

    kind: Kind | None = None
    labels: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Decided:
    """The kind of a task and its rows, with outputs in the form of that kind.

    Attributes:
        kind: The kind.
        rows: The rows.
        golden: The rows of a separate golden file; None if there is none.
        dev: The rows of a separate file of dev; None if there is none.
    """

    kind: Kind
    rows: list[Row]
    golden: list[Row] | None
    dev: list[Row] | None = None

    @property
    def every(self) -> list[Row]:
        """The rows of all files."""
        return [*self.rows, *(self.golden or ()), *(self.dev or ())]


def decide(
    rows: Sequence[Row],
    golden: Sequence[Row] | None,
    wishes: Wishes,
    account: Account,
    dev: Sequence[Row] | None = None,
) -> Decided:
    """Decides on the kind of a task and puts the outputs into its form.

    Args:
        rows: The rows that were read.
        golden: Those of a separate golden file; None if there is none.
        wishes: What the user decides.
        account: Receives the decisions, and the rows whose output is not of the kind.
        dev: Those of a separate file of dev; None if there is none.

    Returns:
        The kind, and the rows that have an output of that kind.

    Raises:
        UserError: Labels or a schema were given for a task of another kind.
    """
    outputs = [row.output for row in (*rows, *(golden or ()), *(dev or ()))]
    kind = _kind(outputs, wishes, account)
    rule = _rule(kind, outputs, wishes)
    kept = _formed(rows, rule, account)
    given = [None if part is None else _formed(part, rule, account) for part in (golden, dev)]
    return Decided(kind, kept, *given)


def labels_of(outputs: Sequence[str], wishes: Wishes, account: Account) -> tuple[str, ...]:
    """Lists the labels of a label task.

    Args:
        outputs: The outputs of the rows that are kept.
        wishes: What the user decides.
        account: Receives the decision, and remarks on labels that are rare or have no row.

    Returns:
        The user's labels in their order, or the different outputs, sorted.
    """
    counts = Counter(outputs)
    labels = wishes.labels or tuple(sorted(counts))
    reason = "as --labels says" if wishes.labels else "the different outputs"
    named = ", ".join(labels[:_NAMED]) + (" .." if len(labels) > _NAMED else "")
    account.decide("labels", f"{len(labels)}: {named}", reason, "--labels")
    if rare := sorted((count, label) for label, count in counts.items() if count < _RARE):
        said = ", ".join(f'"{label}" ({count})' for count, label in rare[:_NAMED])
        account.remarks.append(
            f"{len(rare)} labels have fewer than {_RARE} rows, so they cannot be in every split: {said}"
            f"{' ..' if len(rare) > _NAMED else ''}"
        )
    if unused := [label for label in labels if label not in counts]:
        account.remarks.append(f"labels without a row: {', '.join(unused[:_NAMED])}")
    return labels


def schema_of(outputs: Sequence[Any], wishes: Wishes, account: Account) -> Mapping[str, Any]:
    """The JSON Schema of a json task.

    Args:
        outputs: The outputs of the rows that are kept.
        wishes: What the user decides.
        account: Receives the decision, with what is closed and what was left open.

    Returns:
        The user's schema, or one that all outputs match.
    """
    if wishes.schema is not None:
        account.decide("schema", "yours", "as --schema says", "--schema")
        return wishes.schema
    found = infer_schema(outputs)
    closed = ", ".join(found.closed) or "no field has a closed set of values"
    account.decide("schema", "inferred", f"from {len(outputs)} outputs; closed: {closed}", "--schema")
    for note in found.open[:_NAMED]:
        account.decide("schema, left open", note.split(" ")[0], note, "--schema")
    return found.schema


def _kind(outputs: Sequence[Any], wishes: Wishes, account: Account) -> Kind:
    forms = Counter(_form(output) for output in outputs)
    kind, reason = _found_kind(outputs, forms)
    if wishes.kind or wishes.labels or wishes.schema is not None:
        given = wishes.kind or ("label" if wishes.labels else "json")
        if (wishes.labels and given != "label") or (wishes.schema is not None and given != "json"):
            option = "--labels" if wishes.labels else "--schema"
            raise UserError(f"{option} does not go with kind {given}", option, "leave one of the two out")
        kind, reason = given, "as you say"
    account.decide("kind", kind, reason, "--kind")
    return kind


def _form(output: Any) -> str:
    if isinstance(output, dict | list):
        return "JSON"
    if isinstance(output, str):
        return "text" if json_in(output) is output else "JSON in text"
    return _SCALAR


def _found_kind(outputs: Sequence[Any], forms: Counter[str]) -> tuple[Kind, str]:
    total = max(1, len(outputs))
    json_like, text = forms["JSON"] + forms["JSON in text"], forms["text"]
    counted = ", ".join(f"{count} are {form}" for form, count in forms.most_common())
    if json_like >= _MOSTLY * total:
        return "json", f"of {len(outputs)} outputs, {counted}"
    if text + forms["JSON in text"] < _MOSTLY * total:
        return "json", f"of {len(outputs)} outputs, {counted}: only JSON has them all"
    plain = (output for output in outputs if not isinstance(output, dict | list))
    counts = Counter(text_form(render_output(output)) for output in plain)
    repeated = sum(count for count in counts.values() if count > 1) / total
    longest = max(map(len, counts), default=0)
    said = f"{len(counts)} different outputs in {total} rows, {repeated:.0%} of the rows share theirs with another row"
    said += f", the longest has {longest} characters"
    few = 2 <= len(counts) <= min(_MOST_LABELS, total // 2)
    return ("label" if few and repeated >= _REPEATED and longest <= _LONGEST_LABEL else "text"), said


@dataclass(frozen=True)
class _Rule:
    """What an output must be.

    Attributes:
        kind: The kind of the task.
        wishes: What the user decided.
        known: The outputs that are texts, in the form in which labels are compared.
        labels: That form → the label as the user wrote it; empty if every label is right.
        validator: Of the user's schema; None if there is none.
    """

    kind: Kind
    wishes: Wishes
    known: frozenset[str]
    labels: Mapping[str, str]
    validator: Any

    def fault(self, output: Any, form: str) -> tuple[str, str]:
        """Why an output is not of the kind, and what is particular to it; empty if it is of the kind."""
        if self.kind == "json":
            if form == "text" and self.wishes.kind != "json" and self.validator is None:
                return "an output that is text, where others are JSON", f"it is {output:.60}"
            error = None if self.validator is None else next(schema_errors(self.validator, output), None)
            return ("", "") if error is None else ("an output that does not match the schema", f"{error.message:.120}")
        shown = f"it is {render_output(output):.60}"
        if form == "JSON" and not (self.kind == "text" and self.wishes.kind):
            return "an output that is JSON, where others are text", shown
        if self.kind == "label" and self.labels and output not in self.labels:
            return "an output that is none of the labels", shown
        if self.kind == "label" and form == _SCALAR and self.wishes.kind is None and output not in self.known:
            return "an output that is no text, where others are labels", shown
        return "", ""


def _rule(kind: Kind, outputs: Sequence[Any], wishes: Wishes) -> _Rule:
    from jsonschema.validators import validator_for

    known = frozenset(text_form(o) for o in outputs if isinstance(o, str))
    labels = {text_form(label): label for label in wishes.labels}
    validator = None if wishes.schema is None else validator_for(wishes.schema)(wishes.schema)
    return _Rule(kind, wishes, known, labels, validator)


def _formed(rows: Sequence[Row], rule: _Rule, account: Account) -> list[Row]:
    """The rows whose outputs are of the kind, in its form."""
    kept, changed = [], Counter[str]()
    for row in rows:
        output, form = _in_form(row.output, rule.kind)
        reason, detail = rule.fault(output, form)
        if reason:
            account.set_aside(row.place, reason, detail, {"input": row.input, "output": row.output})
            continue
        changed[form] += form == ("JSON in text" if rule.kind == "json" else _SCALAR)
        accept = tuple(_in_form(other, rule.kind)[0] for other in row.accept)
        kept.append(replace(row, output=rule.labels.get(output, output) if rule.labels else output, accept=accept))
    for form, count in changed.items():
        if count:
            became = "JSON" if rule.kind == "json" else "text"
            account.decide("outputs", f"{count} that are {form} are read as {became}", f"kind {rule.kind}", "--kind")
    return kept


def _in_form(output: Any, kind: Kind) -> tuple[Any, str]:
    """An output in the form of a kind, and what form it had."""
    form = _form(output)
    if kind == "json":
        return (json_in(output) if form == "JSON in text" else output), form
    text = render_output(output)
    return (text_form(text) if kind == "label" else text), form
