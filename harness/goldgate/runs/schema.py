"""The JSON Schema of a run folder's files, for programs that read them without Goldgate.

    python -m goldgate.runs.schema > docs/reference/run-record.schema.json

The schema itself is that of run.json. The other files are under "$defs", and "x-files" says which is whose.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from goldgate.runs.attempt import AttemptLook, DevFacts, LogRow
from goldgate.runs.golden import DevGateRow, GoldenRecord, LookRecord
from goldgate.runs.part import VERSION, Part
from goldgate.runs.record import RunRecord

_OBJECTS: dict[str, type[Part]] = {
    "run.json": RunRecord,
    "golden.json": GoldenRecord,
    "look.json": LookRecord,
    "attempts/<k>/dev.json": DevFacts,
    "attempts/<k>/look.json": AttemptLook,
}
_LISTS: dict[str, type[Part]] = {"attempts/<k>/log.json": LogRow, "attempts/<k>/verdicts.json": DevGateRow}


def run_folder_schema() -> dict[str, Any]:
    """Builds the JSON Schema of a run folder's files, as draft 2020-12.

    Returns:
        The schema of run.json, with the models of the other files under "$defs" and each file's model under "x-files".
    """
    models = {**_OBJECTS, **_LISTS}
    refs, schema = models_json_schema([(model, "validation") for model in models.values()])
    files: dict[str, Any] = {name: refs[model, "validation"] for name, model in _OBJECTS.items()}
    files |= {name: {"type": "array", "items": refs[model, "validation"]} for name, model in _LISTS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Goldgate run record, version {VERSION}",
        **files["run.json"],
        "x-files": files,
        "$defs": schema["$defs"],
    }


def schema_text() -> str:
    """Returns the schema as the text of docs/reference/run-record.schema.json."""
    return json.dumps(run_folder_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
