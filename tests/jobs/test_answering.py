"""Where answers come from: recorded before cached before generated, each asked for once, under one lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from goldgate.answers.cache import answer_cache
from goldgate.answers.collect import MissingAnswers
from goldgate.answers.recorded import AnswerFile, answer_row, write_recorded
from goldgate.answers.timings import Timings
from goldgate.base.errors import UserError
from goldgate.jobs import workspace as workspace_module
from goldgate.jobs.answering import Sources
from goldgate.jobs.workspace import Workspace
from goldgate.subjects import Answer, latency
from goldgate.subjects.latency import Timing, machine
from goldgate.task.examples import Example

NAME = "base+few_shot:2"


class Pupil:
    """Answers everything with 1, and knows whether the lock was held while it did."""

    name, identity = NAME, "pupil"

    def __init__(self, lock: Path) -> None:
        self.lock, self.asked, self.alone = lock, list[str](), list[bool]()

    def fingerprint(self, example: Example) -> str:
        return f"pupil {example.id}"

    def answer(self, examples: Sequence[Example], progress: Callable[[int], None] | None = None) -> Iterator[Answer]:
        for e in examples:
            self.asked.append(e.id)
            self.alone.append(_is_held(self.lock))
            yield self.says(e, 1)
            if progress is not None:
                progress(1)

    def says(self, e: Example, n: int) -> Answer:
        return Answer(e.id, f'{{"n": {n}}}', "stop", 3, 1, 0.0, None, self.identity, self.fingerprint(e), e.digest)


def _is_held(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


@pytest.fixture
def pupil(counts: Any, monkeypatch: pytest.MonkeyPatch) -> Pupil:
    made = Pupil(counts.project.cache / "generate.lock")
    monkeypatch.setattr(workspace_module, "parse_subject", lambda *_: made)
    return made


def recorded(counts: Any, pupil: Pupil, count: int, timing: Timing | None = None) -> AnswerFile:
    """The first answers to dev, recorded as 2."""
    path = counts.project.root / "answers.jsonl.gz"
    rows = [answer_row(NAME, "dev", pupil.says(e, 2), {}, timing) for e in counts.split("dev").examples[:count]]
    return AnswerFile(path, write_recorded(path, rows), {}, {}, "the answers", "test", "")


def cached(counts: Any, pupil: Pupil, count: int) -> None:
    """The first answers to dev, cached as 3."""
    answer_cache(counts.project, "dev").put_many([pupil.says(e, 3) for e in counts.split("dev").examples[:count]])


def test_recorded_comes_before_cached_before_generated(counts: Any, pupil: Pupil) -> None:
    cached(counts, pupil, 10)
    work = Workspace(counts.project, counts.task, sources=Sources(recorded(counts, pupil, 4)))
    texts = [a.text for a in work.scored(NAME).answers.values()]
    assert texts == ['{"n": 2}'] * 4 + ['{"n": 3}'] * 6 + ['{"n": 1}'] * 14
    assert work.answering.asked[0].collected.counts == {"recorded": 4, "cache": 6, "model": 14}
    assert pupil.asked == [e.id for e in counts.split("dev").examples[10:]]


def test_to_regenerate_asks_the_model_for_everything(counts: Any, pupil: Pupil) -> None:
    cached(counts, pupil, 10)
    work = Workspace(counts.project, counts.task, sources=Sources(recorded(counts, pupil, 4), regenerate=True))
    assert {a.text for a in work.scored(NAME).answers.values()} == {'{"n": 1}'}
    assert len(pupil.asked) == 24


def test_a_subject_is_asked_once_whatever_it_is_called(counts: Any, pupil: Pupil) -> None:
    work = Workspace(counts.project, counts.task)
    scores = work.scores(work.subject(NAME), work.split("dev"))
    work.scored(NAME)
    work.scored("base+few_shot:9")  # by which the same subject is found here
    assert work.existing(work.made(NAME), work.split("dev")) is scores
    assert len(pupil.asked) == 24
    assert len(work.answering.asked) == 1


def test_one_process_at_a_time_has_a_model_in_memory(counts: Any, pupil: Pupil) -> None:
    Workspace(counts.project, counts.task).scored(NAME)
    assert pupil.alone == [True] * 24
    assert not _is_held(pupil.lock)


def test_the_lock_is_free_again_where_the_model_fails(
    counts: Any, pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(examples: Any, progress: Any = None) -> Iterator[Answer]:
        raise UserError("out of memory")

    monkeypatch.setattr(pupil, "answer", broken)
    with pytest.raises(UserError, match="out of memory"):
        Workspace(counts.project, counts.task).scored(NAME)
    assert not _is_held(pupil.lock)


def test_what_is_there_locks_nothing(counts: Any, pupil: Pupil) -> None:
    cached(counts, pupil, 24)
    with FileLock(pupil.lock):
        Workspace(counts.project, counts.task).scored(NAME)
    assert pupil.asked == []


def test_where_no_model_may_answer_a_missing_answer_is_said(counts: Any, pupil: Pupil) -> None:
    cached(counts, pupil, 23)
    work = Workspace(counts.project, counts.task, sources=Sources(generate=False))
    with pytest.raises(MissingAnswers, match="1 of 24 answers of base"):
        work.scored(NAME)
    assert work.existing(work.subject(NAME), work.split("dev")) is None
    assert work.answering.asked == []
    assert pupil.asked == []


def test_it_says_who_answers_how_many_before_they_do(counts: Any, pupil: Pupil) -> None:
    cached(counts, pupil, 20)
    lines: list[str] = []

    def announce(line: str) -> None:
        assert pupil.asked == []
        lines.append(line)

    Workspace(counts.project, counts.task, sources=Sources(announce=announce)).scored(NAME)
    assert lines == [f"{NAME} answers 4 examples of dev on this machine"]


def test_the_progress_counts_what_is_there_and_what_comes(counts: Any, pupil: Pupil) -> None:
    cached(counts, pupil, 22)
    seen: list[int] = []
    work = Workspace(counts.project, counts.task)
    work.scores(work.subject(NAME), work.split("dev"), seen.append)
    assert seen == [22, 1, 1]


def test_latencies_are_recorded_else_measured_before_else_measured_now(
    counts: Any, pupil: Pupil, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def measure(subject: Any, examples: Sequence[Example]) -> dict[str, Timing]:
        asked.append(len(examples))
        assert _is_held(pupil.lock)
        return {e.digest: Timing(0.1, 0.3, machine()) for e in examples}

    monkeypatch.setattr(latency, "measure_latency", measure)
    dev, waited = counts.split("dev"), Timing(0.1, 0.2, "there")
    proof = recorded(counts, pupil, 24, waited)
    first = Workspace(counts.project, counts.task, sources=Sources(proof))
    assert set(first.answering.timings(pupil, dev).values()) == {waited}  # type: ignore[arg-type]
    known = {e.digest: Timing(0.1, 0.4, machine()) for e in dev.examples[:20]}
    Timings(counts.project.cache).add(pupil.identity, machine(), known)
    found = Workspace(counts.project, counts.task).answering.timings(pupil, dev)  # type: ignore[arg-type]
    assert sorted(t.last or 0 for t in found.values()) == [0.3] * 4 + [0.4] * 20
    assert asked == [4]


def test_a_run_whose_answers_alone_decide_has_its_latencies_or_none(counts: Any, pupil: Pupil) -> None:
    sources = Sources(recorded(counts, pupil, 24), run="r1")
    with pytest.raises(UserError, match="the run recorded no latency of") as caught:
        Workspace(counts.project, counts.task, sources=sources).answering.timings(pupil, counts.split("dev"))  # type: ignore[arg-type]
    assert caught.value.where == "r1"


def test_a_champion_that_is_promoted_meanwhile_is_seen(counts: Any) -> None:
    work = Workspace(counts.project, counts.task)
    assert work.champion is None
    with pytest.raises(UserError, match="nothing is promoted"):
        work.subject("champion")
    (counts.suite / "champion.json").write_text("{}")
    with pytest.raises(UserError, match="not a champion record"):
        _ = work.champion
