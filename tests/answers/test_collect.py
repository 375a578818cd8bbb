"""Answers that exist already are not asked for again, and those that are somebody else's are never served."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from goldgate.answers.cache import AnswerCache
from goldgate.answers.collect import collect
from goldgate.answers.recorded import Recorded, write_recorded
from goldgate.base.errors import UserError
from goldgate.base.fingerprint import digest, file_digest
from goldgate.subjects.subject import Answer, Progress
from goldgate.task.examples import Example

ASK = [Example(f"q{i}", f"text {i}", "a") for i in range(20)]


class Parrot:
    """A subject that says the input again. breaks_at: after so many answers it fails, as a killed run would."""

    def __init__(self, identity: str = "parrot", breaks_at: int | None = None) -> None:
        self.name = identity
        self.identity = identity
        self.breaks_at = breaks_at
        self.asked: list[str] = []

    def fingerprint(self, example: Example) -> str:
        return digest([self.identity, example.text])

    def sampled(self, sample: int) -> Parrot:
        return Parrot(f"{self.identity} {sample}")

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        for count, e in enumerate(examples):
            if count == self.breaks_at:
                raise KeyboardInterrupt
            self.asked.append(e.id)
            if progress:
                progress(1)
            yield Answer(e.id, e.text, "stop", 1, 2, 0.5, -0.1, self.identity, self.fingerprint(e), e.digest)


@pytest.fixture
def cache(tmp_path: Path) -> AnswerCache:
    return AnswerCache(tmp_path / "cache" / "answers.sqlite")


def test_the_second_time_nobody_is_asked(cache: AnswerCache) -> None:
    first = collect(Parrot(), ASK, cache=cache)
    again = Parrot()
    second = collect(again, ASK, cache=cache)
    assert again.asked == []
    assert first.counts == {"recorded": 0, "cache": 0, "model": 20}
    assert second.counts == {"recorded": 0, "cache": 20, "model": 0}
    assert [replace(a, origin="model") for a in second.answers.values()] == list(first.answers.values())


def test_another_subject_is_asked_itself(cache: AnswerCache) -> None:
    collect(Parrot("one"), ASK, cache=cache)
    assert collect(Parrot("two"), ASK, cache=cache).counts["model"] == 20


def test_a_killed_run_keeps_what_was_answered(cache: AnswerCache) -> None:
    with pytest.raises(KeyboardInterrupt):
        collect(Parrot(breaks_at=7), ASK, cache=cache)
    assert collect(Parrot(), ASK, cache=cache).counts == {"recorded": 0, "cache": 7, "model": 13}


def test_regenerate_asks_for_everything(cache: AnswerCache, tmp_path: Path) -> None:
    collect(Parrot(), ASK, cache=cache)
    rows = [asdict(a) for a in collect(Parrot(), ASK, cache=cache).answers.values()]
    write_recorded(tmp_path / "r.gz", rows)
    recorded = Recorded(tmp_path / "r.gz")
    assert collect(Parrot(), ASK, cache=cache, recorded=recorded, regenerate=True).counts["model"] == 20


def test_answers_only_never_asks(cache: AnswerCache) -> None:
    collect(Parrot(), ASK[:15], cache=cache)
    parrot = Parrot()
    with pytest.raises(UserError, match="5 of 20 answers of parrot are neither recorded nor cached"):
        collect(parrot, ASK, cache=cache, generate=False)
    assert parrot.asked == []
    assert len(collect(parrot, ASK[:15], cache=cache, generate=False).answers) == 15


def test_a_renamed_example_keeps_its_answer_under_the_new_id(cache: AnswerCache) -> None:
    collect(Parrot(), ASK, cache=cache)
    renamed = Example("new", ASK[3].input, "another output")
    answer = collect(Parrot(), [renamed], cache=cache).answers["new"]
    assert (answer.id, answer.example, answer.origin) == ("new", renamed.digest, "cache")


def test_the_same_prompt_is_asked_once(cache: AnswerCache) -> None:
    parrot = Parrot()
    told: list[int] = []
    twins = [Example("a", "same", "x"), Example("b", "same", "y"), Example("c", "other", "x")]
    collected = collect(parrot, twins, cache=cache, progress=told.append)
    assert parrot.asked == ["a", "c"]
    assert [a.text for a in collected.answers.values()] == ["same", "same", "other"]
    assert sum(told) == 3


def test_recorded_answers_come_before_the_cache(cache: AnswerCache, tmp_path: Path) -> None:
    mine = collect(Parrot(), ASK, cache=cache).answers
    rows = [
        {
            **asdict(replace(mine[f"q{i}"], text="recorded")),
            "subject": "parrot",
            "split": "dev",
            "scores": {"similarity": 0.25},
        }
        for i in range(4)
    ]
    found = write_recorded(tmp_path / "r.gz", rows)
    assert found == file_digest(tmp_path / "r.gz") == write_recorded(tmp_path / "s.gz", reversed(rows))
    recorded = Recorded(tmp_path / "r.gz")
    collected = collect(Parrot(), ASK, cache=cache, recorded=recorded)
    assert collected.counts == {"recorded": 4, "cache": 16, "model": 0}
    assert [collected.answers[f"q{i}"].text for i in (0, 3, 4)] == ["recorded", "recorded", "text 4"]
    assert recorded.scores("parrot", ASK[0].digest) == {"similarity": 0.25}
    assert recorded.scores("parrot", ASK[9].digest) == {}
    assert collect(Parrot("other"), ASK[:4], cache=cache, recorded=recorded).counts["model"] == 4


def test_a_changed_example_has_no_recorded_answer(cache: AnswerCache, tmp_path: Path) -> None:
    mine = collect(Parrot(), ASK[:1], cache=cache).answers["q0"]
    write_recorded(tmp_path / "r.gz", [asdict(mine)])
    relabelled = replace(ASK[0], output="b")
    assert Recorded(tmp_path / "r.gz").lookup("parrot", relabelled.digest) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"not gzip",
        gzip.compress(b"not json\n"),
        gzip.compress(json.dumps({"id": 1}).encode()),
        gzip.compress(b"x" * 100)[:30],
    ],
    ids=["no gzip", "no json", "no answer", "torn"],
)
def test_a_broken_record_is_named(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "r.gz").write_bytes(raw)
    with pytest.raises(UserError, match=r"r\.gz"):
        Recorded(tmp_path / "r.gz")


def test_a_broken_cache_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(UserError, match="delete or move the file"):
        AnswerCache(tmp_path / "answers.sqlite").get_many(["x"])


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = tmp_path / "answers.sqlite"

    def write(number: int) -> None:
        collect(Parrot(str(number)), ASK, cache=AnswerCache(path))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    wanted = [Parrot(str(n)).fingerprint(e) for n in range(8) for e in ASK]
    assert len(AnswerCache(path).get_many(wanted)) == 160
