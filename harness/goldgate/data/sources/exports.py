"""The exports of tools for tracing, annotation and evaluation, turned into parts of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from goldgate.data.sources.record import NotMappedError
from goldgate.data.sources.values import as_json, is_empty, json_in

Values = Mapping[str, Any]
LANGSMITH = frozenset(("id", "inputs", "outputs", "reference_outputs", "created_at"))
LANGFUSE = frozenset(("id", "input", "expectedOutput", "expected_output", "status", "createdAt", "created_at"))
ARGILLA = frozenset(("id", "fields", "responses", "status"))
LABEL_STUDIO = frozenset(("id", "data", "annotations"))
PROMPTFOO = frozenset(("vars", "assert", "description"))
_EQUAL = ("equals", "is-json", "exact")  # assertions of promptfoo that say the whole answer
_PARTIAL = ("contains", "icontains", "javascript", "python", "llm-rubric", "grade", "similar", "regex", "fn")
_CONVERSATION = ("messages", "chat_history")


def _object(value: Any) -> Any:
    return json_in(value) if isinstance(value, str) else value


def is_langsmith(values: Values) -> bool:
    """Whether a record is an example of a LangSmith dataset."""
    return isinstance(_object(values.get("inputs")), dict) and isinstance(_object(_outputs(values)), dict | None)


def _outputs(values: Values) -> Any:
    return values.get("outputs", values.get("reference_outputs"))


def langsmith(values: Values) -> dict[str, Any]:
    """The parts of an example of a LangSmith dataset."""
    outputs = _object(_outputs(values))
    return {
        "input": _only(_object(values["inputs"]), "inputs"),
        "output": outputs if not isinstance(outputs, dict) else _answer(outputs),
        "id": values.get("id"),
        "time": values.get("created_at"),
    }


def _only(found: Mapping[str, Any], key: str) -> Any:
    """The one value of an object, or its messages."""
    if len(found) == 1:
        return next(iter(found.values()))
    for name in _CONVERSATION:
        if isinstance(found.get(name), list):
            return found[name]
    if not found:
        raise NotMappedError("an empty input")
    hint = f"name one, such as --input {key}.{next(iter(found))}"
    raise NotMappedError(f"{key} with several fields", f"{', '.join(found)}: {hint}")


def _answer(found: Mapping[str, Any]) -> Any:
    """The one value of an object of outputs; the object itself if it has several."""
    if len(found) != 1:
        return dict(found) or None
    (value,) = found.values()
    if isinstance(value, Mapping) and isinstance(value.get("content"), str):  # a message of the model
        return value["content"]
    return value


def is_langfuse(values: Values) -> bool:
    """Whether a record is an item of a Langfuse dataset."""
    return "input" in values and bool({"expectedOutput", "expected_output"} & values.keys())


def langfuse(values: Values) -> dict[str, Any]:
    """The parts of an item of a Langfuse dataset; archived ones are not used."""
    if str(values.get("status", "")).upper() == "ARCHIVED":
        raise NotMappedError("an archived item")
    asked = _object(values["input"])
    answer = _object(values.get("expectedOutput", values.get("expected_output")))
    return {
        "input": asked if not isinstance(asked, dict) else _only(asked, "input"),
        "output": _answer(answer) if isinstance(answer, dict) and "content" in answer else answer,
        "id": values.get("id"),
        "time": values.get("createdAt", values.get("created_at")),
    }


def is_argilla(values: Values) -> bool:
    """Whether a record is one of Argilla."""
    return isinstance(values.get("fields"), dict) and "responses" in values


def argilla(values: Values) -> dict[str, Any]:
    """The parts of a record of Argilla, of version 1 or 2: what the annotators agree on. Suggestions are no answers."""
    responses = values["responses"]
    answers: dict[str, list[Any]] = {}
    if isinstance(responses, Mapping):  # version 2: question → list of responses
        for question, given in responses.items():
            found = given if isinstance(given, list) else [given]
            answers[question] = [
                r["value"] for r in found if isinstance(r, Mapping) and "value" in r and _is_submitted(r)
            ]
    elif isinstance(responses, list):  # version 1: a list of annotators
        for one in responses:
            if isinstance(one, Mapping) and _is_submitted(one) and isinstance(one.get("values"), Mapping):
                for question, given in one["values"].items():
                    answers.setdefault(question, []).append(given.get("value") if isinstance(given, Mapping) else given)
    agreed = {question: _agreed(given) for question, given in answers.items() if given}
    if not agreed:
        raise NotMappedError("no response of an annotator")
    return {
        "input": _only(values["fields"], "fields"),
        "output": next(iter(agreed.values())) if len(agreed) == 1 else agreed,
        "id": values.get("id"),
    }


def _is_submitted(response: Mapping[str, Any]) -> bool:
    return response.get("status", "submitted") in ("submitted", None)


def _agreed(given: Sequence[Any]) -> Any:
    if len({as_json(one) for one in given}) > 1:
        raise NotMappedError("annotators who do not agree", ", ".join(as_json(one) for one in given)[:200])
    return given[0]


def is_label_studio(values: Values) -> bool:
    """Whether a record is a task of Label Studio's JSON export."""
    return isinstance(values.get("data"), dict) and isinstance(values.get("annotations"), list)


def label_studio(values: Values) -> dict[str, Any]:
    """The parts of a task of Label Studio: what its annotators agree on. Predictions are no answers."""
    given = []
    for annotation in values["annotations"]:
        if not isinstance(annotation, Mapping) or annotation.get("was_cancelled"):
            continue
        result = annotation.get("result")
        if answer := _result(result if isinstance(result, list) else ()):
            given.append(next(iter(answer.values())) if len(answer) == 1 else answer)
    if not given:
        raise NotMappedError("no annotation")
    identity = values.get("id")
    return {
        "input": _only(values["data"], "data"),
        "output": _agreed(given),
        "id": None if identity is None else str(identity),
    }


def _result(result: Sequence[Any]) -> dict[str, Any]:
    """Name of the control → its answer: a choice, a text, a number, or the spans that were marked."""
    found: dict[str, Any] = {}
    for one in result:
        if not isinstance(one, Mapping) or not isinstance(value := one.get("value"), Mapping):
            continue
        name = str(one.get("from_name", "answer"))
        if one.get("type") == "labels":
            found.setdefault(name, []).append(
                {"label": _single(value.get("labels")), "text": value.get("text")}
                | {key: value[key] for key in ("start", "end") if key in value}
            )
            continue
        if (kind := str(one.get("type"))) not in ("choices", "textarea", "number", "rating", "taxonomy"):
            raise NotMappedError("an annotation of a kind that is not text", f"{kind}")
        found[name] = _single(value.get({"textarea": "text"}.get(kind, kind)))
    return found


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def is_promptfoo(values: Values) -> bool:
    """Whether a record is a test of promptfoo."""
    return isinstance(values.get("vars"), dict) and isinstance(values.get("assert", []), list)


def promptfoo(values: Values) -> dict[str, Any]:
    """The parts of a test of promptfoo. Only assertions that say the whole answer give an output."""
    asserted = [one for one in values.get("assert", ()) if isinstance(one, Mapping)]  # `fits` says that it is a list
    outputs = [one["value"] for one in asserted if one.get("type") in _EQUAL and not is_empty(one.get("value"))]
    if not outputs:
        kinds = ", ".join(sorted({str(one.get("type")) for one in asserted})) or "none"
        raise NotMappedError("no assertion that says the whole answer", f"assertions: {kinds}")
    return {"input": _only(values["vars"], "vars"), "output": outputs[0], "accept": outputs[1:]}


def promptfoo_table(values: Values) -> dict[str, Any]:
    """The parts of a row of promptfoo's CSV tests: the cell __expected is the answer itself, or `equals: ANSWER`."""
    expected = str(values["__expected"])
    kind, sign, answer = expected.partition(":")
    if sign and kind in _PARTIAL:
        raise NotMappedError("no assertion that says the whole answer", f"assertions: {kind}")
    variables = {key: value for key, value in values.items() if not key.startswith("__")}
    return {"input": _only(variables, "columns"), "output": answer.strip() if kind == "equals" and sign else expected}
