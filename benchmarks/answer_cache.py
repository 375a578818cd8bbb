"""The answer cache against one JSON file an answer: seconds to write and to read 10,000 answers, and their size.

    python benchmarks/answer_cache.py [--answers 10000]

Both write in batches of 16, as a run does, and read all at once; SQLite waits for no disk at a commit (synchronous
NORMAL), and neither do the files. Then a second run of a subject whose answers are all there: seconds of `collect`, and
how many of its answers came from the cache.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from goldgate.answers.cache import AnswerCache
from goldgate.answers.collect import collect
from goldgate.base.fingerprint import digest
from goldgate.subjects import Answer
from goldgate.subjects.subject import Progress
from goldgate.task.examples import Example

BATCH = 16


class Recalled:
    """A subject whose answers are made up: what is measured is what surrounds it."""

    name = "made-up"
    identity = digest("made-up")

    def fingerprint(self, example: Example) -> str:
        return digest([self.identity, example.text])

    def sampled(self, sample: int) -> Recalled:
        return self

    def answer(self, examples: Sequence[Example], progress: Progress | None = None) -> Iterator[Answer]:
        draw = random.Random(7)
        for e in examples:
            text = json.dumps({"vendor": e.text[:40], "total": draw.random() * 1000, "note": "x" * draw.randrange(120)})
            key = self.fingerprint(e)
            yield Answer(e.id, text, "stop", 420, 60, 0.05, -draw.random(), self.identity, key, e.digest)


def main() -> None:
    """Prints a table of both stores, and the second run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=10_000)
    count = parser.parse_args().answers
    examples = [Example(f"e{i}", f"invoice {i} of somebody", "x") for i in range(count)]
    subject = Recalled()
    answers = list(subject.answer(examples))
    keys = [a.fingerprint for a in answers]
    with TemporaryDirectory() as name:
        cache, files = AnswerCache(Path(name) / "answers.sqlite"), Path(name) / "files"
        files.mkdir()
        batches = [answers[i : i + BATCH] for i in range(0, count, BATCH)]
        rows = {
            "SQLite": (
                _seconds(lambda: _put(cache, batches)),
                _seconds(lambda: cache.get_many(keys)),
                cache.disk_bytes(),
            ),
            "JSON files": (
                _seconds(lambda: [_write(files, b) for b in batches]),
                _seconds(lambda: [_read(files, key) for key in keys]),
                sum(f.stat().st_blocks * 512 for f in files.iterdir()),
            ),
        }
        print(f"{count:,} answers  write s  read s  MB on disk")
        for store, (write, read, size) in rows.items():
            print(f"{store:<14}  {write:7.2f}  {read:6.2f}  {size / 1e6:10.1f}")
        first = _seconds(lambda: collect(subject, examples, cache=AnswerCache(Path(name) / "new.sqlite")))
        started = time.perf_counter()
        again = collect(subject, examples, cache=AnswerCache(Path(name) / "new.sqlite"), generate=False)
        second = time.perf_counter() - started
        print(f"a first run beside the model's own time: {first:.2f} s; the second: {second:.2f} s, {again.counts}")


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _put(cache: AnswerCache, batches: Sequence[Sequence[Answer]]) -> None:
    with cache.held_open():
        for batch in batches:
            cache.put_many(batch)


def _write(folder: Path, answers: Sequence[Answer]) -> None:
    for answer in answers:
        new = folder / f"{answer.fingerprint}.part"
        new.write_text(json.dumps(asdict(answer)), encoding="utf-8")
        new.replace(folder / f"{answer.fingerprint}.json")


def _read(folder: Path, key: str) -> Answer:
    return Answer(**json.loads((folder / f"{key}.json").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
