"""Answers that came with a demo's project: used there alone, by identity and example, and only while they are whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import collect
from goldgate.answers.given import FOLDER, RECORD, answers_path, given_answers
from goldgate.answers.recorded import answer_row, write_recorded
from goldgate.base.errors import UserError
from goldgate.subjects import Answer
from goldgate.task.examples import Example
from goldgate.task.project import DEMO_MARK, Project

EXAMPLES = tuple(Example(f"d{i}", f"word {i}", "out") for i in range(4))


@dataclass
class Speaker:
    """A subject that counts what it is asked."""

    identity: str = "who"
    name: str = "base+zero_shot"
    asked: list[str] = field(default_factory=list)

    def fingerprint(self, example: Example) -> str:
        return f"{self.identity}:{example.digest}"

    def answer(self, examples: Sequence[Example], progress: Any = None) -> Iterator[Answer]:
        for example in examples:
            self.asked.append(example.id)
            yield said(example, "from the model", self.identity)


def said(example: Example, text: str, identity: str = "who") -> Answer:
    return Answer(example.id, text, "stop", 3, 2, 0.1, -0.1, identity, f"{identity}:{example.digest}", example.digest)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A demo's project, with recorded answers of "who" to the first three examples of dev."""
    made = Project(tmp_path / "demo", tmp_path / "cache")
    folder = made.golden("voice") / FOLDER
    folder.mkdir(parents=True)
    (made.root / DEMO_MARK).touch()
    rows = [answer_row("base+zero_shot", "dev", said(e, "recorded")) for e in EXAMPLES[:3]]
    digest = write_recorded(answers_path(folder, "dev"), rows)
    record = {"task": "voice", "subjects": {"base+zero_shot": "who"}, "files": {"dev": digest}, "made": {}}
    (folder / RECORD).write_text(json.dumps(record))
    return made


def asked(project: Project, subject: Speaker, split: str = "dev", **more: Any) -> dict[str, int]:
    return collect(subject, EXAMPLES, cache=answer_cache(project, split), **more).counts  # type: ignore[arg-type]


def test_a_demos_project_answers_from_what_came_with_it_and_asks_for_the_rest(project: Project) -> None:
    speaker = Speaker()
    assert asked(project, speaker) == {"recorded": 3, "cache": 0, "model": 1}
    assert speaker.asked == ["d3"]


def test_any_other_project_asks_the_model(project: Project) -> None:
    (project.root / DEMO_MARK).unlink()
    assert given_answers(project, "dev") is None
    assert asked(project, Speaker()) == {"recorded": 0, "cache": 0, "model": 4}


def test_another_subject_or_split_is_asked_itself(project: Project) -> None:
    assert asked(project, Speaker("another"))["recorded"] == 0
    assert asked(project, Speaker(), "golden")["recorded"] == 0


def test_an_example_that_was_changed_is_asked_again(project: Project) -> None:
    changed = (Example("d0", "word 0, changed", "out"), *EXAMPLES[1:])
    found = collect(Speaker(), changed, cache=answer_cache(project, "dev"))  # type: ignore[arg-type]
    assert [found.answers[e.id].origin for e in changed] == ["model", "recorded", "recorded", "model"]


def test_asked_to_regenerate_nothing_recorded_is_used(project: Project) -> None:
    assert asked(project, Speaker(), regenerate=True) == {"recorded": 0, "cache": 0, "model": 4}


def test_an_edited_file_is_refused_by_name(project: Project) -> None:
    path = answers_path(project.golden("voice") / FOLDER, "dev")
    write_recorded(path, [answer_row("base+zero_shot", "dev", said(e, "better")) for e in EXAMPLES])
    with pytest.raises(UserError, match="were edited") as caught:
        asked(project, Speaker())
    assert caught.value.where == str(path)
    path.unlink()
    with pytest.raises(UserError, match="are missing"):
        asked(project, Speaker())


def test_a_broken_record_is_refused_by_name(project: Project) -> None:
    path = project.golden("voice") / FOLDER / RECORD
    path.write_text('{"task": "voice"}')
    with pytest.raises(UserError) as caught:
        asked(project, Speaker())
    assert str(path) in caught.value.where
