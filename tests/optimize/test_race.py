"""The search finds the best prompt, within its budget, from train alone, and the same one from the same answers."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from goldgate.base.errors import UserError
from goldgate.optimize.board import Board, Marked
from goldgate.optimize.candidate import Candidate, Proposer, divide
from goldgate.optimize.race import FIRST, Found, race, search
from goldgate.task.examples import Example, Split


def train_of(count: int) -> Split:
    return Split("train", tuple(Example(f"t{i}", f"question {i}", i % 7) for i in range(count)))


class Answers:
    """A model whose answers are right as often as its prompt is good, and always the same."""

    def __init__(self, good: set[str]) -> None:
        self.good = good
        self.asked: list[tuple[Candidate, tuple[str, ...]]] = []

    def truth(self, candidate: Candidate) -> float:
        return 0.1 + 0.2 * sum(shot.id in self.good for shot in candidate.shots)

    def __call__(self, candidate: Candidate, examples: Sequence[Example]) -> list[Marked]:
        self.asked.append((candidate, tuple(e.id for e in examples)))
        return [Marked((float(self._draw(candidate, e) < self.truth(candidate)), 0.5), 0.25) for e in examples]

    @staticmethod
    def _draw(candidate: Candidate, example: Example) -> float:
        return random.Random(candidate.key + example.id).random()


GOOD = {f"t{i}" for i in range(0, 400, 4)}  # a quarter of train


def found(answers: Answers, budget: int = 1500, seed: int = 0, count: int = 4, size: int = 400) -> Found:
    return search(train_of(size), count, ["say it"], seed, answers, lambda seconds: budget)


def test_it_finds_a_prompt_that_is_truly_better() -> None:
    answers = Answers(GOOD)
    result = found(answers)
    first = answers.asked[0][0]
    assert answers.truth(result.winner) >= answers.truth(first) + 0.2
    assert result.scores > result.first


def test_the_same_answers_give_the_same_winner() -> None:
    one, other = found(Answers(GOOD)), found(Answers(GOOD))
    assert one == other
    assert found(Answers(GOOD), seed=1).winner.key != one.winner.key


@pytest.mark.parametrize("budget", [20, 21, 60, 150, 911, 3400])
def test_it_stays_within_its_budget_and_spends_most_of_it(budget: int) -> None:
    answers = Answers(GOOD)
    result = found(answers, budget)
    assert result.calls == sum(len(ids) for _, ids in answers.asked) <= budget
    assert result.calls >= 0.85 * budget
    assert result.seconds == pytest.approx(0.25 * result.calls)
    assert result.candidates == len({c.key for c, _ in answers.asked})


def test_no_example_is_asked_twice_and_none_is_a_shot() -> None:
    answers = Answers(GOOD)
    found(answers)
    asked = [(c.key, one) for c, ids in answers.asked for one in ids]
    assert len(asked) == len(set(asked))
    shots = {shot.id for c, _ in answers.asked for shot in c.shots}
    assert shots & {one for _, one in asked} == set()


def test_the_first_candidate_is_the_prompt_of_few_shot_and_wins_where_nothing_is_better() -> None:
    class Equal(Answers):
        def truth(self, candidate: Candidate) -> float:
            return 1.0

    answers = Equal(set())
    result = found(answers, 300)
    assert result.winner == answers.asked[0][0]


def test_the_budget_is_derived_from_the_first_answers() -> None:
    told: list[float] = []

    def allowed(seconds: float) -> int:
        told.append(seconds)
        return 100

    answers = Answers(GOOD)
    search(train_of(100), 4, ["say it"], 0, answers, allowed)
    assert told == [0.25]
    assert len(answers.asked[0][1]) == FIRST


@pytest.mark.parametrize("size", [2, 3, 5, 9, 20])
def test_a_small_train_split_is_searched_as_far_as_it_goes(size: int) -> None:
    result = found(Answers(GOOD), 500, size=size)
    assert 1 <= result.examples <= size // 2
    assert len(result.winner.shots) <= 4


def test_a_train_split_that_leaves_nothing_to_score_on_is_refused() -> None:
    with pytest.raises(UserError, match="too few to search a prompt on"):
        found(Answers(GOOD), size=1)


def test_what_repeats_an_example_is_on_the_same_side() -> None:
    rows = [Example(f"a{i}", f"text {i % 10}", i % 10, group=f"g{i % 5}") for i in range(40)]
    for seed in range(20):
        parts = divide(Split("train", tuple(rows)), 2, 10, random.Random(seed))
        assert {e.group for e in parts.asked} & {e.group for e in parts.pool} == set()
        assert {e.id for e in parts.first} <= {e.id for e in parts.pool}
        assert parts.asked


def test_a_race_lets_the_better_half_answer_more() -> None:
    train = train_of(60)
    answers = Answers(GOOD)
    candidates = [Candidate(f"system {i}", ()) for i in range(8)]
    board = Board(answers)
    race(board, candidates, train.examples[:32])
    answered = [sum(len(ids) for c, ids in answers.asked if c == one) for one in candidates]
    assert sorted(answered) == [8, 8, 8, 8, 16, 16, 32, 32]


def test_a_proposal_is_made_once_and_has_at_most_n_shots() -> None:
    parts = divide(train_of(30), 3, 10, random.Random(0))
    proposer = Proposer(parts, 3, ["one", "two"], random.Random(0))
    first = proposer.first()
    assert [c.system for c in first] == ["one", "two", "one"]
    made = [*first, *proposer.fresh(40), *proposer.variations(first[0], 40)]
    assert len({c.key for c in made}) == len(made)
    assert all(len(c.shots) <= 3 and len({s.id for s in c.shots}) == len(c.shots) for c in made)
    pool = {e.id for e in parts.pool}
    assert all(shot.id in pool for c in made for shot in c.shots)


def test_written_system_messages_run_in_the_races() -> None:
    class ByText(Answers):
        def truth(self, candidate: Candidate) -> float:
            return 0.9 if candidate.system == "written" else 0.1

    answers = ByText(set())
    asked: list[int] = []

    def write(board: Board, parts: object, calls: int) -> Sequence[str]:
        asked.append(calls)
        return ["written"]

    result = search(train_of(200), 4, ["say it"], 0, answers, lambda seconds: 600, write=write)
    assert asked == [300]
    assert result.winner.system == "written"
