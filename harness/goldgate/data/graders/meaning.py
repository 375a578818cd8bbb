"""What a grader asks of one answer, in terms of this project: a metric, or a scorer of a few lines.

The operations of string_check are those of OpenAI's guide: eq and ne compare, like and ilike look for the reference
within the answer, and only ilike ignores case. Nothing is trimmed there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goldgate.data.graders.read import Grader, Ref, one_line, ref_of
from goldgate.task.task import Kind

_TESTS = {
    "eq": "{got} == {wanted}",
    "ne": "{got} != {wanted}",
    "like": "{wanted} in {got}",
    "ilike": "{wanted}.casefold() in {got}.casefold()",
}
_SAID = {"eq": "equals", "ne": "differs from", "like": "contains", "ilike": "contains, in any case,"}
_JUDGES = ("score_model", "label_model")
_NO_METRIC = "there is no such metric here; candidate.rouge_l and candidate.edit_similarity are near"
_TEXT_ONLY = "it compares texts, and the outputs are {kind}: exact_match and the fields say more"


class NotTheSame(ValueError):
    """No gate means the same as this grader. The message says why."""


@dataclass(frozen=True)
class Meaning:
    """What a grader asks.

    Attributes:
        said: The same in words, after "an answer is right if it".
        metric: The metric that means it; empty if a scorer is written for it.
        code: The lines of that scorer, with the arguments `example` and `text`.
        difference: How it differs from the vendor's, in words; empty if it does not.
        needs: What the code imports: "json" (and the function `field`), "fuzz", "rouge_l".
    """

    said: str
    metric: str = ""
    code: tuple[str, ...] = ()
    difference: str = ""
    needs: tuple[str, ...] = ()


def meaning_of(grader: Grader, kind: Kind, fields: Sequence[str], expected: str | None) -> Meaning:
    """Finds what a grader asks of an answer.

    Args:
        grader: The grader.
        kind: The kind of the task.
        fields: The top-level fields of its outputs.
        expected: The column of the vendor's data that is the expected output; None if that is not clear.

    Returns:
        The meaning.

    Raises:
        NotTheSame: Nothing here means the same.
    """
    readers: dict[str, Callable[[], Meaning]] = {
        "string_check": lambda: _string_check(grader.raw, kind, fields, expected),
        "text_similarity": lambda: _text_similarity(grader.raw, kind, expected),
        "evals:Match": lambda: _of_text(kind, "begins with an accepted output", "text.startswith(str(wanted))"),
        "evals:Includes": lambda: _includes(grader.raw, kind),
        "evals:JsonMatch": lambda: _whole(kind, "is the expected JSON"),
    }
    if (reader := readers.get(grader.type)) is not None:
        return reader()
    if grader.type in _JUDGES or grader.type.startswith("evals:ModelBased"):
        raise NotTheSame("it asks another model to judge, and no model judges here")
    if grader.type == "python" or grader.type.startswith("evals:"):
        raise NotTheSame("it is somebody's code, which is never executed; a scorer in test_gates.py can say the same")
    if grader.type == "multi":
        raise NotTheSame("it adds up its graders, each of which is a gate of its own here if it can be")
    raise NotTheSame("graders of this type are not known")


def _string_check(raw: Mapping[str, Any], kind: Kind, fields: Sequence[str], expected: str | None) -> Meaning:
    got, wanted, operation = ref_of(raw.get("input")), ref_of(raw.get("reference")), str(raw.get("operation"))
    operation = {"neq": "ne"}.get(operation, operation)
    if operation not in _TESTS:
        raise NotTheSame(f"the operation {one_line(operation)} is not known")
    if wanted.kind in ("output", "field") and operation in ("eq", "ne"):
        got, wanted = wanted, got
    _check_sides(got, wanted)
    if wanted.kind == "text":
        return _with_text(got, wanted.text, operation)
    if operation == "ne":
        raise NotTheSame("it asks that the answer differs from a column of the data, which examples do not have")
    if got.kind == "field":
        return _with_field(got, wanted, operation, fields, expected)
    _check_expected(wanted, expected)
    if operation == "eq":
        return _whole(kind, "equals the expected output")
    return _of_text(kind, f"{_SAID[operation]} an accepted output", _test(operation, "text", "str(wanted)"))


def _check_sides(got: Ref, wanted: Ref) -> None:
    if "mixed" in (got.kind, wanted.kind):
        raise NotTheSame("a template that is no single variable of item, sample.output_text or sample.output_json")
    if got.kind not in ("output", "field"):
        raise NotTheSame("it does not read the answer, but compares columns of the data")
    if wanted.kind not in ("item", "text"):
        raise NotTheSame("it compares parts of the answer with each other")


def _check_expected(wanted: Ref, expected: str | None) -> None:
    if wanted.path != (expected,):
        column = one_line(".".join(wanted.path))
        raise NotTheSame(f"item.{column} is not known to be the expected output, and examples have no other columns")


def _whole(kind: Kind, said: str) -> Meaning:
    if kind == "json":
        difference = "JSON is compared field by field by the rules of task.yaml, and not as text"
    else:
        difference = "blanks at the ends, runs of blanks and the way letters are composed do not count here"
    return Meaning(said, "exact_match", difference=difference)


def _of_text(kind: Kind, said: str, test: str) -> Meaning:
    if kind == "json":
        raise NotTheSame(_TEXT_ONLY.format(kind="JSON"))
    return Meaning(said, code=(f"return any({test} for wanted in example.answers)",))


def _includes(raw: Mapping[str, Any], kind: Kind) -> Meaning:
    arguments = raw.get("args")
    operation = "ilike" if isinstance(arguments, Mapping) and arguments.get("ignore_case") is True else "like"
    return _of_text(kind, f"{_SAID[operation]} an accepted output", _test(operation, "text", "str(wanted)"))


def _test(operation: str, got: str, wanted: str) -> str:
    return _TESTS[operation].format(got=got, wanted=wanted)


def _with_text(got: Ref, text: str, operation: str) -> Meaning:
    if got.kind == "output":
        said = f"{_SAID[operation]} {one_line(text)!r}"
        return Meaning(said, code=(f"return {_test(operation, 'text', repr(text))}",))
    said = f"has a field {one_line('.'.join(got.path))} that {_SAID[operation]} {one_line(text)!r}"
    code = (f"got = {_field('text', got.path)}", f"return got is not None and {_test(operation, 'got', repr(text))}")
    return Meaning(said, code=code, difference=_AS_WRITTEN, needs=("json",))


_AS_WRITTEN = "numbers and lists are compared as JSON writes them"


def _with_field(got: Ref, wanted: Ref, operation: str, fields: Sequence[str], expected: str | None) -> Meaning:
    path, name = got.path, one_line(".".join(got.path))
    if path[0] not in fields:
        raise NotTheSame(f"no expected output has the field {one_line(path[0])}")
    if wanted.path not in (path, (expected, *path)):
        raise NotTheSame(f"it compares {name} with item.{one_line('.'.join(wanted.path))}, which examples do not have")
    test = _test(operation, "got", "wanted")
    code = (
        f"got = {_field('text', path)}",
        f"known = [{_field('wanted', path)} for wanted in example.answers]",
        f"return got is not None and any({test} for wanted in known if wanted is not None)",
    )
    return Meaning(
        f"has a field {name} that {_SAID[operation]} the expected one",
        code=code,
        difference=_AS_WRITTEN,
        needs=("json",),
    )


def _field(of: str, path: Sequence[str]) -> str:
    return f"field({', '.join([of, *map(repr, path)])})"


def _text_similarity(raw: Mapping[str, Any], kind: Kind, expected: str | None) -> Meaning:
    got, wanted, metric = ref_of(raw.get("input")), ref_of(raw.get("reference")), str(raw.get("evaluation_metric"))
    _check_sides(got, wanted)
    if kind != "text" or got.kind != "output" or wanted.kind != "item":
        raise NotTheSame(
            _TEXT_ONLY.format(kind="JSON" if kind == "json" else "labels")
            if kind != "text"
            else "it compares something else than the answer with the expected output"
        )
    _check_expected(wanted, expected)
    if metric == "cosine":
        raise NotTheSame(
            "it is the cosine of another embedding model, whose thresholds mean nothing here; candidate.similarity is"
            " near"
        )
    if metric not in ("fuzzy_match", "rouge_l"):
        raise NotTheSame(_NO_METRIC)
    least = raw.get("pass_threshold")
    if isinstance(least, bool) or not isinstance(least, int | float):
        near = "edit_similarity" if metric == "fuzzy_match" else "rouge_l"
        raise NotTheSame(f"it has no pass_threshold, and none can be guessed; candidate.{near} is near")
    said = f"has a {metric} of at least {least:g} with an accepted output"
    if metric == "rouge_l":
        return Meaning(
            said,
            code=(f"return rouge_l(None, example, text) >= {float(least)!r}",),
            difference="words are not stemmed here",
            needs=("rouge_l",),
        )
    return Meaning(
        said,
        code=(f"return max(fuzz.ratio(str(wanted), text) for wanted in example.answers) >= {100 * float(least):g}",),
        difference="OpenAI does not say which function of rapidfuzz it uses; here it is the plain ratio of edits",
        needs=("fuzz",),
    )
