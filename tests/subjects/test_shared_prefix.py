"""How much of a prompt others share: fixed shots do, shots of each input do not; a few odd ones change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.subjects import Answer, parse_subject
from goldgate.subjects.replayed import OnlyRecorded, Replayed
from goldgate.subjects.shared_prefix import shared_lengths, with_shared
from goldgate.task.examples import Example
from goldgate.task.project import Project
from goldgate.task.task import Task

Made = tuple[Project, Task]
WORDS = ("lazy", "quick", "total", "over", "jumps", "answer", "user", "system", "invoice", "the", "a", "it")
ASK = [Example(f"q{i}", f"{word} {i} and more", "a") for i, word in enumerate(WORDS)]
prompts = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([], []),
        ([[1, 2, 3]], [None]),
        ([[1, 2, 3], [1, 2, 3]], [None, None]),
        ([[1, 2, 3], [1, 2, 4]], [2, 2]),
        ([[1, 2, 3], [4, 2, 3]], [0, 0]),
        ([[1, 2], [1, 2, 3]], [1, 2]),  # the last token is always read
        ([[1, 2, 5], [1, 2, 6], [1, 3, 7]], [2, 2, 1]),
    ],
)
def test_the_beginning_that_prompts_share(rows: list[list[int]], shared: list[int | None]) -> None:
    assert shared_lengths(rows) == shared


def test_a_few_odd_prompts_do_not_shorten_what_the_others_share() -> None:
    common = list(range(800))
    usual = [[*common, 1000 + i, 7] for i in range(95)]
    odd = [[*common[:400], 2000 + i, 7] for i in range(5)]
    assert shared_lengths([*usual, *odd]) == [800] * 95 + [400] * 5


def test_two_inputs_that_happen_to_begin_alike_share_no_more_than_the_rest() -> None:
    rows = [[1, 2, 3, 100 + i, 7] for i in range(38)] + [[1, 2, 3, 90, 91, 92, 5], [1, 2, 3, 90, 91, 92, 6]]
    assert set(shared_lengths(rows)) == {3}


@given(prompts)
def test_nothing_is_shared_that_a_tenth_of_the_prompts_do_not_begin_with(rows: list[list[int]]) -> None:
    different = {tuple(row) for row in rows}
    everywhere = next((i for i in range(13) if len({row[: i + 1] for row in different}) > 1), 0)
    for row, shared in zip(rows, shared_lengths(rows), strict=True):
        if len(different) < 2:
            assert shared is None
            continue
        assert shared is not None
        assert min(everywhere, len(row) - 1) <= shared <= len(row) - 1
        alike = sum(other[:shared] == tuple(row[:shared]) for other in different)
        assert alike >= max(2, 0.1 * len(different))


@given(prompts, st.randoms())
def test_neither_the_order_of_prompts_nor_copies_of_them_matter(rows: list[list[int]], random: Any) -> None:
    found = dict(zip(map(tuple, rows), shared_lengths(rows), strict=True))
    mixed = [*rows, *rows[:3]]
    random.shuffle(mixed)
    assert shared_lengths(mixed) == [found[tuple(row)] for row in mixed]


@pytest.fixture
def made(make_task: Callable[..., Made], tiny_llama: Path) -> Made:
    train = [(f"{word} in", f"{word} out") for word in WORDS]
    return make_task({"kind": "text", "model": str(tiny_llama), "instructions": "Say it again."}, train=train)


def shares(made: Made, name: str, examples: list[Example] = ASK) -> list[int | None]:
    project, task = made
    found = parse_subject(name, task, project).shared_tokens(examples)  # type: ignore[attr-defined]
    assert found is not None
    return list(found)


def test_fixed_shots_are_shared_and_a_pruned_prompt_shares_little(made: Made) -> None:
    zero, shots, pruned = (set(shares(made, f"base+{name}")) for name in ("zero_shot", "few_shot:3", "pruned"))
    assert all(len(found) == 1 for found in (zero, shots, pruned))
    assert 0 < min(pruned, key=int) < min(zero, key=int) < min(shots, key=int)  # type: ignore[arg-type]


def test_shots_chosen_for_each_input_are_not_shared(make_task: Callable[..., Made], tiny_llama: Path) -> None:
    names = [a + b for a in "bdfklmpr" for b in ("a", "e", "i", "o", "u")]
    settings = {"kind": "text", "model": str(tiny_llama), "instructions": "Say it again."}
    made = make_task(settings, train=[(f"{name} in", f"{name} out") for name in names])
    examples = [Example(f"q{i}", f"{name} please", "a") for i, name in enumerate(names)]
    zero, fixed, nearest = (shares(made, f"base+{s}", examples) for s in ("zero_shot", "few_shot:1", "nearest:1"))
    assert min(fixed, key=lambda n: n or 0) > max(zero, key=lambda n: n or 0)  # type: ignore[operator]
    assert max(n or 0 for n in nearest) <= max(n or 0 for n in zero) + 2, "at most how first shots happen to begin"


def test_the_whole_split_counts_and_not_what_was_asked_together(made: Made) -> None:
    """Two inputs with one beginning, asked alone, would seem to share it."""
    alike = [Example("x", "the same long beginning of a letter 1", "a"), Example("y", "the same long beginning 2", "a")]
    alone, together = shares(made, "base+zero_shot", alike), shares(made, "base+zero_shot", [*ASK, *alike])
    assert (alone[0] or 0) > (together[-1] or 0) or together[-1] == together[-2]


def answered(shared: int | None = None) -> dict[str, Answer]:
    return {e.id: Answer(e.id, "a", "stop", 50, 2, 0.0, None, "i", "f", e.digest, shared_tokens=shared) for e in ASK}


def test_answers_of_a_local_subject_are_counted_without_its_weights(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldgate.engine.loading.load_model", None)
    project, task = made
    subject = parse_subject("base+few_shot:3", task, project)
    counts = {a.shared_tokens for a in with_shared(subject, ASK, answered()).values()}
    assert counts == set(shares(made, "base+few_shot:3"))
    replayed = Replayed("base+few_shot:3", subject.identity, lambda: subject, "champion.json")
    assert {a.shared_tokens for a in with_shared(replayed, ASK, answered()).values()} == counts


def test_what_an_answer_says_is_not_counted_again(made: Made) -> None:
    project, task = made
    said = answered(7)
    assert with_shared(parse_subject("base+zero_shot", task, project), ASK, said) is said


def test_what_cannot_be_counted_stays_unknown(make_task: Callable[..., Made]) -> None:
    project, task = make_task({"kind": "text"}, train=[("a", "b")])  # the embedded model is not in this cache
    subject = parse_subject("base+zero_shot", task, project)
    assert with_shared(subject, ASK, answered()) == answered()
    assert not (project.cache / "models").exists(), "nothing is downloaded to count"

    def gone() -> Any:
        raise UserError("the adapter is gone")

    for other in (Replayed("adapter:a", "i", gone, "champion.json"), OnlyRecorded("x", "i", "here", "hint")):
        assert with_shared(other, ASK, answered()) == answered()
    remote = parse_subject("openai:m@http://localhost:1/v1+zero_shot", task, project)
    assert with_shared(remote, ASK, answered()) == answered()


REMOTE = "openai:m@http://localhost:1/v1+zero_shot"


@pytest.mark.parametrize(
    ("reported", "counted"),
    [
        ([0, 0, 40, 40, 40, 40], [40] * 6),
        ([0, 0, 0, 0, 40, 40], [0, 0, 0, 0, 40, 40]),  # mostly cold: the endpoint hardly caches
        ([20, 24, 24, 24, 24, 48], [24, 24, 24, 24, 24, 48]),
        ([None, 0, 40, 40, 40, None], [None, 40, 40, 40, 40, None]),  # what was not reported stays unknown
        ([None] * 6, [None] * 6),
    ],
)
def test_requests_that_found_a_cold_cache_count_as_the_usual_one(
    made: Made, reported: list[int | None], counted: list[int | None]
) -> None:
    project, task = made
    asked = ASK[: len(reported)]
    rows = {e.id: replace(answered()[e.id], shared_tokens=n) for e, n in zip(asked, reported, strict=True)}
    for name in (REMOTE, f"{REMOTE}+constrained"):
        subject = Replayed(name, "i", lambda: parse_subject(REMOTE, task, project), "champion.json")
        found = with_shared(subject, asked, rows)
        assert [found[e.id].shared_tokens for e in asked] == counted
        assert with_shared(subject, asked, found) == found, "the same again"


def test_a_cold_request_is_never_billed_for_more_than_its_prompt(made: Made) -> None:
    project, task = made
    rows = {e.id: replace(answered(40)[e.id], prompt_tokens=50) for e in ASK}
    rows["q0"] = replace(rows["q0"], prompt_tokens=9, shared_tokens=0)
    assert with_shared(parse_subject(REMOTE, task, project), ASK, rows)["q0"].shared_tokens == 9
