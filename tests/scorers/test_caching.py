"""What a cached prefix does to the price of an answer: who gets it, from how many tokens on, and what is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldgate.base.errors import UserError
from goldgate.ledger import suite_digest
from goldgate.scored.scored import Scored
from goldgate.scored.table import ScoreTable
from goldgate.scorers import Context, Tariff, caching_of, how_cached, scorer_versions, tariff_of
from goldgate.subjects import Answer
from goldgate.task.examples import Example, Split
from goldgate.task.project import Project
from goldgate.task.task import Task

Tasks = Callable[..., tuple[Project, Task]]
TODAY = date(2026, 11, 25)
PLAIN = Tariff(1.0, 4.0, "here")
CACHED = replace(PLAIN, per_million_cached_input=0.1)
FROM_1024 = replace(CACHED, least_cached_prefix=1024)


def answer(
    read: int | None, written: int | None, shared: int | None, text: str | None = "yes", name: str = "e"
) -> Answer:
    return Answer(name, text, "stop", read, written, 0.0, None, "i", "f", name, shared_tokens=shared)


@pytest.mark.parametrize(
    ("tariff", "read", "shared", "cost"),
    [
        (PLAIN, 888, 839, 0.888),
        (PLAIN, 888, None, 0.888),
        (CACHED, 888, 839, 0.049 + 0.0839),
        (CACHED, 888, 0, 0.888),
        (CACHED, 888, None, None),
        (CACHED, 0, None, 0.0),  # nothing is read, so nothing need be known
        (CACHED, 10, 99, 0.001),  # never more than there is
        (FROM_1024, 1200, 1024, 0.176 + 0.1024),
        (FROM_1024, 1200, 1023, 1.2),
        (FROM_1024, 1023, None, 1.023),  # too short to be cached, whatever is shared
        (FROM_1024, 1024, None, None),
        (Tariff(0.0, 0.0, "free", per_million_cached_input=0.0), 888, 839, 0.0),
        (replace(CACHED, per_million_cached_input=1.0), 888, 839, 0.888),
        (replace(CACHED, per_million_cached_input=0.0), 888, 839, 0.049),
    ],
)
def test_a_shared_prefix_is_billed_at_its_price(
    tariff: Tariff, read: int, shared: int | None, cost: float | None
) -> None:
    assert tariff.cost(read, 0, shared) == (None if cost is None else pytest.approx(cost))


tokens = st.integers(0, 10_000)
price = st.floats(0, 1e3)


@given(price, price, st.floats(0, 1), st.integers(0, 2000), tokens, tokens, tokens)
def test_a_cache_never_makes_an_answer_dearer_and_never_free_of_its_own_tokens(
    read: float, written: float, share: float, least: int, tokens_in: int, tokens_out: int, shared: int
) -> None:
    tariff = Tariff(read, written, "x", per_million_cached_input=share * read, least_cached_prefix=least)
    cost = tariff.cost(tokens_in, tokens_out, shared)
    assert cost is not None
    full, own = tariff.uncached(tokens_in, tokens_out), tariff.uncached(max(0, tokens_in - shared), tokens_out)
    assert own * (1 - 1e-9) - 1e-9 <= cost <= full


@given(price, st.floats(0, 1), st.integers(0, 2000), tokens, st.lists(tokens, min_size=2, max_size=2))
def test_a_longer_shared_prefix_never_costs_more(
    read: float, share: float, least: int, tokens_in: int, shared: list[int]
) -> None:
    tariff = Tariff(read, 1.0, "x", per_million_cached_input=share * read, least_cached_prefix=least)
    short, long = (tariff.cost(tokens_in, 5, s) for s in sorted(shared))
    assert short is not None
    assert long is not None
    assert long <= short


def test_candidate_and_opponent_are_priced_by_one_rule() -> None:
    """The tuned prompt is too short for a cache and pays in full; with a shorter least prefix, it too is cached."""
    tuned, prompted = (58, 50, 10), (888, 45, 839)
    ratios = []
    for least in (0, 64, 1024):
        tariff = replace(CACHED, least_cached_prefix=least)
        mine, theirs = tariff.cost(*tuned), tariff.cost(*prompted)
        assert mine is not None
        assert theirs is not None
        ratios.append(mine / theirs)
    assert tariff.cost(*tuned) == PLAIN.cost(*tuned) == replace(CACHED, least_cached_prefix=64).cost(*tuned)
    assert ratios == pytest.approx([0.7958, 0.8243, 0.2416], abs=1e-3)


def test_prices_of_a_cache_are_read_from_task_yaml_for_all_and_for_one(make_task: Tasks) -> None:
    dear = {"per_million_input": 2.0, "per_million_cached_input": 0.5, "least_cached_prefix": 1024}
    whole = {"per_million_input": 1.0, "per_million_cached_input": 0.1, "subjects": {"base+few_shot:4": dear}}
    task = make_task({"kind": "text", "prices": whole})[1]
    one, other = (tariff_of(task, name, TODAY) for name in ("base+few_shot:4", "base+zero_shot"))
    assert one is not None
    assert other is not None
    assert (one.per_million_cached_input, one.least_cached_prefix) == (0.5, 1024)
    assert (other.per_million_cached_input, other.least_cached_prefix) == (0.1, 0)
    assert "0.5 per million cached input tokens from 1,024 shared ones" in str(one)


@pytest.mark.parametrize(
    ("prices", "says"),
    [
        ({"per_million_input": 1.0, "per_million_cached_input": 1.5}, "1.5 is more than per_million_input 1"),
        ({"per_million_cached_input": 0.1}, "0.1 is more than per_million_input 0"),
        ({"per_million_input": 1.0, "per_million_cached_input": -0.1}, "greater than or equal to 0"),
        ({"per_million_input": 1.0, "least_cached_prefix": 1024}, "no per_million_cached_input says at what price"),
        (
            {"per_million_input": 1.0, "per_million_cached_input": 0.1, "least_cached_prefix": -1},
            "greater than or equal",
        ),
        ({"per_million_input": 1.0, "per_million_cached": 0.1}, "unknown key"),
    ],
)
def test_prices_that_no_vendor_has_are_errors(make_task: Tasks, prices: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        make_task({"kind": "text", "prices": prices})
    assert "task.yaml" in str(caught.value.where)


def test_another_price_of_a_cache_is_another_suite_and_none_is_the_old_one(make_task: Tasks) -> None:
    plain = {"per_million_input": 1.0, "per_million_output": 2.0}
    digests = []
    for more in ({}, {"per_million_cached_input": 0.1}, {"per_million_cached_input": 0.1, "least_cached_prefix": 64}):
        task = make_task({"kind": "text", "prices": {**plain, **more}})[1]
        digests.append(suite_digest(task, scorer_versions(task)))
        assert task.prices is not None
        assert task.prices.model_dump() == {**plain, **more}, "what is not set stays out of older digests"
    assert len(set(digests)) == 3


def test_a_recorded_tariff_comes_back_and_an_older_one_has_no_cache() -> None:
    assert Tariff.read(asdict(FROM_1024), "champion.json") == FROM_1024
    old = {"per_million_input": 1.0, "per_million_output": 4.0, "source": "here", "own": True, "listed": False}
    assert Tariff.read(old, "champion.json") == PLAIN


@pytest.mark.parametrize("more", [{"per_million_cached_input": x} for x in (1.5, -1, "1", True, float("nan"))])
def test_a_recorded_price_of_a_cache_that_cannot_be_is_an_error(more: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="price of a cached token"):
        Tariff.read({**asdict(PLAIN), **more}, "champion.json")


@pytest.mark.parametrize("least", [-1, 1.5, "64", True, None])
def test_a_recorded_least_prefix_that_cannot_be_is_an_error(least: Any) -> None:
    with pytest.raises(UserError, match="number of tokens"):
        Tariff.read({**asdict(CACHED), "least_cached_prefix": least}, "champion.json")


def test_a_vendors_list_knows_the_price_of_its_cache(make_task: Tasks) -> None:
    task = make_task({"kind": "text", "prices": {"per_million_input": 1.0}})[1]
    tariff = tariff_of(task, "openai:gpt-4o-mini@https://api.openai.com/v1+zero_shot", TODAY)
    assert tariff is not None
    assert tariff.per_million_cached_input is not None
    assert 0 < tariff.per_million_cached_input < tariff.per_million_input
    none = tariff_of(task, "openai:llama-3.3-70b-versatile@https://api.groq.com/openai/v1+zero_shot", TODAY)
    assert none is not None
    assert none.per_million_cached_input is None


def test_a_listed_price_of_a_cache_counts_only_where_every_answer_is_reported() -> None:
    listed = replace(CACHED, listed=True)
    assert listed.as_reported([5, 0]) == listed
    assert listed.as_reported([5, None]).per_million_cached_input is None
    assert CACHED.as_reported([5, None]) == CACHED, "a declared price is not taken back: the cost is unknown"


def test_an_unknown_prefix_is_a_missing_cost_and_no_full_price(make_task: Tasks) -> None:
    prices = {"per_million_input": 1.0, "per_million_cached_input": 0.1}
    task = make_task({"kind": "text", "prices": prices})[1]
    split = Split("dev", tuple(Example(f"e{i}", f"text {i}", "yes") for i in range(40)))

    def scored(shared: int | None) -> Scored:
        answers = {e.id: replace(answer(100, 5, shared), id=e.id, example=e.digest) for e in split}
        return Scored("candidate", ScoreTable(Context(task, Path("/none")), split, answers))

    cheap, unknown = scored(90), scored(None)
    assert cheap.cost_per_1k.value == pytest.approx(0.019)
    assert unknown.cost_per_1k.missing == 40
    assert not cheap.cost_per_1k <= 0.5 * unknown.cost_per_1k
    assert not unknown.cost_per_1k <= 1.0 * scored(0).cost_per_1k


def test_where_no_cache_is_priced_a_usual_one_is_supposed() -> None:
    rows = [answer(888, 45, 839), answer(890, 45, 840), answer(None, 45, 3), answer(888, 45, 839, text=None)]
    found = caching_of(PLAIN, rows)
    assert found is not None
    assert (found.prompt, found.shared, found.least, found.priced) == (889, 839.5, 64, False)
    assert found.uncached == pytest.approx(0.889 + 0.18)
    assert found.cached == pytest.approx(0.0495 + 0.08395 + 0.18)
    assert caching_of(PLAIN, [answer(888, None, 839)]) is None


def test_one_unknown_prefix_leaves_the_mean_unknown() -> None:
    found = caching_of(PLAIN, [answer(888, 45, 839), answer(888, 45, None)])
    assert found is not None
    assert (found.shared, found.cached) == (None, None)
    assert found.uncached == pytest.approx(1.068)


def test_a_subject_that_reads_no_tokens_is_free_with_and_without_a_cache() -> None:
    found = caching_of(CACHED, [answer(0, 0, None)])
    assert found is not None
    assert (found.uncached, found.cached, found.shared) == (0, 0, 0)


@pytest.mark.parametrize(
    ("tariff", "row", "says"),
    [
        (None, answer(888, 45, 839), ""),
        (PLAIN, answer(888, 45, 839), "prompt caching is not priced: 839 of the 888 tokens of x's prompts are shared"),
        (PLAIN, answer(888, 45, None), ""),
        (PLAIN, answer(58, 45, 10), ""),
        (CACHED, answer(888, 45, 839), "839 of the 888 tokens of x's prompts are billed as cached"),
        (CACHED, answer(888, 45, 0), "x's prompts of 888 tokens share 0"),
        (
            FROM_1024,
            answer(1200, 45, 839),
            "prompts of 1,200 tokens share 839, and 1,024 are the fewest that are cached",
        ),
        (CACHED, answer(888, 45, None), "is unknown for 1 of 1 answers"),
        (CACHED, answer(0, 0, None), ""),
    ],
)
def test_what_is_cached_is_said(tariff: Tariff | None, row: Answer, says: str) -> None:
    said = how_cached("x", tariff, [row])
    assert says in said
    assert bool(says) == bool(said)
