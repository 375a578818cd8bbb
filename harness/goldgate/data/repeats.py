"""Rows with the same input: repeats, contradictions, and several right answers.

Inputs are the same if they differ only in case and white space. Numbers are content: rows that differ in numbers only
are different examples (of one group; see `goldgate.data.components`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from goldgate.data.account import Account
from goldgate.data.mask import folded
from goldgate.data.row import Row
from goldgate.task.examples import render_output
from goldgate.task.form import text_form
from goldgate.task.task import Kind

SAME = "same input and output"
ANOTHER_ANSWER = "another right answer to the same input"
CONTRADICTION = "contradiction"
_SHOWN = 60  # characters of an output in a message


@dataclass(frozen=True)
class Resolved:
    """Rows without repeats.

    Attributes:
        rows: The rows that are left, in their order.
        contradictions: Rows with the same input and outputs that cannot all be right, which were set aside until a
            person decides.
    """

    rows: list[Row]
    contradictions: tuple[tuple[Row, ...], ...]


def resolve_repeats(rows: Iterable[Row], kind: Kind, account: Account) -> Resolved:
    """Merges repeats and answers to one question, and sets contradictions aside.

    Which row is kept, and with which output, depends on the contents of the rows and not on their order: the oldest,
    then the one with the shortest input.

    Args:
        rows: The rows.
        kind: The kind of the task. For text, other outputs of the same input are further right answers (`accept`).
        account: Where each merged row and each row of a contradiction is entered.

    Returns:
        The rows that are left, and the contradictions.
    """
    by_form: dict[str, Row | list[Row]] = {}
    for row in rows:
        form = folded(row.text)
        known = by_form.setdefault(form, row)
        if isinstance(known, list):
            known.append(row)
        elif known is not row:
            by_form[form] = [known, row]
    left: list[Row] = []
    contradictions = []
    for same in by_form.values():
        if isinstance(same, Row):
            left.append(same)
            continue
        distinct = _without_repeats(same, account)
        if len(distinct) == 1 or _differ_as_their_inputs(distinct):
            left += distinct
        elif kind == "text" or not contradict(*distinct):
            left.append(_with_all_answers(distinct, account))
        else:
            contradictions.append(tuple(sorted(same, key=lambda row: row.place)))
            for row in distinct:
                set_aside_contradiction(row, next(one for one in distinct if one is not row), account)
    return Resolved(left, tuple(contradictions))


def answer_form(output: Any) -> str:
    """Returns the form in which outputs are compared.

    Args:
        output: Text or a JSON value.

    Returns:
        Text composed and without surplus blanks (`text_form`), or JSON with sorted keys in which 1.0 is 1.
    """
    return json.dumps(_canonical(output), sort_keys=True, ensure_ascii=False)


def _canonical(value: Any) -> Any:
    if isinstance(value, str):
        return text_form(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _canonical(inner) for key, inner in value.items()}
    return [_canonical(inner) for inner in value] if isinstance(value, list | tuple) else value


def _rank(row: Row) -> tuple[Any, ...]:
    """Sorts the rows of one input: the kept one first."""
    return row.time or "", len(row.text), row.text, row.group or "", row.tags, row.place


def _without_repeats(rows: Sequence[Row], account: Account) -> list[Row]:
    """One row for each output; its tags and further answers are those of all rows with that output."""
    by_output: dict[str, list[Row]] = {}
    for row in sorted(rows, key=_rank):
        by_output.setdefault(answer_form(row.output), []).append(row)
    return [_merged(same, account, SAME) for _, same in sorted(by_output.items())]


def _merged(rows: Sequence[Row], account: Account, reason: str) -> Row:
    first = rows[0]
    for row in rows[1:]:
        account.merge(row.place, first.place, reason)
    tags = sorted({tag for row in rows for tag in row.tags})
    answers = {answer_form(answer): answer for row in rows for answer in (*row.accept, row.output)}
    del answers[answer_form(first.output)]
    return replace(first, tags=tuple(tags), accept=tuple(answer for _, answer in sorted(answers.items())))


def _differ_as_their_inputs(rows: Sequence[Row]) -> bool:
    """Whether outputs differ in case only, where the inputs do too: what copies "Paris" from one copies "paris" from
    the other, and both are right.
    """
    one_answer = len({answer_form(row.output).casefold() for row in rows}) == 1
    return one_answer and len({text_form(row.text) for row in rows}) == len(rows)


def contradict(*rows: Row) -> bool:
    """Returns whether rows of one input contradict each other: no output is right by all of them."""
    answers = [{answer_form(answer) for answer in (row.output, *row.accept)} for row in rows]
    return not set.intersection(*answers) and not _differ_as_their_inputs(rows)


def _with_all_answers(rows: Sequence[Row], account: Account) -> Row:
    """One row that accepts the outputs of all; it expects the one that most of them accept."""
    votes = Counter(form for row in rows for form in {answer_form(a) for a in (row.output, *row.accept)})
    ranked = sorted(rows, key=lambda row: (-votes[answer_form(row.output)], _rank(row)))
    return _merged(ranked, account, ANOTHER_ANSWER)


def set_aside_contradiction(row: Row, other: Row, account: Account) -> None:
    """Enters a row as set aside that another one contradicts, with both outputs and the place of the other."""
    detail = f'"{shown(row.output)}" here, "{shown(other.output)}" at {other.place}'
    account.set_aside(row.place, CONTRADICTION, detail, {"input": row.text, "output": row.output})


def shown(output: Any) -> str:
    """Returns an output on one line, cut to what a message can hold."""
    text = " ".join(render_output(output).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
