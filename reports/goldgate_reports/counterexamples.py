"""What a search for counterexamples found: dev examples with the smallest change that makes the answer wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldgate.base.files import check_object, read_json
from goldgate.task.task import FieldRule
from goldgate_reports.diff import Difference, Piece, difference, word_diff
from goldgate_reports.records import AnswerRow
from goldgate_reports.words import label, plural

FILE = "counterexamples.json"
_AGAIN = "search again: goldgate search TASK --subject S --run RUN"
_SHARED = 240  # characters of shared text that are kept between two edits


@dataclass(frozen=True)
class Broken:
    """One counterexample; `input` is how it differs from the example, `what` its perturbations and edits."""

    id: str
    tags: tuple[str, ...]
    what: str
    input: tuple[Piece, ...]
    difference: Difference


@dataclass(frozen=True)
class Search:
    """One search; `tried` holds (perturbation, variants answered wrong, variants tried)."""

    sentence: str
    tried: tuple[tuple[str, int, int], ...]
    broken: tuple[Broken, ...]


def search_of(folder: Path, rules: Mapping[str, FieldRule]) -> Search | None:
    """Reads counterexamples.json of a run folder.

    Args:
        folder: The run folder.
        rules: How the fields of an answer are compared.

    Returns:
        The search; None where the folder has none.

    Raises:
        UserError: The file is broken.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    record = check_object(
        read_json(path),
        str(path),
        _AGAIN,
        subject=str,
        metric=str,
        right=int,
        asked=int,
        tried=list,
        counterexamples=list,
    )
    tried = [
        check_object(row, f'{path}, field "tried"', _AGAIN, perturbation=str, forms=int, broke=int)
        for row in record["tried"]
    ]
    where = f'{path}, field "counterexamples"'
    rows = [
        check_object(
            row,
            where,
            _AGAIN,
            id=str,
            tags=list,
            perturbations=list,
            edits=int,
            found_with=int,
            input=str,
            perturbed=str,
            after=str | None,
            finish=str,
            expected=object,
        )
        for row in record["counterexamples"]
    ]
    broke, forms = (sum(row[key] for row in tried) for key in ("broke", "forms"))
    sentence = (
        f"{record['subject']} answers {plural(record['right'], 'dev example')} right ({label(record['metric'])})."
        f" It answers {broke} of {plural(forms, 'variant')} of them wrong. Each one below is the smallest change that"
        f" still has this effect. The search took {plural(record['asked'], 'answer')}."
    )
    counts = tuple((row["perturbation"], row["broke"], row["forms"]) for row in tried)
    return Search(sentence, counts, tuple(_broken(row, record["subject"], rules) for row in rows))


def _broken(row: Mapping[str, Any], subject: str, rules: Mapping[str, FieldRule]) -> Broken:
    shrunk = f", reduced from {row['found_with']}" if row["found_with"] > row["edits"] else ""
    what = f"{' + '.join(map(str, row['perturbations']))}: {plural(row['edits'], 'edit')}{shrunk}"
    answer = AnswerRow(row["perturbed"], json.dumps(row["expected"], ensure_ascii=False), row["after"], row["finish"])
    pieces = tuple(_shortened(piece) for piece in word_diff(row["input"], row["perturbed"]))
    return Broken(row["id"], tuple(map(str, row["tags"])), what, pieces, difference([(subject, answer)], rules))


def _shortened(piece: Piece) -> Piece:
    """Removes the middle of a long run that both texts share."""
    if piece.kind != "same" or len(piece.text) <= _SHARED:
        return piece
    half = _SHARED // 2
    return Piece("same", f"{piece.text[:half]} … {piece.text[-half:]}")
