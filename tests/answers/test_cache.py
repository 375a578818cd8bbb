"""The answer cache: its limit, what is evicted and what never, old, foreign and damaged files, disks that refuse."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from goldgate.answers.cache import CACHE_FILES, DAY, AnswerCache, answer_cache
from goldgate.answers.collect import collect
from goldgate.base.errors import UserError
from goldgate.subjects.subject import Answer, Progress
from goldgate.task.examples import Example
from goldgate.task.project import CACHE_BYTES, Project, cache_folder, cache_limit

NOBODY = 65534
LONG = "x" * 500


class Clock:
    """A clock that a test sets. It begins long before this process did."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


def made(number: int, text: str = LONG) -> Answer:
    key = f"key {number}"
    return Answer(f"q{number}", text, "stop", 1, 2, 0.5, -0.1, "who", key, f"digest {number}")


def keys(*numbers: int) -> list[str]:
    return [f"key {n}" for n in numbers]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def small(tmp_path: Path, clock: Clock) -> AnswerCache:
    """A cache of at most 200 kB: about 200 long answers."""
    return AnswerCache(tmp_path / "answers.sqlite", 200_000, clock)


def fill(cache: AnswerCache, clock: Clock, numbers: range) -> None:
    """Puts answers, ten every fifty minutes."""
    for start in numbers[::10]:
        clock.time += 3000
        cache.put_many([made(n) for n in range(start, min(start + 10, numbers.stop))])


def test_the_file_stays_under_its_limit_and_the_oldest_go_first(small: AnswerCache, clock: Clock) -> None:
    fill(small, clock, range(600))
    assert small.disk_bytes() < 500_000
    left = small.get_many(keys(*range(600)))
    assert set(left) == set(keys(*range(600 - len(left), 600)))
    assert len(left) >= 288, "what was used within a day is kept"
    clock.time += 2 * DAY
    small.put_many([made(600)])
    left = small.get_many(keys(*range(601)))
    assert "key 600" in left
    assert 100 < len(left) < 250


def test_what_is_read_counts_as_used(small: AnswerCache, clock: Clock) -> None:
    fill(small, clock, range(150))
    small.get_many(keys(0, 1, 2))
    clock.time += 2 * DAY
    fill(small, clock, range(1000, 1100))
    left = small.get_many(keys(*range(150)))
    assert set(keys(0, 1, 2)) <= set(left)
    assert len(left) < 150


def test_a_run_in_progress_keeps_its_answers_whatever_the_limit(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite", 0)
    for start in range(0, 400, 16):
        cache.put_many([made(n) for n in range(start, start + 16)])
    assert len(cache.get_many(keys(*range(400)))) == 400


def test_answers_that_this_process_used_are_kept_after_more_than_a_day(tmp_path: Path) -> None:
    clock = Clock()
    clock.time = 4e9  # later than this process began
    cache = AnswerCache(tmp_path / "answers.sqlite", 0, clock)
    cache.put_many([made(1)])
    clock.time += 3 * DAY
    cache.put_many([made(2)])
    assert len(cache.get_many(keys(1, 2))) == 2


def test_pruning_by_age_and_by_size(small: AnswerCache, clock: Clock) -> None:
    fill(small, clock, range(100))
    clock.time += 10 * DAY
    fill(small, clock, range(100, 150))
    before = small.disk_bytes()
    assert small.prune(days=5) == 100
    assert small.disk_bytes() < before
    assert sorted(small.get_many(keys(*range(150)))) == sorted(keys(*range(100, 150)))
    assert 0 < small.prune(to=40_000) < 50
    assert small.prune(to=CACHE_BYTES) == 0
    small.prune(days=0, to=0)
    assert small.uses() == []


def test_uses_tell_subject_day_and_how_often(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache.put_many([made(1), made(2)], "base+zero_shot")
    cache.put_many([made(3)])
    cache.get_many(keys(1, 2))
    cache.get_many(keys(1))
    told = {u.subject: (u.answers, u.reused) for u in cache.uses()}
    assert told == {"base+zero_shot": (2, 3), "who": (1, 0)}
    assert all(u.bytes > 500 * u.answers and len(u.day) == 10 for u in cache.uses())


def old_file(path: Path, answers: int = 3) -> None:
    """A cache as the first release wrote it."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE answers (fingerprint TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        db.executemany(
            "INSERT INTO answers VALUES (?, ?)",
            [(a.fingerprint, json.dumps(asdict(a))) for a in map(made, range(answers))],
        )


def test_a_file_of_the_first_release_keeps_its_answers(tmp_path: Path) -> None:
    old_file(tmp_path / "answers.sqlite")
    cache = AnswerCache(tmp_path / "answers.sqlite")
    assert cache.get_many(keys(0))["key 0"] == replace(made(0), origin="cache")
    cache.put_many([made(7)])
    assert len(cache.get_many(keys(0, 1, 2, 7))) == 4
    assert cache.prune(days=1) == 0, "they count as used when they were taken over"


def test_several_processes_take_an_old_file_over_at_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    old_file(tmp_path / "answers.sqlite", 50)

    def work(number: int) -> int:
        cache = AnswerCache(tmp_path / "answers.sqlite")
        cache.put_many([made(100 + number)])
        return len(cache.get_many(keys(*range(50))))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [50] * 8


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE other (a)"],
        ["CREATE TABLE answers (fingerprint TEXT, answer TEXT, mine TEXT)"],
        ["CREATE TABLE answers (fingerprint TEXT, answer TEXT)", "PRAGMA user_version = 99"],
    ],
)
def test_a_foreign_database_is_refused_and_left_as_it_is(tmp_path: Path, statements: list[str]) -> None:
    path = tmp_path / "answers.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)
    before = path.read_bytes()
    cache = AnswerCache(path)
    for act in (
        lambda: cache.get_many(["x"]),
        lambda: cache.put_many([made(1)]),
        cache.uses,
        lambda: cache.prune(days=0),
    ):
        with pytest.raises(UserError, match="not an answer cache of this version") as caught:
            act()
        assert str(path) in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_a_torn_file_is_an_error_of_the_user_never_a_wrong_answer(tmp_path: Path, cut: float) -> None:
    path = tmp_path / "answers.sqlite"
    AnswerCache(path).put_many([made(n) for n in range(300)])
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * cut)])
    with pytest.raises(UserError, match="delete or move the file"):
        AnswerCache(path).get_many(keys(*range(300)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '{"id": "q1"}',
        json.dumps({**asdict(made(1)), "text": 5}),
        json.dumps({**asdict(made(1)), "finish": "soon"}),
        json.dumps(asdict(made(2))),
    ],
)
def test_a_damaged_answer_is_named_not_served(tmp_path: Path, text: str) -> None:
    path = tmp_path / "answers.sqlite"
    AnswerCache(path).put_many([made(1)])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE answers SET answer = ?", (text,))
    with pytest.raises(UserError, match=r"the answer key 1 (is damaged|belongs to another key)"):
        AnswerCache(path).get_many(keys(1))


def test_a_folder_in_the_files_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").mkdir()
    for act in (lambda c: c.get_many(["x"]), lambda c: c.put_many([made(1)])):
        with pytest.raises(UserError, match=r"answers\.sqlite"):
            act(AnswerCache(tmp_path / "answers.sqlite"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture
def unprivileged(open_folder: Path) -> Iterator[None]:
    """The superuser may write anywhere: the test goes on as nobody."""
    if os.geteuid() != 0:
        pytest.skip("needs the superuser, to become another")
    yield
    os.seteuid(0)


def test_a_cache_that_may_only_be_read_still_answers(open_folder: Path, unprivileged: None) -> None:
    path = open_folder / "answers.sqlite"
    AnswerCache(path).put_many([made(1)])
    os.seteuid(NOBODY)
    cache = AnswerCache(path)
    assert cache.get_many(keys(1, 2))["key 1"].text == LONG
    assert [u.answers for u in cache.uses()] == [1]
    with pytest.raises(UserError, match="a writable folder"):
        cache.put_many([made(2)])
    with pytest.raises(UserError, match="a folder that you can write to"):
        AnswerCache(open_folder / "more" / "answers.sqlite").put_many([made(2)])


def test_a_cache_behind_a_closed_folder_is_an_error_of_the_user(open_folder: Path, unprivileged: None) -> None:
    (open_folder / "closed" / "cache").mkdir(parents=True)
    (open_folder / "closed").chmod(0o700)
    os.seteuid(NOBODY)
    with pytest.raises(UserError, match="cannot be reached"):
        cache_folder({"GOLDGATE_CACHE": str(open_folder / "closed" / "cache")})


def test_where_nothing_can_be_kept_nobody_is_asked(open_folder: Path, unprivileged: None) -> None:
    asked: list[str] = []

    class Dear:
        name = identity = "dear"

        def fingerprint(self, example: Example) -> str:
            return example.id

        def sampled(self, sample: int) -> Dear:
            return self

        def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
            asked.extend(e.id for e in examples)
            yield from ()

    os.seteuid(NOBODY)
    with pytest.raises(UserError, match="a folder that you can write to"):
        collect(Dear(), [Example("q1", "text", "a")], cache=AnswerCache(open_folder / "answers.sqlite"))
    assert asked == []


def test_a_full_disk_is_an_error_of_the_user_and_spoils_nothing(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache.put_many([made(1)])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(UserError, match="free some disk space"):
            cache.put_many([made(n) for n in range(2, 1000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(cache.get_many(keys(*range(1000)))) == ["key 1"]


def test_golden_and_what_is_made_of_it_lie_apart(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "cache", 5)
    files = {split: answer_cache(project, split).path.name for split in ("train", "dev", "golden", "golden typos", "x")}
    assert files == {
        "train": "answers.sqlite",
        "dev": "answers.sqlite",
        "golden": "golden.sqlite",
        "golden typos": "golden.sqlite",
        "x": "golden.sqlite",
    }
    assert set(files.values()) == set(CACHE_FILES)
    assert answer_cache(project, "dev").limit == 5


def test_training_knows_no_answer_cache() -> None:
    import goldgate_trainers

    for path in Path(goldgate_trainers.__file__).parent.rglob("*.py"):
        text = path.read_text()
        for name in ("goldgate.answers.cache", "sqlite3", *CACHE_FILES):
            assert name not in text, path


@pytest.mark.parametrize(("text", "size"), [("", 2**30), ("500MB", 500_000_000), ("2GiB", 2**31), ("0", 0)])
def test_the_limit_comes_from_the_environment(text: str, size: int) -> None:
    assert cache_limit({"GOLDGATE_CACHE_MAX": text}) == size
    assert cache_limit({}) == 2**30


@pytest.mark.parametrize("text", ["much", "-1", "nan", "1e3"])
def test_a_limit_that_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is not a size"):
        cache_limit({"GOLDGATE_CACHE_MAX": text})


def test_what_an_endpoint_refused_is_not_served_even_if_an_earlier_version_kept_it(small: AnswerCache) -> None:
    refused = replace(made(1), text=None, finish="error", error="HTTP 402: Insufficient Balance", date="2026-01-01")
    too_long = replace(made(2), text=None, finish="error", error="51 tokens, more than max_prompt_tokens (50)")
    small.put_many([refused, too_long, made(3)])
    assert set(small.get_many(keys(1, 2, 3))) == set(keys(2, 3))
    assert {a.fingerprint for a in small.of(["who"])} == set(keys(2, 3))
